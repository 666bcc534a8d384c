"""Outbox rows reach their topic at least once and, per key, in order."""
# pyright: reportPrivateUsage=false

import asyncio
import json
import random
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import prometheus_client
import pytest
from confluent_kafka.admin import NewTopic
from probe.broker import Topics
from probe.service import received
from sqlalchemy import text

from contracts import envelope, ids
from contracts.events.referrals import ReferralReceived
from interlink.stack import kafka as embedded_kafka
from interlink.stack.kafka import Kafka
from kit import telemetry
from kit.database import Database
from kit.floors import WALK_EVERY, WALK_FOR, WORTH_IT
from kit.kafka import KafkaAccess
from kit.migrations.v1 import SHARDS
from kit.outbox import Origin, Raw, shard_of
from kit.producer import ABSENT_SECONDS, Producer
from kit.relay import LOCK_SHARDS, MOST_ROWS, READ, Relay
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


def in_shard(shard: int) -> ReferralReceived:
    """An event whose key falls into that shard."""
    return next(
        event for event in (received() for _ in range(10_000)) if shard_of(str(event.referral).encode()) == shard
    )


async def test_pitfall_5_a_row_that_commits_late_with_a_lower_id_is_sent(
    topics: Topics, probe: Database, relay: Relay, written: Any
) -> None:
    """A late-committing outbox row with a lower id is sent within 3 s: both are of one shard."""
    late, early = in_shard(3), in_shard(3)
    async with probe.as_system() as tx:
        tx.publish(late, Origin())
        await tx.flush()  # takes its ids now, commits below
        await publish(probe, early)
        assert (await relay.run_once()).rows == 1

    async def sent() -> bool:
        await relay.run_once()
        return len(await written(topics.referrals)) == 2

    await eventually(sent, within=3)


async def test_pitfall_5_a_row_that_commits_late_is_not_overtaken_by_a_later_one_of_its_key(
    topics: Topics, probe: Database, relay: Relay, written: Any
) -> None:
    """What was sent meanwhile, with higher ids and in numbers, moves no floor over it."""
    late = in_shard(3)
    async with probe.as_system() as tx:
        tx.publish(late, Origin())
        await tx.flush()
        for _ in range(2):
            await publish(probe, *[in_shard(3) for _ in range(WORTH_IT)])
            assert (await relay.run_once()).rows == WORTH_IT
    await publish(probe, received(late.referral, 2))
    while (await relay.run_once()).rows:
        continue
    told = [envelope.decode(record.headers) for record in await written(topics.referrals)]
    assert [one.sequence for one in told if one.subject == str(late.referral)] == [1, 2]


async def test_what_lies_below_a_floor_all_the_same_is_found_within_half_a_minute(
    topics: Topics, probe: Database, relay: Relay
) -> None:
    """A database that was put back to an earlier state draws lower ids again."""
    relay._floors.at = dict.fromkeys(relay._floors.at, 1_000_000)
    await publish(probe, received())
    assert (await relay.run_once()).rows == 0
    relay._floors._began = time.monotonic() - (WALK_EVERY - WALK_FOR / 2)
    assert (await relay.run_once()).rows == 1


async def test_pitfall_6_two_relays_keep_the_order_of_each_key(
    topics: Topics, probe: Database, kafka_access: KafkaAccess, written: Any
) -> None:
    """Two relays: per-key order holds, because a shard belongs to one of them at a time."""
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
    assert all(numbers == list(range(1, 16)) for numbers in order.values())  # and nothing twice: nobody died
    assert len(order) == 40


async def test_pitfall_6_a_frozen_relay_gives_its_shards_up(
    topics: Topics, probe: Database, relay: Relay, database: TestDatabase
) -> None:
    """A frozen relay gives its shard up: Postgres ends its transaction."""
    await publish(probe, received())
    frozen = await asyncpg.connect(database.url("probe_system"))
    assert await frozen.fetchval("SHOW idle_in_transaction_session_timeout") == "30s"  # of the role, not of us
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


