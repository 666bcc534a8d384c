"""One entry, one holder: how an assignment is accepted, handed on or ended, and when it is late.

    assigned ──accept──> accepted ──close──> closed
        │                    │
        ├── decline ─────────┴──> declined     ┐
        ├── move (new evidence) ─> moved       ├ each opens its successor
        ├── transfer (a person) ─> transferred ┘
        └── withdraw ────────────> withdrawn

Assigned, accepted and closed are current; the others are over. After `MOST_HOPS` holders the centre takes it.
Not promised: who the successor's holder is; the caller decides it from the determination.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NewType, TypeAlias, assert_never
from uuid import UUID

from kit.values import value
from routing.domain.bodies import BodyId

AssignmentId = NewType("AssignmentId", UUID)
EntryId = NewType("EntryId", UUID)

MOST_HOPS: Final = 5
"""Holders an entry may have by declines; the next one is the centre (spec §5.2)."""

# Policy data of the centre, not law: no Canadian acknowledgement time is public (domain.md §4.5). Business days
# are weekdays in UTC; holidays are not taken out, so a reminder may come early, never late.
DUE: Final[Mapping[str, timedelta]] = {
    "P0": timedelta(minutes=15),
    "P1": timedelta(hours=4),
    "P2": timedelta(hours=24),
}
DUE_BUSINESS_DAYS: Final[Mapping[str, int]] = {"P3": 5, "P4": 10}
_LONGEST: Final = DUE_BUSINESS_DAYS["P4"]


class Declining(StrEnum):
    """Why a holder hands an entry back; the words are those of the contracts."""

    WRONG_JURISDICTION = "wrong_jurisdiction"
    DUPLICATE = "duplicate"
    INSUFFICIENT_INFORMATION = "insufficient_information"
    OUTSIDE_MANDATE = "outside_mandate"
    OTHER = "other"


class Moving(StrEnum):
    """Why an assignment that nobody had accepted was moved; the words are those of the contracts."""

    NEW_EVIDENCE = "new_evidence"
    DIRECTORY_CHANGED = "directory_changed"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule said no. `code` is stable, `detail` is for people."""

    code: str
    detail: str = ""


@value
class Terms:
    """What stays the same as long as an assignment lives.

    `hop` counts the entry's holders from 1; `tried` are those that declined it before.
    """

    id: AssignmentId
    entry: EntryId
    body: BodyId
    holder: BodyId
    copies: tuple[BodyId, ...]
    tried: tuple[BodyId, ...]
    hop: int
    assigned_at: datetime
    due_at: datetime


@value
class Assigned:
    """The holder was told and has not answered."""

    terms: Terms
    overdue: bool = False


@value
class Accepted:
    """The holder took responsibility."""

    terms: Terms
    accepted_at: datetime


@value
class Closed:
    """The holder is done; the entry stays with it."""

    terms: Terms
    closed_at: datetime
    outcome: str


@value
class Declined:
    """The holder handed it back."""

    terms: Terms
    declined_at: datetime
    reason: Declining
    successor: AssignmentId


@value
class Transferred:
    """A person gave it to another body."""

    terms: Terms
    transferred_at: datetime
    successor: AssignmentId


@value
class Moved:
    """New evidence moved it before anybody accepted it."""

    terms: Terms
    moved_at: datetime
    reason: Moving
    successor: AssignmentId


@value
class Withdrawn:
    """The partner withdrew the entry; there is no successor."""

    terms: Terms
    withdrawn_at: datetime


Current: TypeAlias = Assigned | Accepted | Closed
Ended: TypeAlias = Declined | Transferred | Moved | Withdrawn
Assignment: TypeAlias = Current | Ended


@value
class Target:
    """Where an assignment goes."""

    body: BodyId
    holder: BodyId
    copies: tuple[BodyId, ...] = ()


@value
class Handed:
    """One ended, its successor open: both or neither is saved."""

    ended: Declined | Moved
    successor: Assigned


@value
class Proposed:
    """New evidence speaks for another body, but somebody is responsible already: a person decides."""

    assignment: AssignmentId
    target: Target


def open_first(entry: EntryId, target: Target, *, new: AssignmentId, priority: str, now: datetime) -> Assigned:
    """The first assignment of an entry."""
    return _opened(new, entry, target, tried=(), priority=priority, now=now)


