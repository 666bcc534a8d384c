"""An agency's endpoints, and the ledger of what was delivered to them."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from kit.access import Principal
from kit.database import Transaction
from kit.errors import NotFound
from kit.http.app import application
from kit.http.auth import caller
from kit.http.bounded import BoundedRoute
from kit.http.pages import Page, PageOf, page
from notifications import queries
from notifications.api.notices import SLUG, tenant_of
from notifications.application import Application
from notifications.commands import manage
from notifications.commands.manage import Register
from notifications.domain.subscriptions import Audience, EventType, Subscription
from notifications.domain.urls import LONGEST

router = APIRouter(tags=["endpoints"], route_class=BoundedRoute)

App = Annotated[Application, Depends(application)]
Manager = Annotated[Principal, caller("endpoints:manage")]
Priority = Literal["P0", "P1", "P2", "P3", "P4"]
FIRST: Final = UUID(int=0)
NO_EARLIER: Final = datetime(2020, 1, 1, tzinfo=UTC)
NO_LATER: Final = datetime(2200, 1, 1, tzinfo=UTC)


class EndpointBody(BaseModel):
    """Where notices are to be sent, and which."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    url: str = Field(max_length=LONGEST)
    """Answers POST with 2xx within seconds. https; http for a sandbox alone."""
    agency: str | None = Field(default=None, max_length=80, pattern=SLUG)
    """For the centre: whose endpoint it is. Without it, the caller's own."""
    sandbox: bool = False
    """A sandbox gets notices of synthetic data and no others; any other endpoint gets none of them."""
    audience: Audience = Audience.OFFICER
    """Who reads behind it. `unit` hears what the officers did not acknowledge in time."""
    types: list[EventType] = Field(default=[], max_length=len(EventType))
    """Only notices with an event of these types; none named: all."""
    least_priority: Priority = "P4"
    """The lowest priority that is wanted; P0 is the highest."""


class ReplayBody(BaseModel):
    """From when on."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime


class EndpointView(BaseModel):
    """One endpoint; never its secret."""

    model_config = ConfigDict(from_attributes=True, use_attribute_docstrings=True)

    id: UUID
    agency: str
    url: str
    sandbox: bool
    audience: Audience
    types: list[str]
    least_priority: str
    state: Literal["enabled", "disabled"]
    disabled_reason: str | None
    disabled_at: datetime | None
    failing_since: datetime | None
    """Since when it has done nothing but fail; disabled after 120 hours of that."""
    previous_secret_until: datetime | None
    """Until when the secret before the last rotation signs too."""
    created_at: datetime


class RegisteredView(EndpointView):
    """A new endpoint with its secret, which is shown this once."""

    secret: str


class SecretView(BaseModel):
    """A new secret, which is shown this once."""

    id: UUID
    secret: str
    previous_secret_until: datetime


class TestView(BaseModel):
    """A test event is on its way."""

    id: UUID
    delivery: UUID
    """Also the webhook's id; its attempts are in the endpoint's deliveries."""


class ReplayView(BaseModel):
    """A replay is on its way."""

    id: UUID
    since: datetime


class AttemptView(BaseModel):
    """One attempt: the answer's status, or why there was none."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    at: datetime
    status: int | None
    error: str | None
    milliseconds: int


