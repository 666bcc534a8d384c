"""One chain of attempts to bring one message to one endpoint."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


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
