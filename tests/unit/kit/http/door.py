"""A tiny service behind the kit's door, and an issuer whose keys it trusts: what the HTTP tests share."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import BaseModel, SecretStr

from kit.access import Principal
from kit.errors import Conflict, NotFound, Problem, Rejected, Transient
from kit.http import body, etag
from kit.http.app import application, create_app
from kit.http.auth import caller, caller_with_purpose
from kit.http.health import Check
from kit.http.pages import Page, PageOf, page
from kit.http.tokens import IssuerKeys, Tokens
from kit.time import SettableClock

ISSUER = "https://issuer.example.org"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


class Issuer:
    """An OpenID issuer without a network: signs tokens, publishes its keys, can be away or silent."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "one"})
        self.published: list[Any] = [self.key.as_dict(private=False)]
        self.named = ISSUER
        self.away = False
        self.asked = 0
        self.answering = asyncio.Event()
        self.answering.set()

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        await self.answering.wait()
        if self.away:
            raise httpx.ConnectError("away")
        if request.url.path == "/.well-known/openid-configuration":
            return httpx.Response(200, json={"issuer": self.named, "jwks_uri": f"{ISSUER}/jwks"})
        return httpx.Response(200, json={"keys": self.published})

    def token(self, *, key: Any = None, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """A good token, but for what is given."""
        every: dict[str, Any] = {
            "iss": ISSUER, "sub": "officer-1", "client_id": "officer-1", "tenant": "agency:ice-on", "aud": "interlink",
            "roles": ["officer"], "scope": "referrals:read referrals:write",
            "iat": int(NOW.timestamp()), "exp": int((NOW + timedelta(minutes=10)).timestamp()), "jti": "1",
        }  # fmt: skip
        every |= claims
        kept = {name: value for name, value in every.items() if value is not None}
        return jwt.encode(
            {"alg": "ES256", "kid": "one"} | dict(header or {}), kept, key or self.key, algorithms=["ES256", "HS256"]
        )


class Item(BaseModel):
    number: int
    names: list[str] = []


router = APIRouter(prefix="/v1")
RAISED: dict[str, Exception] = {
    "rejected": Rejected("rule-broken", "It breaks a rule.", errors=[Problem("/suspects/0", "rule", "why")]),
    "not-found": NotFound(),
    "conflict": Conflict("already-decided", "Somebody was faster."),
    "transient": Transient("the keyring is away", retry_after=7),
    "bug": KeyError("secret@example.com"),
}


@router.get("/raise/{name}")
async def raise_it(name: str, request: Request) -> None:
    app: Probe = await application(request)
    raise app.errors.get(name) or RAISED[name]


@router.post("/items")
async def post(request: Request) -> Item:
    return body.parse(Item, await body.read(request, 64))


@router.post("/models")
async def post_model(item: Item) -> Item:
    return item


@router.get("/whoami")
async def whoami(principal: Annotated[Principal, caller("referrals:read")]) -> dict[str, Any]:
    return {"tenant": principal.tenant, "subject": principal.subject, "purpose": principal.purpose}


@router.get("/operate")
async def operate(principal: Annotated[Principal, caller("referrals:read", "operations")]) -> str:
    return principal.subject


@router.get("/persons")
async def persons(principal: Annotated[Principal, caller_with_purpose("referrals:read")]) -> str | None:
    return principal.purpose


@router.get("/numbers")
async def numbers(asked: Annotated[Page, page("numbers")]) -> PageOf[int]:
    start = asked.after[0] + 1 if asked.after else 0
    rows, after = asked.close(list(range(start, min(start + asked.fetch, 7))), lambda row: [row])
    return PageOf[int](items=list(rows), next=after)


@router.get("/letters")
async def letters(asked: Annotated[Page, page("letters")]) -> PageOf[str]:
    return PageOf[str](items=[], next=asked.cursors.seal("letters", ["a"]))


@router.get("/state")
async def state(request: Request, app: Annotated[Any, Depends(application)]) -> Response:
    tag = etag.weak(app.version)
    if etag.is_known(request, tag):
        return etag.not_modified(tag)
    return Response("state", headers={"ETag": tag, "Cache-Control": "private"})


@router.put("/state")
async def put(request: Request) -> Response:
    etag.require_match(request, etag.strong(b"state"))
    return Response(status_code=204)


@dataclass
class Probe:
    """The application object."""

    version: int = 1
    errors: dict[str, Exception] = field(default_factory=dict)


@dataclass(frozen=True)
class Described:
    name: str = "probe"
    title: str = "Probe"
    routes: Sequence[APIRouter] = (router,)


@dataclass(frozen=True)
class Settings:
    issuer: str = ISSUER
    audience: str = "interlink"
    allowed_hosts: str = ""
    index_key: SecretStr | None = field(default_factory=lambda: SecretStr(KEY))


@dataclass
class Door:
    """The app, its issuer, its clock and a client in front of it."""

    app: FastAPI
    issuer: Issuer
    clock: SettableClock
    probe: Probe
    client: httpx.AsyncClient

    def bearer(self, **claims: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.issuer.token(**claims)}"}


def door(*, live: Sequence[Check] = (), ready: Sequence[Check] = (), with_routes: bool = True) -> Door:
    """Everything in memory."""
    issuer, clock, probe = Issuer(), SettableClock(NOW), Probe()
    tokens = Tokens(IssuerKeys(ISSUER, issuer.client(), clock), "interlink", clock)
    app = create_app(
        Described(), probe, Settings(), with_routes=with_routes, live=live, ready=ready, clock=clock, tokens=tokens
    )
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://probe")
    return Door(app, issuer, clock, probe, client)
