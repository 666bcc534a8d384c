"""Requests: one collecting draft of each kind, which the database itself holds; locked in order of their ids."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from isp_liaison.domain.authorities import Authority, Days
from isp_liaison.domain.lines import DraftKey
from isp_liaison.domain.requests import Desired, ProviderStatus, Request, RequestId, State
from isp_liaison.store import tables
from kit.access import CENTRE_TENANT
from kit.database import Transaction
from kit.rows import arrays, inserting

OPEN_DRAFTS = inserting(tables.request, conflict="ON CONFLICT DO NOTHING")
NUMBERS = text("SELECT nextval('request_number') AS number FROM generate_series(1, :count)")
LOCK_DRAFTS = text("""
    SELECT r.* FROM request r
    JOIN unnest(
        CAST(:providers AS text[]), CAST(:instruments AS text[]), CAST(:urgencies AS text[]),
        CAST(:handlings AS text[]), CAST(:investigations AS uuid[]), CAST(:abouts AS text[]),
        CAST(:testmodes AS boolean[])
    ) AS k (provider, instrument, urgency, handling, investigation, about, testmode)
      ON r.provider = k.provider AND r.instrument = k.instrument AND r.urgency = k.urgency
     AND r.handling = k.handling AND r.investigation = k.investigation AND r.about = k.about
     AND r.testmode = k.testmode
    WHERE r.state = 'draft' ORDER BY r.id FOR UPDATE OF r
""")
BY_NUMBER = text("SELECT id FROM request WHERE number = :number")
LOCK_OF_ENTRIES = text("""
    SELECT * FROM request
    WHERE id IN (
        SELECT l.request FROM line_entry e JOIN line l ON l.id = e.line
        WHERE e.entry = ANY (CAST(:entries AS uuid[])) AND e.state = 'current'
          AND e.line <> ALL (CAST(:but AS uuid[]))
    )
    ORDER BY id FOR UPDATE
""")
LOCK = text("SELECT * FROM request WHERE id = ANY (CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE")
BY_IDS = text("SELECT * FROM request WHERE id = ANY (CAST(:ids AS uuid[])) ORDER BY id")

SUBMIT = text("""
    UPDATE request SET state = :state, submitted_by = :by, submitted_at = :now WHERE id = :id
""")
APPROVE = text("""
    UPDATE request SET state = :state, approved_by = :by, approved_at = :now, body_sha256 = :sha256 WHERE id = :id
""")
END = text("""
    UPDATE request SET state = :state, closed_at = :now WHERE id = ANY (CAST(:ids AS uuid[]))
""")
CANCEL = text("UPDATE request SET desired_status = 'cancelled' WHERE id = ANY (CAST(:ids AS uuid[]))")
WANT_AGAIN = text("""
    UPDATE request SET desired_status = 'sent'
    WHERE id = ANY (CAST(:ids AS uuid[])) AND desired_status = 'cancelled'
""")
SEND_AGAIN = text("""
    UPDATE request SET channel_refused = false, channel_error = NULL, next_attempt_at = :now WHERE id = :id
""")
OFFER = text("""
    UPDATE request SET offered_at = coalesce(offered_at, :seen_from), attempts = attempts + 1
    WHERE id = :id AND state = 'approved' AND NOT channel_refused RETURNING *
""")
TAKE_IN = text("""
    UPDATE request SET state = :state, sent_at = :now, next_attempt_at = NULL, channel_error = NULL,
        provider_status = CASE provider_status WHEN 'unknown' THEN 'received' ELSE provider_status END
    WHERE id = :id
""")
SAY = text("""
    UPDATE request SET provider_status = :status, provider_reference = coalesce(:reference, provider_reference)
    WHERE id = :id
""")
MISS = text("""
    UPDATE request SET channel_error = :code, channel_refused = :refused, next_attempt_at = :again,
        refusals = refusals + CASE WHEN :refused THEN 1 ELSE 0 END
    WHERE id = :id
""")
SETTLE = text("""
    UPDATE request SET state = :state, closed_at = :closed,
        desired_status = CASE WHEN CAST(:closed AS timestamptz) IS NULL THEN desired_status ELSE 'closed' END,
        provider_status = CASE WHEN :answered THEN 'answered'
            WHEN provider_status = 'answered' THEN 'in_progress' ELSE provider_status END
    WHERE id = :id
