"""A signed request is kept once, over any restart, and liaison gets its answer whoever is down meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from unit.sandbox.standins import CHANNEL_SECRET, ISSUER, LIAISON, OTHER_SECRET, SECRET, Liaison, issuer, signed

from kit.testing.eventually import eventually
from kit.time import SystemClock
from sandbox.issuer.app import create_app as create_issuer
from sandbox.journal import Journal
from sandbox.providers.app import create_app
from sandbox.providers.replying import Replies
from sandbox.providers.requests import Requests
from sandbox.providers.tokens import Tokens

SECRETS = {"provider-north": CHANNEL_SECRET, "provider-east": OTHER_SECRET}


@dataclass
class Providers:
    """The process's parts over one journal; `started` again is a restart."""

    journal: Path
    liaison: Liaison = field(default_factory=lambda: Liaison(issuer()))

    @asynccontextmanager
    async def started(self, *, answering: bool = True) -> AsyncIterator[httpx.AsyncClient]:
        journal = Journal(self.journal)
        requests = Requests(journal)
        mounts = {
            ISSUER: httpx.ASGITransport(create_issuer(self.liaison.issuer)),
            LIAISON: httpx.ASGITransport(self.liaison.app()),
        }
        async with httpx.AsyncClient(mounts=mounts) as http, asyncio.TaskGroup() as tasks:
            tokens = Tokens(http, ISSUER, SECRET, SystemClock())
            replies = Replies(requests, http, LIAISON, tokens)
            working = [tasks.create_task(replies.run())] if answering else []
            transport = httpx.ASGITransport(create_app(requests, SECRETS))
            async with httpx.AsyncClient(transport=transport, base_url="http://providers.test") as client:
                yield client
            for one in working:
                one.cancel()
        journal.close()


@pytest.fixture
def providers(tmp_path: Path) -> Providers:
    return Providers(tmp_path / "sandbox" / "providers.jsonl")


def body(number: str = "IR-2026-000042", instrument: str = "production_order", lines: int = 2) -> bytes:
    asked = {"number": number, "instrument": instrument, "reply": {"zone_required": True}, "lines": [
        {"line": str(uuid4()), "ip": "24.48.1.2", "port": 4711, "at": "2026-11-22T08:00:00Z", "zone": "UTC"}
        for _ in range(lines)
    ]}  # fmt: skip
    return orjson.dumps(asked)


async def send(
    http: httpx.AsyncClient, raw: bytes, *, provider: str = "north", number: str = "IR-2026-000042", **headers: str
) -> httpx.Response:
    secret = CHANNEL_SECRET if provider == "north" else OTHER_SECRET
    named = signed(raw, number, secret) | {"Idempotency-Key": number}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    return await http.post(f"/{provider}/requests", content=raw, headers=named)


async def listed(http: httpx.AsyncClient, provider: str = "north") -> list[dict[str, Any]]:
    return (await http.get(f"/{provider}/requests")).json()["items"]


async def test_a_request_is_acknowledged_and_answered_as_the_provider(providers: Providers) -> None:
    raw = body()
    async with providers.started() as http:
        answer = await send(http, raw)
        assert answer.status_code == 202
        assert answer.json()["status"] == "received"
        ((tenant, number, said),) = await eventually(lambda: providers.liaison.answers)
        assert (tenant, number, said["zone"]) == ("provider:provider-north", "IR-2026-000042", "America/Toronto")
        assert [told["line"] for told in said["lines"]] == [one["line"] for one in orjson.loads(raw)["lines"]]

        async def answered() -> bool:
            return (await listed(http))[0]["answered"]

        await eventually(answered)


async def test_the_same_bytes_again_are_counted_and_answered_alike(providers: Providers) -> None:
    raw = body()
    async with providers.started(answering=False) as http:
        first, again = await send(http, raw), await send(http, raw)
        assert (first.status_code, again.status_code) == (202, 202)
        assert first.json() == again.json()
        (kept,) = await listed(http)
        assert (kept["number"], kept["times"], len(kept["lines"])) == ("IR-2026-000042", 2, 2)


async def test_twenty_at_once_are_one_request(providers: Providers) -> None:
    raw = body()
    async with providers.started(answering=False) as http:
        async with asyncio.TaskGroup() as tasks:
            sent = [tasks.create_task(send(http, raw)) for _ in range(20)]
        assert {one.result().status_code for one in sent} == {202}
        assert [kept["times"] for kept in await listed(http)] == [20]


