"""The probe on a real broker: topics of its own for each test, records read back as they stand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka import ConsumerGroupTopicPartitions
from confluent_kafka import TopicPartition as ReportedPartition
from confluent_kafka.admin import NewTopic
from probe.broker import Serving, Topics, Written, renamed
from probe.service import DISPATCHER, Application, database_of

from contracts import registry
from interlink.stack import kafka as embedded_kafka
from interlink.stack.kafka import Kafka
from kit.consumer import Consumer
from kit.database import Database
from kit.dispatch import Dispatcher
from kit.joining import Membership
from kit.kafka import KafkaAccess
from kit.producer import Producer
from kit.relay import Relay
from kit.testing.databases import TestDatabase
from kit.time import SystemClock


@pytest.fixture
def topics(kafka: Kafka, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Topics]:
    """Fresh topics, as the registry names them for the length of the test."""
    name = f"t{abs(hash(request.node.nodeid)):x}"
    made = Topics(referrals=f"{name}.referrals", suspects=f"{name}.suspects", group=f"interlink.{name}")
    _rename(monkeypatch, made.names)
    admin = embedded_kafka.admin_client(kafka.client_settings())
    for future in admin.create_topics([NewTopic(topic, 4, 1) for topic in made.all]).values():
        future.result(10)
    yield made
    for future in admin.delete_topics(made.all).values():
        future.result(10)


def _rename(monkeypatch: pytest.MonkeyPatch, names: dict[str, str]) -> None:
    for event in renamed(names):
        monkeypatch.setitem(registry.BY_MODEL, event.model, event)
        monkeypatch.setitem(registry.BY_TYPE, event.type, event)


@pytest.fixture
async def probe(database: TestDatabase) -> AsyncIterator[Database]:
    """The probe's unit of work."""
    made = database_of(database)
    yield made
    await made.close()


@pytest.fixture
async def relay(probe: Database, kafka_access: KafkaAccess) -> AsyncIterator[Relay]:
    """A relay to drive by hand."""
    producer = Producer(kafka_access, "probe")
    yield Relay(probe, producer, relays=1)
    await producer.drop()


@pytest.fixture
def serving(topics: Topics, kafka_access: KafkaAccess) -> Serving:
    """Runs a consumer for the length of a block."""

    @asynccontextmanager
    async def run(
        application: Application, database: Database, *, session: float = 6.0, group: str | None = None
    ) -> AsyncIterator[Consumer]:
        consumer = Consumer(
            access=kafka_access,
            membership=Membership(group=group or topics.group, session_seconds=session, heartbeat_seconds=0.3),
            dispatcher=Dispatcher(DISPATCHER.handlers),
            application=application,
            database=database,
            clock=SystemClock(),
        )
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(consumer.run(stop))
            try:
                yield consumer
            finally:
                stop.set()

    return run


@pytest.fixture
def written(kafka_access: KafkaAccess) -> Callable[[str], Awaitable[list[Written]]]:
    """Reads a whole topic."""

    async def read(topic: str) -> list[Written]:
        client = AIOKafkaConsumer(**kafka_access.client_options(), auto_offset_reset="earliest")
        await client.start()
        try:
            partitions = [TopicPartition(topic, number) for number in client.partitions_for_topic(topic) or range(4)]
            client.assign(partitions)
            ends = await client.end_offsets(partitions)
            records: list[Written] = []
            for partition in partitions:
                client.seek(partition, 0)
            while any([await client.position(one) < ends[one] for one in partitions]):
                for batch in (await client.getmany(timeout_ms=200)).values():
                    records += [Written(record.key, list(record.headers), record.value) for record in batch]
            return records
        finally:
            await client.stop()

    return read


@pytest.fixture
def committed(kafka: Kafka) -> Callable[[str, str], Awaitable[dict[int, int]]]:
    """What a group has reported as its offsets on a topic, by partition; 0 where it has not."""

    async def read(group: str, topic: str) -> dict[int, int]:
        admin = embedded_kafka.admin_client(kafka.client_settings())
        asked = ConsumerGroupTopicPartitions(group, [ReportedPartition(topic, number) for number in range(4)])
        (future,) = admin.list_consumer_group_offsets([asked]).values()
        told = await asyncio.to_thread(future.result, 10)
        return {one.partition: max(one.offset, 0) for one in told.topic_partitions}

    return read
