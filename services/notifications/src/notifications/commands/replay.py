"""An endpoint gets again what it got since a time, under the same webhook ids, and what it missed.

In rounds, each a job of its own, so that no transaction grows with how much there is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts import ids
from kit.database import Transaction
from kit.jobs import NewJob
from notifications import messages
from notifications.commands import lanes
from notifications.commands.sending import Body, prepared
from notifications.domain import subscriptions
from notifications.domain.endpoints import Endpoint
from notifications.domain.notices import Frozen
from notifications.store import deliveries, endpoints, feed, notices
from notifications.store.notices import Missed

REPLAY = "endpoint.replay"
AT_ONCE = 200
BEGINNING = UUID(int=0)
"""Before every id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What is replayed: what was made since then and over before `asked_at`; then what was missed, behind `after`."""

    endpoint: UUID
    since: datetime
    asked_at: datetime
    after: UUID = BEGINNING


def schedule_round(tx: Transaction, one: Round, tenant: str) -> None:
    """Have a round done."""
    payload = {
        "endpoint": str(one.endpoint),
        "since": one.since.isoformat(),
        "asked_at": one.asked_at.isoformat(),
        "after": str(one.after),
    }
    tx.schedule(NewJob(kind=REPLAY, key=str(ids.new()), due_at=tx.now(), tenant=tenant, payload=payload))


def read_round(payload: Mapping[str, Any]) -> Round:
    """The round that a job's payload tells."""
    return Round(
        endpoint=UUID(payload["endpoint"]),
        since=datetime.fromisoformat(payload["since"]),
        asked_at=datetime.fromisoformat(payload["asked_at"]),
        after=UUID(payload["after"]),
    )


async def replay(tx: Transaction, one: Round, public_url: str) -> None:
    """One round; it schedules the next where there is more."""
    found = await endpoints.lock(tx, one.endpoint)
    if found is None or not found.enabled:
        return
    again = await deliveries.replay(tx, found.id, since=one.since, asked_at=one.asked_at, now=tx.now(), limit=AT_ONCE)
    lanes.wake(tx, found.id, found.owner.tenant, tx.now())
    if again == AT_ONCE:
        schedule_round(tx, one, found.owner.tenant)
        return
    asked = Missed(
        endpoint=found.id,
        tenant=found.owner.tenant,
        testmode=found.testmode,
        since=one.since,
        after=one.after,
        until=one.asked_at,
    )
    missed = await notices.missed(tx, asked, limit=AT_ONCE)
    await _send_missed(tx, found, missed, public_url)
    if len(missed) == AT_ONCE:
        last = missed[-1]
        schedule_round(tx, replace(one, since=last.frozen_at, after=last.terms.id), found.owner.tenant)


async def _send_missed(tx: Transaction, endpoint: Endpoint, missed: list[Frozen], public_url: str) -> None:
    types = await feed.types(tx, [one.terms.id for one in missed]) if missed else {}
    wanted = [
        one
        for one in missed
        if subscriptions.wants(endpoint.subscription, types=types[one.terms.id], priority=one.terms.priority)
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
