"""A model of headers says and refuses what the same headers in a signature would."""

from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI, Header, Request
from pydantic import BaseModel, Field

from kit.http import headers, problems


class Said(BaseModel):
    key: str | None = Field(alias="sample-key", pattern=r"^[a-z]+$")
    note: str | None = Field(alias="sample-note", max_length=4)


def app_of_both_ways() -> FastAPI:
    app = FastAPI()
    problems.install(app)

    @app.get("/model", openapi_extra=headers.documented(Said))
    async def by_model(request: Request) -> dict[str, Any]:
        return headers.read(Said, request).model_dump()

    @app.get("/signature")
    async def by_signature(
        key: Annotated[str | None, Header(alias="sample-key", pattern=r"^[a-z]+$")] = None,
        note: Annotated[str | None, Header(alias="sample-note", max_length=4)] = None,
    ) -> dict[str, Any]:
        return {"key": key, "note": note}

    return app


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({}, 200),
        ({"Sample-Key": "a", "Sample-Note": ""}, 200),
        ({"Sample-Key": ""}, 422),
        ({"Sample-Key": "1", "Sample-Note": "12345"}, 422),
    ],
)
async def test_both_ways_answer_the_same(sent: dict[str, str], status: int) -> None:
    transport = httpx.ASGITransport(app_of_both_ways())
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=sent) as client:
        answers = [await client.get(path) for path in ("/model", "/signature")]
    assert [answer.status_code for answer in answers] == [status, status]
    told = [{name: value for name, value in answer.json().items() if name != "request_id"} for answer in answers]
    assert told[0] == told[1]


def test_both_ways_are_documented_the_same() -> None:
    paths = app_of_both_ways().openapi()["paths"]
    assert paths["/model"]["get"]["parameters"] == paths["/signature"]["get"]["parameters"]
