"""Answers that wait for a second person: what was asked beside what was said, and the decision."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from isp_liaison import queries
from isp_liaison.application import Application
from isp_liaison.asking import AskedData
from isp_liaison.commands.check import check
from isp_liaison.domain.answers import Decision
from isp_liaison.queries import Disclosed
from kit.access import Principal
from kit.audit import Entry as AuditEntry
from kit.errors import NotFound
from kit.http.app import application
from kit.http.auth import caller, caller_with_purpose
from kit.http.bounded import BoundedRoute
from kit.http.pages import Page, PageOf, page

router = APIRouter(tags=["answers"], route_class=BoundedRoute)

App = Annotated[Application, Depends(application)]


class AskedView(BaseModel):
    """What the line asks."""

    ip: str
    port: int | None
    at: datetime
    raw_time: str | None
    zone: str | None


class SubscriberView(BaseModel):
    """Whom the connection was sold to: a connection, not a person who did anything."""

    name: str
    street: str
    municipality: str | None
    province: str | None
    postal_code: str | None
    country: str


class AnswerView(BaseModel):
    """An answer beside what was asked."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: UUID
    number: str
    line: UUID
    provider: str
    instrument: str
    grade: str
    outcome: str
    asked: AskedView | None
    """Null where the referral was erased."""
    zone: str
    """As the provider declared it."""
    raw_from: str | None
    raw_to: str | None
    assigned_from: datetime | None
    assigned_to: datetime | None
    flags: list[str]
    """What to look at: `zone_differs`, `time_doubtful`."""
    redirect_to: str | None
    subscriber: SubscriberView | None
    submitted_by: str
    submitted_at: datetime
    testmode: bool
    caution: str = "connection, not person"


class CheckBody(BaseModel):
    """The decision of a second person."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    decision: Decision
    zone_confirmed: bool = False
    """Said where the answer is flagged: the times were compared in both zones."""
    reason: str | None = Field(default=None, max_length=80, pattern="^[a-z][a-z0-9_.-]*$")
    """A word for the audit, as in `other_subscriber`."""


class CheckedView(BaseModel):
    """The answer after it was checked."""

    id: UUID
    state: str


@router.get("/v1/answers")
async def list_answers(
    app: App,
    principal: Annotated[Principal, caller_with_purpose("answers:check")],
    asked: Annotated[Page, page("answers")],
    state: Annotated[Literal["pending"], Query(description="Those that wait for a second person.")] = "pending",
) -> PageOf[AnswerView]:
    """Answers that wait for a second person, oldest first."""
    if not principal.of_centre:
        raise NotFound
    after = UUID(asked.after[0]) if asked.after else queries.FIRST
    async with app.database.acting_for(principal) as tx:
        rows = await queries.pending_answers(tx, after=after, fetch=asked.fetch)
        kept, following = asked.close(rows, _keys)
        told = await queries.asked_of(app, tx, [row.line for row in kept])
        records = await queries.records(app, tx, [row.record for row in kept if row.record is not None])
        for row in kept:
            tx.audit(AuditEntry(actor=principal, action="answer.read", subject=str(row.id), detail={"state": state}))
    views = [_view(row, told.get(row.line), records.get(row.record)) for row in kept]
    return PageOf(items=views, next=following)


@router.post("/v1/answers/{answer}:check")
async def check_answer(
    answer: UUID, body: CheckBody, app: App, principal: Annotated[Principal, caller("answers:check")]
) -> CheckedView:
    """Confirm that the answer fits what was asked, or refuse it: then the provider answers again."""
    async with app.database.acting_for(principal) as tx:
        state = await check(
            app, tx, answer, body.decision, principal, zone_confirmed=body.zone_confirmed, reason=body.reason
        )
    return CheckedView(id=answer, state=state.value)


def _view(row: Any, asked: AskedData | None, record: Disclosed | None) -> AnswerView:
    return AnswerView(
        **{name: getattr(row, name) for name in _OF_ANSWER},
        asked=None if asked is None else AskedView.model_validate(asked.model_dump()),
        subscriber=None if record is None else disclosed(record),
    )


def disclosed(record: Disclosed) -> SubscriberView:
    """An opened record as it is shown."""
    row = record.row
    return SubscriberView(
        name=record.name,
        street=record.street,
        municipality=row.municipality,
        province=row.province,
        postal_code=record.postal_code,
        country=row.country,
    )


def _keys(row: Any) -> list[str]:
    return [str(row.id)]


_OF_ANSWER = (
    "id", "number", "line", "provider", "instrument", "grade", "outcome", "zone", "raw_from", "raw_to",
    "assigned_from", "assigned_to", "flags", "redirect_to", "submitted_by", "submitted_at", "testmode",
)  # fmt: skip
