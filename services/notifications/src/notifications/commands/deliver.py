"""One lane of one endpoint: what it sends next, and what an attempt means for delivery and endpoint.

Locks in this order: the delivery, its endpoint, then whatever telling an owner takes.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from kit.database import Transaction
from notifications import events
from notifications.commands.disable import disable
from notifications.domain import endpoints as health
from notifications.domain import retrying
from notifications.domain.deliveries import Delivery, Message, Tried
from notifications.domain.endpoints import Disabling, Endpoint, Health
from notifications.domain.retrying import Answered, Failed, Failing, Retry, Succeeded, Verdict
from notifications.store import deliveries, endpoints
from notifications.store.deliveries import Attempt

AT_ONCE = 200
"""Deliveries of a disabled endpoint that one transaction ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One of an endpoint's lanes."""

    endpoint: UUID
    number: int


async def next_message(tx: Transaction, lane: Lane) -> Message | None:
    """What the lane sends now; None where nothing is due, or the endpoint rests or gets nothing any more."""
    endpoint = await endpoints.find(tx, lane.endpoint)
    if endpoint is None or not endpoint.enabled or _rests(endpoint, tx.now()):
        return None
    due = await deliveries.next_of(tx, lane.endpoint, lane.number, tx.now())
    if due is None:
        return None
    return Message(id=due.id, endpoint=endpoint.id, url=endpoint.url, body=due.body, secrets=endpoint.secrets)


async def record(tx: Transaction, tried: Tried, jitter: float) -> None:
    """Write the attempt into the ledger and draw the consequences."""
    delivery = await deliveries.lock(tx, tried.delivery)
    endpoint = await endpoints.lock(tx, tried.endpoint)
    if delivery is None or endpoint is None or delivery.state != "pending":
        return  # its lane was emptied meanwhile
    counted = replace(delivery, tries=delivery.tries + 1, attempts=delivery.attempts + 1)
    verdict = retrying.judge(tried.result, tries=counted.tries, now=tx.now(), jitter=jitter)
    await deliveries.record(tx, _line(counted, tried))
    await deliveries.save(tx, _after(counted, verdict, tx.now()))
    _publish(tx, counted, verdict)
    await _draw(tx, endpoint, verdict)


async def next_run(tx: Transaction, lane: Lane) -> datetime | None:
    """When the lane runs again; None where nothing waits. What waits for an endpoint that is disabled is ended."""
    endpoint = await endpoints.lock(tx, lane.endpoint)
    if endpoint is None or not endpoint.enabled:
        gone = endpoint is None or endpoint.deleted
        return await _give_up(tx, lane, Failing.ENDPOINT_GONE if gone else Failing.ENDPOINT_DISABLED)
    due = await deliveries.next_due(tx, lane.endpoint, lane.number)
    rest = endpoint.health.rest_until
    return due if due is None or rest is None else max(due, rest)


async def _give_up(tx: Transaction, lane: Lane, reason: Failing) -> datetime | None:
    ended = await deliveries.give_up(tx, lane.endpoint, lane.number, reason=reason.value, now=tx.now(), limit=AT_ONCE)
    for one in ended:
        _publish(tx, one, Failed(reason))
    return tx.now() if len(ended) == AT_ONCE else None


def _rests(endpoint: Endpoint, now: datetime) -> bool:
    return endpoint.health.rest_until is not None and now < endpoint.health.rest_until


def _line(counted: Delivery, tried: Tried) -> Attempt:
    answered = tried.result if isinstance(tried.result, Answered) else None
    return Attempt(
        delivery=counted.id,
        number=counted.attempts,
        tenant=counted.tenant,
        testmode=counted.testmode,
        at=tried.at,
        status=None if answered is None else answered.status,
        error=None if isinstance(tried.result, Answered) else tried.result.value,
        milliseconds=tried.milliseconds,
    )


def _after(counted: Delivery, verdict: Verdict, now: datetime) -> Delivery:
    match verdict:
        case Succeeded():
            return replace(counted, state="succeeded", ended_at=now)
        case Retry(at=at):
            return replace(counted, due_at=at)
        case Failed(reason=reason):
            return replace(counted, state="failed", reason=reason.value, ended_at=now)


def _publish(tx: Transaction, delivery: Delivery, verdict: Verdict) -> None:
    """What became of a notice's delivery; a test event is nobody's business but its owner's."""
    if delivery.notice is None or delivery.referral is None:
        return
    origin = events.origin_of_delivery(delivery)
    if isinstance(verdict, Succeeded):
        tx.publish(events.succeeded(delivery, delivery.notice, delivery.referral, tx.now()), origin)
    elif isinstance(verdict, Failed):
        tx.publish(events.failed(delivery, delivery.notice, delivery.referral, verdict.reason, tx.now()), origin)


async def _draw(tx: Transaction, endpoint: Endpoint, verdict: Verdict) -> None:
    """What the attempt says of the endpoint itself."""
    if isinstance(verdict, Succeeded):
        if endpoint.health != Health():
            await endpoints.save_health(tx, endpoint.id, Health())
        return
    now = tx.now()
    worse = health.after_failure(endpoint.health, now)
    await endpoints.save_health(tx, endpoint.id, worse)
    if not endpoint.enabled:
        return
    if verdict == Failed(Failing.ENDPOINT_GONE):
        await disable(tx, [endpoint], Disabling.GONE)
    elif health.is_given_up(worse, now):
        await disable(tx, [endpoint], Disabling.FAILING_FOR_DAYS)
