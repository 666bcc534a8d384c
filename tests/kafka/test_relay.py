"""Outbox rows reach their topic at least once and, per key, in order."""

import asyncio
from typing import Any

import asyncpg
from probe.broker import Topics
from probe.service import received

from contracts import envelope, ids
from kit.database import Database
from kit.kafka import KafkaAccess
from kit.outbox import Origin
from kit.producer import Producer
from kit.relay import Relay
from kit.testing.databases import TestDatabase, fetch
from kit.testing.eventually import eventually


async def publish(probe: Database, *events: Any) -> None:
    async with probe.as_system() as tx:
        for event in events:
            tx.publish(event, Origin())


async def test_rows_are_sent_with_their_envelope_and_deleted(
    topics: Topics, probe: Database, relay: Relay, written: Any, database: TestDatabase
) -> None:
    event = received()
    await publish(probe, event)
    assert (await relay.run_once()).rows == 1
    (record,) = await written(topics.referrals)
    told = envelope.decode(record.headers)
    assert (told.subject, told.sequence, record.key) == (str(event.referral), 1, str(event.referral).encode())
    assert type(event).model_validate_json(record.value) == event
    assert await fetch(database.superuser_url, "SELECT FROM probe.outbox") == []


async def test_a_row_that_commits_late_with_a_lower_id_is_sent(
    topics: Topics, probe: Database, relay: Relay, written: Any
) -> None:
    late, early = received(), received()
    async with probe.as_system() as tx:
        tx.publish(late, Origin())
        await tx.flush()  # takes its ids now, commits below
        await publish(probe, early)
        assert (await relay.run_once()).rows == 1

    async def sent() -> bool:
        await relay.run_once()
        return len(await written(topics.referrals)) == 2

    await eventually(sent, within=6)


async def test_two_relays_keep_the_order_of_each_key(
    topics: Topics, probe: Database, kafka_access: KafkaAccess, written: Any
) -> None:
    subjects = [ids.new() for _ in range(40)]
    for version in range(1, 16):
        await publish(probe, *[received(subject, version) for subject in subjects])
    stop = asyncio.Event()
    relays = [Relay(probe, Producer(kafka_access, f"probe-{n}"), relays=2) for n in range(2)]
    async with asyncio.TaskGroup() as group:
        for relay in relays:
            group.create_task(relay.run(stop))

        async def drained() -> bool:
            return len(await written(topics.referrals)) >= 600

        await eventually(drained, within=20)
        stop.set()
    order: dict[str, list[int]] = {}
    for record in await written(topics.referrals):
        told = envelope.decode(record.headers)
        order.setdefault(told.subject, []).append(told.sequence)
    assert all(list(dict.fromkeys(numbers)) == list(range(1, 16)) for numbers in order.values())
    assert len(order) == 40


async def test_a_frozen_relay_gives_its_shards_up(
    topics: Topics, probe: Database, relay: Relay, database: TestDatabase
) -> None:
    await publish(probe, received())
    frozen = await asyncpg.connect(database.url("probe_system"))
    await frozen.execute("SET idle_in_transaction_session_timeout = '500ms'")
    await frozen.execute("BEGIN")
    await frozen.execute("SELECT shard FROM outbox_shard ORDER BY shard FOR UPDATE")
    assert (await relay.run_once()).rows == 0

    async def taken_over() -> bool:
        return (await relay.run_once()).rows == 1

    await eventually(taken_over, within=5)
    frozen.terminate()


async def test_kafka_away_keeps_the_rows(topics: Topics, probe: Database, database: TestDatabase) -> None:
    await publish(probe, received())
    nowhere = Producer(KafkaAccess(bootstrap="127.0.0.1:1"), "probe")
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(Relay(probe, nowhere, relays=1).run(stop))
        await publish(probe, received())
        stop.set()
    assert len(await fetch(database.superuser_url, "SELECT FROM probe.outbox")) == 2
