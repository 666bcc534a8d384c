"""Notices stop collecting and go out to the endpoints that want them: as many statements for all of them as for one."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from kit.database import Transaction
from kit.jobs import NewJob
from notifications import messages
from notifications.commands.sending import prepared
from notifications.domain import notices as rules
from notifications.domain import subscriptions
from notifications.domain.deliveries import Delivery
from notifications.domain.endpoints import Endpoint
from notifications.domain.notices import Frozen
from notifications.store import deliveries, endpoints, feed, notices

ESCALATE = "notice.escalate"


async def freeze(tx: Transaction, due: Iterable[UUID], public_url: str) -> None:
    """Freeze them and send them. Those that went out before stay as they are."""
    now = tx.now()
    found = await notices.lock_all(tx, due)
    frozen = [one for notice in found if (one := rules.freeze(notice, now)) is not None]
    if not frozen:
        return
    await notices.save(tx, frozen)
    types = await feed.types(tx, [one.terms.id for one in frozen])
    listening = await endpoints.listening(tx, [one.terms.recipient.tenant for one in frozen])
    sent: list[Delivery] = []
    for one in frozen:
        of_recipient = listening.get((one.terms.recipient.tenant, one.terms.testmode), [])
        sent.extend(_deliveries(tx, one, types[one.terms.id], of_recipient, public_url))
        if one.acknowledge_by is not None:
            tenant = one.terms.recipient.tenant
            tx.wake(NewJob(kind=ESCALATE, key=str(one.terms.id), due_at=one.acknowledge_by, tenant=tenant))
    await deliveries.insert(tx, sent)


def _deliveries(
    tx: Transaction, frozen: Frozen, types: Mapping[str, int], listening: Sequence[Endpoint], public_url: str
) -> list[Delivery]:
    wanting = subscriptions.chosen(listening, types=types, priority=frozen.terms.priority)
    return prepared(tx, frozen, wanting, "issued", lambda webhook: messages.issued(webhook, frozen, types, public_url))
