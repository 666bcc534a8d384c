"""Kafka as the bench speaks to it, with the same client as the suite's own: the references, and hearing of assignments.

The administrator's user may write a topic of the bench's own, which nobody else reads and which is deleted at the end.
"""
# confluent_kafka.admin is the documented place of these names, though it does not list them in __all__.
# pyright: reportPrivateImportUsage=false

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from confluent_kafka import KafkaException
from confluent_kafka.admin import NewTopic

from contracts import envelope, registry
from contracts.events.jurisdictions import AssignmentCreated
from interlink.benching.ground import Ground
from interlink.stack.kafka import ADMIN, admin_client
from interlink.stack.layout import StackError
from interlink.stack.servers import Broker
from kit.kafka import COMPRESSION, KafkaAccess

TOPIC = "interlink.bench"
PARTITIONS = 12
BATCH = 1_000
POLL = 500
PATIENCE_SECONDS = 600.0
CREATED = registry.of(AssignmentCreated).type

Headers: TypeAlias = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Record:
    """A record's bytes."""

    key: bytes | None
    headers: Headers
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Span:
    """Which records of a topic are meant: per partition the first offset and the one after the last."""

    topic: str
    partitions: dict[int, tuple[int, int]]

    @property
    def records(self) -> int:
        """How many they are."""
        return sum(end - first for first, end in self.partitions.values())


def as_admin(ground: Ground) -> KafkaAccess:
    """The broker's administrator, as services connect."""
    address = Broker(home=ground.home).address
    return KafkaAccess(
        bootstrap=address.bootstrap,
        security=address.security,
        user=ADMIN,
        password=ground.home.secrets["kafka.admin"],
        ca_file=str(address.ca) if address.ca else None,
    )


@contextlib.asynccontextmanager
async def own_topic(ground: Ground) -> AsyncGenerator[str]:
    """The bench's topic, as many partitions as a topic of suspects has; deleted at the end."""
    admin = admin_client(Broker(home=ground.home).admin_settings)
    made = admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1)])
    with contextlib.suppress(KafkaException):  # an earlier run was cut off
        await asyncio.to_thread(made[TOPIC].result, 20)
    try:
        yield TOPIC
    finally:
        await asyncio.to_thread(admin.delete_topics([TOPIC])[TOPIC].result, 20)


@contextlib.asynccontextmanager
async def producing(ground: Ground) -> AsyncGenerator[AIOKafkaProducer]:
    """An idempotent producer that waits for all replicas, set as the kit's."""
    producer = AIOKafkaProducer(
        **as_admin(ground).client_options(),
        enable_idempotence=True,
        acks="all",
        linger_ms=0,
        compression_type=COMPRESSION,
        max_batch_size=256 * 1024,
        max_request_size=2 * 1024 * 1024,
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def send(producer: AIOKafkaProducer, topic: str, records: Sequence[Record]) -> float:
    """Send everything, a thousand at a time as the relay does, until acknowledged; records a second."""
    began = time.perf_counter()
    for at in range(0, len(records), BATCH):
        sent: list[asyncio.Future[Any]] = [
            await producer.send(topic, value=one.value, key=one.key, headers=list(one.headers))
            for one in records[at : at + BATCH]
        ]
        await asyncio.wait(sent)
        for one in sent:
            one.result()
    return len(records) / (time.perf_counter() - began)


@contextlib.asynccontextmanager
async def consuming(ground: Ground, span: Span | None = None) -> AsyncGenerator[AIOKafkaConsumer]:
    """A consumer without a group, standing before the span's first records."""
    consumer = AIOKafkaConsumer(
        **as_admin(ground).client_options(), enable_auto_commit=False, max_partition_fetch_bytes=1024 * 1024
    )
    await consumer.start()
    try:
        if span is not None:
            consumer.assign([TopicPartition(span.topic, number) for number in span.partitions])
            for number, (first, _) in span.partitions.items():
                consumer.seek(TopicPartition(span.topic, number), first)
        yield consumer
    finally:
        await consumer.stop()


async def ends(ground: Ground, topic: registry.Topic) -> dict[int, int]:
    """The next offset of every partition of a topic."""
    async with consuming(ground) as consumer:
        places = [TopicPartition(topic.name, number) for number in range(topic.partitions)]
        return {place.partition: offset for place, offset in (await consumer.end_offsets(places)).items()}


async def read(ground: Ground, span: Span) -> list[Record]:
    """All records of a span."""
    found: list[Record] = []

    def keep(record: Any) -> None:
        found.append(Record(record.key, record.headers, record.value))

    await each(ground, span, keep)
    return found


async def each(ground: Ground, span: Span, use: Callable[[Any], object]) -> float:
    """Read the span with `getmany`, as the kit polls, and use every record; records a second."""
    left = span.records
    async with consuming(ground, span) as consumer, asyncio.timeout(PATIENCE_SECONDS):
        began = time.perf_counter()
        while left > 0:
            for place, records in (await consumer.getmany(timeout_ms=200, max_records=POLL)).items():
                for record in records:
                    if record.offset < span.partitions[place.partition][1]:
                        use(record)
                        left -= 1
        return span.records / (time.perf_counter() - began)


class Assignments:
    """Hears of every `assignment.created` from now on."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def next(self) -> list[UUID]:
        """The referrals of the next ones heard, at least one. Raises `StackError` when none comes."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    polled = await self._consumer.getmany(timeout_ms=1000)
                    found = [_referral(one) for records in polled.values() for one in records if _created(one)]
                    if found:
                        return found
        except TimeoutError as error:
            raise StackError("No assignment for ten minutes. See: interlink status") from error


@contextlib.asynccontextmanager
async def assignments(ground: Ground) -> AsyncGenerator[Assignments]:
    """Stand at the end of the topic of assignments."""
    topic = registry.JURISDICTIONS
    span = Span(topic.name, {number: (end, end) for number, end in (await ends(ground, topic)).items()})
    async with consuming(ground, span) as consumer:
        yield Assignments(consumer)


def _created(record: Any) -> bool:
    return envelope.type_of(record.headers) == CREATED


def _referral(record: Any) -> UUID:
    return UUID(orjson.loads(record.value)["referral"])


async def hops(ground: Ground, topic: str, commit: Callable[[], Awaitable[None]], count: int) -> list[float]:
    """Seconds of (commit, record there and back) twice, one after the other: the least a suspect's way can take."""
    taken: list[float] = []
    async with producing(ground) as producer, consuming(ground) as consumer:
        consumer.assign([TopicPartition(topic, 0)])
        await consumer.seek_to_end()
        await consumer.getmany(timeout_ms=200)
        for _ in range(count):
            began = time.perf_counter()
            for _ in range(2):
                await commit()
                await producer.send_and_wait(topic, b"x" * 1_000, partition=0)
                while not await consumer.getmany(timeout_ms=1_000):
                    continue
            taken.append(time.perf_counter() - began)
    return taken
