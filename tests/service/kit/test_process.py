"""A whole process with Kafka away: it starts, answers, says what is missing, and stops when told."""

import asyncio
import socket
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
from probe.service import DISPATCHER, Application

from kit.service import Service
from kit.settings import ServiceSettings
from kit.testing.databases import TestDatabase
from kit.testing.eventually import eventually
from kit.testing.harness import Harness
from kit.time import SettableClock, SystemClock

PROBE = Service(
    name="probe",
    package="probe",
    title="Probe",
    settings=ServiceSettings,
    build=lambda _runtime: Application(),
    handlers=DISPATCHER.handlers,
)


async def checks(client: httpx.AsyncClient, page: str) -> tuple[int, Any]:
    answer = await client.get(f"/health/{page}")
    return answer.status_code, answer.json()


async def test_a_process_without_kafka_answers_is_not_ready_and_stops_within_ten_seconds(
    database: TestDatabase,
) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    process = Harness(
        PROBE,
        database,
        SystemClock(),
        kafka="127.0.0.1:1",
        http_fd=listener.detach(),  # pyright: ignore[reportArgumentType]
    ).process
    stop = asyncio.Event()
    async with process, asyncio.TaskGroup() as group:
        group.create_task(process.run(["api", "consume", "work"], stop))
        async with httpx.AsyncClient(base_url=address) as client:

            async def alive() -> bool:
                try:
                    return (await checks(client, "live"))[0] == 200
                except httpx.ConnectError:
                    return False

            await eventually(alive)
            status, told = await checks(client, "ready")
            assert status == 503
            assert "consumer" in str(told)
        began = time.monotonic()
        stop.set()
    assert time.monotonic() - began < 10


async def test_a_process_waits_for_a_database_that_is_away_while_it_starts(database: TestDatabase) -> None:
    """Dying of it would only make a loop of restarts."""
    tries: list[int] = []

    async def start(_application: Any) -> None:
        tries.append(len(tries))
        if len(tries) < 3:
            raise ConnectionRefusedError

    process = Harness(replace(PROBE, start=start), database, SystemClock(), kafka="127.0.0.1:1").process
    stop = asyncio.Event()
    async with process, asyncio.TaskGroup() as group:
        running = group.create_task(process.run(["work"], stop))
        await eventually(lambda: len(tries) == 3)
        assert not running.done()
        stop.set()


async def test_a_clock_that_is_ahead_makes_the_inbox_forget_nothing(database: TestDatabase) -> None:
    """A month that is dropped too early is a month whose events would act once more."""
    ahead = SettableClock(SystemClock().now() + timedelta(days=400))
    harness = Harness(PROBE, database, ahead, kafka="127.0.0.1:1")
    kept = "SELECT relname FROM pg_class WHERE relname ~ '^inbox_[0-9_]+$' ORDER BY 1"
    await harness.rows("SELECT probe.inbox_partitions(clock_timestamp(), interval '130 days')")  # also of next month
    before = await harness.rows(kept)
    async with harness.process:
        await harness.process.worker.plant()
        assert await harness.work() == 1
    assert await harness.rows(kept) == before
