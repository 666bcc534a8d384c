"""kill −9 between two steps that cannot be one: no event is lost, none acts twice."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from probe.broker import Serving, Topics
from probe.service import EFFECTS, Application, received

from contracts import ids
from interlink.stack.environment import inherited
from kit.database import Database
from kit.kafka import KafkaAccess
from kit.outbox import Origin
from kit.relay import Relay
from kit.testing.databases import TestDatabase, fetch
from kit.testing.eventually import eventually

TESTS = Path(__file__).parents[1]


class Spawn:
    """Starts the probe as a process."""

    def __init__(self, topics: Topics, kafka_access: KafkaAccess, database: TestDatabase, folder: Path) -> None:
        self._folder = folder
        self._told: dict[str, Any] = {
            "kafka": asdict(kafka_access),
            "database": database.url("probe_system"),
            "group": topics.group,
            "topics": topics.names,
        }

    @asynccontextmanager
    async def __call__(self, role: str, *, faults: Sequence[str] = ()) -> AsyncGenerator[asyncio.subprocess.Process]:
        """Running inside the block, unless it kills itself; told to stop at its end."""
        begun = self._folder / str(ids.new())
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "probe",
            json.dumps({**self._told, "roles": [role], "faults": list(faults), "begun": str(begun)}),
            env={**inherited(), "PYTHONPATH": ":".join([str(TESTS), *(path for path in sys.path if path)])},
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            await eventually(begun.exists, within=30)
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
                async with asyncio.timeout(10):
                    await process.wait()


@pytest.fixture
def spawn(topics: Topics, kafka_access: KafkaAccess, database: TestDatabase, tmp_path: Path) -> Spawn:
    return Spawn(topics, kafka_access, database, tmp_path)


async def publish(probe: Database, number: int) -> list[str]:
    async with probe.as_system() as tx:
        return sorted(str(tx.publish(received(), Origin())) for _ in range(number))


async def acted(database: TestDatabase) -> list[str]:
    return sorted(str(row["event"]) for row in await fetch(database.superuser_url, EFFECTS))


@pytest.mark.parametrize(("point", "done"), [("consumer.before_commit", False), ("consumer.committed", True)])
async def test_pitfall_3_a_consumer_killed_around_its_commit_acts_once(
    topics: Topics,
    probe: Database,
    relay: Relay,
    database: TestDatabase,
    spawn: Spawn,
    committed: Any,
    point: str,
    done: bool,
) -> None:
    """Kill after DB commit, before offset commit: no second effect."""
    sent = await publish(probe, 40)
    while (await relay.run_once()).rows:
        continue
    async with spawn("consume", faults=[point]) as first:
        assert await first.wait() == -signal.SIGKILL
    assert bool(await acted(database)) == done
    assert sum((await committed(topics.group, topics.referrals)).values()) == 0
    async with spawn("consume") as second:

        async def reported() -> bool:
            return sum((await committed(topics.group, topics.referrals)).values()) == 40

        await eventually(reported, within=30)
    assert second.returncode == 0
    assert await acted(database) == sent


async def test_pitfall_4_a_relay_killed_between_the_ack_and_the_delete_has_one_effect_downstream(
    topics: Topics,
    probe: Database,
    relay: Relay,
    database: TestDatabase,
    spawn: Spawn,
    serving: Serving,
    written: Any,
) -> None:
    """Kill after Kafka ack, before outbox delete: the records come twice, the effect does not."""
    sent = await publish(probe, 20)
    async with spawn("relay", faults=["relay.published"]) as first:
        assert await first.wait() == -signal.SIGKILL
    assert len(await fetch(database.superuser_url, "SELECT FROM probe.outbox")) == 20

    async def read(number: int) -> bool:
        (row,) = await fetch(database.superuser_url, "SELECT sum(next) AS n FROM probe.consumer_position")
        return row["n"] == number

    async with serving(Application(), probe):
        await eventually(lambda: read(20))
        async with spawn("relay"):
            await eventually(lambda: read(40))
    assert await fetch(database.superuser_url, "SELECT FROM probe.outbox") == []
    assert len(await written(topics.referrals)) == 40
    assert await acted(database) == sent
