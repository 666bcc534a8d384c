"""Other services brought entries on: a batch is reduced to one state an entry, and that is kept if it is newer."""

from collections.abc import Sequence

from intake.domain.progress import Answered, Assigned, Determined, Requested, newest, ongoing, telling
from intake.store import progress
from kit.database import Transaction


async def determined(tx: Transaction, states: Sequence[Determined]) -> None:
    """Routing determined, or could not."""
    await progress.determined(tx, newest(states))


async def assigned(tx: Transaction, states: Sequence[Assigned]) -> None:
    """Assignments began, were accepted, or ended."""
    await progress.assigned(tx, newest(ongoing(states)))


async def requested(tx: Transaction, states: Sequence[Requested]) -> None:
    """Identification was asked for."""
    await progress.requested(tx, newest(states))


async def answered(tx: Transaction, states: Sequence[Answered]) -> None:
    """Identification was answered."""
    await progress.answered(tx, telling(states))
