"""The directory of bodies, as it is published."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict

from kit.access import Principal
from kit.http.app import application
from kit.http.auth import caller
from kit.http.pages import Page, PageOf, page
from routing import queries
from routing.application import Application

router = APIRouter(tags=["agencies"])

App = Annotated[Application, Depends(application)]


class CoverageView(BaseModel):
    """A territory; the narrower fields are null where the whole wider one is covered."""

    country: str
    province: str | None
    municipality: str | None


class AgencyView(BaseModel):
    """One body."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    kind: str
    name_en: str
    name_fr: str
    coverage: list[CoverageView]
    first_hop: str | None
    accepts_direct: bool
    valid_from: date
    valid_to: date | None
    retired_on: date | None
    directory: str


@router.get("/v1/agencies")
async def list_agencies(
    app: App,
    principal: Annotated[Principal, caller()],
    asked: Annotated[Page, page("agencies")],
    kind: Annotated[str, Query(max_length=40, pattern="^[a-z_]*$", description="Only this kind.")] = "",
) -> PageOf[AgencyView]:
    """Every body of the directory, by its id."""
    after = str(asked.after[0]) if asked.after else ""
    async with app.database.acting_for(principal) as tx:
        rows = await queries.page_of_agencies(tx, after=after, kind=kind, fetch=asked.fetch)
    kept, following = asked.close(rows, _keys)
    return PageOf(items=[AgencyView.model_validate(row) for row in kept], next=following)


def _keys(row: Any) -> list[str]:
    return [row.id]
