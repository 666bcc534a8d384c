"""What would be determined for an entry, storing nothing."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, assert_never

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, model_validator

from kit.access import Principal
from kit.http.app import application
from kit.http.auth import caller
from kit.http.bounded import BoundedRoute
from kit.time import EARLIEST_YEAR, LATEST_YEAR, TZDATA
from routing.api.native_entry import NativeEntry, Tolerant, items
from routing.application import Application
from routing.commands.preview import preview
from routing.domain.determining import Determination, Determined, Undetermined
from routing.domain.explaining import explain

router = APIRouter(tags=["determinations"], route_class=BoundedRoute)

App = Annotated[Application, Depends(application)]


def _of_our_time(given: datetime | date) -> datetime | date:
    if not EARLIEST_YEAR <= given.year <= LATEST_YEAR:
        raise ValueError("no such day has a directory")
    return given


class IncidentBody(Tolerant):
    """What is said to have happened; only its type decides anything here."""

    type: str | None = Field(default=None, max_length=80)


class PreviewBody(Tolerant):
    """An entry as a referral has it, beside the day whose directory counts. The entry may stand at the top level."""

    entry: NativeEntry
    as_of: Annotated[AwareDatetime | date, AfterValidator(_of_our_time)] | None = None
    """Day (or moment) whose directory counts; today where it is missing."""
    offence_type: str | None = Field(default=None, max_length=80)
    incident: IncidentBody | None = None

    @model_validator(mode="before")
    @classmethod
    def _wrap(cls, given: Any) -> Any:
        return {**given, "entry": given} if isinstance(given, dict) and "entry" not in given else given


class PreviewView(BaseModel):
    """The determination as it would be made."""

    branch: str
    body: str
    first_hop: str | None
    holder: str
    copies: list[str]
    rule: str
    confidence: str
    country: str | None
    province: str | None
    municipality: str | None
    province_hint: str | None
    reason: str | None
    identification: list[str]
    """Captures whose subscriber would be asked for, by their place in the entry."""
    explanation: dict[str, Any]


@router.post("/v1/determinations:preview")
async def preview_determination(
    body: PreviewBody, app: App, _principal: Annotated[Principal, caller("determinations:preview")]
) -> PreviewView:
    """Who would have jurisdiction over an entry, and why."""
    offence = body.offence_type or (body.incident.type if body.incident else None) or "csaem"
    as_of = _day(body.as_of, app.clock.now())
    outcome = preview(app, items(body.entry), role=body.entry.role, offence_type=offence, as_of=as_of)
    return _view(outcome)


def _day(given: datetime | date | None, now: datetime) -> date:
    match given:
        case None:
            return now.date()
        case datetime():
            return given.astimezone(UTC).date()
        case date():
            return given
        case _:
            assert_never(given)


def _view(outcome: Determination) -> PreviewView:
    explanation = explain(outcome, tzdata=TZDATA)
    match outcome:
        case Determined(place=place):
            return PreviewView(
                branch=outcome.branch.value,
                body=outcome.body,
                first_hop=outcome.first_hop,
                holder=outcome.holder,
                copies=list(outcome.copies),
                rule=outcome.rule,
                confidence=outcome.confidence.value,
                country=place.country,
                province=place.province,
                municipality=place.municipality,
                province_hint=outcome.province_hint,
                reason=None,
                identification=list(outcome.ask),
                explanation=explanation,
            )
        case Undetermined():
            return PreviewView(
                branch="centre",
                body=outcome.centre,
                first_hop=None,
                holder=outcome.holder,
                copies=[],
                rule="none",
                confidence="none",
                country=None,
                province=None,
                municipality=None,
                province_hint=None,
                reason=outcome.reason.value,
                identification=list(outcome.ask),
                explanation=explanation,
            )
