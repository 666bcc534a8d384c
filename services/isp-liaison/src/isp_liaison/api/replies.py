"""What a provider says of the requests that were offered to it: where they stand with it, and its answers by line."""

from typing import Annotated, Literal, assert_never
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from isp_liaison.api.authority import PRINTABLE
from isp_liaison.api.requests import SLUG, Number
from isp_liaison.application import Application
from isp_liaison.commands.acknowledge import acknowledge
from isp_liaison.commands.answer import LineAnswer, Subscriber, Verdict, answer
from isp_liaison.domain.answers import Repeated, Taken
from isp_liaison.domain.refusals import Refusal
from isp_liaison.domain.requests import ProviderStatus
from kit.access import Principal
from kit.errors import Problem, Rejected
from kit.http.app import application
from kit.http.auth import caller
from kit.http.bounded import BoundedRoute

router = APIRouter(tags=["replies"], route_class=BoundedRoute)

App = Annotated[Application, Depends(application)]
Answering = Annotated[Principal, caller("answers:write")]
Text = Annotated[str, StringConstraints(max_length=200, pattern=PRINTABLE, strip_whitespace=True)]
Time = Annotated[str, StringConstraints(max_length=100, pattern=PRINTABLE, strip_whitespace=True)]
PROVINCE = "^(CA-)?[A-Z]{2}$"


class AcknowledgeBody(BaseModel):
    """Where a request stands with the provider."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    status: Literal["received", "in_progress", "clarification_requested", "challenged", "rejected"]
    reference: Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z0-9_./:-]*$")] | None = None
    """The provider's own number."""
    reason: Annotated[str, Field(max_length=4000)] | None = None


class AcknowledgedView(BaseModel):
    """As it is kept."""

    number: str
    provider_status: str


class SubscriberBody(BaseModel):
    """Whom the connection was sold to: a connection, not a person who did anything."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    name: Annotated[str, StringConstraints(min_length=1, max_length=400)]
    street: Annotated[str, StringConstraints(min_length=1, max_length=400)]
    municipality: Text
    province: Annotated[str, Field(pattern=PROVINCE)] | None = None
    """ISO 3166-2, as in `CA-ON`; the letters alone are read as a Canadian one."""
    postal_code: Annotated[str, StringConstraints(max_length=20)] | None = None
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] = "CA"
    """ISO 3166-1 alpha-2."""


class LineBody(BaseModel):
    """The answer to one line."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    line: UUID
    outcome: Annotated[str, Field(max_length=40, pattern="^[a-z_]+$")]
    assigned_from: Time | None = None
    """From when the subscriber had the IP address: ISO 8601, read in the declared zone."""
    assigned_to: Time | None = None
    """Until when; absent: it still does."""
    redirect_to: Annotated[str, Field(max_length=80, pattern=SLUG)] | None = None
    """The provider whose customer it is."""
    subscriber: SubscriberBody | None = None


class AnswerBody(BaseModel):
    """Answers by line. The zone of its times is said once, and never guessed."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    zone: Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=PRINTABLE)]
    """IANA zone, or offset, of every time in this answer."""
    lines: list[LineBody] = Field(min_length=1, max_length=1000)


class VerdictView(BaseModel):
    """What became of the answer to one line."""

    line: UUID
    verdict: Literal["taken", "repeated", "refused"]
    code: str | None = None
    detail: str | None = None


class AnsweredView(BaseModel):
    """The verdicts, in the order of the answer."""

    number: str
    lines: list[VerdictView]


@router.post("/v1/requests/{number}:acknowledge")
async def acknowledge_request(
    number: Number, body: AcknowledgeBody, app: App, principal: Answering
) -> AcknowledgedView:
    """Say where a request stands with the provider."""
    status = ProviderStatus(body.status)
    async with app.database.acting_for(principal) as tx:
        await acknowledge(app, tx, number, principal, status=status, reference=body.reference, reason=body.reason)
    return AcknowledgedView(number=number, provider_status=status.value)


@router.post("/v1/requests/{number}:answer")
async def answer_request(number: Number, body: AnswerBody, app: App, principal: Answering) -> AnsweredView:
    """Answer lines, each taken, known already or refused by itself; 422 where none was taken."""
    async with app.database.acting_for(principal) as tx:
        verdicts = await answer(app, tx, number, body.zone, [_told(one) for one in body.lines], principal)
    if all(isinstance(one.outcome, Refusal) for one in verdicts):
        raise Rejected("answer.refused", "None of the lines was taken.", errors=_problems(verdicts))
    return AnsweredView(number=number, lines=[_view(one) for one in verdicts])


def _problems(verdicts: list[Verdict]) -> list[Problem]:
    return [
        Problem(f"/lines/{position}", one.outcome.code, one.outcome.detail)
        for position, one in enumerate(verdicts)
        if isinstance(one.outcome, Refusal)
    ]


def _told(body: LineBody) -> LineAnswer:
    return LineAnswer(
        line=body.line,
        outcome=body.outcome,
        assigned_from=body.assigned_from,
        assigned_to=body.assigned_to,
        redirect_to=body.redirect_to,
        subscriber=None if body.subscriber is None else _subscriber(body.subscriber),
    )


def _subscriber(body: SubscriberBody) -> Subscriber:
    return Subscriber(
        name=body.name,
        street=body.street,
        municipality=body.municipality or None,
        province=_province(body),
        postal_code=body.postal_code,
        country=body.country,
    )


def _province(body: SubscriberBody) -> str | None:
    given = body.province
    return f"CA-{given}" if given is not None and len(given) == 2 and body.country == "CA" else given


def _view(one: Verdict) -> VerdictView:
    match one.outcome:
        case Taken(flags=flags):
            detail = ", ".join(sorted(flags)) or None
            return VerdictView(line=one.line, verdict="taken", detail=detail)
        case Repeated():
            return VerdictView(line=one.line, verdict="repeated")
        case Refusal(code=code, detail=detail):
            return VerdictView(line=one.line, verdict="refused", code=code, detail=detail)
        case _:
            assert_never(one.outcome)
