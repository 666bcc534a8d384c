"""How far other services brought an entry, as the newest event of each facet tells it.

A facet's state is replaced by one of a higher sequence only, so events may come late, twice or in any order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Determined:
    """What routing determined, as the newest event of its sequence tells it."""

    entry: UUID
    sequence: int
    word: str
    branch: str | None
    country: str | None
    province: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """Where an assignment stands. `successor` is the assignment that replaced it, if one did."""

    entry: UUID
    sequence: int
    assignment: UUID
    word: str
    holder: str
    at: datetime
    successor: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """Identification was asked for."""

    entry: UUID
    sequence: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A provider's checked answer came."""

    entry: UUID
    sequence: int
    outcome: str
    at: datetime


class OfEntry(Protocol):
    """What the newest state of an entry is found by."""

    @property
    def entry(self) -> UUID:
        """The suspect or victim."""
        ...

    @property
    def sequence(self) -> int:
        """The event's number among those of its topic about the entry."""
        ...


StateT = TypeVar("StateT", bound=OfEntry)


def newest(states: Sequence[StateT]) -> list[StateT]:
    """One state an entry, the newest, in the order of the law of locks."""
    kept: dict[UUID, StateT] = {}
    for state in sorted(states, key=lambda state: state.sequence):
        kept[state.entry] = state
    return [kept[entry] for entry in sorted(kept)]


def ongoing(states: Sequence[Assigned]) -> list[Assigned]:
    """Without the ends whose successor is told beside them: those are over already."""
    told = {state.assignment for state in states}
    return [state for state in states if state.successor not in told]
