"""Every topic and every event type, declared once.

JSON Schemas, samples, AsyncAPI, Kafka topics and ACLs are derived from here and from each `service.py`.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from contracts import personal
from contracts.events import agencies, deliveries, entries, identifications, jurisdictions, referrals
from contracts.model import Contract

PREFIX = "interlink."
RETENTION = timedelta(days=30)
DEAD_LETTER_RETENTION = timedelta(days=90)
MAX_EVENT_BYTES = 256 * 1024


class PersonalData(StrEnum):
    """Whether a topic's events carry personal data, and how."""

    NONE = "none"
    ENCRYPTED = "encrypted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One writer, one kind of key, one sensitivity. Partition counts are fixed at birth."""

    name: str
    writer: str
    key: str
    partitions: int
    personal: PersonalData
    compacted: bool = False
    retention: timedelta = RETENTION


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """One event type. `key` names the model's field that is Kafka key, partition key and subject."""

    name: str
    major: int
    model: type[Contract]
    topic: Topic
    key: str
    plaintext: type[Contract] | None = None

    @property
    def type(self) -> str:
        """The CloudEvents type."""
        return f"{PREFIX}{self.name}.v{self.major}"

    @property
    def dataschema(self) -> str:
        """The CloudEvents dataschema."""
        return f"urn:interlink:schema:{PREFIX}{self.name}:{self.major}"


def _topic(name: str, writer: str, key: str, partitions: int, personal: PersonalData) -> Topic:
    return Topic(name=PREFIX + name, writer=writer, key=key, partitions=partitions, personal=personal)


REFERRALS = _topic("referrals", "intake", "referral", 6, PersonalData.NONE)
SUSPECTS = _topic("suspects", "intake", "suspect", 12, PersonalData.ENCRYPTED)
VICTIMS = _topic("victims", "intake", "victim", 12, PersonalData.ENCRYPTED)
IDENTIFICATION_REQUESTS = _topic("identification-requests", "routing", "suspect or victim", 12, PersonalData.ENCRYPTED)
IDENTIFICATIONS = _topic("identifications", "isp-liaison", "suspect or victim", 12, PersonalData.NONE)
JURISDICTIONS = _topic("jurisdictions", "routing", "suspect or victim", 12, PersonalData.NONE)
AGENCIES = Topic(
    name=PREFIX + "agencies",
    writer="routing",
    key="agency",
    partitions=6,
    personal=PersonalData.NONE,
    compacted=True,
)
DELIVERIES = _topic("deliveries", "notifications", "notice or endpoint", 6, PersonalData.NONE)

TOPICS = (
    REFERRALS,
    SUSPECTS,
    VICTIMS,
    IDENTIFICATION_REQUESTS,
    IDENTIFICATIONS,
    JURISDICTIONS,
    AGENCIES,
    DELIVERIES,
)
SERVICES = ("intake", "routing", "isp-liaison", "notifications")


def _event(
    name: str, model: type[Contract], topic: Topic, key: str, plaintext: type[Contract] | None = None
) -> EventType:
    return EventType(name=name, major=1, model=model, topic=topic, key=key, plaintext=plaintext)


EVENTS = (
    _event("referral.received", referrals.ReferralReceived, REFERRALS, "referral"),
    _event("referral.amended", referrals.ReferralAmended, REFERRALS, "referral"),
    _event("suspect.reported", entries.SuspectReported, SUSPECTS, "suspect", personal.EntryItems),
    _event("suspect.amended", entries.SuspectAmended, SUSPECTS, "suspect", personal.EntryItems),
    _event("suspect.withdrawn", entries.SuspectWithdrawn, SUSPECTS, "suspect"),
    _event("victim.reported", entries.VictimReported, VICTIMS, "victim", personal.EntryItems),
    _event("victim.amended", entries.VictimAmended, VICTIMS, "victim", personal.EntryItems),
    _event("victim.withdrawn", entries.VictimWithdrawn, VICTIMS, "victim"),
    _event(
        "identification.requested",
        identifications.IdentificationRequested,
        IDENTIFICATION_REQUESTS,
        "entry",
        personal.AttributedCaptures,
    ),
    _event("identification.cancelled", identifications.IdentificationCancelled, IDENTIFICATION_REQUESTS, "entry"),
    _event("identification.drafted", identifications.IdentificationDrafted, IDENTIFICATIONS, "entry"),
    _event("identification.sent", identifications.IdentificationSent, IDENTIFICATIONS, "entry"),
    _event("identification.preserved", identifications.IdentificationPreserved, IDENTIFICATIONS, "entry"),
    _event(
        "identification.deadline_approaching",
        identifications.IdentificationDeadlineApproaching,
        IDENTIFICATIONS,
        "entry",
    ),
    _event("identification.expired", identifications.IdentificationExpired, IDENTIFICATIONS, "entry"),
    _event("identification.completed", identifications.IdentificationCompleted, IDENTIFICATIONS, "entry"),
    _event("jurisdiction.determined", jurisdictions.JurisdictionDetermined, JURISDICTIONS, "entry"),
    _event("jurisdiction.undetermined", jurisdictions.JurisdictionUndetermined, JURISDICTIONS, "entry"),
    _event("assignment.created", jurisdictions.AssignmentCreated, JURISDICTIONS, "entry"),
    _event("assignment.accepted", jurisdictions.AssignmentAccepted, JURISDICTIONS, "entry"),
    _event("assignment.declined", jurisdictions.AssignmentDeclined, JURISDICTIONS, "entry"),
    _event("assignment.moved", jurisdictions.AssignmentMoved, JURISDICTIONS, "entry"),
    _event("assignment.withdrawn", jurisdictions.AssignmentWithdrawn, JURISDICTIONS, "entry"),
    _event("assignment.overdue", jurisdictions.AssignmentOverdue, JURISDICTIONS, "entry"),
    _event("agency.changed", agencies.AgencyChanged, AGENCIES, "agency"),
    _event("agency.retired", agencies.AgencyRetired, AGENCIES, "agency"),
    _event("delivery.succeeded", deliveries.DeliverySucceeded, DELIVERIES, "notice"),
    _event("delivery.failed", deliveries.DeliveryFailed, DELIVERIES, "notice"),
    _event("notice.acknowledged", deliveries.NoticeAcknowledged, DELIVERIES, "notice"),
    _event("endpoint.disabled", deliveries.EndpointDisabled, DELIVERIES, "endpoint"),
)

BY_MODEL: dict[type[Contract], EventType] = {event.model: event for event in EVENTS}
BY_TYPE: dict[str, EventType] = {event.type: event for event in EVENTS}


def of(model: type[Contract]) -> EventType:
    """The declaration of an event model. Raises `KeyError` for a model that is no event."""
    return BY_MODEL[model]
