"""The evidence put together by entry: what was told of it, what was determined, who holds it, what was asked.

Read once for all promises. Of an event that stands on a topic twice under one id only the first counts.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias
from uuid import UUID

from contracts.events.entries import (
    SuspectAmended,
    SuspectReported,
    SuspectWithdrawn,
    VictimAmended,
    VictimReported,
    VictimWithdrawn,
)
from contracts.events.identifications import IdentificationCancelled, IdentificationRequested
from contracts.events.jurisdictions import (
    AssignmentAccepted,
    AssignmentCreated,
    AssignmentDeclined,
    AssignmentMoved,
    AssignmentWithdrawn,
    JurisdictionDetermined,
    JurisdictionUndetermined,
)
from interlink.faults.evidence import Evidence, Record

TOLD = (SuspectReported, SuspectAmended, VictimReported, VictimAmended)
WITHDRAWN = (SuspectWithdrawn, VictimWithdrawn)
DETERMINED = (JurisdictionDetermined, JurisdictionUndetermined)
ENDED = (AssignmentMoved, AssignmentDeclined, AssignmentWithdrawn)
ASKED = (IdentificationRequested, IdentificationCancelled)

Determination: TypeAlias = JurisdictionDetermined | JurisdictionUndetermined


@dataclass(slots=True)
class Life:
    """What the topics say of one entry; each list in the order of its topic."""

    told: list[Any] = field(default_factory=list[Any])
    """Its states and withdrawals."""
    determined: list[Determination] = field(default_factory=list[Determination])
    assigned: dict[UUID, Record] = field(default_factory=dict[UUID, Record])
    """The record of `assignment.created` by assignment."""
    accepted: set[UUID] = field(default_factory=set[UUID])
    ended: dict[UUID, Record] = field(default_factory=dict[UUID, Record])
    """How an assignment ended, by assignment."""
    asked: list[Any] = field(default_factory=list[Any])
    """Requests for identification and their cancellations."""

    @property
    def standing(self) -> bool:
        """Whether it was told, and not withdrawn since."""
        newest = max(self.told, key=lambda event: event.version, default=None)
        return newest is not None and not isinstance(newest, WITHDRAWN)

    @property
    def newest(self) -> Determination | None:
        """Its newest determination."""
        return max(self.determined, key=lambda event: event.version, default=None)

    @property
    def current(self) -> dict[UUID, Record]:
        """Its assignments that nothing ended."""
        return {one: record for one, record in self.assigned.items() if one not in self.ended}

    @property
    def cancelled(self) -> int:
        """How often what was asked about it became moot."""
        return sum(isinstance(event, IdentificationCancelled) for event in self.asked)


class Chronicle:
    """All lives in one piece of evidence."""

    def __init__(self, seen: Evidence) -> None:
        """`seen` is not changed."""
        self.seen = seen

    @cached_property
    def records(self) -> list[Record]:
        """Each event once, in the order of its partition."""
        firsts: dict[UUID, Record] = {}
        for record in self.seen.records:
            firsts.setdefault(record.envelope.id, record)
        return list(firsts.values())

    @cached_property
    def lives(self) -> dict[UUID, Life]:
        """By entry."""
        found: defaultdict[UUID, Life] = defaultdict(Life)
        for record in self.records:
            _note(found, record)
        return dict(found)

    @cached_property
    def accepted(self) -> frozenset[UUID]:
        """The entries that intake tells their partners are current."""
        return frozenset(one.id for told in self.seen.progress.values() for one in told if not one.withdrawn)

    @cached_property
    def withdrawn(self) -> frozenset[UUID]:
        """The entries that intake tells their partners are withdrawn."""
        return frozenset(one.id for told in self.seen.progress.values() for one in told if one.withdrawn)

    @cached_property
    def standing(self) -> frozenset[UUID]:
        """Every entry that must be held: accepted, or told of a referral whose partner had no answer."""
        told = {entry for entry, life in self.lives.items() if life.standing}
        return (self.accepted | told) - self.withdrawn

    def of(self, entry: UUID) -> Life:
        """What is known of an entry; nothing of an unknown one."""
        return self.lives.get(entry, Life())

    def events(self, *models: type[Any]) -> Iterator[Any]:
        """The events of these types, each once."""
        return (record.event for record in self.records if isinstance(record.event, models))


def _note(lives: dict[UUID, Life], record: Record) -> None:
    match record.event:
        case SuspectReported() | SuspectAmended() | SuspectWithdrawn() as event:
            lives[event.suspect].told.append(event)
        case VictimReported() | VictimAmended() | VictimWithdrawn() as event:
            lives[event.victim].told.append(event)
        case JurisdictionDetermined() | JurisdictionUndetermined() as event:
            lives[event.entry].determined.append(event)
        case AssignmentCreated() as event:
            lives[event.entry].assigned[event.assignment] = record
        case AssignmentAccepted() as event:
            lives[event.entry].accepted.add(event.assignment)
        case AssignmentMoved() | AssignmentDeclined() | AssignmentWithdrawn() as event:
            lives[event.entry].ended[event.assignment] = record
        case IdentificationRequested() | IdentificationCancelled() as event:
            lives[event.entry].asked.append(event)
        case _:
            return


def listed(things: Iterable[object]) -> str:
    """Ids in words."""
    return " and ".join(sorted(map(str, things)))
