"""What was seen from outside while everything was shot at: the only thing the checker knows.

Answers to posts, the partners' own view of their referrals, the records on the topics, what providers and agencies
received, and what the operator is told still waits. Nothing in here was read from a service's tables.
"""

from dataclasses import dataclass, field
from uuid import UUID

from contracts.envelope import Envelope
from contracts.model import Contract


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer to one post; several may belong to one version, which a partner posts until it is told."""

    reference: str
    status: int
    partner: str = ""
    version: int = 1
    number: str = ""
    accepted: int = 0

    @property
    def taken(self) -> bool:
        """Whether the partner was told that we have it."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """What a partner says in one version of a file."""

    entries: frozenset[str]
    """The sound ones, by the partner's references."""
    unread: bool = False
    """Whether an entry must be refused: it may mean anybody, so this version withdraws nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtIntake:
    """An accepted entry as intake tells its partner."""

    id: UUID
    reference: str
    """The partner's own."""
    withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record of a topic, in the order of its partition."""

    topic: str
    key: str
    envelope: Envelope
    event: Contract
    at: float
    """When the broker took it in, seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtProvider:
    """A line as a provider's own list has it."""

    provider: str
    number: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AtAgency:
    """A webhook as an agency's own list has it."""

    agency: str
    webhook: str
    type: str
    notice: str
    items: int = 0
    """How many events the notice is about, as the webhook says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InFeed:
    """An event of an agency's feed."""

    event: UUID
    type: str
    referral: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All of it."""

    answers: list[Answer] = field(default_factory=list[Answer])
    posted: dict[str, dict[int, Filed]] = field(default_factory=dict[str, dict[int, Filed]])
    """Per reference and version, whatever was posted at least once, answered or not."""
    progress: dict[str, tuple[AtIntake, ...]] = field(default_factory=dict[str, tuple[AtIntake, ...]])
    """Per number, every entry that any version told."""
    records: list[Record] = field(default_factory=list[Record])
    lines: list[AtProvider] = field(default_factory=list[AtProvider])
    webhooks: list[AtAgency] = field(default_factory=list[AtAgency])
    feeds: dict[str, list[InFeed]] = field(default_factory=dict[str, list[InFeed]])
    """Per agency, its feed from the beginning."""
    leftovers: list[str] = field(default_factory=list[str])
    """What the operator is told still waits, in words."""
