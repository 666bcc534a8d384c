"""Notifications as a whole, on real Postgres and with real calls to a receiver on loopback."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from standardwebhooks.webhooks import Webhook

from contracts import ids
from contracts.events.agencies import AgencyChanged, AgencyRetired
from contracts.events.identifications import IdentificationCompleted
from contracts.events.jurisdictions import AssignmentCreated, AssignmentMoved, AssignmentOverdue, AssignmentWithdrawn
from contracts.model import Contract
from kit.dispatch import Received
from kit.http.client import Resolve, resolve
from kit.outbox import Origin
from kit.service import Runtime, Service
from kit.settings import key_bytes
from kit.testing.databases import TestDatabase
from kit.testing.harness import KEY, Harness, running
from kit.time import SettableClock, SystemClock
from notifications.application import Application
from notifications.channels.webhook import Webhooks
from notifications.service import build, service

PARTNER = "partner:bureau-nl"
PUBLIC = "https://interlink.example.org"
FAILED = "SELECT kind, error FROM notifications.job WHERE error IS NOT NULL"
MANAGE = ("endpoints:manage", "notices:read", "notices:acknowledge", "events:read")
BODIES = {
    "centre": "centre", "ice-on": "ice_unit", "ice-qc": "ice_unit", "ice-bc": "ice_unit", "cfs-on": "child_protection",
    "bureau-nl": "foreign_bureau",
}  # fmt: skip


@dataclass
class Call:
    """One request that the receiver got."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The CloudEvent in it."""
        return orjson.loads(self.body)

    def signed_with(self, secret: str) -> bool:
        """Whether one of the signatures is of that secret, at the time that the call names."""
        moment = datetime.fromtimestamp(int(self.headers["webhook-timestamp"]), UTC)
        expected = Webhook(secret).sign(self.headers["webhook-id"], moment, self.body.decode())
        return expected in self.headers["webhook-signature"].split(" ")


