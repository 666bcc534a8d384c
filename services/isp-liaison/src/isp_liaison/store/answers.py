"""Answers by line, and the subscriber records that some of them carry: name and street sealed, never told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from isp_liaison.domain.answers import Answer, AnswerId, AnswerState, Flag
from isp_liaison.domain.lines import LineId
from isp_liaison.domain.requests import RequestId
from isp_liaison.store import tables
from kit.access import CENTRE_TENANT
from kit.database import Transaction
from kit.rows import arrays_of, inserting

INSERT = inserting(tables.answer)
INSERT_RECORDS = inserting(tables.subscriber_record)
STANDING = text("""
    SELECT line, fingerprint FROM answer
    WHERE line = ANY (CAST(:lines AS uuid[])) AND state <> 'refused' ORDER BY line
""")
NAMED = text("""
    SELECT line, redirect_to FROM answer
    WHERE line = ANY (CAST(:lines AS uuid[])) AND state <> 'refused' AND redirect_to IS NOT NULL ORDER BY line
""")
WHERE = text("SELECT request, line FROM answer WHERE id = :id")
LOCK = text("SELECT * FROM answer WHERE id = ANY (CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE")
CHECKED = text("""
    UPDATE answer SET state = :state, checked_by = :by, checked_at = :now, flags = CAST(:flags AS jsonb) WHERE id = :id
""")
RELEASE = text("UPDATE subscriber_record SET released_at = :now WHERE id = :id")
# What a second person refused was perhaps about a stranger: nothing personal of it is kept.
EMPTY = text("""
    UPDATE subscriber_record SET nonce = NULL, data = NULL, municipality = NULL, province = NULL, postal_area = NULL
    WHERE id = :id
""")
RECORDS_OF_LINES = text("""
    SELECT * FROM subscriber_record
    WHERE line = ANY (CAST(:lines AS uuid[])) AND released_at IS NOT NULL ORDER BY line, id
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAnswer:
    """An answer as it was taken."""

    id: AnswerId
    testmode: bool
    request: RequestId
    line: LineId
    provider: str
    outcome: str
    state: str
    zone: str
    raw_from: str | None
    raw_to: str | None
    assigned_from: datetime | None
    assigned_to: datetime | None
    tzdata: str
    flags: list[str]
    redirect_to: str | None
    record: UUID | None
    fingerprint: str
    submitted_by: str
    submitted_at: datetime
    tenant: str = CENTRE_TENANT
    checked_by: str | None = None
    checked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A subscriber of a connection. Name, street and postal code are sealed under the referral's key."""

    id: UUID
    testmode: bool
    line: LineId
    key: UUID
    nonce: bytes | None
    data: bytes | None
    country: str
    province: str | None
    municipality: str | None
    postal_area: str | None
    received_at: datetime
    tenant: str = CENTRE_TENANT
    released_at: datetime | None = None


async def insert(tx: Transaction, answers: Sequence[NewAnswer], records: Sequence[Record]) -> None:
    """Keep answers and what they carry."""
    if records:
        await tx.execute(INSERT_RECORDS, arrays_of(tables.subscriber_record, records))
    await tx.execute(INSERT, arrays_of(tables.answer, answers))


async def standing(tx: Transaction, lines: Iterable[LineId]) -> dict[LineId, str]:
    """The fingerprint of the answer that stands, by line."""
    return {LineId(row.line): row.fingerprint for row in await tx.rows(STANDING, {"lines": sorted(set(lines))})}


async def named(tx: Transaction, lines: Iterable[LineId]) -> dict[LineId, str]:
    """The provider that the answer which stands names, by line."""
    return {LineId(row.line): row.redirect_to for row in await tx.rows(NAMED, {"lines": sorted(set(lines))})}


async def place_of(tx: Transaction, answer: UUID) -> tuple[RequestId, LineId] | None:
    """The request and line of an answer, without a lock; None where the caller sees no such answer."""
    row = await tx.row(WHERE, {"id": answer})
    return None if row is None else (RequestId(row.request), LineId(row.line))


async def lock(tx: Transaction, ids: Iterable[UUID]) -> dict[AnswerId, Answer]:
    """Answers, locked; their requests and lines are locked already."""
    return {one.id: one for one in map(_answer, await tx.rows(LOCK, {"ids": sorted(set(ids))}))}


async def checked(
    tx: Transaction, answer: Answer, state: AnswerState, *, by: str, flags: frozenset[Flag], now: datetime
) -> None:
    """A second person has decided."""
    told = orjson.dumps(sorted(flags)).decode()
    await tx.execute(CHECKED, {"id": answer.id, "state": state.value, "by": by, "now": now, "flags": told})


async def release(tx: Transaction, record: UUID, now: datetime) -> None:
    """From now on the holder's officers may open it."""
    await tx.execute(RELEASE, {"id": record, "now": now})


async def empty(tx: Transaction, record: UUID) -> None:
    """Nothing personal is left of it."""
    await tx.execute(EMPTY, {"id": record})


async def records_of(tx: Transaction, lines: Iterable[LineId]) -> dict[LineId, Record]:
    """The released record of each line that has one."""
    rows = await tx.rows(RECORDS_OF_LINES, {"lines": sorted(set(lines))})
    return {LineId(row.line): _record(row) for row in rows}


def _answer(row: Any) -> Answer:
    return Answer(
        id=AnswerId(row.id),
        line=LineId(row.line),
        state=AnswerState(row.state),
        outcome=row.outcome,
        flags=frozenset(Flag(one) for one in row.flags),
        submitted_by=row.submitted_by,
        redirect_to=row.redirect_to,
        record=row.record,
    )


def _record(row: Any) -> Record:
    return Record(**{column.name: getattr(row, column.name) for column in tables.subscriber_record.columns})
