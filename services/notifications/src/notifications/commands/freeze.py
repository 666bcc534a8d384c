"""A notice stops collecting and goes out to the endpoints that want it."""

from uuid import UUID

from kit.database import Transaction
from kit.jobs import NewJob
from notifications import messages
from notifications.commands.sending import send
from notifications.domain import notices as rules
from notifications.domain import subscriptions
from notifications.store import endpoints, feed, notices

ESCALATE = "notice.escalate"


async def freeze(tx: Transaction, notice: UUID, public_url: str) -> None:
    """Freeze it and send it. One that went out before stays as it is."""
    found = await notices.lock(tx, notice)
    frozen = None if found is None else rules.freeze(found, tx.now())
    if frozen is None:
        return
    terms = frozen.terms
    await notices.save(tx, frozen)
    types = await feed.types(tx, notice)
    listening = await endpoints.listening(tx, terms.recipient.tenant, testmode=terms.testmode)
    wanting = subscriptions.chosen(listening, types=types, priority=terms.priority)
    await send(tx, frozen, wanting, "issued", lambda webhook: messages.issued(webhook, frozen, types, public_url))
    if frozen.acknowledge_by is not None:
        due = frozen.acknowledge_by
        tx.wake(NewJob(kind=ESCALATE, key=str(notice), due_at=due, tenant=terms.recipient.tenant))
