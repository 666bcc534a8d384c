"""What a partner gets back at once, and again byte for byte whenever the same file is posted."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final

from intake.domain.referral import Submission
from intake.domain.verdicts import Count, Severity, Verdict
from kit.values import value

NUMBER_DIGITS: Final = 6


class Status(StrEnum):
    """Whether everything in the file was accepted."""

    ACCEPTED = "accepted"
    ACCEPTED_IN_PART = "accepted_in_part"


@value
class Receipt:
    """Modelled on the receipts of SOR/2011-292 s. 3: number, provider's own number, date and time in UTC."""

    number: str
    partner: str
    reference: str
    version: int
    received_at: datetime
    sha256: str
    status: Status
    entries: Count
    items: Count
    verdicts: tuple[Verdict, ...]


def number(year: int, count: int) -> str:
    """Our number as partners read it: `IL-2026-000123`. Gaps are allowed, repetition is not."""
    return f"IL-{year}-{count:0{NUMBER_DIGITS}d}"


def receipt(
    submission: Submission,
    *,
    number: str,
    partner: str,
    received_at: datetime,
    sha256: str,
    amendment: Iterable[Verdict] = (),
) -> Receipt:
    """The receipt of a submission; `amendment` holds what its comparison with the earlier version said."""
    verdicts = (*submission.verdicts, *amendment)
    # The list may be cut; the counts are complete.
    counted = submission.rejected_entries or submission.items.rejected
    rejected = counted or any(verdict.severity is Severity.ERROR for verdict in verdicts)
    return Receipt(
        number=number,
        partner=partner,
        reference=submission.reference,
        version=submission.version,
        received_at=received_at,
        sha256=sha256,
        status=Status.ACCEPTED_IN_PART if rejected else Status.ACCEPTED,
        entries=Count(accepted=submission.accepted_entries, rejected=submission.rejected_entries),
        items=submission.items,
        verdicts=verdicts,
    )