""")
ADD_DRAFTERS = text("""
    UPDATE request r SET drafters = (
        SELECT coalesce(jsonb_agg(DISTINCT d.sub), '[]')
        FROM jsonb_array_elements_text(r.drafters || CAST(:drafters AS jsonb)) AS d (sub)
    ) WHERE r.id = ANY (CAST(:ids AS uuid[]))
""")
# The rows are locked already, so what perishes first of their open lines is what it will be: the first of its index.
REFRESH = text("""
    UPDATE request r SET perishes_at = l.first FROM unnest(CAST(:ids AS uuid[])) AS k (id) CROSS JOIN LATERAL (
        SELECT perishes_at AS first FROM line WHERE request = k.id AND state IN ('open', 'answered')
        ORDER BY perishes_at LIMIT 1
    ) AS l WHERE r.id = k.id AND r.perishes_at <> l.first
""")
# Not by looking through all their lines: a draft may collect a hundred thousand, and each batch adds a few hundred.
HASTEN = text("""
    UPDATE request r SET perishes_at = l.first
    FROM unnest(CAST(:ids AS uuid[]), CAST(:firsts AS timestamptz[])) AS l (id, first)
    WHERE r.id = l.id AND r.perishes_at > l.first
""")

INSERT_AUTHORITY = inserting(tables.authority)
AUTHORITIES = text("SELECT * FROM authority WHERE request = ANY (CAST(:ids AS uuid[])) ORDER BY request")
INSERT_SEALED = inserting(tables.sealed_text)
SEALED = text("SELECT * FROM sealed_text WHERE request = :id ORDER BY kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The draft that is opened where there is none."""

    id: RequestId
    key: DraftKey
    perishes_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrying:
    """The authority that carries a request, without what is sealed."""

    kind: str
    basis: str
    offence: str
    zone: str
    reference: str
    court: str | None
    document_sha256: str | None
    days: Days


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedText:
    """What people wrote, or the frozen bytes; readable with every one of those keys only."""

    kind: str
    key_ids: Sequence[UUID]
    data: bytes


async def ensure_drafts(tx: Transaction, openings: Sequence[Opening], *, now: datetime) -> dict[DraftKey, Request]:
    """The collecting draft of each key, locked; opened where there is none. Waits for whoever opens the same one.

    Ids rise with the keys, so two batches insert the same keys in the same order (the law of locks).
    """
    numbers = await tx.rows(NUMBERS, {"count": len(openings)})
    rows = [_new(one, f"IR-{now:%Y}-{number.number:06d}", now) for one, number in zip(openings, numbers, strict=True)]
    await tx.execute(OPEN_DRAFTS, arrays(tables.request, rows))
    return await lock_drafts(tx, [one.key for one in openings])


async def lock_drafts(tx: Transaction, keys: Sequence[DraftKey]) -> dict[DraftKey, Request]:
    """Those of the keys that have a collecting draft, locked in order of their ids."""
    asked = {
        "providers": [one.provider for one in keys],
        "instruments": [one.instrument for one in keys],
        "urgencies": [one.urgency for one in keys],
        "handlings": [one.handling for one in keys],
        "investigations": [one.investigation for one in keys],
        "abouts": [one.about for one in keys],
        "testmodes": [one.testmode for one in keys],
    }
    return {key_of(one): one for one in map(request_of, await tx.rows(LOCK_DRAFTS, asked))}


async def find(tx: Transaction, number: str) -> RequestId | None:
    """The id of a request, without a lock; None where the caller sees no such request."""
    return await tx.scalar(BY_NUMBER, {"number": number})


async def lock(tx: Transaction, ids: Iterable[UUID]) -> dict[RequestId, Request]:
    """The requests that the caller may see, locked in order of their ids."""
    return {one.id: one for one in map(request_of, await tx.rows(LOCK, {"ids": sorted(set(ids))}))}


