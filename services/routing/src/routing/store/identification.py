"""What liaison was asked to identify. Requests add up: a later one asks only what no earlier one did."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from kit.database import Transaction
from kit.rows import arrays_of, inserting
from kit.values import value
from routing.domain.assigning import EntryId
from routing.store import tables

ONCE = ("state", "requested_at", "ended_at")
INSERT = inserting(tables.identification_request, once=ONCE)
ASKED = text("""
    SELECT r.entry, bool_or(r.state = 'open') AS open, array_agg(m.mark) AS marks
    FROM identification_request r CROSS JOIN LATERAL jsonb_array_elements_text(r.marks) AS m (mark)
    WHERE r.entry = ANY (CAST(:entries AS uuid[])) AND r.state <> 'cancelled'
    GROUP BY r.entry
""")
END = text("""
    UPDATE identification_request SET state = :state, ended_at = :now
    WHERE entry = ANY (CAST(:entries AS uuid[])) AND state = 'open'
""")


@value
class Request:
    """Captures whose subscribers are wanted, by their items; `marks` are keyed hashes to know them again."""

    id: UUID
    tenant: str
    testmode: bool
    entry: EntryId
    determination: UUID
    items: list[str]
    marks: list[str]
    requested_at: datetime
    ended_at: datetime | None = None
    state: str = "open"


@value
class Asked:
    """What was asked about an entry and not cancelled; `open`: not everything is answered yet."""

    marks: frozenset[str] = frozenset()
    open: bool = False


async def insert(tx: Transaction, requests: Sequence[Request]) -> None:
    """Record new requests, all of one moment."""
    if requests:
        await tx.execute(INSERT, arrays_of(tables.identification_request, requests, once=ONCE))


async def asked(tx: Transaction, entries: Iterable[EntryId]) -> dict[EntryId, Asked]:
    """What was asked about each entry; the entries are locked already."""
    wanted = sorted(set(entries))
    if not wanted:
        return {}
    rows = await tx.rows(ASKED, {"entries": wanted})
    return {EntryId(row.entry): Asked(marks=frozenset(row.marks), open=row.open) for row in rows}


async def end(tx: Transaction, entries: Iterable[EntryId], *, state: str, now: datetime) -> None:
    """Close the open requests about those entries: `answered` or `cancelled`."""
    wanted = sorted(set(entries))
    if wanted:
        await tx.execute(END, {"entries": wanted, "state": state, "now": now})
