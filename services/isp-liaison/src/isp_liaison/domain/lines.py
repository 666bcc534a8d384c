"""One line asks one provider for one capture under one instrument; lines collect in drafts.

The same data is one line, however many suspects it was reported for: no second demand for the same data in the same
investigation (Criminal Code s. 487.012(6)). What cannot be asked is never lost silently: it is `Unplaced`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, NewType
from uuid import UUID

from isp_liaison.domain.directory import Directory, Provider
from isp_liaison.domain.entries import Provenance
from isp_liaison.domain.instruments import Instrument, in_force

LineId = NewType("LineId", UUID)

AUTOMATIC: Final = ("preservation_demand", "production_order")
"""Instruments that a capture gets lines for without anybody asking."""
URGENT: Final = "urgent"
ROUTINE: Final = "routine"
EXIGENT: Final = "exigent_request"
URGENT_PRIORITIES: Final = frozenset({"P0", "P1"})
UNUSABLE: Final = "X"
CANADA: Final = "CA"


class LineState(StrEnum):
    """`answered` waits for a second person; `dropped`: nobody needed it before it was sent; `lapsed`: over in time."""

    OPEN = "open"
    ANSWERED = "answered"
    DONE = "done"
    DROPPED = "dropped"
    LAPSED = "lapsed"


class Why(StrEnum):
    """Why a capture gets no line."""

    UNUSABLE = "unusable"
    TIME_MISSING = "time_missing"
    NETWORK_UNKNOWN = "network_unknown"
    ABROAD = "abroad"
    PROVIDER_UNKNOWN = "provider_unknown"
    NO_INSTRUMENT = "no_instrument"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class DraftKey:
    """What lines of one draft have in common; the database holds that there is one draft of each."""

    provider: str
    instrument: str
    urgency: str
    handling: str
    investigation: UUID
    about: str
    testmode: bool


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class LineKey:
    """The same data: one line. `mark` is a keyed hash of IP address, port and time."""

    provider: str
    instrument: str
    investigation: UUID
    about: str
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureFacts:
    """What the rules may know of a capture."""

    item: str
    grade: str
    asn: int | None
    country: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Placed:
    """Whom to ask, when, and under which instruments."""

    provider: Provider
    at: datetime
    instruments: tuple[Instrument, ...]


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A person looks."""

    why: Why


def place(
    capture: CaptureFacts, directory: Directory, instruments: Iterable[Instrument], *, testmode: bool, today: date
) -> Placed | Unplaced:
    """The provider of a capture and the automatic instruments that its grade allows."""
    if capture.grade == UNUSABLE:
        return Unplaced(Why.UNUSABLE)
    if capture.at is None:
        return Unplaced(Why.TIME_MISSING)
    if capture.asn is None:
        return Unplaced(Why.NETWORK_UNKNOWN)
    provider = directory.provider_at(capture.asn, capture.at, testmode=testmode, today=today)
    if provider is None:
        return Unplaced(Why.PROVIDER_UNKNOWN if capture.country in (None, CANADA) else Why.ABROAD)
    usable = tuple(automatic(instruments, provider, capture.grade, today))
    return Placed(provider, capture.at, usable) if usable else Unplaced(Why.NO_INSTRUMENT)


def automatic(instruments: Iterable[Instrument], provider: Provider, grade: str, today: date) -> Iterable[Instrument]:
    """The automatic instruments in force that this grade may be asked under and this provider accepts."""
    rows = tuple(instruments)
    for name in AUTOMATIC:
        found = in_force(rows, name, today)
        if isinstance(found, Instrument) and grade in found.grades and name in provider.accepts:
            yield found


def draft_key(of: Provenance, provider: str, instrument: str) -> DraftKey:
    """The draft in which a line for this entry collects."""
    return DraftKey(
        provider=provider,
        instrument=instrument,
        urgency=urgency(of.priority, instrument),
        handling=of.handling,
        investigation=of.investigation,
        about=of.about.value,
        testmode=of.testmode,
    )


def urgency(priority: str, instrument: str) -> str:
    """An exigent request is urgent whatever the priority."""
    return URGENT if priority in URGENT_PRIORITIES or instrument == EXIGENT else ROUTINE


def perishes_at(at: datetime, provider: Provider) -> datetime:
    """When the provider is expected to have deleted what is asked for; what is preserved lasts as the law says."""
    return at + timedelta(days=provider.retention.days)


@dataclass(frozen=True, slots=True)
class Split:
    """What goes with a submission, and what stays for the next one."""

    goes: tuple[LineId, ...]
    stays: tuple[LineId, ...]


def split(perishing: Mapping[LineId, datetime], *, most: int) -> Split:
    """A provider takes so many lines at once: what perishes first goes."""
    ordered = sorted(perishing, key=lambda one: (perishing[one], one))
    return Split(tuple(ordered[:most]), tuple(ordered[most:]))
