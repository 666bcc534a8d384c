"""A determination as it is kept: what was decided, when, with which data, and its whole explanation."""

from datetime import date, datetime
from uuid import UUID

from kit.values import value
from routing.domain.assigning import EntryId
from routing.domain.explaining import Plain


@value
class Stored:
    """A determination as it is kept."""

    id: UUID
    tenant: str
    testmode: bool
    entry: EntryId
    version: int
    branch: str
    body: str
    first_hop: str | None
    copies: list[str]
    rule: str
    confidence: str
    country: str | None
    province: str | None
    municipality: str | None
    reason: str | None
    snapshot: str | None
    directory: str
    alternatives: list[str]
    explanation: dict[str, Plain]
    as_of: date
    determined_at: datetime
