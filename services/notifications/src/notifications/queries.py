"""Reads: straight SQL to what a response shows. Who sees which row is the database's decision, not a WHERE clause."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kit.database import Transaction

NEWEST = UUID(int=2**128 - 1)
"""Before every id: where a list sorted by falling ids begins."""

# By tenant also for the centre: a feed is one reader's, whoever may see others' rows.
PAGE_OF_EVENTS = text("""
    SELECT position, body FROM item WHERE tenant = :tenant AND position > :after ORDER BY position LIMIT :fetch
""")
EVENT = text("SELECT body FROM item WHERE tenant = :tenant AND event = :event")

_NOTICE = """
    SELECT n.*, (SELECT count(*) FROM item i WHERE i.notice = n.id) AS items,
           ARRAY(SELECT DISTINCT i.type FROM item i WHERE i.notice = n.id ORDER BY i.type) AS types
    FROM notice n
"""
NOTICE = text(f"{_NOTICE} WHERE n.id = :id")
PAGE_OF_NOTICES = text(f"""
    {_NOTICE} WHERE n.id < :before AND n.state = ANY (CAST(:states AS text[])) ORDER BY n.id DESC LIMIT :fetch
""")
PAGE_OF_AGENCY = text(f"""
    {_NOTICE} WHERE n.tenant = :tenant AND n.id < :before AND n.state = ANY (CAST(:states AS text[]))
    ORDER BY n.id DESC LIMIT :fetch
""")
PAGE_OF_ITEMS = text("""
    SELECT position, body FROM item WHERE notice = :notice AND position > :after ORDER BY position LIMIT :fetch
""")
ENDPOINT = text("SELECT * FROM endpoint WHERE id = :id AND state <> 'deleted'")
PAGE_OF_ENDPOINTS = text("""
    SELECT * FROM endpoint WHERE id > :after AND state <> 'deleted' ORDER BY id LIMIT :fetch
""")
PAGE_OF_AGENCYS_ENDPOINTS = text("""
    SELECT * FROM endpoint WHERE tenant = :tenant AND id > :after AND state <> 'deleted' ORDER BY id LIMIT :fetch
""")
PAGE_OF_DELIVERIES = text("""
    SELECT * FROM delivery WHERE endpoint = :endpoint AND id < :before ORDER BY id DESC LIMIT :fetch
""")
ATTEMPTS = text("""
    SELECT * FROM attempt WHERE delivery = ANY (CAST(:deliveries AS uuid[])) ORDER BY delivery, number
""")
KIND = text("SELECT kind FROM agency WHERE id = :id")

STATES = ("collecting", "frozen", "acknowledged")


async def page_of_events(tx: Transaction, tenant: str, *, after: int, fetch: int) -> Sequence[Any]:
    """A reader's own events after a position, oldest first."""
    return await tx.rows(PAGE_OF_EVENTS, {"tenant": tenant, "after": after, "fetch": fetch})


async def event(tx: Transaction, tenant: str, event_id: UUID) -> Any | None:
    """One of a reader's own events, or None."""
    return await tx.row(EVENT, {"tenant": tenant, "event": event_id})


async def notice(tx: Transaction, notice_id: UUID) -> Any | None:
    """One notice, or None where the caller sees none."""
    return await tx.row(NOTICE, {"id": notice_id})


async def page_of_notices(
    tx: Transaction, *, before: UUID, states: Sequence[str], fetch: int, tenant: str | None = None
) -> Sequence[Any]:
    """Notices older than `before`, newest first: the caller's own, or, for the centre, those of `tenant`."""
    asked = {"before": before, "states": list(states), "fetch": fetch}
    if tenant is None:
        return await tx.rows(PAGE_OF_NOTICES, asked)
    return await tx.rows(PAGE_OF_AGENCY, {**asked, "tenant": tenant})


async def page_of_items(tx: Transaction, notice_id: UUID, *, after: int, fetch: int) -> Sequence[Any]:
    """What a notice is about, in the order in which it was told."""
    return await tx.rows(PAGE_OF_ITEMS, {"notice": notice_id, "after": after, "fetch": fetch})


async def endpoint(tx: Transaction, endpoint_id: UUID) -> Any | None:
    """One endpoint, or None where the caller sees none."""
    return await tx.row(ENDPOINT, {"id": endpoint_id})


async def page_of_endpoints(tx: Transaction, *, after: UUID, fetch: int, tenant: str | None = None) -> Sequence[Any]:
    """Endpoints by id: the caller's own, or, for the centre, those of `tenant`."""
    if tenant is None:
        return await tx.rows(PAGE_OF_ENDPOINTS, {"after": after, "fetch": fetch})
    return await tx.rows(PAGE_OF_AGENCYS_ENDPOINTS, {"after": after, "fetch": fetch, "tenant": tenant})


async def page_of_deliveries(
    tx: Transaction, endpoint_id: UUID, *, before: UUID, fetch: int
) -> tuple[Sequence[Any], dict[UUID, list[Any]]]:
    """An endpoint's deliveries older than `before`, newest first, and the attempts of each."""
    rows = await tx.rows(PAGE_OF_DELIVERIES, {"endpoint": endpoint_id, "before": before, "fetch": fetch})
    attempts: dict[UUID, list[Any]] = {row.id: [] for row in rows}
    for line in await tx.rows(ATTEMPTS, {"deliveries": sorted(attempts)}):
        attempts[line.delivery].append(line)
    return rows, attempts


async def kind_of(tx: Transaction, agency: str) -> str | None:
    """The kind of a body of the directory, None for an unknown one."""
    return await tx.scalar(KIND, {"id": agency})
