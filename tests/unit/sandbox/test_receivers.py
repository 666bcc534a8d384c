"""An agency's receiver takes what a secret of its own verifies, remembers it over a restart, and nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from unit.sandbox.standins import CHANNEL_SECRET, OTHER_SECRET, signed

from kit.time import SystemClock
from sandbox.journal import Journal
from sandbox.receivers.app import create_app
from sandbox.receivers.inbox import Inbox

EVENT = orjson.dumps(
    {
        "specversion": "1.0",
        "id": "d-1",
        "type": "interlink.notice.issued.v1",
        "source": "/interlink/notifications",
        "subject": "n-1",
        "data": {"notice": "n-1", "text": {"en": "A notice waits.", "fr": "Un avis vous attend."}},
    }
)


@asynccontextmanager
async def started(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    journal = Journal(folder / "receivers.jsonl")
    transport = httpx.ASGITransport(create_app(Inbox(journal, SystemClock())))
    async with httpx.AsyncClient(transport=transport, base_url="http://receivers.test") as client:
        yield client
    journal.close()


@pytest.fixture
async def receivers(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with started(tmp_path) as client:
        yield client


async def register(http: httpx.AsyncClient, *secrets: str, agency: str = "ice-on") -> None:
    answer = await http.put(f"/agencies/{agency}", json={"secrets": list(secrets)})
    assert answer.status_code == 204, answer.text


async def hook(
    http: httpx.AsyncClient, raw: bytes = EVENT, *, secret: str = CHANNEL_SECRET, agency: str = "ice-on"
) -> int:
    return (await http.post(f"/hooks/{agency}", content=raw, headers=signed(raw, "d-1", secret))).status_code


async def received(http: httpx.AsyncClient, agency: str = "ice-on") -> list[dict[str, Any]]:
    return (await http.get("/received", params={"agency": agency})).json()["items"]


async def test_a_webhook_is_taken_and_counted_by_its_id(receivers: httpx.AsyncClient) -> None:
    await register(receivers, CHANNEL_SECRET)
    assert [await hook(receivers), await hook(receivers)] == [204, 204]
    (one,) = await received(receivers)
    assert (one["id"], one["type"], one["subject"], one["times"]) == ("d-1", "interlink.notice.issued.v1", "n-1", 2)


async def test_an_unknown_agency_and_an_unknown_secret_are_told_apart(receivers: httpx.AsyncClient) -> None:
    assert await hook(receivers) == 404
    await register(receivers, OTHER_SECRET)
    assert await hook(receivers) == 401
    assert await received(receivers) == []


async def test_while_a_secret_is_exchanged_both_verify(receivers: httpx.AsyncClient) -> None:
    await register(receivers, OTHER_SECRET, CHANNEL_SECRET)
    assert await hook(receivers, secret=CHANNEL_SECRET) == 204
    await register(receivers, OTHER_SECRET)
    assert await hook(receivers, secret=CHANNEL_SECRET) == 401


@pytest.mark.parametrize("unusable", ["", "whsec_", "whsec_x", "whsec_\x00"])
async def test_a_secret_that_is_none_verifies_nothing(receivers: httpx.AsyncClient, unusable: str) -> None:
    await register(receivers, unusable)
    assert await hook(receivers) == 401


async def test_a_changed_body_is_not_taken(receivers: httpx.AsyncClient) -> None:
    await register(receivers, CHANNEL_SECRET)
    answer = await receivers.post("/hooks/ice-on", content=EVENT + b" ", headers=signed(EVENT, "d-1"))
    assert answer.status_code == 401
    unsigned = await receivers.post("/hooks/ice-on", content=b"\xff")
    assert unsigned.status_code == 401


async def test_a_signed_body_that_is_no_cloud_event_is_still_counted(receivers: httpx.AsyncClient) -> None:
    await register(receivers, CHANNEL_SECRET)
    assert await hook(receivers, b"[]") == 204
    assert [(one["type"], one["times"]) for one in await received(receivers)] == [("", 1)]


async def test_an_agency_sees_what_came_for_it(receivers: httpx.AsyncClient) -> None:
    await register(receivers, CHANNEL_SECRET)
    await register(receivers, CHANNEL_SECRET, agency="opp")
    await hook(receivers)
    assert await received(receivers, "opp") == []
    everything = (await receivers.get("/received")).json()["items"]
    assert [one["agency"] for one in everything] == ["ice-on"]
    assert (await receivers.get("/agencies")).json() == {"items": ["ice-on", "opp"]}


async def test_secrets_and_what_came_survive_a_restart(tmp_path: Path) -> None:
    async with started(tmp_path) as http:
        await register(http, OTHER_SECRET)
        await register(http, CHANNEL_SECRET)
        await hook(http)
    async with started(tmp_path) as http:
        assert await hook(http) == 204
        assert [one["times"] for one in await received(http)] == [2]


async def test_a_receiver_that_is_told_to_misbehave_keeps_nothing(receivers: httpx.AsyncClient) -> None:
    await register(receivers, CHANNEL_SECRET)
    await receivers.put("/agencies/ice-on/behaviour", json={"status": 503, "retry_after": 3})
    answer = await receivers.post("/hooks/ice-on", content=EVENT, headers=signed(EVENT, "d-1"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
    assert await received(receivers) == []
    await receivers.put("/agencies/ice-on/behaviour", json={"hang_seconds": 0.01})
    assert await hook(receivers) == 204


async def test_the_files_belong_to_their_owner_alone(tmp_path: Path) -> None:
    async with started(tmp_path) as http:
        await register(http, CHANNEL_SECRET)
    assert (tmp_path / "receivers.jsonl").stat().st_mode & 0o077 == 0


async def test_who_answers_is_live_and_ready(receivers: httpx.AsyncClient) -> None:
    for path in ("/health/live", "/health/ready"):
        assert (await receivers.get(path)).status_code == 200
