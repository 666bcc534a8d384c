"""A process that has nothing to do asks little: one statement each time it looks, and no transaction."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from perf.watching import watching
from probe.service import NOW, database_of

from kit import audit, relay, worker
from kit.audit import Sealer
from kit.database import Database
from kit.kafka import KafkaAccess
from kit.producer import Producer
from kit.relay import Relay
from kit.service import Service
from kit.settings import ServiceSettings
from kit.testing.databases import TestDatabase
from kit.testing.eventually import eventually
from kit.testing.harness import Harness
from kit.time import SettableClock
from kit.worker import Worker

PROBE = Service(name="probe", package="probe", title="Probe", settings=ServiceSettings, build=lambda _runtime: None)


@pytest.fixture
async def probe(database: TestDatabase) -> AsyncIterator[Database]:
    made = database_of(database)
    yield made
    await made.close()


async def test_who_finds_nothing_to_do_opens_no_transaction(probe: Database) -> None:
    clock, stop = SettableClock(NOW), asyncio.Event()
    working = Worker([], None, probe, clock)
    await working.plant()
    parts = (
        Sealer(probe, bytes(32), clock),
        working,
        Relay(probe, Producer(KafkaAccess(bootstrap="127.0.0.1:1"), "probe"), relays=1),
    )
    wanted = [str(one) for one in (audit.FIRST_UNSEALED, worker.WAITING, relay.WAITING)]
    with watching() as seen:
        async with asyncio.TaskGroup() as group:
            for part in parts:
                group.create_task(part.run(stop))
            await eventually(lambda: all(seen.looks.count(one) >= 2 for one in wanted))
            assert seen.transactions == []
            stop.set()


async def test_readiness_asks_one_statement_of_the_database(database: TestDatabase) -> None:
    process = Harness(PROBE, database, SettableClock(NOW), kafka="127.0.0.1:1").process
    async with process:
        with watching() as seen:
            await process.check_database()
            await process.check_database()
    assert len(seen.looks) == 2
    assert seen.transactions == []
