"""The database goes away and comes back: nothing is lost, nobody dies, nothing becomes a dead letter."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

from probe.broker import Serving, Topics
from probe.service import EFFECTS, Application, received, record_of
from sqlalchemy import text

from interlink.stack.postgres import Postgres, Profile, StopMode
from kit.database import Database, Transaction
from kit.jobs import Done, Job, NewJob, Outcome, job
from kit.kafka import KafkaAccess, dead_letter_topic
from kit.outbox import Origin
from kit.producer import Producer
from kit.relay import Relay
from kit.testing.databases import TestDatabase, fetch
from kit.testing.eventually import eventually
from kit.time import SystemClock
from kit.worker import Worker


@asynccontextmanager
async def stopped(postgres: Postgres, mode: StopMode) -> AsyncGenerator[None]:
    """The server is down inside the block."""
    await asyncio.to_thread(postgres.stop, mode)
    try:
        yield
    finally:
        again = await asyncio.to_thread(Postgres.start, postgres.folder, Profile.FAST)
        assert again.socket == postgres.socket


async def acted(database: TestDatabase) -> list[str]:
    return sorted(str(row["event"]) for row in await fetch(database.superuser_url, EFFECTS))


async def test_pitfall_9_everyone_waits_for_a_database_that_is_down(
    topics: Topics,
    probe: Database,
    serving: Serving,
    database: TestDatabase,
    postgres: Postgres,
    kafka_access: KafkaAccess,
    written: Any,
) -> None:
    """DB down: lag grows, no DLQ, no restart loop, recovers. The same tasks go on afterwards."""
    producer, stop, ticks = Producer(kafka_access, "outside"), asyncio.Event(), [0]

    async def tick(_application: Any, _tx: Transaction, _job: Job, _result: Any) -> Outcome:
        ticks[0] += 1
        return Done()

    relay = Relay(probe, Producer(kafka_access, "probe"), relays=1)
    worker = Worker([job("probe.tick", apply=tick, every=timedelta(milliseconds=1))], None, probe, SystemClock())
    before, during = [record_of(received()) for _ in range(20)], [record_of(received()) for _ in range(20)]
    async with serving(Application(), probe) as consumer, asyncio.TaskGroup() as tasks:
        tasks.create_task(relay.run(stop))
        tasks.create_task(worker.run(stop))
        assert not any(await producer.send([one.record for one in before]))
        await eventually(lambda: ticks[0] > 0)

        async def done(*sent: Any) -> bool:
            return await acted(database) == sorted(str(one.id) for one in sent)

        await eventually(lambda: done(*before))
        async with stopped(postgres, StopMode.FAST):
            assert not any(await producer.send([one.record for one in during]))
            await eventually(lambda: consumer.condition.backing_off)
            failed = [ticks[0]]
        await eventually(lambda: done(*before, *during), within=30)
        await eventually(lambda: ticks[0] > failed[0])
        async with probe.as_system() as tx:
            after = str(tx.publish(received(), Origin()))

        async def relayed() -> bool:
            return after in await acted(database)

        await eventually(relayed, within=30)
        stop.set()
    await producer.drop()
    assert await written(dead_letter_topic(topics.referrals, topics.group)) == []


async def test_a_job_that_ends_while_the_database_is_down_is_done_soon_after_it_is_back(
    probe: Database, postgres: Postgres
) -> None:
    """Its failure is written down once that is possible; nobody waits for its lease of two minutes."""
    stop, called, down, done = asyncio.Event(), asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def call(_application: Any, _job: Job) -> None:
        called.set()
        await down.wait()

    async def apply(_application: Any, _tx: Transaction, _job: Job, _result: Any) -> Outcome:
        done.set()
        return Done()

    async with probe.as_system() as tx:
        await tx.execute(text("SET LOCAL synchronous_commit TO on"))  # this server loses what it just acknowledged
        tx.schedule(NewJob(kind="probe.do", key="k", due_at=tx.now(), tenant="centre"))
    worker = Worker([job("probe.do", call=call, apply=apply)], None, probe, SystemClock())
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(worker.run(stop))
        await called.wait()
        async with stopped(postgres, StopMode.IMMEDIATE):
            down.set()
            await eventually(lambda: worker.unrecorded == 1)
        await eventually(done.is_set)
        stop.set()


async def test_partitions_assigned_while_the_database_is_down_are_read_when_it_is_back(
    topics: Topics,
    probe: Database,
    serving: Serving,
    database: TestDatabase,
    postgres: Postgres,
    kafka_access: KafkaAccess,
) -> None:
    """aiokafka swallows what a rebalance listener raises: there the consumer waited for ever."""
    producer = Producer(kafka_access, "outside")
    sent = [record_of(received()) for _ in range(20)]
    assert not any(await producer.send([one.record for one in sent]))
    await producer.drop()
    async with AsyncExitStack() as stack:
        async with stopped(postgres, StopMode.IMMEDIATE):
            consumer = await stack.enter_async_context(serving(Application(), probe))
            await eventually(lambda: consumer.condition.backing_off)
            assert not consumer.condition.assigned

        async def done() -> bool:
            return await acted(database) == sorted(str(one.id) for one in sent)

        await eventually(done, within=30)