async def test_a_record_that_can_never_be_sent_is_put_aside_and_the_rest_goes_on(
    topics: Topics, probe: Database, relay: Relay, written: Any, database: TestDatabase
) -> None:
    """A dead letter of a record without key and value: the client refuses it with a bare assertion."""
    async with probe.as_system() as tx:
        tx.forward(Raw(topic=topics.referrals, key=None, headers=[("x", b"y")], payload=None))
    await publish(probe, received())

    async def aside() -> bool:
        await relay.run_once()
        return len(await fetch(database.superuser_url, "SELECT FROM probe.outbox_dead")) == 1

    await eventually(aside)
    assert len(await written(topics.referrals)) == 1
    assert await fetch(database.superuser_url, "SELECT FROM probe.outbox") == []


async def test_only_the_record_that_the_broker_refuses_is_put_aside_not_its_neighbours(
    topics: Topics, kafka: Kafka, probe: Database, relay: Relay, written: Any, database: TestDatabase
) -> None:
    """A partition's records travel in one batch, and the broker refuses or takes a batch as a whole."""
    narrow = f"{topics.referrals}.narrow"
    size = 100_000  # random bytes: the limit is held against what is left of them after compression
    async with probe.as_system() as tx:
        for payload in (b"first", random.randbytes(size), b"last"):
            tx.forward(Raw(topic=narrow, key=b"k", headers=[], payload=payload))

    async def aside() -> bool:
        await relay.run_once()
        return len(await fetch(database.superuser_url, "SELECT FROM probe.outbox_dead")) == 1

    async def sent() -> bool:
        await relay.run_once()
        return await fetch(database.superuser_url, "SELECT FROM probe.outbox") == []

    async with existing(kafka, narrow, {"max.message.bytes": "50000"}):
        await eventually(aside, within=60)
        await eventually(sent)
        values = [record.value for record in await written(narrow)]
    (dead,) = await fetch(database.superuser_url, "SELECT length(payload) AS size FROM probe.outbox_dead")
    assert dead["size"] == size
    assert set(values) == {b"first", b"last"}
    assert values.index(b"first") < values.index(b"last")


async def test_a_topic_that_does_not_exist_holds_up_no_other(
    topics: Topics, probe: Database, relay: Relay, written: Any, database: TestDatabase
) -> None:
    async with probe.as_system() as tx:
        for _ in range(3):
            tx.forward(Raw(topic="nowhere", key=b"k", headers=[], payload=b"{}"))
    await publish(probe, *[received() for _ in range(20)])
    sent = await relay.run_once()
    assert (sent.rows, sent.failed) == (20, 3)
    assert len(await written(topics.referrals)) == 20
    assert len(await fetch(database.superuser_url, "SELECT FROM probe.outbox")) == 3


HELD_UP = """
    INSERT INTO probe.outbox (shard, topic, key, headers, payload)
    SELECT n % 16, $1, convert_to((n % 64)::text, 'UTF8'), '[]', convert_to(n::text, 'UTF8')
    FROM generate_series(1, 2100) AS n
"""


@pytest.mark.parametrize("relays", [1, 2])
async def test_rows_that_cannot_be_sent_leave_room_for_others_and_go_when_their_topic_is_there(
    topics: Topics, kafka: Kafka, probe: Database, relay: Relay, written: Any, database: TestDatabase, relays: int
) -> None:
    """They are older than all others and more than a round reads: of every topic, not only of theirs."""
    missing = f"{topics.referrals}.missing"
    relay._share = SHARDS // relays
    await fetch(database.superuser_url, HELD_UP, missing)
    await publish(probe, *[received() for _ in range(20)])
    for _ in range(3):
        await relay.run_once()
    assert len(await written(topics.referrals)) == 20
    assert len(await fetch(database.superuser_url, "SELECT FROM probe.outbox")) == 2100
    assert not await relay._waiting()  # so that nobody looks for work all the time
    async with existing(kafka, missing):
        not_absent_any_more(relay._producer)
        while (await relay.run_once()).rows:
            continue
        order: dict[bytes | None, list[int]] = {}
        for record in await written(missing):
            order.setdefault(record.key, []).append(int(record.value))
    assert sum(len(numbers) for numbers in order.values()) == 2100
    assert all(numbers == sorted(numbers) for numbers in order.values())


