"""A batch acts once, whatever fails: the day-one pitfalls of consuming, on a real broker."""

import asyncio
import random
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from perf.watching import watching
from probe.broker import Serving, Topics
from probe.service import EFFECTS, Application, received, withdrawn
from sqlalchemy import text

from contracts import envelope, ids
from kit import deadletter, positions
from kit.database import Database
from kit.kafka import dead_letter_topic
from kit.outbox import Origin, Raw
from kit.relay import Relay
from kit.testing.databases import TestDatabase, fetch
from kit.testing.eventually import eventually

_BACK = text("UPDATE consumer_position SET next = 0")
_PUT_BACK = (
    """WITH latest AS (DELETE FROM probe.effect WHERE number > 5 RETURNING event)
       DELETE FROM probe.inbox USING latest WHERE event_id = latest.event""",
    "UPDATE probe.consumer_position SET next = 5 WHERE next = 10",
)
_NEVER_READ = ("DELETE FROM probe.effect", "DELETE FROM probe.inbox", "DELETE FROM probe.consumer_position")
_OVERTAKE = text("UPDATE consumer_position SET next = 1000")


async def publish(probe: Database, relay: Relay, *events: Any) -> list[str]:
    async with probe.as_system() as tx:
        sent = [str(tx.publish(event, Origin())) for event in events]
    while (await relay.run_once()).rows:
        continue
    return sent


async def effects(database: TestDatabase) -> list[str]:
    return [str(row["event"]) for row in await fetch(database.superuser_url, EFFECTS)]


async def test_every_event_acts_once(
    topics: Topics, probe: Database, relay: Relay, serving: Serving, database: TestDatabase
) -> None:
    sent = await publish(probe, relay, *[received() for _ in range(200)], *[withdrawn() for _ in range(50)])
    async with serving(Application(), probe):

        async def done() -> bool:
            return sorted(await effects(database)) == sorted(sent)

        await eventually(done)


async def test_pitfall_1_a_batch_that_failed_comes_again_although_the_next_one_worked(
    topics: Topics, probe: Database, relay: Relay, serving: Serving, database: TestDatabase
) -> None:
    """Handler fails on batch n, n+1 succeeds: n comes again."""
    failures = iter([True, True])
    application = Application(fails=lambda _received: next(failures, False))
    first = await publish(probe, relay, *[received() for _ in range(5)])
    async with serving(application, probe):
        second = await publish(probe, relay, *[received() for _ in range(5)])

        async def done() -> bool:
            return sorted(await effects(database)) == sorted(first + second)

        await eventually(done)


async def test_a_poisoned_record_is_given_up_and_the_rest_proceeds(
    topics: Topics, probe: Database, relay: Relay, serving: Serving, database: TestDatabase, written: Any
) -> None:
    poison = received()
    application = Application(fails=lambda one: one.envelope.subject == str(poison.referral))
    good = await publish(probe, relay, *[received() for _ in range(30)])
    (bad,) = await publish(probe, relay, poison)
    good += await publish(probe, relay, *[received() for _ in range(30)])
    async with serving(application, probe):

        async def done() -> bool:
            return sorted(await effects(database)) == sorted(good)

        await eventually(done)
    await publish(probe, relay)
    (record,) = await written(dead_letter_topic(topics.referrals, topics.group))
    letter = deadletter.read("dlq", 0, 0, record.key, record.headers, record.value)
    assert letter.reason.error == "PoisonError"
    assert letter.origin.topic == topics.referrals
    assert envelope.decode(letter.headers).id == UUID(bad)
    assert type(poison).model_validate_json(letter.payload or b"") == poison


