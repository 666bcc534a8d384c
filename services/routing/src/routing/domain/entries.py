"""A suspect or victim as routed: what is known of it besides its personal data, which stays sealed."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from kit.values import value
from routing.domain.assigning import EntryId


class Kind(StrEnum):
    """On which topic it was told; the words are those of the contracts."""

    SUSPECT = "suspect"
    VICTIM = "victim"


class EntryState(StrEnum):
    """Whether the partner still names it."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"


@value
class Provenance:
    """What everything about an entry inherits from it: its assignments and its events."""

    entry: EntryId
    kind: Kind
    referral: UUID
    investigation: UUID
    tenant: str
    testmode: bool
    priority: str
    handling: str


@value
class Entry:
    """The newest complete version of an entry. `tenant` is the partner of origin."""

    id: EntryId
    tenant: str
    testmode: bool
    kind: Kind
    role: str
    referral: UUID
    number: str
    investigation: UUID
    version: int
    priority: str
    handling: str
    grade: str
    offence_type: str
    offence_basis: str
    foreign_authority: Mapping[str, object] | None
    incident_at: datetime | None
    received_at: datetime
    factors: tuple[str, ...]
    state: EntryState = EntryState.OPEN

    @property
    def provenance(self) -> Provenance:
        """What its assignments and events inherit."""
        return Provenance(
            entry=self.id,
            kind=self.kind,
            referral=self.referral,
            investigation=self.investigation,
            tenant=self.tenant,
            testmode=self.testmode,
            priority=self.priority,
            handling=self.handling,
        )


@value
class Part:
    """One sealed part of an entry's personal data, as it came."""

    entry: EntryId
    version: int
    part: int
    parts: int
    tenant: str
    testmode: bool
    key: UUID
    nonce: bytes
    data: bytes


@value
class EarlyWithdrawal:
    """A version of the referral no longer names an entry that we do not know yet."""

    entry: EntryId
    version: int
    tenant: str
    testmode: bool


@value
class Answer:
    """A provider's checked answer about one line of a request: a connection, not a person."""

    entry: EntryId
    line: UUID
    request: UUID
    outcome: str
    completed_at: datetime
    country: str | None
    province: str | None
    municipality: str | None
    postal_area: str | None
    record: UUID | None
