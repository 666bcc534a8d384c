"""Assignments: at most one current one per entry, which the database itself holds."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

from sqlalchemy import text

from kit.database import Transaction
from kit.rows import arrays, inserting
from kit.values import value
from routing.domain.assigning import (
    Accepted,
    Assigned,
    Assignment,
    AssignmentId,
    Closed,
    Declined,
    Declining,
    Ended,
    EntryId,
    Moved,
    Moving,
    Terms,
    Transferred,
    Withdrawn,
)
from routing.domain.bodies import BodyId
from routing.domain.entries import Kind, Provenance
from routing.store import tables

ONCE = ("state", "overdue", "assigned_at", "accepted_at", "ended_at", "reason", "successor")
INSERT = inserting(tables.assignment, once=ONCE)

CURRENT = text("""
    SELECT * FROM assignment
    WHERE entry = ANY (CAST(:entries AS uuid[])) AND state IN ('assigned', 'accepted', 'closed')
    ORDER BY id FOR UPDATE
""")

ENTRY_OF = text("SELECT entry FROM assignment WHERE id = :id")

LOCK_ONE = text("SELECT * FROM assignment WHERE id = :id FOR UPDATE")

END = text("""
    UPDATE assignment a
    SET state = r.state, ended_at = r.ended_at, reason = r.reason, successor = r.successor, overdue = false
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:states AS text[]), CAST(:ended AS timestamptz[]), CAST(:reasons AS text[]),
        CAST(:successors AS uuid[])
    ) AS r (id, state, ended_at, reason, successor)
    WHERE a.id = r.id
""")

ACCEPT = text("UPDATE assignment SET state = 'accepted', accepted_at = :at, overdue = false WHERE id = :id")

RETELL = text("""
    UPDATE assignment a
    SET priority = r.priority, handling = r.handling, due_at = least(a.due_at, r.due_at)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:priorities AS text[]), CAST(:handlings AS text[]),
                CAST(:dues AS timestamptz[])) AS r (id, priority, handling, due_at)
    WHERE a.id = r.id
""")

FLAG_OVERDUE = text("""
    WITH due AS MATERIALIZED (  -- by the index of what is open: the planner cannot know how few of many are late
        SELECT id FROM assignment WHERE state = 'assigned' AND due_at <= :now AND NOT overdue
        ORDER BY due_at LIMIT :limit
    ), late AS (
        SELECT id FROM assignment
        WHERE id IN (SELECT id FROM due) AND state = 'assigned' AND due_at <= :now AND NOT overdue
        ORDER BY id FOR UPDATE SKIP LOCKED  -- primary-key order: the law of locks
    )
    UPDATE assignment a SET overdue = true FROM late WHERE a.id = late.id
    RETURNING a.*
""")


@value
class Held:
    """An assignment with the determination it rests on and what it inherits from its entry."""

    assignment: Assignment
    determination: UUID
    provenance: Provenance


@value
class Opened:
    """A new assignment to be saved; `holder_tenant` is whom the database lets see it."""

    assigned: Assigned
    determination: UUID
    provenance: Provenance
    holder_tenant: str


@value
class Retold:
    """What a newer version of its entry says about a current assignment."""

    assignment: AssignmentId
    priority: str
    handling: str
    due_at: datetime


async def open_all(tx: Transaction, opened: Sequence[Opened]) -> None:
    """Save new assignments, all of one moment. An entry that has a current one already makes the database refuse."""
    if opened:
        await tx.execute(INSERT, arrays(tables.assignment, [_row(one) for one in opened], once=ONCE))


async def current(tx: Transaction, entries: Iterable[EntryId]) -> dict[EntryId, Held]:
    """The current assignment of each entry, locked in order of ids; the entries are locked already."""
    wanted = sorted(set(entries))
    if not wanted:
        return {}
    return {EntryId(row.entry): _held(row) for row in await tx.rows(CURRENT, {"entries": wanted})}


async def entry_of(tx: Transaction, assignment: UUID) -> EntryId | None:
    """The entry of an assignment, without a lock; None where the caller sees no such assignment."""
    entry = await tx.scalar(ENTRY_OF, {"id": assignment})
    return None if entry is None else EntryId(entry)


async def lock(tx: Transaction, assignment: UUID) -> Held | None:
    """One assignment, locked; its entry is locked already. None where the caller sees none."""
    row = await tx.row(LOCK_ONE, {"id": assignment})
    return None if row is None else _held(row)


async def accept(tx: Transaction, accepted: Accepted) -> None:
    """Save that the holder took responsibility."""
    await tx.execute(ACCEPT, {"id": accepted.terms.id, "at": accepted.accepted_at})


async def end(tx: Transaction, ended: Sequence[Ended]) -> None:
    """Save assignments that are over; before their successors, since only one may be current."""
    if not ended:
        return
    rows = [_ending(one) for one in sorted(ended, key=lambda one: one.terms.id)]
    await tx.execute(
        END,
        {
            "ids": [row[0] for row in rows],
            "states": [row[1] for row in rows],
            "ended": [row[2] for row in rows],
            "reasons": [row[3] for row in rows],
            "successors": [row[4] for row in rows],
        },
    )


async def retell(tx: Transaction, retold: Sequence[Retold]) -> None:
    """Give current assignments their entry's new priority and handling; a due time only ever comes nearer."""
    if retold:
        await tx.execute(
            RETELL,
            {
                "ids": [one.assignment for one in retold],
                "priorities": [one.priority for one in retold],
                "handlings": [one.handling for one in retold],
                "dues": [one.due_at for one in retold],
            },
        )


