"""Who holds which suspect or victim, as routing's events tell it; never who that is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kit.database import Transaction
from kit.rows import arrays, inserting
from notifications.domain.recipients import Recipient
from notifications.store import tables

# What has ended stays so: a replayed dead letter may come after what followed it.
SAVE = inserting(
    tables.holding,
    conflict="""ON CONFLICT (assignment) DO UPDATE SET
        state = CASE WHEN holding.state = 'ended' OR excluded.state = 'assigned'
                     THEN holding.state ELSE excluded.state END,
        copies = CASE WHEN excluded.copies = '[]' THEN holding.copies ELSE excluded.copies END
    RETURNING assignment, tenant, holder, copies, state""",
)
CURRENT = text("""
    SELECT DISTINCT ON (entry) entry, holder, tenant FROM holding
    WHERE entry = ANY (CAST(:entries AS uuid[])) AND state <> 'ended'
    ORDER BY entry, assignment DESC
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """An assignment: whose it is, who is told beside the holder, and whether it is over."""

    assignment: UUID
    entry: UUID
    testmode: bool
    holder: Recipient
    copies: tuple[str, ...]
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is known of an assignment after all that was told of it."""

    holder: Recipient
    copies: tuple[str, ...]
    ended: bool


async def save(tx: Transaction, holdings: Sequence[Holding]) -> dict[UUID, Kept]:
    """Keep the assignments, one of each; what is known of them then."""
    rows = await tx.rows(SAVE, arrays(tables.holding, [_row(one) for one in holdings]))
    return {
        row.assignment: Kept(
            holder=Recipient(row.holder, row.tenant), copies=tuple(row.copies), ended=row.state == "ended"
        )
        for row in rows
    }


async def current(tx: Transaction, entries: Iterable[UUID]) -> dict[UUID, Recipient]:
    """Who holds each entry now, where that is known."""
    rows = await tx.rows(CURRENT, {"entries": sorted(set(entries))})
    return {row.entry: Recipient(row.holder, row.tenant) for row in rows}


def _row(one: Holding) -> dict[str, Any]:
    return {
        "assignment": one.assignment,
        "tenant": one.holder.tenant,
        "testmode": one.testmode,
        "entry": one.entry,
        "holder": one.holder.agency,
        "copies": list(one.copies),
        "state": one.state,
    }
