"""The smallest FastAPI endpoint that checks the token and validates the same body; it stores nothing.

`python -m interlink.benching.references.endpoint ISSUER PORT`. Its token check is the suite's own (ES256, verified
claims kept for a minute), its models are written as anybody would who expects these bodies.
"""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Literal

import httpx
import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from kit.access import Principal
from kit.http.tokens import InvalidTokenError, IssuerKeys, Tokens
from kit.time import SystemClock

AUDIENCE = "interlink"


class Closed(BaseModel):
    """No unknown field."""

    model_config = ConfigDict(extra="forbid")


class Capture(Closed):
    """An address at a time."""

    ip: str = Field(max_length=512)
    port: int | None = None
    time: str | None = Field(default=None, max_length=512)
    zone: str | None = Field(default=None, max_length=512)
    event: str | None = Field(default=None, max_length=512)


class Identifier(Closed):
    """Anything else."""

    kind: str = Field(max_length=512)
    value: str = Field(max_length=4096)
    service: str | None = Field(default=None, max_length=512)
    verified: bool = False


class Account(Closed):
    """The reported account."""

    service: str | None = Field(default=None, max_length=512)
    id: str | None = Field(default=None, max_length=512)


class Suspect(Closed):
    """A suspect."""

    reference: str = Field(pattern=r"^[^\x00-\x1f\x7f]{1,255}$")
    role: Literal["suspect", "victim", "intended_recipient"] = "suspect"
    account: Account | None = None
    captures: list[Capture] = []
    identifiers: list[Identifier] = []


class Incident(Closed):
    """What happened."""

    type: str = Field(max_length=512)
    platform: str | None = Field(default=None, max_length=512)
    summary: str | None = Field(default=None, max_length=65_536)


class Handling(Closed):
    """Handling codes."""

    codes: list[Literal["H0", "H1", "H2", "H3"]] = []
    tlp: str | None = None


class Authority(Closed):
    """The authority abroad."""

    country: str = Field(max_length=512)
    agency: str | None = None
    case_number: str | None = Field(default=None, max_length=512)
    investigating: bool = False


class File(Closed):
    """A file."""

    reference: str = Field(pattern=r"^[^\x00-\x1f\x7f]{1,255}$")
    version: int = Field(ge=1)
    incident: Incident
    urgency: Literal["P0", "P1", "P2", "P3", "P4"]
    handling: Handling
    foreign_authority: Authority
    offence_basis: Literal["canadian", "foreign"]
    synthetic: bool
    suspects: list[Suspect]
    victims: list[Suspect]


class Received(BaseModel):
    """The answer."""

    reference: str
    suspects: int


def build(issuer: str) -> FastAPI:
    """The application."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with httpx.AsyncClient(trust_env=False) as client:
            app.state.tokens = Tokens(IssuerKeys(issuer, client, SystemClock()), AUDIENCE, SystemClock())
            yield

    async def caller(request: Request, authorization: Annotated[str, Header()]) -> Principal:
        try:
            principal = await request.app.state.tokens.verify(authorization.removeprefix("Bearer "))
        except InvalidTokenError as error:
            raise HTTPException(401) from error
        if not principal.has_scopes("referrals:write"):
            raise HTTPException(403)
        return principal

    app = FastAPI(lifespan=lifespan, openapi_url=None)

    @app.get("/health/live")
    async def live() -> dict[str, str]:
        """Whether it is up."""
        return {"status": "ok"}

    @app.post("/v1/referrals", status_code=201)
    async def receive(file: File, _caller: Annotated[Principal, Depends(caller)]) -> Received:
        """Check, validate, forget."""
        return Received(reference=file.reference, suspects=len(file.suspects))

    @app.post("/v1/referrals:batch", status_code=201)
    async def discard(request: Request, _caller: Annotated[Principal, Depends(caller)]) -> Received:
        """Read to the end, count the lines, forget."""
        lines = 0
        async for chunk in request.stream():
            lines += chunk.count(b"\n")
        return Received(reference="", suspects=lines - 1)

    return app


def main() -> None:
    """Serve until told to stop."""
    issuer, port = sys.argv[1:]
    uvicorn.run(build(issuer), host="127.0.0.1", port=int(port), log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
