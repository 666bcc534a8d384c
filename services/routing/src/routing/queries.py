"""Reads: straight SQL to what a response shows. Who sees which row is the database's decision, not a WHERE clause."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kit.database import Transaction

NEWEST = UUID(int=2**128 - 1)
"""Before every id: where a list sorted by falling ids begins."""

ENTRY = text("SELECT * FROM entry WHERE id = :id AND kind = :kind")
DETERMINATIONS = text("SELECT * FROM determination WHERE entry = :id ORDER BY version DESC")
ASSIGNMENTS = text("SELECT * FROM assignment WHERE entry = :id ORDER BY id DESC")
REQUESTS = text("SELECT * FROM identification_request WHERE entry = :id ORDER BY id DESC")
PROPOSALS = text("SELECT * FROM transfer_proposal WHERE entry = :id ORDER BY id DESC")

PAGE_OF_ASSIGNMENTS = text("""
    SELECT * FROM assignment
    WHERE id < :before AND state = ANY (CAST(:states AS text[]))
    ORDER BY id DESC LIMIT :fetch
""")
PAGE_OF_HOLDER = text("""
    SELECT * FROM assignment
    WHERE holder_tenant = :holder AND id < :before AND state = ANY (CAST(:states AS text[]))
    ORDER BY id DESC LIMIT :fetch
""")
PAGE_OF_AGENCIES = text("""
    SELECT * FROM agency WHERE id > :after AND (:kind = '' OR kind = :kind) ORDER BY id LIMIT :fetch
""")

STATES = ("assigned", "accepted", "closed", "declined", "transferred", "moved", "withdrawn")


async def entry(tx: Transaction, entry_id: UUID, kind: str) -> Any | None:
    """One entry, or None where the caller sees none of that kind."""
    return await tx.row(ENTRY, {"id": entry_id, "kind": kind})


async def determinations(tx: Transaction, entry_id: UUID) -> Sequence[Any]:
    """Every determination of an entry, newest first."""
    return await tx.rows(DETERMINATIONS, {"id": entry_id})


async def assignments(tx: Transaction, entry_id: UUID) -> Sequence[Any]:
    """The assignments of an entry that the caller may see, newest first."""
    return await tx.rows(ASSIGNMENTS, {"id": entry_id})


async def identification_requests(tx: Transaction, entry_id: UUID) -> Sequence[Any]:
    """What liaison was asked about an entry, newest first."""
    return await tx.rows(REQUESTS, {"id": entry_id})


async def transfer_proposals(tx: Transaction, entry_id: UUID) -> Sequence[Any]:
    """What newer evidence proposes for an entry, newest first."""
    return await tx.rows(PROPOSALS, {"id": entry_id})


async def page_of_assignments(
    tx: Transaction, *, before: UUID, states: Sequence[str], fetch: int, holder: str | None = None
) -> Sequence[Any]:
    """Assignments older than `before`, newest first: the caller's own, or, for the centre, those of `holder`."""
    asked = {"before": before, "states": list(states), "fetch": fetch}
    if holder is None:
        return await tx.rows(PAGE_OF_ASSIGNMENTS, asked)
    return await tx.rows(PAGE_OF_HOLDER, {**asked, "holder": holder})


async def page_of_agencies(tx: Transaction, *, after: str, kind: str, fetch: int) -> Sequence[Any]:
    """Bodies of the directory after `after`, by id; an empty `kind` means every kind."""
    return await tx.rows(PAGE_OF_AGENCIES, {"after": after, "kind": kind, "fetch": fetch})
