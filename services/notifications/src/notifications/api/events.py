"""An agency's own events, so that its system can live without webhooks."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from kit.access import Principal
from kit.errors import NotFound, Problem, Rejected
from kit.http.app import application
from kit.http.auth import caller
from kit.http.pages import DEFAULT_LIMIT, LARGEST_LIMIT, LONGEST_CURSOR, Cursors
from notifications import queries
from notifications.application import Application

router = APIRouter(tags=["events"])

App = Annotated[Application, Depends(application)]
Reader = Annotated[Principal, caller("events:read")]

BEGINNING: Final = 0


class CloudEventView(BaseModel):
    """An event as it was published (CloudEvents 1.0, structured); further attributes stand beside these."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    specversion: str
    id: UUID
    type: str
    source: str
    subject: str
    """Id of what the event is about."""
    time: str
    testmode: str
    """`true` for synthetic data of the sandbox."""
    data: dict[str, Any]


class FeedView(BaseModel):
    """A part of a feed, oldest first."""

    items: list[CloudEventView]
    next: str = Field(description="Cursor behind the last item; keep it and ask again with it. A feed has no end.")


@router.get("/v1/events")
async def list_events(
    request: Request,
    app: App,
    principal: Reader,
    after: Annotated[
        str | None, Query(max_length=LONGEST_CURSOR, description="`next` of the part before; the beginning without.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_LIMIT, description="Events in a part.")] = DEFAULT_LIMIT,
) -> FeedView:
    """The caller's own events after a cursor. What was read once stays where it is, and nothing appears before it."""
    cursors: Cursors = request.app.state.cursors
    feed = f"events of {principal.tenant}"
    position = BEGINNING if after is None else _opened(cursors, feed, after)
    async with app.database.as_tenant(principal.tenant) as tx:
        rows = await queries.page_of_events(tx, principal.tenant, after=position, fetch=limit)
    last = rows[-1].position if rows else position
    return FeedView(items=[CloudEventView(**row.body) for row in rows], next=cursors.seal(feed, [last]))


@router.get("/v1/events/{event}")
async def show_event(event: UUID, app: App, principal: Reader) -> CloudEventView:
    """One of the caller's own events."""
    async with app.database.as_tenant(principal.tenant) as tx:
        row = await queries.event(tx, principal.tenant, event)
    if row is None:
        raise NotFound
    return CloudEventView(**row.body)


def _opened(cursors: Cursors, feed: str, after: str) -> int:
    """The position of a cursor. Raises `Rejected` for one of another reader, or one that is none."""
    try:
        (position,) = cursors.open(feed, after)
    except Rejected as error:
        problem = Problem("query:after", "cursor-unknown", "Use `next` of the part before, unchanged.")
        raise Rejected("cursor-unknown", "The cursor is not one of yours for this feed.", errors=[problem]) from error
    return int(position)
