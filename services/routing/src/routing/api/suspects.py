"""One suspect's or victim's whole story: what was reported, what it was attributed to, who got it and why.

Facts without personal values: an explanation names country, province, municipality and network, never an IP address,
a name or a street. Reading it is recorded all the same, with the purpose that the caller declared.
"""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from kit.access import Principal
from kit.audit import Entry as AuditEntry
from kit.errors import NotFound
from kit.http.app import application
from kit.http.auth import caller_with_purpose
from routing import queries
from routing.api.assignments import AssignmentView
from routing.application import Application

router = APIRouter(tags=["suspects"])

App = Annotated[Application, Depends(application)]
Reader = Annotated[Principal, caller_with_purpose("suspects:read")]

CURRENT = frozenset({"assigned", "accepted", "closed"})


class DeterminationView(BaseModel):
    """Who has jurisdiction, and the whole reasoning."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
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
    as_of: date
    determined_at: datetime
    explanation: dict[str, Any]


class IdentificationRequestView(BaseModel):
    """Captures whose subscribers were asked for, by their place in the referral."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    determination: UUID
    items: list[str]
    state: str
    requested_at: datetime
    ended_at: datetime | None


class TransferProposalView(BaseModel):
    """What newer evidence speaks for and a person must decide."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    assignment: UUID
    determination: UUID
    body: str
    holder: str
    state: str
    proposed_at: datetime


class Story(BaseModel):
    """Everything that routing knows of a suspect or victim, besides its personal data."""

    id: UUID
    kind: str
    role: str
    state: str
    referral: UUID
    number: str
    investigation: UUID
    version: int
    priority: str
    factors: list[str]
    handling: str
    testmode: bool
    grade: str
    offence_type: str
    offence_basis: str
    foreign_authority: dict[str, Any] | None
    incident_at: datetime | None
    received_at: datetime
    captures: list[dict[str, Any]]
    """The network of each capture, as the newest determination saw it."""
    assignment: AssignmentView | None
    """The current one, if the caller may see it."""
    determinations: list[DeterminationView]
    assignments: list[AssignmentView]
    identification_requests: list[IdentificationRequestView]
    transfer_proposals: list[TransferProposalView]


@router.get("/v1/suspects/{suspect}")
async def suspect_story(suspect: UUID, app: App, principal: Reader) -> Story:
    """The whole story of a suspect that the caller reported or holds."""
    return await _story(app, principal, suspect, "suspect")


@router.get("/v1/victims/{victim}")
async def victim_story(victim: UUID, app: App, principal: Reader) -> Story:
    """The whole story of a victim or intended recipient that the caller reported or holds."""
    return await _story(app, principal, victim, "victim")


async def _story(app: Application, principal: Principal, entry_id: UUID, kind: str) -> Story:
    async with app.database.acting_for(principal) as tx:
        entry = await queries.entry(tx, entry_id, kind)
        if entry is None:
            raise NotFound
        determinations = await queries.determinations(tx, entry_id)
        assignments = await queries.assignments(tx, entry_id)
        requests = await queries.identification_requests(tx, entry_id)
        proposals = await queries.transfer_proposals(tx, entry_id)
        tx.audit(AuditEntry(actor=principal, action=f"{kind}.read", subject=str(entry_id)))
    views = [AssignmentView.model_validate(row) for row in assignments]
    newest = determinations[0].explanation if determinations else {}
    return Story(
        **{name: getattr(entry, name) for name in _OF_ENTRY},
        captures=newest.get("captures", []),
        assignment=next((view for view in views if view.state in CURRENT), None),
        determinations=[DeterminationView.model_validate(row) for row in determinations],
        assignments=views,
        identification_requests=[IdentificationRequestView.model_validate(row) for row in requests],
        transfer_proposals=[TransferProposalView.model_validate(row) for row in proposals],
    )


_OF_ENTRY = (
    "id", "kind", "role", "state", "referral", "number", "investigation", "version", "priority", "factors",
    "handling", "testmode", "grade", "offence_type", "offence_basis", "foreign_authority", "incident_at",
    "received_at",
)  # fmt: skip
