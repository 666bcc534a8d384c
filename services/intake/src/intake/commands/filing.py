"""What the door hands to the use cases: a file that was read, from a partner that is known."""

from dataclasses import field
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

from contracts import ids
from intake.domain.handling import Handling
from intake.domain.priority import Priority
from intake.domain.referral import Submission
from kit.access import Principal
from kit.encryption import DataKey
from kit.errors import Refused
from kit.values import value


@value
class Partner:
    """A partner as registered: whose files are test data, and what stands where a file says nothing."""

    tenant: str
    handling: Handling
    clock_zone: str | None
    testmode: bool
    urgent: bool
    """Whether its urgent files are taken also while others are not."""

    @property
    def slug(self) -> str:
        """The name without its kind: `partner:bureau-nl` is `bureau-nl`."""
        return self.tenant.rpartition(":")[2]


@value
class Staged:
    """What was stored of a large file before it became a referral."""

    suspects: int
    victims: int
    pressing: Priority


NOTHING: Final = Staged(suspects=0, victims=0, pressing=Priority.P4)


@value
class Filing:
    """One posted file. `data_key` is what it will be sealed under, if it is new."""

    partner: Partner
    principal: Principal
    submission: Submission
    body: bytes
    """Empty where it was stored piece by piece."""
    size: int
    body_sha256: bytes
    media_type: str
    idempotency_key: str | None
    received_at: datetime
    data_key: DataKey
    deadline: float
    """Moment of the event loop's clock from which waiting for another request of the same key is a conflict."""
    referral: UUID = field(default_factory=ids.new)

    @property
    def tenant(self) -> str:
        """Whose file it is."""
        return self.partner.tenant

    @property
    def testmode(self) -> bool:
        """Whether nothing of it may reach a real body."""
        return self.partner.testmode or self.submission.synthetic


@value
class Accepted:
    """The receipt, byte for byte as it will always be. `replayed`: it was accepted before."""

    receipt: bytes
    number: str
    replayed: bool


@value
class ToAmend:
    """The file is a later version of a known referral: it is compared with it, alone."""

    referral: UUID


Outcome: TypeAlias = Accepted | ToAmend | Refused
