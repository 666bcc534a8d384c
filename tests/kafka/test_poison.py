"""What cannot be handled leaves the way free: by header, as a dead letter, or record by record."""

from typing import Any

from probe.broker import Serving, Topics
from probe.service import EFFECTS, Application, Told, received, record_of

from contracts import registry
from kit import deadletter
from kit.database import Database
from kit.deadletter import DeadLetter
from kit.kafka import KafkaAccess, dead_letter_topic
from kit.producer import Producer, Record
from kit.relay import Relay
from kit.testing.databases import TestDatabase, fetch
from kit.testing.eventually import eventually

POSITIONS = "SELECT coalesce(sum(next), 0) AS n FROM probe.consumer_position"


async def told(kafka_access: KafkaAccess, *records: Record) -> None:
    producer = Producer(kafka_access, "outside")
    assert not any(await producer.send(records))
    await producer.drop()


async def acted(database: TestDatabase) -> list[str]:
    return sorted(str(row["event"]) for row in await fetch(database.superuser_url, EFFECTS))


def events(given: list[Told]) -> list[str]:
    return sorted(str(one.id) for one in given)


async def letters(topics: Topics, relay: Relay, written: Any) -> list[DeadLetter]:
    while (await relay.run_once()).rows:
        continue
    records = await written(dead_letter_topic(topics.referrals, topics.group))
    return [deadletter.read("d", 0, 0, record.key, record.headers, record.value) for record in records]


async def all_read(database: TestDatabase, number: int) -> bool:
    (row,) = await fetch(database.superuser_url, POSITIONS)
    return row["n"] == number


async def test_pitfall_2_a_poisoned_partition_does_not_hold_up_the_other(
    topics: Topics,
    probe: Database,
    relay: Relay,
    serving: Serving,
    database: TestDatabase,
    kafka_access: KafkaAccess,
    written: Any,
    committed: Any,
) -> None:
    """Two partitions in a batch, one poisoned: the other's offsets commit, and so do the poisoned one's."""
    given = [record_of(received()) for _ in range(24)]
    application = Application(fails=lambda one: one.envelope.id == given[7].id)
    await told(kafka_access, *[one.record for one in given])
    async with serving(application, probe):
        await eventually(lambda: all_read(database, 24))
        assert await acted(database) == events([one for one in given if one is not given[7]])

        async def reported() -> bool:
            return sum((await committed(topics.group, topics.referrals)).values()) == 24

        await eventually(reported)
    (letter,) = await letters(topics, relay, written)
    assert letter.key == given[7].record.key
    assert len({letter.origin.partition}) == 1


async def test_pitfall_10_unknown_types_and_fields_are_ignored_and_unknown_majors_put_aside(
    topics: Topics,
    probe: Database,
    relay: Relay,
    serving: Serving,
    database: TestDatabase,
    kafka_access: KafkaAccess,
    written: Any,
) -> None:
    """Unknown event type or minor field: ignored; an unknown major of a type we read: a dead letter."""
    kind = registry.of(type(received())).type
    event = received()
    newer = event.model_dump_json(exclude_none=True).encode()[:-1] + b',"added_in_1_1":{"deep":[1]}}'
    minor = record_of(event, payload=newer)
    unknown = record_of(received(), type="interlink.referral.applauded.v1", payload=b"\x00")
    major = record_of(received(), type=kind.removesuffix(".v1") + ".v2")
    last = record_of(received())
    await told(kafka_access, *[one.record for one in (minor, unknown, major, last)])
    async with serving(Application(), probe):
        await eventually(lambda: all_read(database, 4))
    assert await acted(database) == events([minor, last])
    (letter,) = await letters(topics, relay, written)
    assert (letter.reason.error, letter.key) == ("major_version", major.record.key)


async def test_a_poisoned_record_with_a_null_header_becomes_a_dead_letter_too(
    topics: Topics,
    probe: Database,
    relay: Relay,
    serving: Serving,
    database: TestDatabase,
    kafka_access: KafkaAccess,
    written: Any,
) -> None:
    """A dead letter that cannot be written would stop its partition for good."""
    poison, after = record_of(received()), record_of(received())
    headers = [*poison.record.headers, ("foreign", None)]
    record = Record(topic=topics.referrals, key=poison.record.key, headers=headers, payload=b"{}")
    await told(kafka_access, record, after.record)
    async with serving(Application(), probe):
        await eventually(lambda: all_read(database, 2))
    assert await acted(database) == events([after])
    (letter,) = await letters(topics, relay, written)
    assert ("foreign", None) in letter.headers
    assert letter.reason.error == "schema"