class DeliveryView(BaseModel):
    """One chain of attempts; its id is the webhook's."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: Literal["issued", "escalated", "test"]
    notice: UUID | None
    priority: str
    state: Literal["pending", "succeeded", "failed"]
    reason: str | None
    due_at: datetime
    created_at: datetime
    ended_at: datetime | None
    attempts: list[AttemptView]


@router.post("/v1/endpoints", status_code=201)
async def register_endpoint(body: EndpointBody, app: App, principal: Manager) -> RegisteredView:
    """Register an endpoint. Its secret is in this answer alone."""
    subscription = Subscription(
        types=frozenset(one.value for one in body.types), least_priority=body.least_priority, audience=body.audience
    )
    command = Register(agency=body.agency, url=body.url, sandbox=body.sandbox, subscription=subscription)
    async with app.database.acting_for(principal) as tx:
        made = await manage.register(tx, command, principal)
        row = await queries.endpoint(tx, made.id)
    return RegisteredView(**_view(row).model_dump(), secret=app.webhooks.secret(made.id, made.secrets.version))


@router.get("/v1/endpoints")
async def list_endpoints(
    app: App,
    principal: Manager,
    asked: Annotated[Page, page("endpoints")],
    agency: Annotated[
        str | None, Query(max_length=80, pattern=SLUG, description="Only this body's; for the centre.")
    ] = None,
) -> PageOf[EndpointView]:
    """The caller's own endpoints; the centre sees everybody's."""
    after = UUID(asked.after[0]) if asked.after else FIRST
    async with app.database.acting_for(principal) as tx:
        of = None if agency is None else await tenant_of(tx, agency)
        rows = await queries.page_of_endpoints(tx, after=after, fetch=asked.fetch, tenant=of)
    kept, following = asked.close(rows, _keys)
    return PageOf(items=[_view(row) for row in kept], next=following)


@router.get("/v1/endpoints/{endpoint}")
async def show_endpoint(endpoint: UUID, app: App, principal: Manager) -> EndpointView:
    """One endpoint."""
    async with app.database.acting_for(principal) as tx:
        return _view(await _found(tx, endpoint))


@router.delete("/v1/endpoints/{endpoint}", status_code=204)
async def delete_endpoint(endpoint: UUID, app: App, principal: Manager) -> None:
    """It gets nothing any more; what waits for it is ended."""
    async with app.database.acting_for(principal) as tx:
        await manage.delete(tx, endpoint, principal)


@router.post("/v1/endpoints/{endpoint}:enable")
async def enable_endpoint(endpoint: UUID, app: App, principal: Manager) -> EndpointView:
    """It gets notices again; ask for a replay of what it missed."""
    async with app.database.acting_for(principal) as tx:
        await manage.enable(tx, endpoint, principal)
        return _view(await _found(tx, endpoint))


@router.post("/v1/endpoints/{endpoint}:rotate")
async def rotate_secret(endpoint: UUID, app: App, principal: Manager) -> SecretView:
    """A new secret. For a day both sign, so that verification can change over; then the old one is worth nothing."""
    async with app.database.acting_for(principal) as tx:
        rotated = await manage.rotate(tx, endpoint, principal)
    secret = app.webhooks.secret(endpoint, rotated.version)
    return SecretView(id=endpoint, secret=secret, previous_secret_until=rotated.previous_until)


@router.post("/v1/endpoints/{endpoint}:test", status_code=202)
async def test_endpoint(endpoint: UUID, app: App, principal: Manager) -> TestView:
    """Send it a test event, signed like all others."""
    async with app.database.acting_for(principal) as tx:
        return TestView(id=endpoint, delivery=await manage.test(tx, endpoint, principal))


@router.post("/v1/endpoints/{endpoint}:replay", status_code=202)
async def replay_endpoint(endpoint: UUID, body: ReplayBody, app: App, principal: Manager) -> ReplayView:
    """Send everything since then again, under the same webhook ids, and what it missed while it was disabled."""
    since = min(max(body.since, NO_EARLIER), NO_LATER).astimezone(UTC)
    async with app.database.acting_for(principal) as tx:
        await manage.replay(tx, endpoint, since, principal)
    return ReplayView(id=endpoint, since=since)


@router.get("/v1/endpoints/{endpoint}/deliveries")
async def list_deliveries(
    endpoint: UUID, app: App, principal: Manager, asked: Annotated[Page, page("deliveries")]
) -> PageOf[DeliveryView]:
    """What was sent to an endpoint, newest first, with every attempt."""
    before = UUID(asked.after[0]) if asked.after else queries.NEWEST
    async with app.database.acting_for(principal) as tx:
        await _found(tx, endpoint)
        rows, attempts = await queries.page_of_deliveries(tx, endpoint, before=before, fetch=asked.fetch)
    kept, following = asked.close(rows, _keys)
    return PageOf(items=[_delivery(row, attempts[row.id]) for row in kept], next=following)


async def _found(tx: Transaction, endpoint: UUID) -> Any:
    row = await queries.endpoint(tx, endpoint)
    if row is None:
        raise NotFound
    return row


def _view(row: Any) -> EndpointView:
    return EndpointView(
        id=row.id,
        agency=row.agency,
        url=row.url,
        sandbox=row.testmode,
        audience=Audience(row.audience),
        types=row.types,
        least_priority=row.least_priority,
        state=row.state,
        disabled_reason=row.disabled_reason,
        disabled_at=row.disabled_at,
        failing_since=row.failing_since,
        previous_secret_until=row.previous_until,
        created_at=row.created_at,
    )


def _delivery(row: Any, attempts: list[Any]) -> DeliveryView:
    told = {name: getattr(row, name) for name in DeliveryView.model_fields if name != "attempts"}
    return DeliveryView(**told, attempts=[AttemptView.model_validate(line) for line in attempts])


def _keys(row: Any) -> list[str]:
    return [str(row.id)]
