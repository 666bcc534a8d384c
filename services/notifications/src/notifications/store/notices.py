"""Notices: at most one that collects per recipient and referral, which the database itself holds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kit.database import Transaction
from kit.rows import arrays, inserting
from notifications.domain.notices import Acknowledged, Collecting, Frozen, Notice, NoticeId, Rung, Terms
from notifications.domain.recipients import Recipient
from notifications.store import tables

# A freeze that commits meanwhile leaves the partial index, and a new notice is opened: nothing joins a frozen one.
COLLECT = inserting(
    tables.notice,
    conflict="""ON CONFLICT (tenant, referral, testmode) WHERE state = 'collecting'
    DO UPDATE SET priority = least(notice.priority, excluded.priority)
    RETURNING *""",
)
LOCK = text("SELECT * FROM notice WHERE id = :id FOR UPDATE")
# In the order in which `collect` locks them, which is Python's of the same columns.
LOCK_ALL = text("""
    SELECT * FROM notice WHERE id = ANY (CAST(:ids AS uuid[]))
    ORDER BY agency COLLATE "C", tenant COLLATE "C", referral, testmode, id FOR UPDATE
""")
SAVE = text("""
    UPDATE notice n
    SET state = 'frozen', frozen_at = f.frozen_at, acknowledge_by = f.acknowledge_by, rung = f.rung
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:frozen_at AS timestamptz[]), CAST(:acknowledge_by AS timestamptz[]),
        CAST(:rungs AS text[])
    ) AS f (id, frozen_at, acknowledge_by, rung) WHERE n.id = f.id
""")
ACKNOWLEDGE = text("""
    UPDATE notice SET state = 'acknowledged', acknowledged_at = :at, acknowledged_by = :by WHERE id = :id
""")
MISSED = text("""
    SELECT * FROM notice n
    WHERE n.tenant = :tenant AND n.testmode = :testmode
      AND (n.frozen_at, n.id) > (CAST(:since AS timestamptz), CAST(:after AS uuid))
      AND NOT EXISTS (SELECT FROM delivery d WHERE d.notice = n.id AND d.endpoint = :endpoint)
    ORDER BY n.frozen_at, n.id LIMIT :limit
""")
WRITERS = text("""
    SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint) AS ours,
           CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) AS oldest
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """Which notices an endpoint is looked up for: of its tenant, frozen since then, behind `after`."""

    endpoint: UUID
    tenant: str
    testmode: bool
    since: datetime
    after: UUID


async def collect(tx: Transaction, opened: Sequence[Terms]) -> list[Terms]:
    """The notice that collects for each recipient and referral, opened where there is none; locked.

    `opened` has one of each, sorted by recipient and referral with rising ids: rows are locked in that order.
    """
    rows = await tx.rows(COLLECT, arrays(tables.notice, [_row(one) for one in opened]))
    return [_terms(row) for row in rows]


async def lock(tx: Transaction, notice: UUID) -> Notice | None:
    """One notice, locked; None where the caller sees none."""
    row = await tx.row(LOCK, {"id": notice})
    return None if row is None else _notice(row)


async def lock_all(tx: Transaction, notices: Iterable[UUID]) -> list[Notice]:
    """Those of the notices that are there, locked."""
    return [_notice(row) for row in await tx.rows(LOCK_ALL, {"ids": list(notices)})]


async def save(tx: Transaction, frozen: Sequence[Frozen]) -> None:
    """Save notices that were frozen or have climbed a rung; they are locked."""
    await tx.execute(
        SAVE,
        {
            "ids": [one.terms.id for one in frozen],
            "frozen_at": [one.frozen_at for one in frozen],
            "acknowledge_by": [one.acknowledge_by for one in frozen],
            "rungs": [one.rung.value for one in frozen],
        },
    )


async def acknowledge(tx: Transaction, acknowledged: Acknowledged) -> None:
    """Save that somebody has read it."""
    await tx.execute(
        ACKNOWLEDGE,
        {
            "id": acknowledged.terms.id,
            "at": acknowledged.acknowledged_at,
            "by": acknowledged.acknowledged_by,
        },
    )


async def writers(tx: Transaction) -> tuple[int, int]:
    """The number of this transaction, and that of the oldest one that still writes; they rise as these begin to."""
    (row,) = await tx.rows(WRITERS)
    return row.ours, row.oldest


async def missed(tx: Transaction, asked: Missed, *, limit: int) -> list[Frozen]:
    """Notices that were never meant for the endpoint, because it was disabled or not there yet; oldest first."""
    rows = await tx.rows(MISSED, {**{name: getattr(asked, name) for name in Missed.__slots__}, "limit": limit})
    found = (_notice(row) for row in rows)
    return [one.frozen if isinstance(one, Acknowledged) else one for one in found if not isinstance(one, Collecting)]


def _row(terms: Terms) -> dict[str, Any]:
    return {
        "id": terms.id,
        "tenant": terms.recipient.tenant,
        "testmode": terms.testmode,
        "agency": terms.recipient.agency,
        "referral": terms.referral,
        "priority": terms.priority,
        "origin": terms.origin,
        "handling": terms.handling,
        "state": "collecting",
        "rung": Rung.OFFICER.value,
        "opened_at": terms.opened_at,
        "frozen_at": None,
        "acknowledge_by": None,
        "acknowledged_at": None,
        "acknowledged_by": None,
    }


def _terms(row: Any) -> Terms:
    return Terms(
        id=NoticeId(row.id),
        recipient=Recipient(row.agency, row.tenant),
        referral=row.referral,
        testmode=row.testmode,
        priority=row.priority,
        origin=row.origin,
        handling=row.handling,
        opened_at=row.opened_at,
    )


def _notice(row: Any) -> Notice:
    terms = _terms(row)
    if row.state == "collecting":
        return Collecting(terms=terms)
    frozen = Frozen(terms=terms, frozen_at=row.frozen_at, acknowledge_by=row.acknowledge_by, rung=Rung(row.rung))
    if row.state == "frozen":
        return frozen
    return Acknowledged(frozen=frozen, acknowledged_at=row.acknowledged_at, acknowledged_by=row.acknowledged_by)
