"""Providers and instruments, as the reference data have them: dated rows with their sources."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from isp_liaison import queries
from isp_liaison.application import Application
from kit.access import Principal
from kit.http.app import application
from kit.http.auth import caller
from kit.http.pages import Page, PageOf, page

router = APIRouter(tags=["directory"])

App = Annotated[Application, Depends(application)]
Reader = Annotated[Principal, caller("requests:read")]


class ProviderView(BaseModel):
    """Whom requests go to."""

    model_config = ConfigDict(from_attributes=True, use_attribute_docstrings=True)

    id: str
    name_en: str
    name_fr: str
    legal_entity: str
    brands: list[str]
    kind: str
    channel: str
    needs_port: bool | None
    retention_days: int | None
    """As it publishes; null: unknown, and 30 days are assumed for the order of work alone."""
    retention_source: str
    retention_as_of: date | None
    reply_zone: str | None
    languages: list[str]
    max_lines: int
    accepts: list[str]
    valid_from: date
    valid_to: date | None
    source: str
    confidence: str
    testmode: bool


class InstrumentView(BaseModel):
    """What the law has to reach a provider with."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    section: str
    title_en: str
    title_fr: str
    form: str
    issuer: str
    threshold: str
    days_canadian: int | None
    days_foreign: int | None
    reaches_foreign_offence: bool
    repeatable: bool
    effect: str
    grades: list[str]
    challenge_days: int | None
    review_days: int | None
    valid_from: date
    valid_to: date | None
    source: str
    confidence: str


class InstrumentsView(BaseModel):
    """Every instrument, with its validity."""

    items: list[InstrumentView] = Field(description="By id and first day.")


@router.get("/v1/providers")
async def list_providers(
    app: App, principal: Reader, asked: Annotated[Page, page("providers")]
) -> PageOf[ProviderView]:
    """Every provider, by its id."""
    after = str(asked.after[0]) if asked.after else ""
    async with app.database.acting_for(principal) as tx:
        rows = await queries.page_of_providers(tx, after=after, fetch=asked.fetch)
    kept, following = asked.close(rows, _keys)
    return PageOf(items=[ProviderView.model_validate(row) for row in kept], next=following)


@router.get("/v1/instruments")
async def list_instruments(app: App, principal: Reader) -> InstrumentsView:
    """Every instrument that the law knows or knew."""
    async with app.database.acting_for(principal) as tx:
        rows = await queries.instruments(tx)
    return InstrumentsView(items=[InstrumentView.model_validate(row) for row in rows])


def _keys(row: Any) -> list[str]:
    return [row.id]
