"""What such a centre receives in one morning: a bureau's file of many suspects, and a clearinghouse's reports.

The same seed and time give the same bytes, with the same network snapshot. All people are synthetic.
"""

from dataclasses import dataclass
from datetime import datetime

from sandbox.generator.files import NativeFile, native_file_of
from sandbox.generator.networks import Addresses, announced
from sandbox.generator.reports import Report, reports

REPORTS = 12
_ALSO_IN_FILE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Morning:
    """All that is posted, and what must become of it."""

    reference: str
    file: bytes
    """Native JSON, posted by `bureau-nl`."""
    reports: tuple[Report, ...]
    """CyberTipline XML, posted by `clearinghouse`."""
    native: NativeFile
    """The file with its expectation and the people in it."""

    @property
    def suspects(self) -> int:
        """Suspects that must end in an assignment, in file and reports."""
        told = (self.native.expectation, *(report.expectation for report in self.reports))
        return sum(len(expectation.of_kind("suspect")) for expectation in told)

    @property
    def victims(self) -> int:
        """Victims and intended recipients that must end in an assignment."""
        told = (self.native.expectation, *(report.expectation for report in self.reports))
        return sum(len(expectation.of_kind("victim")) for expectation in told)


def morning(
    seed: int,
    suspects: int = 120,
    victims: int = 4,
    *,
    now: datetime,
    addresses: Addresses | None = None,
) -> Morning:
    """One morning as of `now`; addresses come from routing's newest network snapshot unless given.

    Two of the reports name accounts that the file names too, where the file has that many sound entries.
    """
    source = addresses if addresses is not None else announced()
    reference = f"NL-{now:%Y%m%d%H%M%S}-{seed}"
    native = native_file_of(reference, seed, suspects, victims, now=now, addresses=source)
    sound = [
        draft for draft in native.drafts
        if draft.expected.kind == "suspect" and draft.expected.because == "sound"
    ]  # fmt: skip
    return Morning(
        reference=reference,
        file=native.body,
        reports=reports(seed, REPORTS, now=now, addresses=source, also_in_file=sound[:_ALSO_IN_FILE]),
        native=native,
    )
