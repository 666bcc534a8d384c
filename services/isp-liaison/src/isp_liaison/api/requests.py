"""Requests to providers: the queue of what perishes first, and what an officer does with each."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from isp_liaison import queries
from isp_liaison.api.authority import AuthorityBody
from isp_liaison.application import Application
from isp_liaison.commands.approve import approve, send_again
from isp_liaison.commands.draft import Drafted, draft
from isp_liaison.commands.give_back import give_back
from isp_liaison.commands.submit import submit
from isp_liaison.domain.requests import Request
from isp_liaison.queries import Asked
from kit.access import Principal
from kit.audit import Entry as AuditEntry
from kit.errors import NotFound
from kit.http.app import application
from kit.http.auth import caller, caller_with_purpose
from kit.http.bounded import BoundedRoute
from kit.http.pages import Page, PageOf, page

router = APIRouter(tags=["requests"], route_class=BoundedRoute)

App = Annotated[Application, Depends(application)]
Number = Annotated[str, Path(pattern="^IR-[0-9]{4}-[0-9]{6,12}$", description="As in `IR-2026-000042`.")]
SLUG = "^[a-z0-9_-]+$"
Slug = Annotated[str | None, Query(max_length=80, pattern=SLUG)]
Drafter = Annotated[Principal, caller("requests:draft")]
Approver = Annotated[Principal, caller("requests:approve")]
State = Literal["draft", "submitted", "approved", "sent", "answered", "closed", "returned", "withdrawn"]


class RequestView(BaseModel):
    """One request: what we want of it, and what its provider says of it."""

    model_config = ConfigDict(from_attributes=True, use_attribute_docstrings=True)

    number: str
    provider: str
    instrument: str
    urgency: str
    handling: str
    about: str
    """Whose identifiers it holds: `suspects` or `victims`, never both."""
    investigation: UUID
    testmode: bool
    state: str
    desired_status: str
    provider_status: str
    provider_reference: str | None
    line_count: int
    open_count: int
    """Lines that wait for an answer, or for its check."""
    perishes_at: datetime
    """When the first of them is expected to be gone."""
    due_on: date | None
    expires_on: date | None
    created_at: datetime
    submitted_at: datetime | None
    approved_at: datetime | None
    sent_at: datetime | None
    closed_at: datetime | None
    attempts: int
    next_attempt_at: datetime | None
    channel_error: str | None
    """How the last attempt to hand it over ended."""
    channel_refused: bool
    """The provider's channel will not take it; a person decides."""


class LineView(BaseModel):
    """One capture that is asked about."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    line: UUID
    state: str
    outcome: str | None
    grade: str
    ip: str | None
    """Null where the referral was erased."""
    port: int | None
    at: datetime
    raw_time: str | None
    zone: str | None
    zone_assumed: bool
    perishes_at: datetime
    redirected_from: UUID | None
    entries: list[UUID]
    """Suspects or victims it is asked for; for the centre alone."""


class AuthorityView(BaseModel):
    """The legal authority that carries a request."""

    model_config = ConfigDict(from_attributes=True, use_attribute_docstrings=True)

    kind: str
    basis: str
    offence: str
    made_on: date
    zone: str
    reference: str
    court: str | None
    due_on: date | None
    expires_on: date | None
    challenge_until: date | None
    review_on: date | None
    document_sha256: str | None
    officer: str | None
    """This and what follows is for the centre alone."""
    grounds: str | None
    threat: str | None
    why_no_order: str | None
    call_back: str | None


class RequestDetail(RequestView):
    """A request with what it asks."""

    lines: list[LineView]
    authority: AuthorityView | None
    drafters: list[str]
    """Who drafted by hand, submitted and approved; for the centre alone."""
    submitted_by: str | None
    approved_by: str | None
    notes: list[str]
    """What the provider, and who returned it, wrote; for the centre alone."""


class MovedView(BaseModel):
    """A request after somebody acted on it."""

    number: str
    state: State


class DraftBody(BaseModel):
    """The same data under another instrument."""

    model_config = ConfigDict(extra="forbid")

    instrument: str = Field(max_length=80, pattern=SLUG)
    lines: list[UUID] = Field(min_length=1, max_length=500)


class DraftedLine(BaseModel):
    """A line under the other instrument."""

    line: UUID
    asked_before: UUID
    number: str


class DraftedView(BaseModel):
    """Where the lines collect."""

    lines: list[DraftedLine]


class SubmitBody(BaseModel):
    """What carries the request."""

    model_config = ConfigDict(extra="forbid")

    authority: AuthorityBody | None = None


class ReturnBody(BaseModel):
    """Why it goes back."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=4000)


class UnplacedView(BaseModel):
    """A capture that no provider could be asked about, by its place in the referral."""

    model_config = ConfigDict(from_attributes=True)

    entry: UUID
    referral: UUID
    investigation: UUID
    item: str
    grade: str
    asn: int | None
    why: str
    testmode: bool
    recorded_at: datetime


@router.get("/v1/requests")
async def list_requests(
    app: App,
    principal: Annotated[Principal, caller("requests:read")],
    asked: Annotated[Page, page("requests")],
    state: Annotated[State | None, Query(description="Only this state; else all that are not over.")] = None,
    provider: Slug = None,
    instrument: Slug = None,
) -> PageOf[RequestView]:
    """The queue, what perishes first; a provider sees what was offered to it."""
    at, after = _after(asked)
    wanted = Asked(state=state, provider=provider, instrument=instrument, at=at, id=after)
    async with app.database.acting_for(principal) as tx:
        rows = await queries.page_of_requests(tx, wanted, asked.fetch)
    kept, following = asked.close(rows, _keys)
    return PageOf(items=[RequestView.model_validate(row) for row in kept], next=following)


