"""Lines and the suspects and victims they are asked for. The same data is one line, which the database itself holds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from isp_liaison.domain.entries import EntryId, Provenance
from isp_liaison.domain.instruments import Effect
from isp_liaison.domain.lines import LineId, LineKey, LineState
from isp_liaison.domain.requests import RequestId
from isp_liaison.store import tables
from kit.access import CENTRE_TENANT
from kit.database import Transaction
from kit.rows import arrays, inserting

INSERT = inserting(tables.line, conflict="ON CONFLICT DO NOTHING RETURNING id")
_OF_KEYS = """
    SELECT l.* FROM line l
    JOIN unnest(
        CAST(:providers AS text[]), CAST(:instruments AS text[]), CAST(:investigations AS uuid[]),
        CAST(:abouts AS text[]), CAST(:marks AS text[])
    ) AS k (provider, instrument, investigation, about, mark)
      ON l.mark = k.mark AND l.investigation = k.investigation AND l.provider = k.provider
     AND l.instrument = k.instrument AND l.about = k.about
    WHERE l.state NOT IN ('dropped', 'lapsed') ORDER BY l.id
"""
FIND = text(_OF_KEYS)
LOCK_KEYS = text(f"{_OF_KEYS} FOR UPDATE OF l")
LOCK = text("SELECT * FROM line WHERE id = ANY (CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE")
READ = text("SELECT * FROM line WHERE id = ANY (CAST(:ids AS uuid[])) ORDER BY id")
LOCK_OF_REQUESTS = text("SELECT * FROM line WHERE request = ANY (CAST(:requests AS uuid[])) ORDER BY id FOR UPDATE")
LOCK_OF_ENTRIES = text("""
    SELECT * FROM line
    WHERE id IN (
        SELECT line FROM line_entry WHERE entry = ANY (CAST(:entries AS uuid[])) AND state = 'current'
    ) AND request = ANY (CAST(:requests AS uuid[]))
    ORDER BY id FOR UPDATE
""")
LOCK_UNREAD = text("""
    SELECT count(*) FROM (
        SELECT id FROM line WHERE request = ANY (CAST(:requests AS uuid[])) AND state <> 'dropped'
        ORDER BY id FOR UPDATE
    ) AS locked
""")
# One line of each request is enough to know, however many it has; in this order none that is over is looked at.
REQUESTS_WITH_OPEN = text("""
    SELECT r.id FROM unnest(CAST(:requests AS uuid[])) AS r (id)
    CROSS JOIN LATERAL (SELECT FROM line WHERE request = r.id AND state = 'open' ORDER BY perishes_at LIMIT 1) AS one
""")
REQUESTS_ASKED = text("""
    SELECT r.id FROM unnest(CAST(:requests AS uuid[])) AS r (id)
    CROSS JOIN LATERAL (
        SELECT FROM line l JOIN line_entry e ON e.line = l.id
        WHERE l.request = r.id AND l.state <> 'dropped' AND e.state = 'current' ORDER BY l.id LIMIT 1
    ) AS one
""")
COUNT = text("""
    SELECT count(*) FILTER (WHERE state = 'open') AS open, count(*) FILTER (WHERE state = 'answered') AS waiting,
        count(*) FILTER (WHERE state = 'lapsed' AND outcome IS NULL) AS silent
    FROM line WHERE request = :request
""")
# Under another number it is another preservation, with a day of its own.
MOVE = text("UPDATE line SET request = :to, expired_at = NULL WHERE id = ANY (CAST(:ids AS uuid[]))")
EXPIRE = text("UPDATE line SET expired_at = :now WHERE id = ANY (CAST(:ids AS uuid[]))")
END = text("""
    UPDATE line l SET state = :state, outcome = r.outcome, done_at = :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:outcomes AS text[])) AS r (id, outcome) WHERE l.id = r.id
