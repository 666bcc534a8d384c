"""What the guides show works as it stands there: registering, verifying, reading a feed, following topics."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import httpx
from standardwebhooks import Webhook
from suite.chain import chain
from suite.guides import ROOT, block, environment, here, run
from suite.running import Suite

from interlink.stack.ports import any_free
from kit.testing.eventually import eventually
from kit.time import SystemClock
from sandbox.generator.files import files

AGENCIES, SUBSCRIBERS = "docs/guides/agencies.md", "docs/guides/subscribers.md"
NOW = datetime.now(UTC)  # noqa: TID251 - captures must be of these days, as in life


async def a_life(suite: Suite, seed: int) -> set[UUID]:
    """A file whose suspects were asked about, identified, and told of."""
    await suite.ready()
    (made,) = files(seed, 1, 40, now=NOW)
    async with chain(suite) as acting:
        entries = await suite.entries_of([await suite.deliver("bureau-nl", made.body)])
        await suite.settled(entries)
        await acting.identified(entries)
        await acting.told(entries)
    return entries


async def test_an_agency_registers_its_endpoint_and_its_secret_verifies_what_arrives(suite: Suite) -> None:
    await suite.ready()
    await eventually(lambda: suite.rows("SELECT FROM notifications.agency WHERE id = 'ice-on'"))  # told by routing
    script = here(suite, block(AGENCIES, "bash", "<!-- run: register -->"))
    registered = json.loads(await run(suite, "bash", "-euo", "pipefail", "-c", script))
    assert registered["secret"].startswith("whsec_")

    receivers = suite.state.sandbox["receivers"]
    async with httpx.AsyncClient(base_url=receivers, trust_env=False) as http:
        before = {item["id"] for item in (await http.get("/received", params={"agency": "ice-on"})).json()["items"]}
        told = await http.put("/agencies/ice-on", json={"secrets": [registered["secret"]]})
        assert told.status_code == 204
        async with suite.client("notifications", "ice-on") as notifications:
            tested = await notifications.post(f"/v1/endpoints/{registered['id']}:test")
            assert tested.is_success, tested.text

            async def arrived() -> bool:
                items = (await http.get("/received", params={"agency": "ice-on"})).json()["items"]
                return tested.json()["delivery"] in {item["id"] for item in items} - before

            await eventually(arrived)
            # Whoever acts for the agency next begins anew: its receiver knows the guide's secret alone.
            for endpoint in (await notifications.get("/v1/endpoints")).json()["items"]:
                assert (await notifications.delete(f"/v1/endpoints/{endpoint['id']}")).is_success


@asynccontextmanager
async def receiver(suite: Suite, secret: str, port: int) -> AsyncGenerator["asyncio.subprocess.Process"]:
    """The guide's receiver as a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        block(AGENCIES, "python", "<!-- run: receiver -->"),
        cwd=ROOT,
        env=environment(suite, WEBHOOK_SECRET=secret, PORT=str(port)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()


async def test_the_guides_receiver_takes_what_is_ours_once_and_nothing_else(suite: Suite) -> None:
    secret, other = ("whsec_" + word * 8 for word in ("MfKQ9r8G", "AAAAAAAA"))
    event = {
        "id": "e-1",
        "type": "interlink.notice.issued.v1",
        "data": {"link": "https://centre.example.org/v1/notices/1"},
    }
    body, port = json.dumps(event), any_free()

    async def post(with_secret: str) -> int:
        now = SystemClock().now()  # the library takes nothing older than five minutes
        headers = {
            "webhook-id": "e-1",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(with_secret).sign("e-1", now, body),
        }
        async with httpx.AsyncClient(trust_env=False) as http:
            return (await http.post(f"http://127.0.0.1:{port}/", content=body, headers=headers)).status_code

    async def listens() -> bool:
        try:
            return await post(other) == 401
        except httpx.TransportError:
            return False

    async with receiver(suite, secret, port) as process:
        await eventually(listens)
        assert [await post(secret), await post(secret)] == [204, 204]
        assert process.stdout is not None
        async with asyncio.timeout(10):
            line = await process.stdout.readline()
    assert line.decode().split() == [event["type"], "https://centre.example.org/v1/notices/1"]


async def fed(suite: Suite, agency: str) -> list[list[str]]:
    """What stands in an agency's feed, from its beginning."""
    rows = await suite.rows(
        "SELECT type, body->>'subject' AS subject FROM notifications.item WHERE tenant = $1 ORDER BY position",
        f"agency:{agency}",
    )
    return [[row["type"], row["subject"]] for row in rows]


async def test_the_guides_reader_reads_the_whole_feed(suite: Suite) -> None:
    await a_life(suite, 8100)
    token = await run(suite, sys.executable, "-m", "interlink", "token", "officer-ice-on")
    program = here(suite, block(AGENCIES, "python", "<!-- run: feed -->"))
    before = await fed(suite, "ice-on")
    printed = await run(suite, sys.executable, "-W", "error", "-c", program, TOKEN=token.strip())
    read = [line.split() for line in printed.splitlines()]
    assert len(read) >= len(before) > 1
    assert read == (await fed(suite, "ice-on"))[: len(read)]  # which grows while it is read


async def test_the_subscribers_program_follows_the_topics(suite: Suite) -> None:
    await a_life(suite, 8200)
    password = await run(suite, sys.executable, "-m", "interlink", "topics", "--password", "subscriber")
    printed = await run(
        suite,
        sys.executable,
        "-W",
        "error",
        "-c",
        block(SUBSCRIBERS, "python", "<!-- run: follow -->"),
        INTERLINK_KAFKA=suite.state.kafka.address,
        SUBSCRIBER_PASSWORD=password.strip(),
    )
    assert sorted(line.split()[0] for line in printed.splitlines()) == [
        "interlink.assignment.created.v1",
        "interlink.delivery.succeeded.v1",
        "interlink.identification.completed.v1",
    ]