async def lock_of_entries(tx: Transaction, entries: Iterable[UUID], *, but: Iterable[UUID]) -> dict[RequestId, Request]:
    """The requests of lines that are asked for these suspects and victims, but those lines, locked likewise."""
    rows = await tx.rows(LOCK_OF_ENTRIES, {"entries": sorted(set(entries)), "but": sorted(but)})
    return {one.id: one for one in map(request_of, rows)}


async def read(tx: Transaction, ids: Iterable[UUID]) -> dict[RequestId, Request]:
    """The same without a lock."""
    return {one.id: one for one in map(request_of, await tx.rows(BY_IDS, {"ids": sorted(set(ids))}))}


async def submit(tx: Transaction, request: Request, state: State, *, by: str, now: datetime) -> None:
    """It is frozen."""
    await tx.execute(SUBMIT, {"id": request.id, "state": state.value, "by": by, "now": now})


async def approve(tx: Transaction, request: Request, state: State, *, by: str, sha256: str, now: datetime) -> None:
    """A second officer approved these very bytes."""
    await tx.execute(APPROVE, {"id": request.id, "state": state.value, "by": by, "sha256": sha256, "now": now})


async def end(tx: Transaction, ids: Iterable[UUID], state: State, *, now: datetime) -> None:
    """They are over before they were sent."""
    await tx.execute(END, {"ids": sorted(ids), "state": state.value, "now": now})


async def cancel(tx: Transaction, ids: Iterable[UUID]) -> None:
    """Nobody needs them any more; what was submitted goes on all the same."""
    await tx.execute(CANCEL, {"ids": sorted(ids)})


async def want_again(tx: Transaction, ids: Iterable[UUID]) -> None:
    """Somebody needs them after all."""
    await tx.execute(WANT_AGAIN, {"ids": sorted(ids)})


async def send_again(tx: Transaction, request: Request, now: datetime) -> None:
    """A person wants it tried once more."""
    await tx.execute(SEND_AGAIN, {"id": request.id, "now": now})


async def offer(tx: Transaction, request: UUID, seen_from: datetime | None) -> Request | None:
    """Note an attempt, and from when on its provider sees it; None where that is not wanted any more."""
    row = await tx.row(OFFER, {"id": request, "seen_from": seen_from})
    return None if row is None else request_of(row)


async def take_in(tx: Transaction, request: Request, state: State, now: datetime) -> None:
    """The provider has it."""
    await tx.execute(TAKE_IN, {"id": request.id, "state": state.value, "now": now})


async def say(tx: Transaction, request: UUID, status: ProviderStatus, reference: str | None) -> None:
    """What the provider says of it, and how it calls it."""
    await tx.execute(SAY, {"id": request, "status": status.value, "reference": reference})


async def miss(tx: Transaction, request: UUID, *, code: str, again: datetime | None) -> None:
    """The channel did not take it: again at that time, or not before a person says so."""
    await tx.execute(MISS, {"id": request, "code": code, "refused": again is None, "again": again})


async def settle(tx: Transaction, request: UUID, state: State, now: datetime, *, answered: bool) -> None:
    """Where it stands by its lines, and whether its provider answered all of them."""
    closed = now if state is State.CLOSED else None
    await tx.execute(SETTLE, {"id": request, "state": state.value, "closed": closed, "answered": answered})


async def add_drafters(tx: Transaction, ids: Iterable[UUID], by: Iterable[str]) -> None:
    """Note who drafted by hand: they approve none of it."""
    await tx.execute(ADD_DRAFTERS, {"ids": sorted(set(ids)), "drafters": orjson.dumps(sorted(by)).decode()})


async def refresh(tx: Transaction, ids: Iterable[UUID]) -> None:
    """When the first of their open lines perishes."""
    await tx.execute(REFRESH, {"ids": sorted(set(ids))})


async def hasten(tx: Transaction, first: Mapping[RequestId, datetime]) -> None:
    """They got lines, of which the first perishes then; they are locked, and say the right day of the others."""
    await tx.execute(HASTEN, {"ids": list(first), "firsts": list(first.values())})


