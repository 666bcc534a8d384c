"""Endpoints get nothing any more: what waits for them is ended, and their owners are told."""

from collections.abc import Sequence

from kit import telemetry
from kit.database import Transaction
from notifications import events, messages
from notifications.commands import lanes
from notifications.commands.tell import Telling, Told, tell
from notifications.domain.endpoints import Disabling, Endpoint
from notifications.domain.subscriptions import EventType
from notifications.store import endpoints as store

log = telemetry.logger(__name__)

DISABLED = EventType.ENDPOINT_DISABLED.value
PRIORITY = "P2"
"""Of the notice to the owner: it must act, and nothing perishes within hours."""


async def disable(tx: Transaction, found: Sequence[Endpoint], reason: Disabling) -> None:
    """Disable these endpoints, which are enabled and locked, and tell their owners elsewhere. As `system` only."""
    if not found:
        return
    await store.disable(tx, [one.id for one in found], state="disabled", reason=reason.value, now=tx.now())
    for one in found:
        # Woken here, while the attempt that disables has its own lane locked, they would be locked out of order.
        lanes.wake_soon(tx, one.id, one.owner.tenant, tx.now())
        log.warning("endpoint.disabled", endpoint=str(one.id), agency=one.owner.agency, reason=reason.value)
    await tell(tx, [_told(tx, one, reason) for one in found])


def _told(tx: Transaction, endpoint: Endpoint, reason: Disabling) -> Telling:
    """The event, published and for the owner's feed. It belongs to no referral, so it is its own (spec §4)."""
    event, origin = events.disabled(endpoint, reason, tx.now())
    published = tx.publish(event, origin)
    body = messages.of_ours(DISABLED, published, endpoint.id, event, tx.now(), testmode=endpoint.testmode)
    told = Told(
        event=published,
        type=DISABLED,
        referral=published,
        testmode=endpoint.testmode,
        priority=PRIORITY,
        origin=origin.tenant,
        handling=origin.handling,
        body=body,
    )
    return Telling(recipient=endpoint.owner, told=told)
