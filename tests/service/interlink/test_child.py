"""Processes are kept running and exchanged without a refused connection. Tried on the sandbox's issuer."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from interlink.stack.child import Child
from interlink.stack.layout import StackError
from interlink.stack.listening import accepts, listen
from interlink.stack.ports import HOST, any_free
from interlink.stack.processes import Process, Restart
from kit.testing.eventually import eventually


def issuer(restart: Restart, *arguments: str) -> Process:
    return Process(
        name="issuer",
        service="sandbox",
        role="issuer",
        arguments=arguments or ("sandbox", "issuer"),
        port="issuer",
        socket="SANDBOX_ISSUER_FD",
        needs=frozenset(),
        restart=restart,
    )


class Kept:
    """A kept process and its address."""

    def __init__(self, tmp_path: Path, process: Process) -> None:
        self.port = any_free()
        self.listening = listen("issuer", self.port)
        environment = {"SANDBOX_SECRET": "synthetic0secret0of0tests", "SANDBOX_KEY_FILE": str(tmp_path / "key")}
        self.child = Child(
            process,
            listening=self.listening,
            environment=environment,
            log=tmp_path / "log",
            changed=lambda: None,
        )

    async def answers(self) -> bool:
        async with httpx.AsyncClient(trust_env=False) as client:
            with suppress(httpx.HTTPError):
                return (await client.get(f"http://{HOST}:{self.port}/health/ready", timeout=1)).is_success
        return False

    @property
    def address(self) -> tuple[str, int]:
        return (HOST, self.port)


@pytest.fixture(params=[Restart.OVERLAP, Restart.REPLACE])
async def kept(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Kept]:
    made = Kept(tmp_path, issuer(request.param))
    async with asyncio.TaskGroup() as group:
        group.create_task(made.child.run())
        await eventually(made.answers, within=30)
        yield made
        await made.child.stop()
    made.listening.close()


async def test_a_process_that_dies_is_started_again(kept: Kept) -> None:
    dead = kept.child.pid
    assert dead is not None
    psutil.Process(dead).send_signal(signal.SIGKILL)
    await eventually(lambda: kept.child.pid not in (None, dead), within=10)
    await eventually(kept.answers, within=30)
    assert kept.child.restarts == 1
    assert kept.child.reason == "killed by SIGKILL"


async def test_an_armed_point_is_told_to_the_next_start_alone(kept: Kept) -> None:
    kept.child.arm("relay.published")
    armed: list[str | None] = []
    for _ in range(2):
        dead = kept.child.pid
        assert dead is not None
        psutil.Process(dead).send_signal(signal.SIGKILL)
        await eventually(lambda dead=dead: kept.child.pid not in (None, dead), within=10)
        await eventually(kept.answers, within=30)
        armed.append(psutil.Process(kept.child.pid).environ().get("INTERLINK_FAULTS"))
    assert armed == ["relay.published", None]


async def test_an_exchange_refuses_no_connection(kept: Kept) -> None:
    old = kept.child.pid
    done = asyncio.Event()
    served: list[bool] = []

    async def ask(client: httpx.AsyncClient) -> bool:
        # A new connection each time: a refused one would raise.
        return (await client.get(f"http://{HOST}:{kept.port}/jwks", headers={"Connection": "close"})).is_success

    async def keep_asking() -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            while not done.is_set():
                try:
                    served.append(await ask(client))
                except (httpx.RemoteProtocolError, httpx.ReadError):
                    # Reset: the old process took it in as it closed. Once more is enough (engineering.md §4.4).
                    served.append(await ask(client))

    async with asyncio.TaskGroup() as group:
        group.create_task(keep_asking())
        await kept.child.restart()
        await eventually(kept.answers, within=30)
        done.set()
    assert served
    assert all(served)
    assert kept.child.pid not in (None, old)
    assert kept.child.restarts == 0  # asked for, not a death


async def test_stopping_ends_it_and_starts_no_other(kept: Kept) -> None:
    pid = kept.child.pid
    assert pid is not None
    await kept.child.stop()
    assert kept.child.pid is None
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def test_connections_wait_while_no_process_serves_them(tmp_path: Path) -> None:
    made = Kept(tmp_path, issuer(Restart.REPLACE))
    with socket.create_connection(made.address, timeout=5) as early:
        assert not accepts(psutil.Process().pid, made.listening)
        async with asyncio.TaskGroup() as group:
            group.create_task(made.child.run())
            early.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            await eventually(made.answers, within=30)
            answer = await asyncio.to_thread(early.recv, 15)
            await made.child.stop()
    made.listening.close()
    assert answer.startswith(b"HTTP/1.1 200")


async def test_a_process_that_cannot_start_is_tried_again_with_pauses_and_never_replaces_a_good_one(
    tmp_path: Path,
) -> None:
    made = Kept(tmp_path, issuer(Restart.OVERLAP, "sandbox", "nonsense"))
    async with asyncio.TaskGroup() as group:
        group.create_task(made.child.run())
        await eventually(lambda: made.child.restarts >= 2, within=30)
        assert made.child.reason == "exit code 64"
        with pytest.raises(StackError, match="did not come up"):
            await made.child.restart()
        await made.child.stop()
    made.listening.close()
