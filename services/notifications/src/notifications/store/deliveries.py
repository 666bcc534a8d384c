"""Deliveries and the ledger of their attempts. The bytes that are sent are kept, so every attempt sends the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kit.database import Transaction
from kit.rows import arrays_of, inserting
from notifications.domain.deliveries import Delivery
from notifications.domain.subscriptions import Audience
from notifications.store import tables

INSERT = inserting(tables.delivery)
NEXT = text("""
    SELECT id, body, kind FROM delivery
    WHERE endpoint = :endpoint AND lane = :lane AND state = 'pending' AND due_at <= :now
    ORDER BY priority, due_at, id LIMIT 1
""")
NEXT_DUE = text("""
    SELECT min(due_at) FROM delivery WHERE endpoint = :endpoint AND lane = :lane AND state = 'pending'
""")
LOCK = text("SELECT * FROM delivery WHERE id = :id FOR UPDATE")
SAVE = text("""
    UPDATE delivery SET state = :state, reason = :reason, tries = :tries, attempts = :attempts, due_at = :due_at,
                        ended_at = :ended_at
    WHERE id = :id
""")
RECORD = text("""
    INSERT INTO attempt (delivery, number, tenant, testmode, at, status, error, milliseconds)
    VALUES (:delivery, :number, :tenant, :testmode, :at, :status, :error, :milliseconds)
""")
GIVE_UP = text("""
    WITH waiting AS (
        SELECT id FROM delivery WHERE endpoint = :endpoint AND lane = :lane AND state = 'pending'
        ORDER BY id LIMIT :limit FOR UPDATE
    )
    UPDATE delivery d SET state = 'failed', reason = :reason, ended_at = :now FROM waiting WHERE d.id = waiting.id
    RETURNING d.*
""")
SENT = text("""
    SELECT DISTINCT d.notice FROM delivery d JOIN endpoint e ON e.id = d.endpoint
    WHERE d.notice = ANY (CAST(:notices AS uuid[])) AND d.kind = 'issued' AND e.audience = :audience
""")
LAST = text("SELECT id FROM delivery WHERE endpoint = :endpoint ORDER BY id DESC LIMIT 1")
# Between ids and by no time: what ended it, and what asks, may have different clocks.
REPLAY = text("""
    WITH over AS (
        SELECT id FROM delivery
        WHERE endpoint = :endpoint AND id > :after AND id <= :until
          AND state <> 'pending' AND kind <> 'test' AND created_at >= :since
        ORDER BY id LIMIT :limit FOR UPDATE
    )
    UPDATE delivery d SET state = 'pending', reason = NULL, tries = 0, due_at = :now, ended_at = NULL
    FROM over WHERE d.id = over.id RETURNING d.id
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is to be sent now."""

    id: UUID
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One line of the ledger: a status or why there is none."""

    delivery: UUID
    number: int
    tenant: str
    testmode: bool
    at: datetime
    status: int | None
    error: str | None
    milliseconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What of an endpoint's ledger is sent again: what was made since then, with an id behind `after` up to `until`."""

    endpoint: UUID
    since: datetime
    after: UUID
    until: UUID


async def insert(tx: Transaction, deliveries: Sequence[Delivery]) -> None:
    """Save new deliveries."""
    if deliveries:
        await tx.execute(INSERT, arrays_of(tables.delivery, deliveries))


async def next_of(tx: Transaction, endpoint: UUID, lane: int, now: datetime) -> Due | None:
    """What a lane sends now: the most urgent of what is due."""
    row = await tx.row(NEXT, {"endpoint": endpoint, "lane": lane, "now": now})
    return None if row is None else Due(id=row.id, body=row.body)


async def next_due(tx: Transaction, endpoint: UUID, lane: int) -> datetime | None:
    """When a lane has something to send; None where nothing waits."""
    return await tx.scalar(NEXT_DUE, {"endpoint": endpoint, "lane": lane})


async def lock(tx: Transaction, delivery: UUID) -> Delivery | None:
    """One delivery, locked."""
    row = await tx.row(LOCK, {"id": delivery})
    return None if row is None else _delivery(row)


async def save(tx: Transaction, delivery: Delivery) -> None:
    """Save what became of it; it is locked."""
    await tx.execute(SAVE, {name: getattr(delivery, name) for name in _CHANGING})


async def record(tx: Transaction, attempt: Attempt) -> None:
    """Write a line of the ledger."""
    await tx.execute(RECORD, {name: getattr(attempt, name) for name in Attempt.__slots__})


async def give_up(
    tx: Transaction, endpoint: UUID, lane: int, *, reason: str, now: datetime, limit: int
) -> list[Delivery]:
    """End what waits in a lane of an endpoint that gets nothing any more, at most `limit`."""
    rows = await tx.rows(GIVE_UP, {"endpoint": endpoint, "lane": lane, "reason": reason, "now": now, "limit": limit})
    return [_delivery(row) for row in rows]


async def sent(tx: Transaction, notices: Sequence[UUID], audience: Audience) -> set[UUID]:
    """Which of these notices went out to an endpoint of that audience; whether they arrived is not asked."""
    return {row.notice for row in await tx.rows(SENT, {"notices": sorted(notices), "audience": audience.value})}


async def last_of(tx: Transaction, endpoint: UUID) -> UUID | None:
    """The delivery of an endpoint with the greatest id; None where it has none."""
    return await tx.scalar(LAST, {"endpoint": endpoint})


async def replay(tx: Transaction, asked: Again, *, now: datetime, limit: int) -> list[UUID]:
    """Make what is over due again, at most `limit` from the lowest id on. Returns which these are."""
    values = {name: getattr(asked, name) for name in Again.__slots__}
    return [row.id for row in await tx.rows(REPLAY, {**values, "now": now, "limit": limit})]


_CHANGING = ("id", "state", "reason", "tries", "attempts", "due_at", "ended_at")


def _delivery(row: Any) -> Delivery:
    return Delivery(**{name: getattr(row, name) for name in Delivery.__slots__})