""")
ANSWERED = text("UPDATE line SET state = 'answered' WHERE id = ANY (CAST(:ids AS uuid[]))")
REOPEN = text("UPDATE line SET state = 'open' WHERE id = :id")
# What is preserved lasts until the law says, whatever the provider usually keeps.
PRESERVED_UNTIL = text("""
    UPDATE line l SET perishes_at = :until
    FROM line p WHERE p.id = ANY (CAST(:ids AS uuid[])) AND l.mark = p.mark AND l.investigation = p.investigation
      AND l.provider = p.provider AND l.about = p.about AND l.state NOT IN ('dropped', 'lapsed')
    RETURNING l.request
""")

ENTRIES = text("SELECT * FROM line_entry WHERE line = ANY (CAST(:lines AS uuid[])) ORDER BY line, entry")
NEEDED = text("""
    SELECT DISTINCT line FROM line_entry WHERE line = ANY (CAST(:lines AS uuid[])) AND state = 'current'
""")
REQUESTS_OF_SAME_DATA = text("""
    SELECT DISTINCT o.request FROM line l
    JOIN line o ON o.mark = l.mark AND o.investigation = l.investigation AND o.provider = l.provider
               AND o.about = l.about AND o.state NOT IN ('dropped', 'lapsed')
    WHERE l.request = :request
""")
ADD_ENTRIES = inserting(
    tables.line_entry,
    conflict="ON CONFLICT (line, entry) DO UPDATE SET state = 'current', priority = excluded.priority",
)
CANCEL_ENTRIES = text("""
    UPDATE line_entry SET state = 'cancelled'
    WHERE entry = ANY (CAST(:entries AS uuid[])) AND line = ANY (CAST(:lines AS uuid[])) AND state = 'current'
""")
# In sorted order; taken after requests and lines, before the counters of the outbox.
TAKE_TURNS = text("""
    SELECT pg_advisory_xact_lock(hashtextextended('isp_liaison.entry ' || entry, 0))
    FROM unnest(CAST(:entries AS uuid[])) AS e (entry) ORDER BY entry
