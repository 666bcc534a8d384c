"""An urgent notice that nobody acknowledged in time climbs: to the unit's endpoints, then to the centre."""

from datetime import datetime
from uuid import UUID

from contracts import ids
from kit.database import Transaction
from notifications import messages
from notifications.commands.sending import send
from notifications.commands.tell import Telling, Told, tell
from notifications.domain import escalating, subscriptions
from notifications.domain.escalating import NotYet
from notifications.domain.notices import Frozen, Rung
from notifications.domain.recipients import CENTRE
from notifications.domain.subscriptions import Audience
from notifications.store import endpoints, notices


async def escalate(tx: Transaction, notice: UUID, public_url: str) -> datetime | None:
    """One rung higher, if it is time. When to look again; None where the ladder ends."""
    now = tx.now()
    found = await notices.lock(tx, notice)
    if found is None:
        return None
    recipient = found.terms.recipient
    listening = await endpoints.listening(tx, [recipient.tenant])
    unit = subscriptions.of_audience(listening.get((recipient.tenant, found.terms.testmode), []), Audience.UNIT)
    climbed = escalating.escalate(found, now, unit_listens=bool(unit))
    if climbed is None:
        return None
    if isinstance(climbed, NotYet):
        return climbed.until
    frozen = climbed.notice
    await notices.save(tx, [frozen])
    if frozen.rung is Rung.UNIT:
        await send(tx, frozen, unit, "escalated", lambda webhook: messages.escalated(webhook, frozen, public_url, now))
    else:
        await tell(tx, [_to_centre(frozen, public_url, now)])
    return climbed.again_at


def _to_centre(frozen: Frozen, public_url: str, now: datetime) -> Telling:
    event, terms = ids.new(), frozen.terms
    told = Told(
        event=event,
        type=messages.ESCALATED,
        referral=terms.referral,
        testmode=terms.testmode,
        priority=terms.priority,
        origin=terms.origin,
        handling=terms.handling,
        body=messages.climbed(event, frozen, public_url, now),
    )
    return Telling(recipient=CENTRE, told=told)
