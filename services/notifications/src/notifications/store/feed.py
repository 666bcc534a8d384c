"""Each recipient's feed: what it was told, numbered from 1 without a gap.

The counter's row is locked until the commit, so positions become visible in their order and a reader that has seen
one has seen all before it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kit.database import Transaction
from kit.rows import arrays_of, inserting
from notifications.store import tables

LOCK = text("""
    INSERT INTO feed_position AS f (tenant, testmode, last)
    SELECT tenant, false, 0 FROM unnest(CAST(:tenants AS text[])) AS t (tenant) ORDER BY tenant
    ON CONFLICT (tenant) DO UPDATE SET last = f.last
    RETURNING tenant, last
""")
KNOWN = text("""
    SELECT tenant, event
    FROM item JOIN unnest(CAST(:tenants AS text[]), CAST(:events AS uuid[])) AS t (tenant, event) USING (tenant, event)
""")
MOVE = text("""
    UPDATE feed_position f SET last = r.last
    FROM unnest(CAST(:tenants AS text[]), CAST(:lasts AS bigint[])) AS r (tenant, last) WHERE f.tenant = r.tenant
""")
INSERT = inserting(tables.item)
TYPES = text("""
    SELECT notice, type, count(*) AS items FROM item
    WHERE notice = ANY (CAST(:notices AS uuid[])) GROUP BY notice, type ORDER BY notice, type
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One event in one feed; `body` is the event as its reader gets it."""

    tenant: str
    event: UUID
    testmode: bool
    position: int
    notice: UUID
    type: str
    body: Mapping[str, Any]


async def lock(tx: Transaction, tenants: Sequence[str]) -> dict[str, int]:
    """The last position of each feed, locked in order of tenants until this commits."""
    return {row.tenant: row.last for row in await tx.rows(LOCK, {"tenants": sorted(set(tenants))})}


async def known(tx: Transaction, keys: Sequence[tuple[str, UUID]]) -> set[tuple[str, UUID]]:
    """Which of these (tenant, event) the feeds have already; the feeds are locked."""
    wanted = {"tenants": [tenant for tenant, _ in keys], "events": [event for _, event in keys]}
    return {(row.tenant, row.event) for row in await tx.rows(KNOWN, wanted)}


async def append(tx: Transaction, items: Sequence[Item]) -> None:
    """Add numbered items to feeds that are locked."""
    lasts: dict[str, int] = {}
    for one in items:
        lasts[one.tenant] = max(one.position, lasts.get(one.tenant, 0))
    await tx.execute(INSERT, arrays_of(tables.item, items))
    await tx.execute(MOVE, {"tenants": list(lasts), "lasts": list(lasts.values())})


async def types(tx: Transaction, notices: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """How many items of each type these notices have."""
    found: dict[UUID, dict[str, int]] = {notice: {} for notice in notices}
    for row in await tx.rows(TYPES, {"notices": sorted(notices)}):
        found[row.notice][row.type] = row.items
    return found