async def flag_overdue(tx: Transaction, now: datetime, limit: int) -> list[Held]:
    """Flag what nobody accepted in time, at most `limit`; returns what was flagged."""
    return [_held(row) for row in await tx.rows(FLAG_OVERDUE, {"now": now, "limit": limit})]


def _row(opened: Opened) -> dict[str, Any]:
    terms, of = opened.assigned.terms, opened.provenance
    return {
        "tenant": of.tenant,
        "testmode": of.testmode,
        "entry": of.entry,
        "kind": of.kind.value,
        "referral": of.referral,
        "investigation": of.investigation,
        "priority": of.priority,
        "handling": of.handling,
        "id": terms.id,
        "determination": opened.determination,
        "body": terms.body,
        "holder": terms.holder,
        "holder_tenant": opened.holder_tenant,
        "copies": list(terms.copies),
        "tried": list(terms.tried),
        "hop": terms.hop,
        "state": "assigned",
        "overdue": False,
        "assigned_at": terms.assigned_at,
        "due_at": terms.due_at,
        "accepted_at": None,
        "ended_at": None,
        "reason": None,
        "successor": None,
    }


def _ending(ended: Ended) -> tuple[AssignmentId, str, datetime, str | None, AssignmentId | None]:
    match ended:
        case Declined(terms=terms, declined_at=at, reason=reason, successor=successor):
            return terms.id, "declined", at, reason.value, successor
        case Transferred(terms=terms, transferred_at=at, successor=successor):
            return terms.id, "transferred", at, None, successor
        case Moved(terms=terms, moved_at=at, reason=reason, successor=successor):
            return terms.id, "moved", at, reason.value, successor
        case Withdrawn(terms=terms, withdrawn_at=at):
            return terms.id, "withdrawn", at, None, None
        case _:
            assert_never(ended)


def _held(row: Any) -> Held:
    terms = Terms(
        id=AssignmentId(row.id),
        entry=EntryId(row.entry),
        body=BodyId(row.body),
        holder=BodyId(row.holder),
        copies=tuple(BodyId(one) for one in row.copies),
        tried=tuple(BodyId(one) for one in row.tried),
        hop=row.hop,
        assigned_at=row.assigned_at,
        due_at=row.due_at,
    )
    provenance = Provenance(
        entry=terms.entry,
        kind=Kind(row.kind),
        referral=row.referral,
        investigation=row.investigation,
        tenant=row.tenant,
        testmode=row.testmode,
        priority=row.priority,
        handling=row.handling,
    )
    return Held(assignment=_assignment(row, terms), determination=row.determination, provenance=provenance)


def _assignment(row: Any, terms: Terms) -> Assignment:
    match row.state:
        case "assigned":
            return Assigned(terms=terms, overdue=row.overdue)
        case "accepted":
            return Accepted(terms=terms, accepted_at=row.accepted_at)
        case "closed":
            return Closed(terms=terms, closed_at=row.ended_at, outcome=row.reason)
        case "declined":
            reason = Declining(row.reason)
            return Declined(terms=terms, declined_at=row.ended_at, reason=reason, successor=row.successor)
        case "moved":
            why = Moving(row.reason)
            return Moved(terms=terms, moved_at=row.ended_at, reason=why, successor=row.successor)
        case "transferred":
            return Transferred(terms=terms, transferred_at=row.ended_at, successor=row.successor)
        case _:
            return Withdrawn(terms=terms, withdrawn_at=row.ended_at)
