"""An agency's own assignments: read, accept, decline."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from kit.access import Principal
from kit.http.app import application
from kit.http.auth import caller
from kit.http.bounded import BoundedRoute
from kit.http.pages import Page, PageOf, page
from routing import queries
from routing.application import Application
from routing.commands.accept import accept
from routing.commands.deciding import tenant_of
from routing.commands.decline import Decline, decline
from routing.domain.assigning import Declining
from routing.domain.bodies import BodyId

router = APIRouter(tags=["assignments"], route_class=BoundedRoute)

App = Annotated[Application, Depends(application)]
SLUG = "^[a-z0-9-]+$"
"""How a body is called; other characters, which the database may not even know, never reach it."""
State = Literal["assigned", "accepted", "closed", "declined", "transferred", "moved", "withdrawn"]


class AssignmentView(BaseModel):
    """One suspect or victim and its holder."""

    model_config = ConfigDict(from_attributes=True, use_attribute_docstrings=True)

    id: UUID
    entry: UUID
    """Id of the suspect or victim."""
    kind: str
    referral: UUID
    investigation: UUID
    determination: UUID
    body: str
    """Who has jurisdiction."""
    holder: str
    """Who has it in hand: the body's first hop, else the body."""
    copies: list[str]
    hop: int
    state: str
    overdue: bool
    priority: str
    handling: str
    testmode: bool
    assigned_at: datetime
    due_at: datetime
    accepted_at: datetime | None
    ended_at: datetime | None
    reason: str | None
    successor: UUID | None


class DeclineBody(BaseModel):
    """Why it is handed back."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    reason: Declining
    suggested_body: str | None = Field(default=None, max_length=80, pattern=SLUG)
    """Slug of the body that the holder believes to have jurisdiction."""


class AcceptedView(BaseModel):
    """The assignment after its holder took responsibility."""

    id: UUID
    entry: UUID
    state: Literal["accepted"] = "accepted"
    holder: str
    accepted_at: datetime


class DeclinedView(BaseModel):
    """The assignment after it was handed back."""

    id: UUID
    entry: UUID
    state: Literal["declined"] = "declined"
    declined_at: datetime
    reason: str
    successor: UUID


@router.get("/v1/assignments")
async def list_assignments(
    app: App,
    principal: Annotated[Principal, caller("assignments:read")],
    asked: Annotated[Page, page("assignments")],
    state: Annotated[list[State] | None, Query(description="Only these states; repeatable.")] = None,
    holder: Annotated[
        str | None, Query(max_length=80, pattern=SLUG, description="Only this holder's; for the centre.")
    ] = None,
) -> PageOf[AssignmentView]:
    """The caller's own assignments, newest first; the centre sees everybody's."""
    before = UUID(asked.after[0]) if asked.after else queries.NEWEST
    of = None if holder is None else tenant_of(app.listed.directory, BodyId(holder))
    async with app.database.acting_for(principal) as tx:
        rows = await queries.page_of_assignments(
            tx, before=before, states=state or queries.STATES, fetch=asked.fetch, holder=of
        )
    kept, following = asked.close(rows, _keys)
    return PageOf(items=[AssignmentView.model_validate(row) for row in kept], next=following)


@router.post("/v1/assignments/{assignment}:accept")
async def accept_assignment(
    assignment: UUID, app: App, principal: Annotated[Principal, caller("assignments:decide")]
) -> AcceptedView:
    """Take responsibility."""
    async with app.database.acting_for(principal) as tx:
        accepted = await accept(tx, assignment, principal)
    terms = accepted.terms
    return AcceptedView(id=terms.id, entry=terms.entry, holder=terms.holder, accepted_at=accepted.accepted_at)


@router.post("/v1/assignments/{assignment}:decline")
async def decline_assignment(
    assignment: UUID,
    body: DeclineBody,
    app: App,
    principal: Annotated[Principal, caller("assignments:decide")],
) -> DeclinedView:
    """Hand it back; a successor opens at once, and the caller sees the suspect or victim no longer."""
    suggested = None if body.suggested_body is None else BodyId(body.suggested_body)
    command = Decline(assignment=assignment, reason=body.reason, suggested=suggested)
    async with app.database.acting_for(principal) as tx:
        handed = await decline(app, tx, command, principal)
    return DeclinedView(
        id=assignment,
        entry=handed.ended.terms.entry,
        declined_at=handed.successor.terms.assigned_at,
        reason=body.reason.value,
        successor=handed.successor.terms.id,
    )


def _keys(row: Any) -> list[str]:
    return [str(row.id)]