async def test_other_bytes_under_a_known_number_are_a_conflict(providers: Providers) -> None:
    async with providers.started(answering=False) as http:
        assert (await send(http, body())).status_code == 202
        assert (await send(http, body())).status_code == 409
        assert [kept["times"] for kept in await listed(http)] == [1]


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook_signature": "v1"},
        {"webhook_signature": "v1,AAAA"},
        {"webhook_signature": "v1,no base64"},
        {"webhook_id": "another"},
        {"webhook_timestamp": str(int((SystemClock().now() - timedelta(minutes=6)).timestamp()))},
        {"webhook_timestamp": "never"},
    ],
)
async def test_what_is_not_signed_for_this_provider_is_refused(providers: Providers, headers: dict[str, str]) -> None:
    async with providers.started(answering=False) as http:
        assert (await send(http, body(), **headers)).status_code == 401
        assert await listed(http) == []


async def test_the_secret_of_the_other_provider_opens_nothing(providers: Providers) -> None:
    raw = body()
    async with providers.started(answering=False) as http:
        named = signed(raw, "IR-2026-000042", OTHER_SECRET) | {"Idempotency-Key": "IR-2026-000042"}
        assert (await http.post("/north/requests", content=raw, headers=named)).status_code == 401


@pytest.mark.parametrize(
    ("raw", "headers"),
    [
        (b"{}", {}),
        (b"[]", {}),
        (b"not json", {}),
        (body(lines=0), {}),
        (body("../../x"), {}),
        (body(), {"Idempotency_Key": "IR-2026-000043"}),
    ],
)
async def test_a_request_without_its_form_is_refused(providers: Providers, raw: bytes, headers: dict[str, str]) -> None:
    async with providers.started(answering=False) as http:
        assert (await send(http, raw, **headers)).status_code == 422
        assert await listed(http) == []


async def test_a_body_beyond_measure_is_refused(providers: Providers) -> None:
    async with providers.started(answering=False) as http:
        assert (await send(http, b" " * (4 * 1024 * 1024 + 1))).status_code == 413


async def test_nobody_else_lives_here(providers: Providers) -> None:
    async with providers.started(answering=False) as http:
        assert (await send(http, body(), provider="south")).status_code == 404
        assert (await http.get("/south/requests")).status_code == 404
        for path in ("/health/live", "/health/ready"):
            assert (await http.get(path)).status_code == 200


async def test_an_answer_is_sent_again_until_it_is_taken(providers: Providers) -> None:
    providers.liaison.first = [503, 404, 401]
    async with providers.started() as http:
        await send(http, body())
        await eventually(lambda: providers.liaison.answers)
        assert providers.liaison.first == []


async def test_an_answer_that_is_refused_for_good_is_sent_once_and_shown(providers: Providers) -> None:
    providers.liaison.first = [422, 422]
    async with providers.started() as http:
        await send(http, body())

        async def refused() -> list[Any]:
            return (await listed(http))[0]["refused"]

        assert (await eventually(refused))[0]["status"] == 422
        assert providers.liaison.first == [422]


async def test_a_refused_line_is_shown(providers: Providers) -> None:
    raw = body()
    line = orjson.loads(raw)["lines"][0]["line"]
    providers.liaison.verdicts[line] = {"verdict": "refused", "code": "line.unknown"}
    async with providers.started() as http:
        await send(http, raw)

        async def refused() -> list[Any]:
            return (await listed(http))[0]["refused"]

        assert await eventually(refused) == [{"line": line, "verdict": "refused", "code": "line.unknown"}]


async def test_after_a_restart_it_answers_what_is_unanswered_and_nothing_else(providers: Providers) -> None:
    async with providers.started() as http:
        await send(http, body("IR-1"), number="IR-1")
        await eventually(lambda: providers.liaison.answers)

        async def answered() -> bool:
            return (await listed(http))[0]["answered"]

        await eventually(answered)
    async with providers.started(answering=False) as http:
        await send(http, body("IR-2"), number="IR-2")
    with providers.journal.open("ab") as torn:
        torn.write(b'{"event":"received","provider":"nor')
    async with providers.started() as http:
        await eventually(lambda: len(providers.liaison.answers) == 2)
        assert [number for _, number, _ in providers.liaison.answers] == ["IR-1", "IR-2"]
        assert [kept["number"] for kept in await listed(http)] == ["IR-1", "IR-2"]
        assert (await send(http, body("IR-2"), number="IR-2")).status_code == 409
    async with providers.started(answering=False) as http:
        assert [kept["number"] for kept in await listed(http)] == ["IR-1", "IR-2"]


async def test_a_provider_that_is_told_to_misbehave_keeps_nothing(providers: Providers) -> None:
    async with providers.started(answering=False) as http:
        await http.put("/east/behaviour", json={"status": 429, "retry_after": 7})
        refused = await send(http, body(), provider="east")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "7")
        assert await listed(http, "east") == []
        await http.put("/east/behaviour", json={})
        assert (await send(http, body(), provider="east")).status_code == 202
