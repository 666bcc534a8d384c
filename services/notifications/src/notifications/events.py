"""Our outcomes in the contracts' words: the only place where notifications' events are made."""

from datetime import datetime
from uuid import UUID

from contracts.events.deliveries import DeliveryFailed, DeliverySucceeded, EndpointDisabled, NoticeAcknowledged
from kit.outbox import Origin
from notifications.domain.deliveries import Delivery
from notifications.domain.endpoints import Disabling, Endpoint
from notifications.domain.notices import Acknowledged
from notifications.domain.retrying import Failing


def origin_of_delivery(of: Delivery) -> Origin:
    """What an event about a delivery inherits from its referral."""
    return Origin(
        tenant=of.origin,
        testmode=of.testmode,
        handling=of.handling,
        priority=of.priority,
        correlation=of.referral,
    )


def succeeded(of: Delivery, notice: UUID, referral: UUID, now: datetime) -> DeliverySucceeded:
    """An endpoint took a notice in."""
    return DeliverySucceeded(
        notice=notice,
        agency=of.agency,
        referral=referral,
        delivery=of.id,
        endpoint=of.endpoint,
        attempts=of.attempts,
        delivered_at=now,
    )


def failed(of: Delivery, notice: UUID, referral: UUID, reason: Failing, now: datetime) -> DeliveryFailed:
    """A delivery is given up."""
    return DeliveryFailed(
        notice=notice,
        agency=of.agency,
        referral=referral,
        delivery=of.id,
        endpoint=of.endpoint,
        attempts=of.attempts,
        reason=reason.value,
        failed_at=now,
    )


def acknowledged(one: Acknowledged) -> tuple[NoticeAcknowledged, Origin]:
    """Somebody of the agency has read it."""
    terms = one.terms
    event = NoticeAcknowledged(
        notice=terms.id,
        agency=terms.recipient.agency,
        referral=terms.referral,
        acknowledged_at=one.acknowledged_at,
        rung=one.frozen.rung.value,
    )
    origin = Origin(
        tenant=terms.origin,
        testmode=terms.testmode,
        handling=terms.handling,
        priority=terms.priority,
        correlation=terms.referral,
    )
    return event, origin


def disabled(endpoint: Endpoint, reason: Disabling, now: datetime) -> tuple[EndpointDisabled, Origin]:
    """An endpoint gets nothing any more."""
    event = EndpointDisabled(endpoint=endpoint.id, agency=endpoint.owner.agency, reason=reason.value, disabled_at=now)
    return event, Origin(testmode=endpoint.testmode)