async def test_the_age_of_the_outbox_is_that_of_rows_left_out_too(
    topics: Topics, probe: Database, relay: Relay, database: TestDatabase
) -> None:
    await fetch(database.superuser_url, HELD_UP, f"{topics.referrals}.missing")
    await fetch(database.superuser_url, "UPDATE probe.outbox SET created_at = created_at - interval '1 hour'")
    await publish(probe, received())
    await eventually(lambda: rounds_until_empty(relay))
    assert (prometheus_client.REGISTRY.get_sample_value("interlink_outbox_oldest_seconds") or 0) > 3600
    telemetry.OUTBOX_AGE.set(0)
    assert not await relay._waiting()
    assert (prometheus_client.REGISTRY.get_sample_value("interlink_outbox_oldest_seconds") or 0) > 3600


async def rounds_until_empty(relay: Relay) -> bool:
    sent = await relay.run_once()
    return not (sent.rows or sent.failed)


async def test_no_floor_rises_over_rows_that_are_left_out(
    topics: Topics, kafka: Kafka, probe: Database, relay: Relay, written: Any
) -> None:
    missing, key = f"{topics.referrals}.missing", str(in_shard(3).referral).encode()
    async with probe.as_system() as tx:
        tx.forward(Raw(topic=missing, key=key, headers=[], payload=b"{}"))
    for _ in range(2):
        await publish(probe, *[in_shard(3) for _ in range(WORTH_IT)])
        assert (await relay.run_once()).rows == WORTH_IT
    await relay._floors.rise()
    async with existing(kafka, missing):
        not_absent_any_more(relay._producer)
        assert (await relay.run_once()).rows == 1
        assert len(await written(missing)) == 1


@asynccontextmanager
async def existing(kafka: Kafka, topic: str, settings: Mapping[str, str] | None = None) -> AsyncGenerator[None]:
    """The topic exists inside the block, with these settings from the start: the broker takes later ones on late."""
    admin = embedded_kafka.admin_client(kafka.client_settings())
    for future in admin.create_topics([NewTopic(topic, 4, 1, config=dict(settings or {}))]).values():
        await asyncio.to_thread(future.result, 10)
    yield
    for future in admin.delete_topics([topic]).values():
        await asyncio.to_thread(future.result, 10)


def not_absent_any_more(producer: Producer) -> None:
    """As if what is known of absent topics were as old as it may become."""
    producer._absent = {topic: (until - ABSENT_SECONDS, why) for topic, (until, why) in producer._absent.items()}


async def test_every_shard_has_its_turn_although_others_never_run_empty(
    topics: Topics, probe: Database, kafka_access: KafkaAccess, database: TestDatabase
) -> None:
    relay = Relay(probe, Producer(kafka_access, "probe"), relays=16)  # the other fifteen are down
    await publish(probe, *[in_shard(shard) for shard in range(16)])
    busy = in_shard(0)
    for _ in range(17):
        await publish(probe, busy)
        await relay.run_once()
    assert await fetch(database.superuser_url, "SELECT FROM probe.outbox WHERE shard <> 0") == []
    await relay._producer.drop()


BACKLOG = """
    INSERT INTO probe.outbox (shard, topic, key, headers, payload)
    SELECT n % 16, $1, convert_to(n::text, 'UTF8'), '[]', '{}' FROM generate_series(1, 6000) AS n
"""


async def test_pitfall_8_an_old_snapshot_does_not_slow_the_relay_down(
    topics: Topics, probe: Database, relay: Relay, database: TestDatabase
) -> None:
    """Old snapshot held: relay latency stays flat. Counted in pages touched, which no busy machine changes."""
    holder = await asyncpg.connect(database.superuser_url)
    await holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    await holder.fetchval("SELECT count(*) FROM probe.outbox")
    await fetch(database.superuser_url, BACKLOG, topics.referrals)
    while (await relay.run_once()).rows:
        continue
    await publish(probe, received())
    assert await pages_touched(probe, relay._floors.at) < 200
    beginnings = dict.fromkeys(relay._floors.at, 0)
    assert await pages_touched(probe, beginnings) > 1500  # what the snapshot keeps, and the floors spare
    await holder.close()


async def pages_touched(probe: Database, starts: Mapping[int, int]) -> int:
    floors = {"shards": list(starts), "floors": list(starts.values()), "absent": []}
    touched = 0
    async with probe.as_system() as tx:
        for statement, limits in (
            (LOCK_SHARDS, {"share": 16, "turn": 0}),
            (READ, {"per_shard": 1, "most": MOST_ROWS}),
        ):
            told = await tx.scalar(text(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.text}"), floors | limits)
            plan = json.loads(told)[0]["Plan"]
            touched += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return touched