def accept(assignment: Assignment, *, by: BodyId, now: datetime) -> Accepted | Refusal:
    """The holder takes responsibility."""
    match assignment:
        case Assigned(terms=terms) if terms.holder == by:
            return Accepted(terms=terms, accepted_at=now)
        case Assigned():
            return Refusal("assignment.of_another_body", "Another body holds this assignment.")
        case _:
            return _not_open()


def decline(
    assignment: Assignment,
    *,
    by: BodyId,
    reason: Declining,
    candidates: Sequence[Target],
    centre: BodyId,
    new: AssignmentId,
    priority: str,
    now: datetime,
) -> Handed | Refusal:
    """The holder hands it back.

    Of another jurisdiction: it goes to the first candidate that has not declined it yet. For any other reason, or
    once it has had `MOST_HOPS` holders, a person of the centre decides.
    """
    match assignment:
        case Assigned(terms=terms) | Accepted(terms=terms) if terms.holder != by:
            return Refusal("assignment.of_another_body", "Another body holds this assignment.")
        case Assigned(terms=terms) | Accepted(terms=terms) if terms.holder == centre:
            return Refusal("assignment.of_the_centre", "The centre is the last holder and cannot decline.")
        case Assigned(terms=terms) | Accepted(terms=terms):
            tried = (*terms.tried, terms.holder)
            last = Target(body=centre, holder=centre, copies=terms.copies)
            offered = candidates if reason is Declining.WRONG_JURISDICTION and terms.hop < MOST_HOPS else ()
            target = next((one for one in offered if one.holder not in tried), last)
            return Handed(
                ended=Declined(terms=terms, declined_at=now, reason=reason, successor=new),
                successor=_opened(new, terms.entry, target, tried=tried, priority=priority, now=now),
            )
        case _:
            return _not_open()


def re_evaluate(
    current: Current, target: Target, *, reason: Moving, new: AssignmentId, priority: str, now: datetime
) -> Handed | Proposed | None:
    """What newer evidence does: nothing if the body stays, a move if nobody accepted, else a proposal.

    A move is no hop: it needs new evidence each time. Back to one that declined, it is only proposed.
    """
    if current.terms.body == target.body:
        return None
    match current:
        case Assigned(terms=terms) if target.holder not in terms.tried:
            return Handed(
                ended=Moved(terms=terms, moved_at=now, reason=reason, successor=new),
                successor=_opened(new, terms.entry, target, tried=terms.tried, priority=priority, now=now),
            )
        case Assigned(terms=terms) | Accepted(terms=terms) | Closed(terms=terms):
            return Proposed(assignment=terms.id, target=target)
        case _:
            assert_never(current)


def still_current(assignment: Assignment) -> Current:
    """An assignment that was loaded as current. Raises `ValueError` for one that is over."""
    match assignment:
        case Assigned() | Accepted() | Closed():
            return assignment
        case _:
            raise ValueError("the assignment is over")


def withdraw(current: Current, *, now: datetime) -> Withdrawn | None:
    """The partner withdrew the entry. What is closed stays closed: the work was done."""
    match current:
        case Assigned(terms=terms) | Accepted(terms=terms):
            return Withdrawn(terms=terms, withdrawn_at=now)
        case Closed():
            return None
        case _:
            assert_never(current)


def is_late(assignment: Assignment, now: datetime) -> bool:
    """Whether nobody accepted in time and nobody was told yet."""
    match assignment:
        case Assigned(terms=terms, overdue=False):
            return terms.due_at <= now
        case _:
            return False


def due_at(priority: str, now: datetime) -> datetime:
    """When an assignment of that priority becomes overdue; an unknown priority is treated as the lowest."""
    within = DUE.get(priority)
    if within is not None:
        return now + within
    return _business_days_after(now, DUE_BUSINESS_DAYS.get(priority, _LONGEST))


def _business_days_after(start: datetime, days: int) -> datetime:
    moment = start
    while days > 0:
        moment += timedelta(days=1)
        if moment.weekday() < 5:
            days -= 1
    return moment


def _opened(
    new: AssignmentId,
    entry: EntryId,
    target: Target,
    *,
    tried: tuple[BodyId, ...],
    priority: str,
    now: datetime,
) -> Assigned:
    return Assigned(
        terms=Terms(
            id=new,
            entry=entry,
            body=target.body,
            holder=target.holder,
            copies=target.copies,
            tried=tried,
            hop=len(tried) + 1,
            assigned_at=now,
            due_at=due_at(priority, now),
        )
    )


def _not_open() -> Refusal:
    return Refusal("assignment.not_open", "The assignment is no longer open.")