async def add_authority(tx: Transaction, request: Request, authority: Authority, *, tzdata: str) -> None:
    """The legal authority that carries a request, without what is sealed."""
    claimed = authority.claimed
    row = {
        "request": request.id,
        "tenant": CENTRE_TENANT,
        "testmode": request.testmode,
        "kind": claimed.kind,
        "basis": claimed.basis,
        "offence": claimed.offence,
        "made_on": claimed.made_on,
        "zone": claimed.zone,
        "reference": claimed.reference,
        "court": claimed.court,
        "due_on": claimed.due_on,
        "expires_on": authority.days.expires_on,
        "challenge_until": authority.days.challenge_until,
        "review_on": authority.days.review_on,
        "document_sha256": claimed.document_sha256,
        "tzdata": tzdata,
    }
    await tx.execute(INSERT_AUTHORITY, arrays(tables.authority, [row]))


async def authorities(tx: Transaction, requests: Iterable[UUID]) -> dict[RequestId, Carrying]:
    """The authority of each request that was submitted."""
    rows = await tx.rows(AUTHORITIES, {"ids": sorted(set(requests))})
    return {RequestId(row.request): _carrying(row) for row in rows}


async def keep_sealed(
    tx: Transaction, request: UUID, kind: str, *, keys: Sequence[UUID], data: bytes, testmode: bool
) -> None:
    """Keep a sealed text of that kind."""
    row = {
        "request": request,
        "kind": kind,
        "tenant": CENTRE_TENANT,
        "testmode": testmode,
        "keys": [str(key) for key in keys],
        "data": data,
    }
    await tx.execute(INSERT_SEALED, arrays(tables.sealed_text, [row]))


async def sealed(tx: Transaction, request: UUID) -> dict[str, SealedText]:
    """What is kept sealed of a request, by its kind."""
    return {
        row.kind: SealedText(kind=row.kind, key_ids=[UUID(one) for one in row.keys], data=row.data)
        for row in await tx.rows(SEALED, {"id": request})
    }


def key_of(request: Request) -> DraftKey:
    """What its lines have in common."""
    return DraftKey(
        provider=request.provider,
        instrument=request.instrument,
        urgency=request.urgency,
        handling=request.handling,
        investigation=request.investigation,
        about=request.about,
        testmode=request.testmode,
    )


def request_of(row: Any) -> Request:
    """A row as the rules see it."""
    return Request(
        id=RequestId(row.id),
        number=row.number,
        testmode=row.testmode,
        provider=row.provider,
        instrument=row.instrument,
        urgency=row.urgency,
        handling=row.handling,
        investigation=row.investigation,
        about=row.about,
        state=State(row.state),
        desired=Desired(row.desired_status),
        provider_status=ProviderStatus(row.provider_status),
        drafters=frozenset(row.drafters),
        submitted_by=row.submitted_by,
        channel_refused=row.channel_error if row.channel_refused else None,
        attempts=row.attempts,
        refusals=row.refusals,
        sent_at=row.sent_at,
    )


def _carrying(row: Any) -> Carrying:
    return Carrying(
        kind=row.kind,
        basis=row.basis,
        offence=row.offence,
        zone=row.zone,
        reference=row.reference,
        court=row.court,
        document_sha256=row.document_sha256,
        days=Days(
            made_on=row.made_on,
            due_on=row.due_on,
            expires_on=row.expires_on,
            challenge_until=row.challenge_until,
            review_on=row.review_on,
        ),
    )


def _new(one: Opening, number: str, now: datetime) -> Mapping[str, Any]:
    key = one.key
    empty = {column.name: None for column in tables.request.columns}
    return empty | {
        "id": one.id,
        "tenant": CENTRE_TENANT,
        "testmode": key.testmode,
        "number": number,
        "provider": key.provider,
        "provider_tenant": f"provider:{key.provider}",
        "instrument": key.instrument,
        "urgency": key.urgency,
        "handling": key.handling,
        "investigation": key.investigation,
        "about": key.about,
        "state": State.DRAFT.value,
        "desired_status": Desired.SENT.value,
        "provider_status": ProviderStatus.UNKNOWN.value,
        "drafters": [],
        "perishes_at": one.perishes_at,
        "created_at": now,
        "attempts": 0,
        "channel_refused": False,
        "refusals": 0,
    }
