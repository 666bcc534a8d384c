"""An endpoint's own life: its health, when it is given up, its secrets and who may have how many.

One that fails rests for a minute between attempts once three in a row have failed, so that many dead endpoints do
not fill the worker's slots; one that has done nothing but fail for 120 hours is disabled and its owner is told.
"""

import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NewType
from uuid import UUID

from notifications.domain.recipients import Recipient
from notifications.domain.refusals import Refusal
from notifications.domain.subscriptions import Subscription

EndpointId = NewType("EndpointId", UUID)

LANES: Final = 4
"""Calls that one endpoint may have open at once."""
FAILING_FOR: Final = timedelta(hours=120)
RESTS_AFTER: Final = 3
"""Failed attempts in a row after which an endpoint rests between attempts."""
REST: Final = timedelta(seconds=60)
GRACE: Final = timedelta(hours=24)
"""How long the secret before a rotation still signs beside the new one."""
MOST_ENDPOINTS: Final = 20
"""Of one agency; each of them costs every notice a delivery."""


class Disabling(StrEnum):
    """Why an endpoint gets nothing any more; the words are those of the contracts."""

    FAILING_FOR_DAYS = "failing_for_days"
    GONE = "gone"
    AGENCY_RETIRED = "agency_retired"
    BY_OWNER = "by_owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What its last attempts say of an endpoint."""

    failing_since: datetime | None = None
    failures: int = 0
    rest_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Which version of its secret signs, and until when the one before does so too."""

    version: int = 1
    previous_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One endpoint. `testmode`: a sandbox, which gets test notices and no others. `state` as the table has it."""

    id: EndpointId
    owner: Recipient
    testmode: bool
    url: str
    subscription: Subscription
    created_at: datetime
    secrets: Secrets = field(default_factory=Secrets)
    health: Health = field(default_factory=Health)
    state: str = "enabled"

    @property
    def enabled(self) -> bool:
        """Whether it gets anything."""
        return self.state == "enabled"

    @property
    def deleted(self) -> bool:
        """Whether its owner has taken it away."""
        return self.state == "deleted"


def after_failure(health: Health, now: datetime) -> Health:
    """One more attempt failed."""
    failures = health.failures + 1
    return Health(
        failing_since=health.failing_since or now,
        failures=failures,
        rest_until=now + REST if failures >= RESTS_AFTER else None,
    )


def is_given_up(health: Health, now: datetime) -> bool:
    """Whether it has done nothing but fail for too long."""
    return health.failing_since is not None and now - health.failing_since >= FAILING_FOR


def rotate(secrets: Secrets, now: datetime) -> Secrets:
    """A new secret; the present one goes on signing for a day. One that is older is forgotten at once."""
    return Secrets(version=secrets.version + 1, previous_until=now + GRACE)


def signing_versions(secrets: Secrets, now: datetime) -> tuple[int, ...]:
    """The versions that sign now, the newest first."""
    if secrets.previous_until is not None and now < secrets.previous_until:
        return (secrets.version, secrets.version - 1)
    return (secrets.version,)


def lane(delivery: UUID) -> int:
    """The lane of a delivery: the same for all its attempts, so one after the other."""
    return zlib.crc32(delivery.bytes) % LANES


def one_more(existing: int) -> Refusal | None:
    """Whether an agency may have another endpoint; None says yes."""
    if existing < MOST_ENDPOINTS:
        return None
    return Refusal("endpoint.too_many", f"An agency has at most {MOST_ENDPOINTS} endpoints.")
