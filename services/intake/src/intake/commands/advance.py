"""Other services brought entries on: a batch is reduced to one state a facet and entry, and kept where it is newer."""

from collections.abc import Sequence

from intake.domain import progress as rules
from intake.domain.progress import State
from intake.store import progress
from kit.database import Transaction


async def advance(tx: Transaction, states: Sequence[State]) -> None:
    """Entries were determined and assigned, their identification requested and answered."""
    await progress.keep(tx, rules.told(states))
