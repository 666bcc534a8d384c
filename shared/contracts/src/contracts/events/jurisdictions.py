"""Topic `interlink.jurisdictions`: who has jurisdiction over a suspect or victim, and who holds it."""

from typing import Annotated, TypeAlias
from uuid import UUID

from contracts.model import Confidence, Contract, Kind, Moment, known

Branch: TypeAlias = Annotated[
    str, known("canada", "canada_unidentified", "abroad", "extraterritorial", "victim", "centre")
]


class OfEntry(Contract):
    """What every jurisdiction event says of the suspect or victim it is about."""

    entry: UUID
    kind: Kind
    referral: UUID
    investigation: UUID


class JurisdictionDetermined(OfEntry):
    """Ranked evidence named one body. The explanation stays in routing, behind `GET /v1/suspects/{id}`."""

    determination: UUID
    version: int
    branch: Branch
    body: str
    first_hop: str | None = None
    copies: list[str] = []
    rule: str
    confidence: Confidence
    country: str | None = None
    province: str | None = None
    snapshot: str | None = None
    directory: str
    determined_at: Moment


class JurisdictionUndetermined(OfEntry):
    """No evidence names a body; the centre holds the entry."""

    determination: UUID
    version: int
    reason: Annotated[str, known("no_usable_evidence", "conflicting_evidence", "unknown_place", "too_many_hops")]
    snapshot: str | None = None
    directory: str
    determined_at: Moment


class OfAssignment(OfEntry):
    """What every assignment event says of the assignment."""

    assignment: UUID
    holder: str


class AssignmentCreated(OfAssignment):
    """The entry has one current holder: the first hop if the body has one, else the body."""

    determination: UUID
    body: str
    copies: list[str] = []
    """Bodies told beside the holder (child protection), each by a notice of its own."""
    hop: int
    assigned_at: Moment
    due_at: Moment
    """When an assignment nobody accepted becomes overdue."""
    holder_tenant: str | None = None
    """The tenant whose officers may act on it: `agency:…`, `partner:…` (a bureau abroad) or `centre`."""


class AssignmentAccepted(OfAssignment):
    """The holder took responsibility."""

    accepted_at: Moment


class AssignmentDeclined(OfAssignment):
    """The holder handed the entry back; the successor opened in the same transaction."""

    reason: Annotated[
        str, known("wrong_jurisdiction", "duplicate", "insufficient_information", "outside_mandate", "other")
    ]
    declined_at: Moment
    successor: UUID


class AssignmentMoved(OfAssignment):
    """New evidence moved an assignment nobody had accepted; the successor opened in the same transaction."""

    reason: Annotated[str, known("new_evidence", "directory_changed")]
    moved_at: Moment
    successor: UUID


class AssignmentWithdrawn(OfAssignment):
    """The partner withdrew the entry: the only reason for having no current assignment."""

    withdrawn_at: Moment


class AssignmentOverdue(OfAssignment):
    """Nobody accepted in time. A flag, not a state."""

    due_at: Moment
    overdue_at: Moment