""")
OPEN_LINES = text("""
    SELECT e.entry, count(*) AS open FROM line_entry e JOIN line l ON l.id = e.line
    WHERE e.entry = ANY (CAST(:entries AS uuid[])) AND e.state = 'current'
      AND l.effect = 'produces' AND l.state IN ('open', 'answered')
    GROUP BY e.entry
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One capture asked of one provider; what is asked is sealed under `key`."""

    id: LineId
    request: RequestId
    testmode: bool
    key_of_data: LineKey
    effect: Effect
    grade: str
    at: datetime
    state: LineState
    outcome: str | None
    key: UUID
    nonce: bytes
    data: bytes
    perishes_at: datetime
    redirected_from: LineId | None
    created_at: datetime
    expired_at: datetime | None = None
    """When those who waited for it were told that its preservation is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many lines of a request wait for an answer, or for its check, and how many were over without one."""

    open: int
    waiting: int
    silent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineEntry:
    """A suspect or victim for whom a line is asked; `current` until it is cancelled."""

    line: LineId
    of: Provenance
    current: bool
    added_at: datetime


async def insert(tx: Transaction, lines: Sequence[Line]) -> frozenset[LineId]:
    """Add those lines whose data nobody asks for yet. Ids rise with the keys (the law of locks)."""
    return frozenset(row.id for row in await tx.rows(INSERT, arrays(tables.line, [_row(one) for one in lines])))


async def find(tx: Transaction, keys: Sequence[LineKey]) -> dict[LineKey, Line]:
    """The lines of that data, without a lock."""
    return await _of_keys(tx, FIND, keys)


async def lock_of(tx: Transaction, keys: Sequence[LineKey]) -> dict[LineKey, Line]:
    """The lines of that data, locked in order of their ids."""
    return await _of_keys(tx, LOCK_KEYS, keys)


async def lock(tx: Transaction, ids: Iterable[UUID]) -> dict[LineId, Line]:
    """The lines that the caller may see, locked; their requests are locked already."""
    return {one.id: one for one in map(_line, await tx.rows(LOCK, {"ids": sorted(set(ids))}))}


async def read(tx: Transaction, ids: Iterable[UUID]) -> dict[LineId, Line]:
    """The same without a lock."""
    return {one.id: one for one in map(_line, await tx.rows(READ, {"ids": sorted(set(ids))}))}


async def of_requests(tx: Transaction, requests: Iterable[UUID]) -> dict[LineId, Line]:
    """Every line of these requests, locked; the requests are locked already."""
    rows = await tx.rows(LOCK_OF_REQUESTS, {"requests": sorted(set(requests))})
    return {one.id: one for one in map(_line, rows)}


async def lock_of_entries(
    tx: Transaction, entries: Iterable[EntryId], requests: Iterable[RequestId]
) -> dict[LineId, Line]:
    """The lines of these requests that are asked for these suspects and victims, locked likewise."""
    rows = await tx.rows(LOCK_OF_ENTRIES, {"entries": sorted(set(entries)), "requests": sorted(requests)})
    return {one.id: one for one in map(_line, rows)}


async def lock_unread(tx: Transaction, requests: Iterable[RequestId]) -> None:
    """Lock every line of these requests that was not dropped: nobody joins one meanwhile."""
    await tx.execute(LOCK_UNREAD, {"requests": sorted(requests)})


async def requests_with_open(tx: Transaction, requests: Iterable[RequestId]) -> set[RequestId]:
    """Those of the requests that have a line which waits for an answer; they are locked."""
    return {row.id for row in await tx.rows(REQUESTS_WITH_OPEN, {"requests": sorted(requests)})}


async def requests_asked(tx: Transaction, requests: Iterable[RequestId]) -> set[RequestId]:
    """Those of the requests in which something is still asked for somebody."""
    return {row.id for row in await tx.rows(REQUESTS_ASKED, {"requests": sorted(requests)})}


async def count(tx: Transaction, request: RequestId) -> Count:
    """How its lines stand. The request is locked already."""
    (row,) = await tx.rows(COUNT, {"request": request})
    return Count(open=row.open, waiting=row.waiting, silent=row.silent)


async def move(tx: Transaction, ids: Iterable[LineId], *, to: RequestId) -> None:
    """Give lines to another request; they are locked already."""
    await tx.execute(MOVE, {"ids": sorted(ids), "to": to})


async def end(tx: Transaction, ended: Sequence[tuple[LineId, str | None]], state: LineState, now: datetime) -> None:
    """Lines that are over, each with its outcome."""
    ordered = sorted(ended)
    await tx.execute(
        END,
        {
            "ids": [one for one, _ in ordered],
            "outcomes": [outcome for _, outcome in ordered],
            "state": state.value,
            "now": now,
        },
    )


async def expire(tx: Transaction, ids: Iterable[LineId], now: datetime) -> None:
    """It is told that their preservation is over; they are locked already."""
    await tx.execute(EXPIRE, {"ids": sorted(ids), "now": now})


async def answered(tx: Transaction, ids: Iterable[LineId]) -> None:
    """They wait for a second person."""
    await tx.execute(ANSWERED, {"ids": sorted(ids)})


async def reopen(tx: Transaction, line: LineId) -> None:
    """Its answer was refused: it waits for another one."""
    await tx.execute(REOPEN, {"id": line})


async def preserved_until(tx: Transaction, ids: Iterable[LineId], until: datetime) -> set[RequestId]:
    """The data of these lines lasts until then, under whichever instrument it is asked; the requests concerned."""
    rows = await tx.rows(PRESERVED_UNTIL, {"ids": sorted(ids), "until": until})
    return {row.request for row in rows}


async def entries(tx: Transaction, lines: Iterable[UUID]) -> dict[LineId, list[LineEntry]]:
    """For whom these lines are asked, cancelled ones too."""
    found: dict[LineId, list[LineEntry]] = {}
    for row in await tx.rows(ENTRIES, {"lines": sorted(set(lines))}):
        found.setdefault(LineId(row.line), []).append(_entry(row))
    return found


async def needed(tx: Transaction, lines: Iterable[LineId]) -> set[LineId]:
    """Those of the lines that are asked for somebody; they are locked."""
    return {LineId(row.line) for row in await tx.rows(NEEDED, {"lines": sorted(lines)})}


async def requests_of_same_data(tx: Transaction, request: RequestId) -> set[RequestId]:
    """The requests in which the data of this one is asked for, under whichever instrument, without a lock."""
    return {row.request for row in await tx.rows(REQUESTS_OF_SAME_DATA, {"request": request})}


async def add_entries(tx: Transaction, added: Sequence[LineEntry]) -> None:
    """Ask these lines for these suspects and victims, too; the lines are locked already."""
    rows = [
        {
            "line": one.line,
            "entry": one.of.entry,
            "tenant": one.of.tenant,
            "testmode": one.of.testmode,
            "kind": one.of.kind,
            "referral": one.of.referral,
            "investigation": one.of.investigation,
            "priority": one.of.priority,
            "handling": one.of.handling,
            "foreign_investigating": one.of.foreign_investigating,
            "state": "current",
            "added_at": one.added_at,
        }
        for one in added
    ]
    await tx.execute(ADD_ENTRIES, arrays(tables.line_entry, rows))


async def cancel_entries(tx: Transaction, entries: Iterable[EntryId], lines: Iterable[LineId]) -> None:
    """Take these suspects and victims off these lines; the lines are locked already."""
    await tx.execute(CANCEL_ENTRIES, {"entries": sorted(set(entries)), "lines": sorted(set(lines))})


async def open_lines(tx: Transaction, entries: Iterable[EntryId]) -> dict[EntryId, int]:
    """How many lines of each suspect or victim still wait for an answer that could identify somebody.

    Whoever counts the same one next waits until this commits: lines in other requests are not locked, and the second
    of two who end the last lines at once must see both ended.
    """
    asked = {"entries": sorted(set(entries))}
    await tx.execute(TAKE_TURNS, asked)
    rows = await tx.rows(OPEN_LINES, asked)
    return {EntryId(row.entry): row.open for row in rows}


async def _of_keys(tx: Transaction, statement: Any, keys: Sequence[LineKey]) -> dict[LineKey, Line]:
    asked = {
        "providers": [one.provider for one in keys],
        "instruments": [one.instrument for one in keys],
        "investigations": [one.investigation for one in keys],
        "abouts": [one.about for one in keys],
        "marks": [one.mark for one in keys],
    }
    return {one.key_of_data: one for one in map(_line, await tx.rows(statement, asked))}


def _row(one: Line) -> dict[str, Any]:
    key = one.key_of_data
    return {
        "id": one.id,
        "tenant": CENTRE_TENANT,
        "testmode": one.testmode,
        "request": one.request,
        "provider": key.provider,
        "instrument": key.instrument,
        "effect": one.effect.value,
        "investigation": key.investigation,
        "about": key.about,
        "mark": key.mark,
        "grade": one.grade,
        "at": one.at,
        "state": one.state.value,
        "outcome": one.outcome,
        "key": one.key,
        "nonce": one.nonce,
        "data": one.data,
        "perishes_at": one.perishes_at,
        "redirected_from": one.redirected_from,
        "created_at": one.created_at,
        "done_at": None,
        "expired_at": None,
    }


def _line(row: Any) -> Line:
    return Line(
        id=LineId(row.id),
        request=RequestId(row.request),
        testmode=row.testmode,
        key_of_data=LineKey(
            provider=row.provider,
            instrument=row.instrument,
            investigation=row.investigation,
            about=row.about,
            mark=row.mark,
        ),
        effect=Effect(row.effect),
        grade=row.grade,
        at=row.at,
        state=LineState(row.state),
        outcome=row.outcome,
        key=row.key,
        nonce=row.nonce,
        data=row.data,
        perishes_at=row.perishes_at,
        redirected_from=row.redirected_from,
        created_at=row.created_at,
        expired_at=row.expired_at,
    )


def _entry(row: Any) -> LineEntry:
    return LineEntry(
        line=LineId(row.line),
        of=Provenance(
            entry=EntryId(row.entry),
            kind=row.kind,
            referral=row.referral,
            investigation=row.investigation,
            tenant=row.tenant,
            testmode=row.testmode,
            priority=row.priority,
            handling=row.handling,
            foreign_investigating=row.foreign_investigating,
        ),
        current=row.state == "current",
        added_at=row.added_at,
    )
