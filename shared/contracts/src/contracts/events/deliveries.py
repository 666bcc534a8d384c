"""Topic `interlink.deliveries`: whether everyone who must act was told, and when they said so."""

from typing import Annotated
from uuid import UUID

from contracts.model import Contract, Moment, known


class OfNotice(Contract):
    """What every event about a notice says of it."""

    notice: UUID
    agency: str
    """Whom it is for: a slug of the directory."""
    referral: UUID


class DeliverySucceeded(OfNotice):
    """An endpoint of the agency took the notice in."""

    delivery: UUID
    """Also the webhook's id: the same for every attempt."""
    endpoint: UUID
    attempts: int
    delivered_at: Moment


class DeliveryFailed(OfNotice):
    """The last attempt of the schedule failed, or the endpoint is gone; the notice can still be read and replayed."""

    delivery: UUID
    endpoint: UUID
    attempts: int
    reason: Annotated[str, known("schedule_exhausted", "endpoint_gone", "endpoint_disabled", "address_refused")]
    failed_at: Moment


class NoticeAcknowledged(OfNotice):
    """Somebody of the agency said that they have read it."""

    acknowledged_at: Moment
    rung: Annotated[str, known("officer", "unit", "centre")]
    """How far it had escalated by then."""


class EndpointDisabled(Contract):
    """An endpoint gets nothing any more until its owner enables it."""

    endpoint: UUID
    agency: str
    reason: Annotated[str, known("failing_for_days", "gone", "agency_retired", "by_owner")]
    disabled_at: Moment
