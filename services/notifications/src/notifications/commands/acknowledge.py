"""Somebody of an agency says that they have read a notice; nothing escalates after that."""

from uuid import UUID

from kit.access import Principal
from kit.audit import Entry as AuditEntry
from kit.database import Transaction
from kit.errors import Conflict, NotFound, or_reject
from notifications import events
from notifications.domain import notices as rules
from notifications.domain.notices import Acknowledged, Collecting
from notifications.store import notices


async def acknowledge(tx: Transaction, notice: UUID, principal: Principal) -> Acknowledged:
    """Acknowledge for the caller's agency; a second time is the first one's answer.

    Raises `NotFound` for what it may not see, `Conflict` for what still collects, `Rejected` where it is not for it.
    """
    found = await notices.lock(tx, notice)
    if found is None:
        raise NotFound
    if isinstance(found, Collecting):
        raise Conflict("notice.collecting", "The notice still collects; it is complete within seconds.")
    read = or_reject(rules.acknowledge(found, tenant=principal.tenant, by=principal.subject, now=tx.now()))
    if read is not found:
        await notices.acknowledge(tx, read)
        tx.publish(*events.acknowledged(read))
        tx.audit(AuditEntry(actor=principal, action="notice.acknowledged", subject=str(notice)))
    return read
