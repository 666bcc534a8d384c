"""What every format becomes: a submission of entries, each with its items.

Raw texts stand beside what was understood of them and are never repaired (domain.md §0.6).
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from intake.domain.grading import Grade
from intake.domain.handling import Handling
from intake.domain.offences import OffenceType
from intake.domain.priority import Priority, Signal
from intake.domain.verdicts import Count, Verdict
from kit.values import value


class Kind(StrEnum):
    """Which topic tells of an entry."""

    SUSPECT = "suspect"
    VICTIM = "victim"


class Role(StrEnum):
    """What the submission says the person is. An intended recipient is safeguarded like a victim."""

    SUSPECT = "suspect"
    VICTIM = "victim"
    INTENDED_RECIPIENT = "intended_recipient"

    @property
    def kind(self) -> Kind:
        """The branch that acts on the entry."""
        return Kind.SUSPECT if self is Role.SUSPECT else Kind.VICTIM


class Naming(StrEnum):
    """Where an entry's reference comes from: a derived one matches less surely on amendment."""

    GIVEN = "given"
    ACCOUNT = "account"
    POSITION = "position"


@value
class Capture:
    """An IP address at a time. `at` is UTC; `zone` is None where it was assumed."""

    item: str
    raw_ip: str
    ip: str | None
    ip_class: str
    port: int | None
    raw_time: str | None
    at: datetime | None
    precision: str
    zone: str | None
    zone_assumed: bool
    tzdata: str
    grade: Grade
    event: str | None
    possible_proxy: bool
    handling: Handling | None = None


@value
class Identifier:
    """Anything but a capture that points at a person or account."""

    item: str
    kind: str
    value: str
    normalised: str | None
    service: str | None = None
    verified: bool = False
    verified_at: datetime | None = None
    handling: Handling | None = None


@value
class CivicAddress:
    """A place where somebody lives, pays, learns or is served."""

    item: str
    street: str | None
    municipality: str | None
    province: str | None
    country: str | None
    postal_code: str | None
    kind: str
    verified: bool = False
    as_of: str | None = None
    handling: Handling | None = None


@value
class StatedLocation:
    """Where the account says, or the platform estimates, that the person is."""

    municipality: str | None
    province: str | None
    country: str | None
    verified: bool = False


@value
class Account:
    """The reported account at its service."""

    service: str | None
    id: str | None


@value
class Entry:
    """One suspect or victim. `reference` is unique among the file's entries of its kind."""

    role: Role
    reference: str
    naming: Naming
    pointer: str
    name: str | None = None
    account: Account | None = None
    citizenship: str | None = None
    captures: tuple[Capture, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    civic_addresses: tuple[CivicAddress, ...] = ()
    stated_location: StatedLocation | None = None
    handling: Handling | None = None
    signals: frozenset[Signal] = frozenset()

    @property
    def kind(self) -> Kind:
        """The branch that acts on the entry."""
        return self.role.kind

    @property
    def account_name(self) -> str | None:
        """What an entry without a reference is called by, if its account is told in full."""
        account = self.account
        if account is None or account.id is None or account.service is None:
            return None
        return f"{account.service}/{account.id}"

    @property
    def items(self) -> Iterator[str]:
        """Pointers of everything counted as an item."""
        for item in (*self.captures, *self.identifiers, *self.civic_addresses):
            yield item.item

    @property
    def usable(self) -> bool:
        """Whether anything in it can lead to a person: else it goes to the centre."""
        readable = any(capture.grade is not Grade.X for capture in self.captures)
        account = self.account is not None and self.account.id is not None
        return readable or account or bool(self.identifiers or self.civic_addresses or self.stated_location)

    @property
    def handlings(self) -> Iterator[Handling]:
        """What the entry and its items ask for."""
        for part in (self, *self.captures, *self.identifiers, *self.civic_addresses):
            if part.handling is not None:
                yield part.handling


@value
class ForeignAuthority:
    """The authority abroad on whose investigation a referral rests."""

    country: str
    agency: str | None
    case_number: str | None
    investigating: bool


@value
class Incident:
    """What is said to have happened. `at` is UTC; `raw_type` is kept as source wording only."""

    raw_type: str | None
    offence: OffenceType
    raw_time: str | None
    at: datetime | None
    platform: str | None


@value
class Submission:
    """One file as read: what was accepted, and what was said of the rest.

    `content` is the SHA-256 of the canonical content: equal for two spellings of one file.
    """

    format: str
    reference: str
    version: int
    incident: Incident
    urgency: Priority | None
    handling: Handling
    foreign_authority: ForeignAuthority | None
    offence_basis: str
    viral: bool
    synthetic: bool
    cross_references: tuple[str, ...]
    entries: tuple[Entry, ...]
    verdicts: tuple[Verdict, ...]
    rejected_entries: int
    items: Count
    content: bytes
    stated: Priority | None = None
    """The urgency that the document itself states; `urgency` counts what came beside it too."""
    streamed: int = 0
    """Accepted entries beside `entries`: those of a file that is too large to be held whole."""

    @property
    def accepted_entries(self) -> int:
        """How many entries were accepted."""
        return len(self.entries) + self.streamed

    @property
    def names_nobody(self) -> bool:
        """Legal in CyberTipline: a report about content alone."""
        return not self.accepted_entries and not self.rejected_entries
