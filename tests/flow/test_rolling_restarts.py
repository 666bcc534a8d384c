"""Each service exchanged, and asked to end, while it is used: nobody's request fails, and it drains in ten seconds."""

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count, cycle
from typing import Any

import httpx
import psutil
import pytest
from suite.chain import TO_ASK, chain
from suite.running import Suite

from sandbox.generator import native
from sandbox.generator.files import files

NOW = datetime.now(UTC)  # noqa: TID251 - captures must be of these days, as in life
DRAIN_SECONDS = 10
AT_ONCE = 3
FEWEST = 20
SENT = "SELECT number, provider FROM isp_liaison.request WHERE state IN ('sent', 'answered', 'closed') LIMIT 1"
TOLD = "SELECT id, agency FROM notifications.notice WHERE state = 'frozen' AND agency LIKE 'ice-%' ORDER BY id LIMIT 1"


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One request of one client; asked twice it has the same effect as once."""

    client: str
    path: str
    body: Any = None
    """As JSON, or bytes of a referral; none is a GET."""


@dataclass
class Answers:
    """What the clients were told."""

    taken: list[httpx.Response] = field(default_factory=list[httpx.Response])
    failed: list[str] = field(default_factory=list[str])


async def asked(http: httpx.AsyncClient, ask: Ask) -> httpx.Response:
    """Once; again with the same key only where the connection was reset (taken in by a process as it closed)."""
    if ask.body is None:
        request = http.build_request("GET", ask.path)
    elif isinstance(ask.body, bytes):
        headers = {"Content-Type": "application/json", "Idempotency-Key": sha256(ask.body).hexdigest()}
        request = http.build_request("POST", ask.path, content=ask.body, headers=headers)
    else:
        request = http.build_request("POST", ask.path, json=ask.body)
    try:
        return await http.send(request)
    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
        return await http.send(request)


async def posts(_suite: Suite) -> Iterator[Ask]:
    """New files without end, each of a suspect whose address is known: no provider has to be asked."""
    known = [native.suspect(civic_addresses=[native.civic_address("Guelph", province="Ontario")])]
    made = (native.native_file(f"NL-RESTART-{NOW:%Y%m%d%H%M%S}-{number}", suspects=known) for number in count(1))
    return (Ask(client="bureau-nl", path="/v1/referrals", body=body) for body in made)


async def looks(_suite: Suite) -> Iterator[Ask]:
    """The centre and an agency look at what they hold."""
    return cycle(
        Ask(client=client, path=path)
        for client, path in (
            ("coordinator", "/v1/assignments"),
            ("officer-police-calgary", "/v1/assignments"),
            ("coordinator", "/v1/agencies"),
        )
    )


async def requests(suite: Suite) -> Iterator[Ask]:
    """Officers look at requests, and a provider says where one stands."""
    (one,) = await suite.rows(SENT)
    path = f"/v1/requests/{one['number']}"
    return cycle(
        (
            Ask(client="officer-1", path="/v1/requests"),
            Ask(client="officer-1", path=path),
            Ask(client=one["provider"], path=f"{path}:acknowledge", body={"status": "in_progress"}),
        )
    )


async def feeds(suite: Suite) -> Iterator[Ask]:
    """An agency reads its feed and its notices, and acknowledges one."""
    (one,) = await suite.rows(TOLD)
    officer = f"officer-{one['agency']}"
    return cycle(
        (
            Ask(client=officer, path="/v1/events"),
            Ask(client=officer, path="/v1/notices"),
            Ask(client=officer, path=f"/v1/notices/{one['id']}:acknowledge", body={}),
        )
    )


USES = {"intake": posts, "routing": looks, "isp-liaison": requests, "notifications": feeds}


@asynccontextmanager
async def used(suite: Suite, service: str) -> AsyncGenerator[Answers]:
    """Several clients use it for as long as the block lasts, each over one connection that it keeps."""
    answers, over = Answers(), asyncio.Event()
    asks, logins = await USES[service](suite), dict[str, httpx.Headers]()

    async def client() -> None:
        async with httpx.AsyncClient(base_url=suite.url(service), trust_env=False, timeout=30) as http:
            while not over.is_set() or len(answers.taken) < FEWEST:
                await knock(http, next(asks))

    async def knock(http: httpx.AsyncClient, ask: Ask) -> None:
        if ask.client not in logins:
            async with suite.client(service, ask.client) as opened:
                logins[ask.client] = opened.headers
        http.headers = logins[ask.client]
        try:
            answer = await asked(http, ask)
        except httpx.HTTPError as error:
            answers.failed.append(f"{ask.path}: {type(error).__name__}")
            return
        if answer.is_success:
            answers.taken.append(answer)
        else:
            answers.failed.append(f"{ask.path}: {answer.status_code} {answer.text[:300]}")

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(client())
        try:
            yield answers
        finally:
            over.set()


async def restarted(suite: Suite, service: str) -> None:
    """`interlink restart`, as a person types it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "interlink", "restart", service),
        env={"PATH": "/usr/bin:/bin", "INTERLINK_HOME": str(suite.home.folder)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(120):
        said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


async def drained(suite: Suite, name: str) -> None:
    """SIGTERM, as a machine that shuts down sends it: gone in time, and another one is started."""
    process = psutil.Process(suite.pid(name))
    process.send_signal(signal.SIGTERM)
    await asyncio.to_thread(process.wait, DRAIN_SECONDS)  # raises where it still runs
    await suite.replaced(name, process.pid)
    await suite.ready()


async def a_life(suite: Suite) -> None:
    """Something was asked and somebody was told, in this stack or just now."""
    if await suite.rows(SENT) and await suite.rows(TOLD):
        return
    (made,) = files(5005, 1, 30, now=NOW)
    async with chain(suite) as acting:
        entries = await suite.entries_of([await suite.deliver("bureau-nl", made.body)])
        await suite.settled(entries)
        await acting.identified(entries)
        await acting.told(entries)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("service", USES)
async def test_a_restart_of_a_service_in_use_fails_no_request(suite: Suite, service: str) -> None:
    await suite.ready()
    await a_life(suite)
    processes = [f"{service}-{role}" for role in ("api", "worker")]
    before = {name: suite.pid(name) for name in processes}
    async with used(suite, service) as answers:
        await restarted(suite, service)
        await suite.ready()
        assert all(suite.pid(name) != pid for name, pid in before.items())
        for name in processes:
            await drained(suite, name)
    assert answers.failed == []
    assert len(answers.taken) >= FEWEST
    if service == "intake":
        entries = await suite.entries_of([answer.json() for answer in answers.taken])
        await suite.settled(entries)
        assert await suite.rows(TO_ASK, list(entries)) == []  # or officers of later tests would have all that to ask
    await suite.ready()
