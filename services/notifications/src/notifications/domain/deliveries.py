"""One chain of attempts to bring one message to one endpoint."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from notifications.domain.endpoints import Secrets
from notifications.domain.retrying import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One chain of attempts to one endpoint; its id is the webhook's. `tries` counts since the last replay."""

    id: UUID
    tenant: str
    testmode: bool
    endpoint: UUID
    lane: int
    kind: str
    notice: UUID | None
    referral: UUID | None
    agency: str
    priority: str
    origin: str
    handling: str
    body: str
    due_at: datetime
    created_at: datetime
    state: str = "pending"
    reason: str | None = None
    tries: int = 0
    attempts: int = 0
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is sent where: `id` and `body` are the same for every attempt."""

    id: UUID
    endpoint: UUID
    url: str
    body: str
    secrets: Secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One attempt: when it began, how long it took, what came back."""

    delivery: UUID
    endpoint: UUID
    at: datetime
    milliseconds: int
    result: Result
