"""How far other services brought an entry, as the newest event of each facet tells it.

A facet's state is replaced by one of a higher sequence only, so events may come late, twice or in any order.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias, TypeVar
from uuid import UUID

from kit.values import value


@value
class Determined:
    """What routing determined, as the newest event of its sequence tells it."""

    entry: UUID
    sequence: int
    word: str
    branch: str | None
    country: str | None
    province: str | None


@value
class Assigned:
    """Where an assignment stands. `successor` is the assignment that replaced it, if one did."""

    entry: UUID
    sequence: int
    assignment: UUID
    word: str
    holder: str
    at: datetime
    successor: UUID | None = None


@value
class Requested:
    """Identification was asked for."""

    entry: UUID
    sequence: int
    at: datetime


IDENTIFIED = "subscriber_identified"


class Identification(StrEnum):
    """What a partner is told of it. A connection, not a person."""

    IDENTIFYING = "identifying"
    IDENTIFIED = "identified"
    NOT_IDENTIFIED = "not_identified"


@value
class Answered:
    """A provider's checked answer came. `open_lines` still wait for theirs; None where nobody counted them."""

    entry: UUID
    sequence: int
    outcome: str
    at: datetime
    open_lines: int | None = None


State: TypeAlias = Determined | Assigned | Requested | Answered


@value
class Told:
    """What a batch of events tells: of each facet at most one state an entry."""

    determined: Sequence[Determined]
    assigned: Sequence[Assigned]
    requested: Sequence[Requested]
    answered: Sequence[Answered]


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


def told(states: Sequence[State]) -> Told:
    """A batch of states, reduced to those that count."""
    return Told(
        determined=newest([state for state in states if isinstance(state, Determined)]),
        assigned=newest(ongoing([state for state in states if isinstance(state, Assigned)])),
        requested=newest([state for state in states if isinstance(state, Requested)]),
        answered=telling([state for state in states if isinstance(state, Answered)]),
    )


def newest(states: Sequence[StateT]) -> list[StateT]:
    """One state an entry, the newest."""
    kept: dict[UUID, StateT] = {}
    for state in sorted(states, key=lambda state: state.sequence):
        kept[state.entry] = state
    return list(kept.values())


def ongoing(states: Sequence[Assigned]) -> list[Assigned]:
    """Without the ends whose successor is told beside them: those are over already."""
    told = {state.assignment for state in states}
    return [state for state in states if state.successor not in told]


def telling(states: Sequence[Answered]) -> list[Answered]:
    """One answer an entry: that of an identified connection, which no other answer takes back, else the newest."""
    identified = {state.entry for state in states if state.outcome == IDENTIFIED}
    return newest([state for state in states if state.entry not in identified or state.outcome == IDENTIFIED])


def identification(*, requested_at: datetime | None, answer: Answered | None) -> Identification | None:
    """Where identification stands; None where nobody was asked.

    It has failed only once no line waits any more, and nothing was asked since the last answer.
    """
    if answer is None:
        return None if requested_at is None else Identification.IDENTIFYING
    if answer.outcome == IDENTIFIED:
        return Identification.IDENTIFIED
    asked_again = requested_at is not None and requested_at > answer.at
    return Identification.IDENTIFYING if answer.open_lines or asked_again else Identification.NOT_IDENTIFIED
