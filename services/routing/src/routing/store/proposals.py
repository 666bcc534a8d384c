"""Transfers that newer evidence speaks for and a person must decide; one open proposal per assignment."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from kit.database import Transaction
from kit.rows import arrays_of, inserting
from kit.values import value
from routing.domain.assigning import AssignmentId, EntryId
from routing.store import tables

# The assignments are locked, so nobody opens another proposal meanwhile.
SUPERSEDE = text("""
    UPDATE transfer_proposal SET state = 'superseded'
    WHERE assignment = ANY (CAST(:assignments AS uuid[])) AND state = 'open'
""")
INSERT = inserting(tables.transfer_proposal)


@value
class Proposal:
    """To give an assignment to another body."""

    id: UUID
    tenant: str
    testmode: bool
    entry: EntryId
    assignment: AssignmentId
    determination: UUID
    body: str
    holder: str
    proposed_at: datetime
    state: str = "open"


async def supersede(tx: Transaction, assignments: Sequence[AssignmentId]) -> None:
    """Close the open proposals of those assignments: they were judged anew, or are over."""
    if assignments:
        await tx.execute(SUPERSEDE, {"assignments": sorted(assignments)})


async def insert(tx: Transaction, proposals: Sequence[Proposal]) -> None:
    """Open proposals."""
    if proposals:
        await tx.execute(INSERT, arrays_of(tables.transfer_proposal, proposals))