async def test_undecodable_records_become_dead_letters_and_the_rest_proceeds(
    topics: Topics, probe: Database, relay: Relay, serving: Serving, database: TestDatabase, written: Any
) -> None:
    (good,) = await publish(probe, relay, received())
    async with probe.as_system() as tx:
        tx.forward(Raw(topic=topics.referrals, key=b"k", headers=[("x", b"\xff")], payload=b"\x00"))
        headers = [("ce_type", b"interlink.referral.received.v2")]
        tx.forward(Raw(topic=topics.referrals, key=b"other", headers=headers, payload=b"{}"))
        tx.forward(
            Raw(topic=topics.referrals, key=b"other", headers=[("ce_type", b"interlink.other.v1")], payload=b"{}")
        )
    await publish(probe, relay)
    async with serving(Application(), probe):

        async def dead() -> list[str]:
            await publish(probe, relay)
            records = await written(dead_letter_topic(topics.referrals, topics.group))
            assert len(records) == 2
            return sorted(deadletter.read("d", 0, 0, r.key, r.headers, r.value).reason.error for r in records)

        assert await eventually(dead) == ["envelope", "envelope"]
    assert await effects(database) == [good]


async def test_pitfall_14_a_replay_acts_only_on_its_group_and_only_once(
    topics: Topics, probe: Database, relay: Relay, serving: Serving, database: TestDatabase, written: Any
) -> None:
    """Replay of a DLQ record hits only its group: the topic that the others read stays as it was."""
    broken = [True]
    application = Application(fails=lambda _one: broken[0])
    (event,) = await publish(probe, relay, received())
    async with serving(application, probe):

        async def dead() -> list[Any]:
            await publish(probe, relay)
            return list(await written(dead_letter_topic(topics.referrals, topics.group)))

        (record,) = await eventually(dead)
        broken[0] = False
        letter = deadletter.read("dlq", 0, 0, record.key, record.headers, record.value)

        async def read(number: int) -> bool:
            (row,) = await fetch(database.superuser_url, "SELECT sum(next) AS n FROM probe.consumer_position")
            return row["n"] == number

        for times in (1, 2):
            async with probe.as_system() as tx:
                tx.forward(deadletter.replay(letter))
            await publish(probe, relay)
            await eventually(lambda times=times: read(1 + times))
        (after,) = await publish(probe, relay, received())
        await eventually(lambda: read(4))
    assert sorted(await effects(database)) == sorted([event, after])
    assert len(await written(topics.referrals)) == 2


async def test_a_second_member_takes_over_without_loss_or_double_effect(
    topics: Topics, probe: Database, relay: Relay, serving: Serving, database: TestDatabase
) -> None:
    sent = await publish(probe, relay, *[received() for _ in range(300)])
    async with serving(Application(), probe) as first:
        await eventually(lambda: first.condition.assigned)
        async with serving(Application(), probe) as second:
            await eventually(lambda: second.condition.assigned)
            sent += await publish(probe, relay, *[received() for _ in range(300)])
        sent += await publish(probe, relay, *[received() for _ in range(50)])

        async def done() -> bool:
            return sorted(await effects(database)) == sorted(sent)

        await eventually(done, within=30)


async def test_a_database_that_is_away_pauses_the_consumer_and_loses_nothing(
    topics: Topics, probe: Database, relay: Relay, serving: Serving, database: TestDatabase
) -> None:
    application = Application()
    refusals = iter([ConnectionRefusedError()] * 4)

    def interrupt() -> None:
        for refusal in refusals:
            raise refusal

    application.interrupt = interrupt
    sent = await publish(probe, relay, *[received() for _ in range(20)])
    async with serving(application, probe) as consumer:
        await eventually(lambda: consumer.condition.backing_off)

        async def done() -> bool:
            return sorted(await effects(database)) == sorted(sent)

        await eventually(done, within=20)


async def test_a_batch_that_takes_too_long_comes_again_in_smaller_ones(
    topics: Topics, probe: Database, relay: Relay, serving: Serving, database: TestDatabase
) -> None:
    """Its statement is cut off each time, so the same batch would come without end."""
    referral, application = ids.new(), Application()

    def interrupt() -> None:
        if application.batches[-1] > 20:
            raise asyncpg.QueryCanceledError

    application.interrupt = interrupt
    sent = await publish(probe, relay, *[received(referral, version) for version in range(1, 101)])
    async with serving(application, probe):

        async def done() -> bool:
            return await effects(database) == sent

        await eventually(done, within=30)
    assert max(application.batches) > 20


