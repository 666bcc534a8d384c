"""Members come, go and freeze: no record is lost, none acts twice, whatever they were doing."""

import asyncio

from confluent_kafka import TopicPartition
from probe.broker import Serving, Topics
from probe.service import EFFECTS, Application, received
from sqlalchemy import text

from interlink.stack import kafka as embedded_kafka
from interlink.stack.kafka import Kafka
from kit.database import Database
from kit.outbox import Origin
from kit.relay import Relay
from kit.testing.databases import TestDatabase, fetch
from kit.testing.eventually import eventually

POSITIONS = "SELECT topic, partition, next FROM probe.consumer_position WHERE next > 0 ORDER BY 1, 2"
BEYOND = text("UPDATE consumer_position SET next = 1000")


async def publish(probe: Database, relay: Relay, number: int) -> list[str]:
    async with probe.as_system() as tx:
        sent = [str(tx.publish(received(), Origin())) for _ in range(number)]
    while (await relay.run_once()).rows:
        continue
    return sent


async def acted(database: TestDatabase) -> list[str]:
    return sorted(str(row["event"]) for row in await fetch(database.superuser_url, EFFECTS))


async def test_pitfall_7_a_batch_that_outlasts_the_rebalance_acts_once(
    topics: Topics, probe: Database, relay: Relay, serving: Serving, database: TestDatabase
) -> None:
    """Rebalance mid-batch: no loss, no double effect. The handler is busy for longer than the group waits."""
    sent = await publish(probe, relay, 100)
    entered, released = asyncio.Event(), asyncio.Event()

    class Slow(Application):
        async def pause(self) -> None:
            entered.set()
            await released.wait()

    async with serving(Slow(), probe):
        await entered.wait()
        async with serving(Application(), probe) as second:
            await eventually(lambda: second.condition.assigned)
            released.set()
            sent += await publish(probe, relay, 100)

            async def done() -> bool:
                return await acted(database) == sorted(sent)

            await eventually(done)


async def test_pitfall_7_a_rebalance_while_a_member_backs_off_loses_nothing(
    topics: Topics, probe: Database, relay: Relay, serving: Serving, database: TestDatabase
) -> None:
    """What a rebalance delivers while the database is away is not passed over."""
    sent = await publish(probe, relay, 40)
    away, tries = [True], [0]

    def interrupt() -> None:
        tries[0] += 1
        if away[0]:
            raise ConnectionRefusedError

    async with serving(Application(interrupt=interrupt), probe) as first:
        await eventually(lambda: tries[0] >= 4 and first.condition.backing_off)
        async with serving(Application(interrupt=interrupt), probe) as second:
            await eventually(lambda: second.condition.assigned)
        away[0] = False
        sent += await publish(probe, relay, 40)

        async def done() -> bool:
            return await acted(database) == sorted(sent)

        await eventually(done, within=30)


async def test_a_position_whose_records_have_expired_moves_to_the_first_that_is_left(
    topics: Topics, probe: Database, relay: Relay, serving: Serving, database: TestDatabase, kafka: Kafka
) -> None:
    """Without this the consumer would seem stuck for ever where everything unread has expired."""
    gone = await publish(probe, relay, 40)
    async with probe.as_system() as tx:
        await tx.execute(text(f"INSERT INTO consumer_position SELECT '{topics.referrals}', generate_series(0, 3), 0"))
    admin = embedded_kafka.admin_client(kafka.client_settings())
    ends = [TopicPartition(topics.referrals, number, -1) for number in range(4)]
    firsts = {place.partition: done.result(10).low_watermark for place, done in admin.delete_records(ends).items()}
    assert sum(firsts.values()) == 40
    async with serving(Application(), probe):

        async def moved() -> bool:
            rows = await fetch(database.superuser_url, POSITIONS)
            return {row["partition"]: row["next"] for row in rows} == {one: n for one, n in firsts.items() if n}

        await eventually(moved)
        sent = await publish(probe, relay, 10)

        async def done() -> bool:
            return await acted(database) == sorted(sent)

        await eventually(done)
    assert not set(gone) & set(await acted(database))


async def test_a_position_beyond_the_end_reads_from_the_beginning_and_goes_on(
    topics: Topics, probe: Database, relay: Relay, serving: Serving, database: TestDatabase
) -> None:
    """A topic made anew below a database that remembers the old one."""
    async with probe.as_system() as tx:
        await tx.execute(text(f"INSERT INTO consumer_position SELECT '{topics.referrals}', generate_series(0, 3), 0"))
        await tx.execute(BEYOND)
    sent = await publish(probe, relay, 40)
    async with serving(Application(), probe):

        async def done() -> bool:
            rows = await fetch(database.superuser_url, POSITIONS)
            return await acted(database) == sorted(sent) and sum(row["next"] for row in rows) == 40

        await eventually(done)


async def test_a_consumer_whose_topics_are_missing_still_stops_when_told(probe: Database, serving: Serving) -> None:
    """Joining a group waits for ever for a topic that is not there: here the group's replay topics."""
    async with asyncio.timeout(10), serving(Application(), probe, group="interlink.newcomer") as consumer:
        await eventually(lambda: consumer.condition.expected)
    assert not consumer.condition.assigned
