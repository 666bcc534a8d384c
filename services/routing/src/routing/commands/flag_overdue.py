"""Assignments that nobody accepted in time are flagged, once, and told."""

from kit.database import Transaction
from routing import events
from routing.store import assignments

AT_ONCE = 500


async def flag_overdue(tx: Transaction) -> int:
    """Flag at most `AT_ONCE` late assignments. Returns how many there were."""
    flagged = await assignments.flag_overdue(tx, tx.now(), AT_ONCE)
    for held in flagged:
        of = held.provenance
        tx.publish(events.overdue(of, held.assignment.terms, tx.now()), events.origin(of))
    return len(flagged)