async def test_records_read_again_after_a_lost_offset_act_once(
    topics: Topics, probe: Database, relay: Relay, serving: Serving, database: TestDatabase
) -> None:
    sent = await publish(probe, relay, *[received() for _ in range(40)])

    async def done() -> bool:
        return sorted(await effects(database)) == sorted(sent)

    async with serving(Application(), probe):
        await eventually(done)
    # A new group has no offsets in Kafka and stands at the beginning: the database's position decides.
    await_positions = await fetch(database.superuser_url, "SELECT sum(next) AS n FROM probe.consumer_position")
    assert await_positions[0]["n"] == 40
    async with probe.as_system() as tx:
        await tx.execute(_BACK)
    application = Application()
    async with serving(application, probe):
        sent += await publish(probe, relay, received())
        await eventually(done)


@pytest.mark.parametrize("put_back", [_PUT_BACK, _NEVER_READ])
async def test_an_idle_member_notices_that_the_database_was_put_back(
    topics: Topics,
    probe: Database,
    relay: Relay,
    serving: Serving,
    database: TestDatabase,
    put_back: tuple[str, ...],
) -> None:
    """To an earlier position, or to before its first; no new record comes that would tell it."""
    referral = ids.new()
    sent = await publish(probe, relay, *[received(referral, version) for version in range(1, 11)])

    async def done() -> bool:
        return await effects(database) == sent

    async with serving(Application(), probe) as consumer:
        await eventually(done)
        for statement in put_back:
            await fetch(database.superuser_url, statement)
        assert not await done()
        consumer.comparison.soon()
        await eventually(done)


async def test_an_idle_member_compares_its_positions_in_one_statement_and_not_at_each_poll(
    topics: Topics, probe: Database, serving: Serving
) -> None:
    async with serving(Application(), probe) as consumer:
        await eventually(lambda: consumer.condition.assigned and not consumer.settlement.releasing)
        with watching() as seen:
            consumer.comparison.soon()
            for _ in range(3):
                polled_at = consumer.condition.polled_at
                await eventually(lambda at=polled_at: consumer.condition.polled_at > at)
    assert (seen.looks, seen.transactions) == ([str(positions.SAME)], [])


async def test_the_order_of_a_key_is_kept_across_types_and_batches(
    topics: Topics, probe: Database, relay: Relay, serving: Serving, database: TestDatabase
) -> None:
    subjects = [ids.new() for _ in range(20)]
    for version in range(1, 21):
        random.Random(version).shuffle(subjects)
        await publish(probe, relay, *[received(subject, version) for subject in subjects])
    async with serving(Application(), probe):

        async def done() -> bool:
            return len(await effects(database)) == 400

        await eventually(done)
    order: dict[str, list[int]] = {}
    for row in await fetch(database.superuser_url, EFFECTS):
        order.setdefault(row["key"], []).append(row["number"])
    assert all(numbers == list(range(1, 21)) for numbers in order.values())


async def test_a_member_that_was_overtaken_is_fenced(
    topics: Topics, probe: Database, relay: Relay, serving: Serving, database: TestDatabase
) -> None:
    """What it did before it noticed is rolled back, and it takes its positions anew."""
    sent = await publish(probe, relay, *[received() for _ in range(10)])
    entered, released = asyncio.Event(), asyncio.Event()

    class Frozen(Application):
        async def pause(self) -> None:
            entered.set()
            await released.wait()

    application = Frozen()
    async with serving(application, probe):
        await entered.wait()
        async with probe.as_system() as tx:
            await tx.execute(_OVERTAKE)
        handled = sum(application.batches)
        released.set()

        async def done() -> bool:
            return sorted(await effects(database)) == sorted(sent)

        await eventually(done)
    assert sum(application.batches) == handled + len(sent)