@dataclass
class Receiver:
    """A small HTTP server that an agency would run. `answers`: per path statuses, `hang`, `close`."""

    port: int = 0
    answers: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    calls: list[Call] = field(default_factory=list[Call])
    open_calls: dict[str, int] = field(default_factory=dict[str, int])
    most_open: dict[str, int] = field(default_factory=dict[str, int])
    free: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """Where that path is."""
        return f"http://{host}:{self.port}{path}"

    def to(self, path: str) -> list[Call]:
        """The calls of one path, in their order."""
        return [call for call in self.calls if call.path == path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request in."""
        try:
            call = await self._read(reader)
            self.calls.append(call)
            self.open_calls[call.path] = self.open_calls.get(call.path, 0) + 1
            self.most_open[call.path] = max(self.most_open.get(call.path, 0), self.open_calls[call.path])
            try:
                await self._answer(call, writer)
            finally:
                self.open_calls[call.path] -= 1
        except (ConnectionError, asyncio.IncompleteReadError):
            return  # the caller has left
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Call:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Call(path=head[0].split(" ")[1], headers=headers, body=body)

    async def _answer(self, call: Call, writer: asyncio.StreamWriter) -> None:
        planned = self.answers.get(call.path, [200])
        answer = planned.pop(0) if len(planned) > 1 else planned[0]
        if answer == "hang":
            await self.free.wait()
            return
        if answer == "close":
            return
        status, extra = answer if isinstance(answer, tuple) else (answer, {})
        lines = [f"HTTP/1.1 {status} Answer", "Content-Length: 0", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in extra.items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        await writer.drain()


class Notifications:
    """Notifications and the hands to drive it with. Everything is synthetic: test mode, sandboxes."""

    def __init__(self, harness: Harness, receiver: Receiver) -> None:
        self.harness = harness
        self.receiver = receiver
        self.clock: SettableClock = harness.clock
        self.referral = ids.new()
        self.testmode = True

    def origin(self, priority: str = "P3") -> Origin:
        """What the events of our referral inherit."""
        return Origin(
            tenant=PARTNER, testmode=self.testmode, handling="H1;TLP:AMBER", priority=priority,
            correlation=self.referral,
        )  # fmt: skip

    def created(self, holder: str = "ice-on", **changed: Any) -> AssignmentCreated:
        """An entry has a holder."""
        now = self.clock.now()
        told = {
            "determination": ids.new(), "body": holder, "hop": 1, "assigned_at": now,
            "due_at": now + timedelta(hours=24),
        }  # fmt: skip
        return AssignmentCreated(**{**self._of(ids.new(), ids.new(), holder), **told, **changed})

    def moved(self, before: AssignmentCreated) -> AssignmentMoved:
        """New evidence moved it."""
        of = self._of(before.entry, before.assignment, before.holder)
        return AssignmentMoved(**of, reason="new_evidence", moved_at=self.clock.now(), successor=ids.new())

    def withdrawn(self, before: AssignmentCreated) -> AssignmentWithdrawn:
        """The partner withdrew it."""
        return AssignmentWithdrawn(
            **self._of(before.entry, before.assignment, before.holder), withdrawn_at=self.clock.now()
        )

    def overdue(self, before: AssignmentCreated) -> AssignmentOverdue:
        """Nobody accepted in time."""
        of = self._of(before.entry, before.assignment, before.holder)
        return AssignmentOverdue(**of, due_at=before.due_at, overdue_at=self.clock.now())

    def completed(self, entry: UUID, **told: Any) -> IdentificationCompleted:
        """A provider's checked answer."""
        return IdentificationCompleted(
            entry=entry, kind="suspect", referral=self.referral, request=ids.new(), line=ids.new(),
            completed_at=self.clock.now(), **{"outcome": "subscriber_identified", **told},
        )  # fmt: skip

    def _of(self, entry: UUID, assignment: UUID, holder: str) -> dict[str, Any]:
        return {
            "entry": entry, "kind": "suspect", "referral": self.referral, "investigation": self.referral,
            "assignment": assignment, "holder": holder,
        }  # fmt: skip

    async def told(self, *events: Contract, priority: str = "P3") -> list[Received[Contract]]:
        """The events arrive in one batch."""
        batch = [self.harness.received(event, self.origin(priority)) for event in events]
        await self.harness.deliver(batch)
        return batch

    async def work(self) -> int:
        """Do what is due now, and what that makes due, until nothing is. Returns how many jobs that were."""
        done = 0
        while claimed := await self.harness.work():
            done += claimed
        assert await self.harness.rows(FAILED) == []  # an endpoint's failure is none of its job
        return done

    async def later(self, **by: float) -> int:
        """Time passes, and what is due then is done."""
        self.clock.advance(timedelta(**by))
        return await self.work()

    def agency(self, slug: str = "ice-on") -> httpx.AsyncClient:
        """A client of an agency (or a bureau abroad) with every right of an agency."""
        tenant = f"partner:{slug}" if BODIES.get(slug) == "foreign_bureau" else f"agency:{slug}"
        return self.harness.client(tenant, *MANAGE)

    def coordinator(self) -> httpx.AsyncClient:
        """A client of the centre."""
        return self.harness.client("centre", *MANAGE, roles=["coordinator"])

    async def endpoint(self, slug: str = "ice-on", path: str = "", **body: Any) -> dict[str, Any]:
        """An endpoint that the centre registers for a body; its path at the receiver is the body's slug."""
        url = body.pop("url", self.receiver.url(path or f"/{slug}"))
        async with self.coordinator() as client:
            answer = await client.post("/v1/endpoints", json={"agency": slug, "url": url, "sandbox": True, **body})
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def notices(self, slug: str = "ice-on", **query: Any) -> list[dict[str, Any]]:
        """An agency's notices, newest first."""
        async with self.coordinator() if slug == "centre" else self.agency(slug) as client:
            answer = await client.get("/v1/notices", params={"agency": slug, **query})
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    async def feed(self, slug: str = "ice-on") -> list[dict[str, Any]]:
        """The beginning of an agency's feed."""
        async with self.coordinator() if slug == "centre" else self.agency(slug) as client:
            answer = await client.get("/v1/events", params={"limit": 200})
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    async def types(self, slug: str = "ice-on") -> list[str]:
        """What an agency was told, in short words."""
        return [short(one["type"]) for one in await self.feed(slug)]

    async def deliveries(self, endpoint: dict[str, Any]) -> list[dict[str, Any]]:
        """The ledger of an endpoint, newest first."""
        async with self.coordinator() as client:
            answer = await client.get(f"/v1/endpoints/{endpoint['id']}/deliveries")
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    async def show(self, endpoint: dict[str, Any]) -> dict[str, Any]:
        """An endpoint as it is now."""
        async with self.coordinator() as client:
            return (await client.get(f"/v1/endpoints/{endpoint['id']}")).json()

    async def post(self, client: httpx.AsyncClient, path: str, **body: Any) -> httpx.Response:
        """Post and close."""
        async with client:
            return await client.post(path, json=body or None)

    async def published(self, *models: type[Any]) -> list[Any]:
        """What was published, as bare events."""
        return [one.event for one in await self.harness.published(*models)]


def short(kind: str) -> str:
    """`assignment.created` of `interlink.assignment.created.v1`."""
    return kind.removeprefix("interlink.").rpartition(".v")[0]


def without_request_id(answer: httpx.Response) -> dict[str, Any]:
    """A problem document but for what differs between any two requests."""
    return {**answer.json(), "request_id": None}


def directory(slug: str, kind: str) -> AgencyChanged:
    """A body of the directory."""
    return AgencyChanged(agency=slug, kind=kind, name_en=slug, name_fr=slug, valid_from="2020-01-01", directory="test")


def retired(slug: str) -> AgencyRetired:
    """It takes no more assignments."""
    return AgencyRetired(agency=slug, retired_on="2026-11-23", directory="test")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver on loopback; whoever hangs is let go at the end."""
    made = Receiver()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made
        made.free.set()


Start = Callable[..., Awaitable[Notifications]]


def with_outside(resolver: Resolve, jitter: float, *, seconds: float) -> Service:
    """The service with a resolver and a chance of the test's own."""

    def built(runtime: Runtime[Any]) -> Application:
        allowed = [host for host in runtime.settings.allowed_hosts.split(",") if host]
        key = key_bytes(KEY, "KEY")
        webhooks = Webhooks(key, runtime.clock, allowed=allowed, seconds=seconds, resolver=resolver)
        return replace(build(runtime), webhooks=webhooks, jitter=lambda: jitter)

    return replace(service, build=built)


@asynccontextmanager
async def opened(
    database: TestDatabase,
    receiver: Receiver,
    *,
    allowed: str | None = None,
    resolver: Resolve = resolve,
    jitter: float = 1.0,
    seconds: float = 30.0,
) -> AsyncIterator[Notifications]:
    """Notifications with a known directory; the receiver's host is on the allow-list unless another is given."""
    hosts = f"127.0.0.1:{receiver.port}" if allowed is None else allowed
    outside = with_outside(resolver, jitter, seconds=seconds)
    clock = SettableClock(SystemClock().now())  # the library that verifies looks at the machine's clock
    options = {"webhook_key": KEY, "allowed_hosts": hosts, "public_url": PUBLIC, "pool_size": 16}
    async with running(outside, database, clock, **options) as harness:
        made = Notifications(harness, receiver)
        await made.told(*(directory(slug, kind) for slug, kind in BODIES.items()))
        yield made


@pytest.fixture
async def notifications(database: TestDatabase, receiver: Receiver) -> AsyncIterator[Notifications]:
    """Notifications on a database of its own."""
    async with opened(database, receiver) as made:
        yield made
