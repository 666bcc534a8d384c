"""The native JSON of `POST /v1/referrals`, closed: a field that is not here is an error, never dropped.

Types only. What a text means (an address, a time, a country) is decided by `intake.formats.reading`, so that
a wrong one rejects its item and not the file. Lists come from a factory: pydantic would copy a default deeply.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Short: TypeAlias = Annotated[str, StringConstraints(max_length=512)]
Clear: TypeAlias = Annotated[
    str, StringConstraints(max_length=512, pattern=r"^[^\x00]*$")
]  # kept as jsonb, which has no NUL
Long: TypeAlias = Annotated[str, StringConstraints(max_length=4_096)]
Text: TypeAlias = Annotated[str, StringConstraints(max_length=65_536)]
Reference: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,255}$")]
HandlingCode: TypeAlias = Literal["H0", "H1", "H2", "H3"]
TlpWord: TypeAlias = Literal["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"]


class Closed(BaseModel):
    """Strict types, no unknown field."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class HandlingBody(Closed):
    """Handling codes and traffic light of a file, an entry or an item (domain.md §2.8)."""

    codes: list[HandlingCode] = Field(default_factory=list)
    tlp: TlpWord | None = None
    note: Long | None = None


class CaptureBody(Closed):
    """An IP address at a time, as logged. `zone` is an IANA name or an offset, where `time` has none."""

    ip: Short
    port: int | None = None
    time: Short | None = None
    zone: Short | None = None
    event: Short | None = None
    possible_proxy: bool = False
    handling: HandlingBody | None = None


class IdentifierBody(Closed):
    """Anything but a capture that points at a person or account."""

    kind: Short
    value: Long
    service: Short | None = None
    verified: bool = False
    verified_at: Short | None = None
    handling: HandlingBody | None = None


class PhoneBody(Closed):
    """A telephone number."""

    value: Short
    verified: bool = False
    verified_at: Short | None = None
    handling: HandlingBody | None = None


class DeviceBody(Closed):
    """A device by an id of some type (IMEI, ICCID…)."""

    type: Short | None = None
    value: Long
    handling: HandlingBody | None = None


class HashBody(Closed):
    """A hash of material. The material itself is never taken."""

    algorithm: Short
    value: Short
    handling: HandlingBody | None = None


class CivicAddressBody(Closed):
    """A place where somebody lives, pays, learns or is served."""

    street: Short | None = None
    municipality: Short | None = None
    province: Short | None = None
    country: Short | None = None
    postal_code: Short | None = None
    kind: Literal["home", "business", "billing", "shipping", "service", "school", "other"] = "other"
    verified: bool = False
    as_of: Short | None = None
    handling: HandlingBody | None = None


class StatedLocationBody(Closed):
    """Where the account says, or the platform estimates, that the person is."""

    municipality: Short | None = None
    province: Short | None = None
    country: Short | None = None
    verified: bool = False


class AccountBody(Closed):
    """The reported account at its service."""

    service: Short | None = None
    id: Short | None = None


class EntryHead(Closed):
    """A suspect or victim without its items."""

    reference: Reference | None = None
    role: Literal["suspect", "victim", "intended_recipient"] | None = None
    account: AccountBody | None = None
    name: Short | None = None
    citizenship: Short | None = None
    stated_location: StatedLocationBody | None = None
    handling: HandlingBody | None = None


class EntryBody(EntryHead):
    """A suspect or victim with its items."""

    captures: list[CaptureBody] = Field(default_factory=list)
    identifiers: list[IdentifierBody] = Field(default_factory=list)
    civic_addresses: list[CivicAddressBody] = Field(default_factory=list)
    phones: list[PhoneBody | Short] = Field(default_factory=list)
    devices: list[DeviceBody] = Field(default_factory=list)
    hashes: list[HashBody] = Field(default_factory=list)


class EntryLine(Closed):
    """One line of a batch: one of the two."""

    suspect: EntryBody | None = None
    victim: EntryBody | None = None


class IncidentBody(Closed):
    """What is said to have happened."""

    type: Short | None = None
    occurred_at: Short | None = None
    platform: Short | None = None
    summary: Text | None = None


class ForeignAuthorityBody(Closed):
    """The authority abroad on whose investigation the referral rests."""

    country: Short
    agency: Clear | None = None
    case_number: Short | None = None
    investigating: bool = False


class LegalProcessBody(Closed):
    """Legal process that was already served somewhere, so that nobody serves it twice."""

    kind: Short
    country: Short | None = None
    agency: Short | None = None
    case_number: Short | None = None
    provider: Short | None = None
    served_at: Short | None = None


class CrossReferenceBody(Closed):
    """The number of the same matter elsewhere."""

    system: Clear
    number: Clear


class BundleBody(Closed):
    """Many reports of one incident. How many is no measure of urgency."""

    kind: Literal["viral", "other"] = "viral"
    reference: Short | None = None
    reports: int | None = None


class ReferralHead(Closed):
    """A submission without its entries."""

    reference: Reference | None = None
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    incident: IncidentBody | None = None
    urgency: Literal["P0", "P1", "P2", "P3", "P4"] | None = None
    handling: HandlingBody | None = None
    foreign_authority: ForeignAuthorityBody | None = None
    offence_basis: Literal["canadian", "foreign"] | None = None
    legal_process: list[LegalProcessBody] = Field(default_factory=list)
    cross_references: list[CrossReferenceBody] = Field(default_factory=list)
    bundle: BundleBody | None = None
    synthetic: bool = False


class ReferralBody(ReferralHead):
    """A whole submission."""

    suspects: list[EntryBody] = Field(default_factory=list)
    victims: list[EntryBody] = Field(default_factory=list)
