"""Notices: what an agency was told, referral by referral, and that somebody there has read it."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from kit.access import Principal
from kit.database import Transaction
from kit.errors import NotFound
from kit.http.app import application
from kit.http.auth import caller
from kit.http.pages import Page, PageOf, page
from notifications import queries
from notifications.api.events import BEGINNING, CloudEventView
from notifications.application import Application
from notifications.commands.acknowledge import acknowledge
from notifications.domain.recipients import recipient

router = APIRouter(tags=["notices"])

App = Annotated[Application, Depends(application)]
Reader = Annotated[Principal, caller("notices:read")]
SLUG = "^[a-z0-9-]+$"
"""How a body is called; other characters, which the database may not even know, never reach it."""
State = Literal["collecting", "frozen", "acknowledged"]


class NoticeView(BaseModel):
    """What an agency is told of one referral."""

    model_config = ConfigDict(from_attributes=True, use_attribute_docstrings=True)

    id: UUID
    agency: str
    referral: UUID
    """For what belongs to no referral (an endpoint of yours that was disabled): the event's own id."""
    priority: str
    handling: str
    testmode: bool
    state: State
    """`collecting`: items may still join; `frozen`: on its way to your endpoints."""
    rung: Literal["officer", "unit", "centre"]
    """How far it has escalated."""
    items: int
    types: list[str]
    opened_at: datetime
    frozen_at: datetime | None
    acknowledge_by: datetime | None
    """Until when this rung has time; null where nobody has to acknowledge."""
    acknowledged_at: datetime | None
    acknowledged_by: str | None


class WholeNoticeView(NoticeView):
    """A notice with what it is about."""

    events: list[CloudEventView]
    next: str | None = Field(default=None, description="Cursor of the notice's next events; null at the end.")


class AcknowledgedView(BaseModel):
    """The notice after somebody has read it."""

    id: UUID
    state: Literal["acknowledged"] = "acknowledged"
    rung: Literal["officer", "unit", "centre"]
    acknowledged_at: datetime
    acknowledged_by: str


@router.get("/v1/notices")
async def list_notices(
    app: App,
    principal: Reader,
    asked: Annotated[Page, page("notices")],
    state: Annotated[list[State] | None, Query(description="Only these states; repeatable.")] = None,
    agency: Annotated[
        str | None, Query(max_length=80, pattern=SLUG, description="Only this body's; for the centre.")
    ] = None,
) -> PageOf[NoticeView]:
    """The caller's own notices, newest first; the centre sees everybody's."""
    before = UUID(asked.after[0]) if asked.after else queries.NEWEST
    async with app.database.acting_for(principal) as tx:
        rows = await queries.page_of_notices(
            tx,
            before=before,
            states=state or queries.STATES,
            fetch=asked.fetch,
            tenant=None if agency is None else await tenant_of(tx, agency),
        )
    kept, following = asked.close(rows, _keys)
    return PageOf(items=[NoticeView.model_validate(row) for row in kept], next=following)


@router.get("/v1/notices/{notice}")
async def show_notice(
    notice: UUID, app: App, principal: Reader, asked: Annotated[Page, page("events of a notice")]
) -> WholeNoticeView:
    """One notice and the events it is about, oldest first."""
    after = int(asked.after[0]) if asked.after else BEGINNING
    async with app.database.acting_for(principal) as tx:
        row = await queries.notice(tx, notice)
        if row is None:
            raise NotFound
        items = await queries.page_of_items(tx, notice, after=after, fetch=asked.fetch)
    kept, following = asked.close(items, lambda one: [one.position])
    view = NoticeView.model_validate(row)
    return WholeNoticeView(**view.model_dump(), events=[CloudEventView(**one.body) for one in kept], next=following)


@router.post("/v1/notices/{notice}:acknowledge")
async def acknowledge_notice(
    notice: UUID, app: App, principal: Annotated[Principal, caller("notices:acknowledge")]
) -> AcknowledgedView:
    """Say that it was read: nothing escalates any more. A second time is answered like the first."""
    async with app.database.acting_for(principal) as tx:
        read = await acknowledge(tx, notice, principal)
    return AcknowledgedView(
        id=notice,
        rung=read.frozen.rung.value,
        acknowledged_at=read.acknowledged_at,
        acknowledged_by=read.acknowledged_by,
    )


async def tenant_of(tx: Transaction, agency: str) -> str:
    """The tenant of a body that the centre names; an unknown one has no rows."""
    kind = await queries.kind_of(tx, agency)
    return recipient(agency, {} if kind is None else {agency: kind}).tenant


def _keys(row: Any) -> list[str]:
    return [str(row.id)]
