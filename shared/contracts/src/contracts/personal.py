"""The plaintexts behind encrypted event fields. They are contracts like the events that carry them."""

from typing import Annotated, TypeAlias
from uuid import UUID

from contracts.model import Confidence, Contract, Grade, Moment, known

IpClass: TypeAlias = Annotated[
    str,
    known(
        "public", "private", "carrier_nat", "loopback", "link_local", "documentation", "multicast",
        "reserved", "unspecified", "invalid",
    ),
]  # fmt: skip
Precision: TypeAlias = Annotated[str, known("second", "minute", "hour", "day", "none")]


class Capture(Contract):
    """An IP address at a time, as reported and as understood. The raw texts are evidence and never repaired."""

    item: str
    """JSON Pointer of the item in the referral; unique in the entry."""
    raw_ip: str
    ip: str | None = None
    """Canonical text (RFC 5952); mapped and tunnelled IPv6 addresses are unwrapped. None: not an address."""
    ip_class: IpClass
    port: int | None = None
    raw_time: str | None = None
    at: Moment | None = None
    """UTC. For a date only: the start of that day."""
    precision: Precision
    zone: str | None = None
    """The declared zone or offset as text; None where it was assumed."""
    zone_assumed: bool = False
    tzdata: str | None = None
    """Version of the zone rules that were applied."""
    grade: Grade
    event: str | None = None
    possible_proxy: bool = False


class Identifier(Contract):
    """Anything but a capture that points at a person or account."""

    item: str
    kind: Annotated[
        str, known("email", "phone", "username", "device", "account", "url", "hash", "crypto_address", "ip")
    ]
    value: str
    """As received."""
    normalised: str | None = None
    """Normal form for matching; None where the value has none."""
    service: str | None = None
    verified: bool = False
    verified_at: Moment | None = None


class CivicAddress(Contract):
    """A place where somebody lives, pays or is served."""

    item: str
    street: str | None = None
    municipality: str | None = None
    province: str | None = None
    """ISO 3166-2 code (`CA-ON`) where it could be read, else as received."""
    country: str | None = None
    """ISO 3166-1 alpha-2."""
    postal_code: str | None = None
    kind: Annotated[str, known("home", "business", "billing", "shipping", "service", "school", "other")] = "other"
    verified: bool = False
    as_of: str | None = None


class StatedLocation(Contract):
    """Where the account says or the platform estimates that the person is."""

    municipality: str | None = None
    province: str | None = None
    country: str | None = None
    verified: bool = False


class Account(Contract):
    """The reported account at its service."""

    service: str | None = None
    id: str | None = None


class EntryItems(Contract):
    """Everything personal that a referral says of one suspect or victim (or one part of it)."""

    reference: str
    """The partner's reference of the entry."""
    name: str | None = None
    account: Account | None = None
    citizenship: str | None = None
    captures: list[Capture] = []
    identifiers: list[Identifier] = []
    civic_addresses: list[CivicAddress] = []
    stated_location: StatedLocation | None = None


class AttributedCapture(Contract):
    """A capture with the network that held its IP address at its time."""

    capture: Capture
    asn: int | None = None
    organisation: str | None = None
    country: str | None = None
    confidence: Confidence
    snapshot: str | None = None


class AttributedCaptures(Contract):
    """What a provider will be asked about."""

    investigation: UUID
    captures: list[AttributedCapture]
