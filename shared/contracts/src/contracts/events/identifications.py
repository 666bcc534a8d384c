"""Topics `interlink.identification-requests` and `interlink.identifications`: who was behind an address."""

from typing import Annotated
from uuid import UUID

from contracts.events.entries import OffenceBasis, OffenceType
from contracts.model import Contract, Encrypted, ForeignAuthority, Kind, Moment, known


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
    caution: str = "connection, not person"
