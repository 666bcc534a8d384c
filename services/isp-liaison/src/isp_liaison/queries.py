"""Reads: straight SQL to what a response shows. Who sees which row is the database's decision, not a WHERE clause."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from isp_liaison import asking, sealing
from isp_liaison.application import Application
from isp_liaison.asking import AskedData
from isp_liaison.domain.lines import LineId
from isp_liaison.domain.requests import RequestId
from isp_liaison.store import lines, requests
from isp_liaison.store.lines import Line, LineEntry
from kit.database import Transaction
from kit.encryption import Sealed

EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
FIRST = UUID(int=0)
"""Before every row: where a queue begins."""
OPEN_STATES = ("draft", "submitted", "approved", "sent", "answered")

_COUNTED = """
    SELECT r.*, a.due_on, a.expires_on,
        (SELECT count(*) FROM line l WHERE l.request = r.id AND l.state <> 'dropped') AS line_count,
        (SELECT count(*) FROM line l WHERE l.request = r.id AND l.state IN ('open', 'answered')) AS open_count
    FROM request r LEFT JOIN authority a ON a.request = r.id
"""
_FILTERED = """
    AND (CAST(:provider AS text) IS NULL OR r.provider = :provider)
    AND (CAST(:instrument AS text) IS NULL OR r.instrument = :instrument)
    AND (r.perishes_at, r.id) > (:at, :id) ORDER BY r.perishes_at, r.id LIMIT :fetch
"""
# The condition of the partial index, word for word.
QUEUE = text(f"{_COUNTED} WHERE r.state NOT IN ('closed', 'returned', 'withdrawn') {_FILTERED}")
IN_STATE = text(f"{_COUNTED} WHERE r.state = :state {_FILTERED}")
BY_NUMBER = text(f"{_COUNTED} WHERE r.number = :number")
LINES = text("SELECT id FROM line WHERE request = :request AND state <> 'dropped' ORDER BY id")

PENDING = text("""
    SELECT a.*, r.number, l.instrument, l.grade FROM answer a
    JOIN request r ON r.id = a.request JOIN line l ON l.id = a.line
    WHERE a.state = 'pending' AND a.id > :after ORDER BY a.id LIMIT :fetch
""")
RECORDS = text("SELECT * FROM subscriber_record WHERE id = ANY (CAST(:ids AS uuid[])) ORDER BY id")
RELEASED = text("SELECT * FROM subscriber_record WHERE id = :id AND released_at IS NOT NULL")
UNPLACED = text("SELECT * FROM unplaced WHERE id > :after ORDER BY id LIMIT :fetch")
PROVIDERS = text("SELECT * FROM provider WHERE id > :after ORDER BY id LIMIT :fetch")
INSTRUMENTS = text("SELECT * FROM instrument ORDER BY id, valid_from")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a client wants of the queue, and after which row."""

    state: str | None
    provider: str | None
    instrument: str | None
    at: datetime
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """A request with its lines, as far as the caller may see them."""

    row: Any
    lines: Sequence[Line]
    asked: Mapping[LineId, AskedData]
    entries: Mapping[LineId, Sequence[LineEntry]]
    authority: requests.Carrying | None
    grounds: Mapping[str, str] | None = None
    notes: Sequence[str] = field(default_factory=tuple[str, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosed:
    """A subscriber record, opened."""

    row: Any
    name: str
    street: str
    postal_code: str | None


async def page_of_requests(tx: Transaction, asked: Asked, fetch: int) -> Sequence[Any]:
    """The queue: what perishes first."""
    given = {
        "provider": asked.provider,
        "instrument": asked.instrument,
        "at": asked.at,
        "id": asked.id,
        "fetch": fetch,
    }
    if asked.state is None:
        return await tx.rows(QUEUE, given)
    return await tx.rows(IN_STATE, {**given, "state": asked.state})


async def detail(app: Application, tx: Transaction, number: str, *, of_centre: bool) -> Detail | None:
    """One request with what its lines ask; what officers wrote is for the centre alone."""
    row = await tx.row(BY_NUMBER, {"number": number})
    if row is None:
        return None
    found = await lines.read(tx, [one.id for one in await tx.rows(LINES, {"request": row.id})])
    authorities = await requests.authorities(tx, [row.id])
    grounds, notes = await _written(app, tx, row.id) if of_centre else (None, ())
    return Detail(
        row=row,
        lines=list(found.values()),
        asked=await asking.opened(app.keyring, found.values()),
        entries=await lines.entries(tx, found) if of_centre else {},
        authority=authorities.get(row.id),
        grounds=grounds,
        notes=notes,
    )


async def _written(
    app: Application, tx: Transaction, request: RequestId
) -> tuple[Mapping[str, str] | None, Sequence[str]]:
    kept = await requests.sealed(tx, request)
    grounds = await sealing.unseal(app.keyring, request, kept.get(sealing.GROUNDS))
    said = sorted(kind for kind in kept if kind.startswith((sealing.NOTE, sealing.RETURNED)))
    notes = [await sealing.unseal(app.keyring, request, kept[kind]) for kind in said]
    return (None if grounds is None else orjson.loads(grounds)), [one.decode() for one in notes if one is not None]


async def pending_answers(tx: Transaction, *, after: UUID, fetch: int) -> Sequence[Any]:
    """Answers that wait for a second person, oldest first."""
    return await tx.rows(PENDING, {"after": after, "fetch": fetch})


async def asked_of(app: Application, tx: Transaction, ids: Sequence[UUID]) -> Mapping[LineId, AskedData]:
    """What these lines ask, in clear."""
    return await asking.opened(app.keyring, (await lines.read(tx, ids)).values())


async def records(app: Application, tx: Transaction, ids: Sequence[UUID]) -> Mapping[UUID, Disclosed]:
    """Records before they are released, for whoever checks them."""
    return await _disclosed(app, await tx.rows(RECORDS, {"ids": sorted(ids)})) if ids else {}


async def record(app: Application, tx: Transaction, record_id: UUID) -> Disclosed | None:
    """A released record; None where the caller sees none, or its referral was erased."""
    row = await tx.row(RELEASED, {"id": record_id})
    return None if row is None else (await _disclosed(app, [row])).get(record_id)


async def _disclosed(app: Application, rows: Sequence[Any]) -> dict[UUID, Disclosed]:
    keys = await sealing.keys(app.keyring, {row.key for row in rows})
    found: dict[UUID, Disclosed] = {}
    for row in rows:
        if row.key in keys and row.data is not None:
            plain = keys[row.key].decrypt(Sealed(row.nonce, row.data), sealing.record_context(row.id))
            found[row.id] = Disclosed(row=row, **orjson.loads(plain))
    return found


async def page_of_unplaced(tx: Transaction, *, after: UUID, fetch: int) -> Sequence[Any]:
    """Captures that no provider could be asked about, oldest first."""
    return await tx.rows(UNPLACED, {"after": after, "fetch": fetch})


async def page_of_providers(tx: Transaction, *, after: str, fetch: int) -> Sequence[Any]:
    """Providers by id."""
    return await tx.rows(PROVIDERS, {"after": after, "fetch": fetch})


async def instruments(tx: Transaction) -> Sequence[Any]:
    """Every instrument, with its validity."""
    return await tx.rows(INSTRUMENTS)
