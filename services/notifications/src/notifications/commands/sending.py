"""A notice goes out to endpoints: a delivery for each, and their lanes are woken."""

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias
from uuid import UUID

from contracts import ids
from kit.database import Transaction
from notifications.commands import lanes
from notifications.domain.deliveries import Delivery
from notifications.domain.endpoints import Endpoint, lane
from notifications.domain.notices import Frozen
from notifications.store import deliveries

Kind: TypeAlias = Literal["issued", "escalated"]
Body: TypeAlias = Callable[[UUID], str]
"""From the webhook's id to the bytes that are sent under it, as text."""


async def send(tx: Transaction, frozen: Frozen, endpoints: Sequence[Endpoint], kind: Kind, body: Body) -> None:
    """Have the notice delivered to each of these endpoints."""
    await deliveries.insert(tx, prepared(tx, frozen, endpoints, kind, body))


def prepared(tx: Transaction, frozen: Frozen, endpoints: Sequence[Endpoint], kind: Kind, body: Body) -> list[Delivery]:
    """A delivery of the notice to each of these endpoints, to be inserted; their lanes are woken."""
    now, terms = tx.now(), frozen.terms
    made: list[Delivery] = []
    for endpoint in endpoints:
        webhook = ids.new()
        made.append(
            Delivery(
                id=webhook,
                tenant=terms.recipient.tenant,
                testmode=terms.testmode,
                endpoint=endpoint.id,
                lane=lane(webhook),
                kind=kind,
                notice=terms.id,
                referral=terms.referral,
                agency=terms.recipient.agency,
                priority=terms.priority,
                origin=terms.origin,
                handling=terms.handling,
                body=body(webhook),
                due_at=now,
                created_at=now,
            )
        )
        lanes.wake(tx, endpoint.id, terms.recipient.tenant, now, [lane(webhook)])
    return made
