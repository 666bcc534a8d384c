"""Other services brought entries on: a batch is reduced to one state an entry, and that is kept if it is newer."""

from collections.abc import Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from intake.store import progress
from intake.store.progress import Answered, Assigned, Determined, Requested
from kit.database import Transaction


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


async def determined(tx: Transaction, states: Sequence[Determined]) -> None:
    """Routing determined, or could not."""
    await progress.determined(tx, newest(states))


async def assigned(tx: Transaction, states: Sequence[Assigned]) -> None:
    """Assignments began, were accepted, or ended. An end whose successor stands in the batch is over already."""
    told = {state.assignment for state in states}
    await progress.assigned(tx, newest([state for state in states if state.successor not in told]))


async def requested(tx: Transaction, states: Sequence[Requested]) -> None:
    """Identification was asked for."""
    await progress.requested(tx, newest(states))


async def answered(tx: Transaction, states: Sequence[Answered]) -> None:
    """Identification was answered."""
    await progress.answered(tx, newest(states))
