"""An endpoint gets again what it got since a time, under the same webhook ids, and what it missed.

In rounds, each a job of its own, so that no transaction grows with how much there is. First what the ledger had when
the first round looked, by ids, each once; then what was missed. That is looked for once everybody who was writing when
the replay began has ended: one of them may be freezing a notice, having seen the endpoint disabled. Whoever begins to
freeze later sees it enabled. No clock is asked: there may be several.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from contracts import ids
from kit.database import Transaction
from kit.jobs import NewJob
from notifications import messages
from notifications.commands import lanes
from notifications.commands.sending import Body, prepared
from notifications.domain import subscriptions
from notifications.domain.endpoints import Endpoint
from notifications.domain.notices import Frozen, Rung
from notifications.domain.subscriptions import Audience
from notifications.store import deliveries, endpoints, feed, notices
from notifications.store.deliveries import Again
from notifications.store.notices import Missed

REPLAY = "endpoint.replay"
AT_ONCE = 200
BEGINNING = UUID(int=0)
"""Before every id."""
PAUSE: Final = timedelta(seconds=1)
"""Until it is looked again whether they have ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What is replayed: what was made since then and is over; then what was missed, behind `after`.

    The ledger is gone through behind `sent` as far as `until`, its last delivery when it was looked for first. What
    was missed waits for all transactions before `mark`. Both are None until then.
    """

    endpoint: UUID
    since: datetime
    sent: UUID = BEGINNING
    until: UUID | None = None
    after: UUID = BEGINNING
    mark: int | None = None


def schedule_round(tx: Transaction, one: Round, tenant: str, *, at: datetime) -> None:
    """Have a round done."""
    payload = {
        "endpoint": str(one.endpoint),
        "since": one.since.isoformat(),
        "sent": str(one.sent),
        "until": None if one.until is None else str(one.until),
        "after": str(one.after),
        "mark": one.mark,
    }
    tx.schedule(NewJob(kind=REPLAY, key=str(ids.new()), due_at=at, tenant=tenant, payload=payload))


def read_round(payload: Mapping[str, Any]) -> Round:
    """The round that a job's payload tells; one from before there were cursors begins with the ledger."""
    until = payload.get("until")
    return Round(
        endpoint=UUID(payload["endpoint"]),
        since=datetime.fromisoformat(payload["since"]),
        sent=UUID(payload.get("sent", str(BEGINNING))),
        until=None if until is None else UUID(until),
        after=UUID(payload["after"]),
        mark=payload.get("mark"),
    )


async def replay(tx: Transaction, one: Round, public_url: str) -> None:
    """One round; it schedules the next where there is more."""
    found = await endpoints.lock(tx, one.endpoint)
    if found is None or not found.enabled:
        return
    now, tenant = tx.now(), found.owner.tenant
    one = await _send_again(tx, found, one)
    if one.until != one.sent:
        schedule_round(tx, one, tenant, at=now)
        return
    ours, oldest = await notices.writers(tx)
    mark = min(one.mark or ours, ours)  # one that is above ours is from before the database was restored
    if oldest < mark:
        schedule_round(tx, replace(one, mark=mark), tenant, at=now + PAUSE)
        return
    asked = Missed(endpoint=found.id, tenant=tenant, testmode=found.testmode, since=one.since, after=one.after)
    missed = await notices.missed(tx, asked, limit=AT_ONCE)
    await _send_missed(tx, found, missed, public_url)
    if len(missed) == AT_ONCE:
        last = missed[-1]
        following = replace(one, since=last.frozen_at, after=last.terms.id, mark=mark)
        schedule_round(tx, following, tenant, at=now)


async def _send_again(tx: Transaction, endpoint: Endpoint, one: Round) -> Round:
    """Make a page of the ledger due again. The round as it stands then: through where `sent` is `until`."""
    until = one.until or await deliveries.last_of(tx, endpoint.id) or BEGINNING
    if one.sent == until:
        return replace(one, until=until)
    asked = Again(endpoint=endpoint.id, since=one.since, after=one.sent, until=until)
    again = await deliveries.replay(tx, asked, now=tx.now(), limit=AT_ONCE)
    lanes.wake(tx, endpoint.id, endpoint.owner.tenant, tx.now())
    return replace(one, until=until, sent=max(again) if len(again) == AT_ONCE else until)


async def _send_missed(tx: Transaction, endpoint: Endpoint, missed: list[Frozen], public_url: str) -> None:
    if not missed:
        return
    found = [one.terms.id for one in missed]
    types = await feed.types(tx, found)
    sent = await deliveries.sent(tx, found, Audience.OFFICER)
    wanted = [
        one
        for one in missed
        if subscriptions.missed(
            endpoint.subscription,
            types=types[one.terms.id],
            priority=one.terms.priority,
            with_officers=one.terms.id in sent and one.rung is Rung.OFFICER,
        )
    ]
    await deliveries.insert(
        tx,
        [
            delivery
            for one in wanted
            for delivery in prepared(tx, one, [endpoint], "issued", _body(one, types[one.terms.id], public_url))
        ],
    )


def _body(frozen: Frozen, types: Mapping[str, int], public_url: str) -> Body:
    return lambda webhook: messages.issued(webhook, frozen, types, public_url)
