"""Topics `interlink.identification-requests` and `interlink.identifications`: who was behind an address."""

from typing import Annotated, TypeAlias
from uuid import UUID

from contracts.events.entries import OffenceBasis, OffenceType
from contracts.model import Contract, Day, Encrypted, ForeignAuthority, Kind, Moment, known

Instrument: TypeAlias = Annotated[
    str, known("preservation_demand", "preservation_order", "production_order", "exigent_request")
]
Deadline: TypeAlias = Annotated[str, known("preservation_expiry", "answer_due", "challenge_end", "later_review")]


class IdentificationRequested(Contract):
    """Routing needs the subscriber behind captures of a Canadian network to find the police of jurisdiction."""

    entry: UUID
    """The suspect or victim."""
    kind: Kind
    referral: UUID
    investigation: UUID
    offence_type: OffenceType
    offence_basis: OffenceBasis
    foreign_authority: ForeignAuthority | None = None
    requested_at: Moment
    personal: Encrypted
    """Plaintext: `AttributedCaptures`."""


class IdentificationCancelled(Contract):
    """The request is moot: withdrawn, or a civic address became known otherwise."""

    entry: UUID
    kind: Kind
    referral: UUID
    investigation: UUID
    reason: Annotated[str, known("withdrawn", "civic_address_known")]


class OfLine(Contract):
    """What every event about a line says: one event per suspect or victim and line."""

    entry: UUID
    """The suspect or victim."""
    kind: Kind
    referral: UUID
    investigation: UUID
    request: UUID
    line: UUID
    provider: str
    instrument: Instrument


class IdentificationDrafted(OfLine):
    """A line was collected in a draft request; a person submits it and a second one approves it."""

    drafted_at: Moment
    perishes_at: Moment
    """When the provider is expected to have deleted what is asked for."""


class IdentificationSent(OfLine):
    """The provider's system took the request in."""

    number: str
    """The request's number, under which the provider knows it."""
    sent_at: Moment


class IdentificationPreserved(OfLine):
    """The provider keeps what it has about the line."""

    preserved_at: Moment
    expires_on: Day
    """Last day of the preservation, in the zone of issue (Interpretation Act s. 27)."""
    zone: str


class IdentificationDeadlineApproaching(OfLine):
    """A day after which something is lost or late comes near."""

    deadline: Deadline
    on: Day
    zone: str
    days_left: int


class IdentificationExpired(OfLine):
    """That day has passed: what depended on it is taken for lost."""

    deadline: Deadline
    on: Day
    zone: str


class IdentificationCompleted(Contract):
    """A provider's checked answer about one line. It names a connection, not a person."""

    entry: UUID
    kind: Kind
    referral: UUID
    request: UUID
    line: UUID
    outcome: Annotated[
        str,
        known(
            "subscriber_identified", "no_record", "retention_expired", "cgn_ambiguous", "port_required",
            "time_required", "not_our_address", "redirect", "account_closed", "data_error", "refused",
            "partial",
        ),
    ]  # fmt: skip
    completed_at: Moment
    country: str | None = None
    province: str | None = None
    municipality: str | None = None
    postal_area: str | None = None
    record: UUID | None = None
    """Reference by which an entitled officer opens the subscriber record; name and street never travel."""
    open_lines: int | None = None
    """How many lines about this suspect or victim still wait for an answer; 0: this was the last one."""
    caution: str = "connection, not person"