@router.get("/v1/requests:unplaced")
async def list_unplaced(
    app: App,
    principal: Annotated[Principal, caller("requests:read")],
    asked: Annotated[Page, page("requests.unplaced")],
) -> PageOf[UnplacedView]:
    """Captures that no provider could be asked about, oldest first: each waits for a person."""
    after = UUID(asked.after[0]) if asked.after else queries.FIRST
    async with app.database.acting_for(principal) as tx:
        rows = await queries.page_of_unplaced(tx, after=after, fetch=asked.fetch)
    kept, following = asked.close(rows, _id)
    return PageOf(items=[UnplacedView.model_validate(row) for row in kept], next=following)


@router.get("/v1/requests/{number}")
async def show_request(
    number: Number, app: App, principal: Annotated[Principal, caller_with_purpose("requests:read")]
) -> RequestDetail:
    """One request with the IP addresses, ports and times that it asks about."""
    async with app.database.acting_for(principal) as tx:
        found = await queries.detail(app, tx, number, of_centre=principal.of_centre)
        if found is None:
            raise NotFound
        tx.audit(AuditEntry(actor=principal, action="request.read", subject=number))
    return _detail(found, of_centre=principal.of_centre)


@router.post("/v1/requests:draft")
async def draft_requests(body: DraftBody, app: App, principal: Drafter) -> DraftedView:
    """Ask for the data of these lines under another instrument, in its own draft."""
    async with app.database.acting_for(principal) as tx:
        made = await draft(app, tx, body.instrument, body.lines, principal)
    return DraftedView(lines=[_drafted(one) for one in made])


@router.post("/v1/requests/{number}:submit")
async def submit_request(number: Number, body: SubmitBody, app: App, principal: Drafter) -> MovedView:
    """Freeze a draft under a legal authority; a second officer approves it."""
    claimed = None if body.authority is None else body.authority.claimed()
    async with app.database.acting_for(principal) as tx:
        moved = await submit(app, tx, number, claimed, principal)
    return _moved(moved, "submitted")


@router.post("/v1/requests/{number}:approve")
async def approve_request(number: Number, app: App, principal: Approver) -> MovedView:
    """Approve what another officer submitted; it is handed over to the provider at once."""
    async with app.database.acting_for(principal) as tx:
        moved = await approve(app, tx, number, principal)
    return _moved(moved, "approved")


@router.post("/v1/requests/{number}:return")
async def return_request(number: Number, body: ReturnBody, app: App, principal: Approver) -> MovedView:
    """Send it back; its lines collect in the next draft."""
    async with app.database.acting_for(principal) as tx:
        moved = await give_back(app, tx, number, body.reason, principal)
    return _moved(moved, "returned")


@router.post("/v1/requests/{number}:send")
async def send_request(number: Number, app: App, principal: Approver) -> MovedView:
    """Hand it over again after the provider's channel refused it: the same number and bytes."""
    async with app.database.acting_for(principal) as tx:
        moved = await send_again(tx, number, principal)
    return _moved(moved, "approved")


def _moved(request: Request, state: State) -> MovedView:
    return MovedView(number=request.number, state=state)


def _drafted(one: Drafted) -> DraftedLine:
    return DraftedLine(line=one.line, asked_before=one.asked_before, number=one.request.number)


def _detail(found: queries.Detail, *, of_centre: bool) -> RequestDetail:
    row = found.row
    shown = RequestView.model_validate(row).model_dump()
    return RequestDetail(
        **shown,
        lines=[_line(found, line) for line in found.lines],
        authority=_authority(found),
        drafters=row.drafters if of_centre else [],
        submitted_by=row.submitted_by if of_centre else None,
        approved_by=row.approved_by if of_centre else None,
        notes=list(found.notes),
    )


def _line(found: queries.Detail, line: Any) -> LineView:
    asked = found.asked.get(line.id)
    return LineView(
        line=line.id,
        state=line.state.value,
        outcome=line.outcome,
        grade=line.grade,
        ip=asked and asked.ip,
        port=asked and asked.port,
        at=line.at,
        raw_time=asked and asked.raw_time,
        zone=asked and asked.zone,
        zone_assumed=asked is not None and asked.zone_assumed,
        perishes_at=line.perishes_at,
        redirected_from=line.redirected_from,
        entries=[one.of.entry for one in found.entries.get(line.id, ()) if one.current],
    )


def _authority(found: queries.Detail) -> AuthorityView | None:
    carrying = found.authority
    if carrying is None:
        return None
    days, written = carrying.days, found.grounds or {}
    return AuthorityView(
        kind=carrying.kind,
        basis=carrying.basis,
        offence=carrying.offence,
        made_on=days.made_on,
        zone=carrying.zone,
        reference=carrying.reference,
        court=carrying.court,
        due_on=days.due_on,
        expires_on=days.expires_on,
        challenge_until=days.challenge_until,
        review_on=days.review_on,
        document_sha256=carrying.document_sha256,
        officer=written.get("officer"),
        grounds=written.get("grounds"),
        threat=written.get("threat"),
        why_no_order=written.get("why_no_order"),
        call_back=written.get("call_back"),
    )


def _after(asked: Page) -> tuple[datetime, UUID]:
    if not asked.after:
        return queries.EARLIEST, queries.FIRST
    at, after = asked.after
    return datetime.fromisoformat(at), UUID(after)


def _keys(row: Any) -> list[str]:
    return [row.perishes_at.isoformat(), str(row.id)]


def _id(row: Any) -> list[str]:
    return [str(row.id)]
