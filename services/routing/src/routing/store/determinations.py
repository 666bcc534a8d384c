"""Determinations, each kept for ever with its explanation; the newest one counts."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import text

from kit.database import Transaction
from kit.rows import arrays_of, inserting
from routing.domain.assigning import EntryId
from routing.domain.determinations import Stored
from routing.store import tables

ONCE = ("directory", "as_of", "determined_at")
INSERT = inserting(tables.determination, once=ONCE)
LATEST_VERSIONS = text("""
    SELECT entry, max(version) AS version FROM determination
    WHERE entry = ANY (CAST(:ids AS uuid[])) GROUP BY entry
""")
ALTERNATIVES = text("SELECT alternatives FROM determination WHERE id = :id")


async def insert(tx: Transaction, made: Sequence[Stored]) -> None:
    """Keep new determinations, all of one moment and by one directory."""
    if made:
        await tx.execute(INSERT, arrays_of(tables.determination, made, once=ONCE))


async def latest_versions(tx: Transaction, ids: Iterable[EntryId]) -> dict[EntryId, int]:
    """How many times each entry was determined; absent where never. The entries are locked."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    return {EntryId(row.entry): row.version for row in await tx.rows(LATEST_VERSIONS, {"ids": wanted})}


async def alternatives(tx: Transaction, determination: UUID) -> list[str]:
    """The bodies that lost in a determination, best first."""
    return await tx.scalar(ALTERNATIVES, {"id": determination}) or []
