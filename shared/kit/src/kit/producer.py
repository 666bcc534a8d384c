"""One idempotent producer a process, rebuilt after any failure.

`acks=all` and idempotence: a batch is either acknowledged by the in-sync replicas or reported as failed. After a
failure nothing is known about the records behind it, so the producer is dropped, with what it still holds, and the
relay sends again from the first failure of each key (aiokafka #1017: a fenced producer is stuck until it is rebuilt).
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from aiokafka import AIOKafkaProducer
from aiokafka.errors import CorruptRecordException, InvalidMessageError, KafkaError, MessageSizeTooLargeError
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder

from kit import telemetry
from kit.kafka import COMPRESSION, KafkaAccess

log = telemetry.logger(__name__)

ACK_SECONDS = 10.0
TOPIC_SECONDS = 2.0
ABSENT_SECONDS = 30.0
CLOSE_SECONDS = 2.0
CANCEL_SECONDS = 0.1
BATCH_BYTES = 256 * 1024
MOST_BYTES = 2 * 1024 * 1024
PARTITION_OF = DefaultPartitioner()
"""Where every other Kafka client would look for a key."""
NEVER_DELIVERABLE = (MessageSizeTooLargeError, InvalidMessageError, CorruptRecordException)


class BrokerAwayError(Exception):
    """No broker can be reached; nothing was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is sent: byte for byte what the outbox holds."""

    topic: str
    key: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    payload: bytes | None


@dataclass(frozen=True, slots=True)
class Failed:
    """A record was not acknowledged. `hopeless` where sending it again cannot help, `kept` where it never left us."""

    reason: str
    hopeless: bool = False
    kept: bool = False


@dataclass(slots=True)
class Batch:
    """Records of one partition that are sent and acknowledged together."""

    topic: str
    partition: int
    builder: BatchBuilder
    numbers: list[int] = field(default_factory=list[int])
    """Which of the round's records they are."""

    def takes(self, number: int, record: Record) -> bool:
        """Whether there was room for one more; there always is for a first."""
        added = self.builder.append(timestamp=None, key=record.key, value=record.payload, headers=list(record.headers))
        if added is not None:
            self.numbers.append(number)
        return added is not None

    def note(self, results: list[Failed | None], result: Failed | None) -> None:
        """Every record of the batch came to the same end."""
        for number in self.numbers:
            results[number] = result


class Producer:
    """Sends batches and says, record by record, what was acknowledged."""

    def __init__(self, access: KafkaAccess, client: str) -> None:
        self._access = access
        self._client = client
        self._producer: AIOKafkaProducer | None = None
        self._absent: dict[str, tuple[float, Failed]] = {}
        """Topics that could not be written, why, and until when they are not asked for again."""
        self._suspected: set[tuple[str, int]] = set()
        """Partitions of which a batch was refused: one record a batch, until it is known which one it is."""

    def absent(self) -> list[str]:
        """The topics that cannot be written as far as is known; each is asked again after `ABSENT_SECONDS`."""
        now = time.monotonic()
        self._absent = {topic: known for topic, known in self._absent.items() if known[0] > now}
        return list(self._absent)

    async def send(self, records: Sequence[Record]) -> list[Failed | None]:
        """Send in order and wait, at most `ACK_SECONDS`. None stands for acknowledged.

        Raises `BrokerAwayError` where no broker can be reached at all.
        """
        producer = await self._connected()
        results: list[Failed | None] = [Failed("TimeoutError")] * len(records)
        sent: list[tuple[Batch, asyncio.Future[object]]] = []
        try:
            async with asyncio.timeout(ACK_SECONDS):
                places = await self._places(producer, {record.topic for record in records})
                for batch in self._batched(producer, records, places, results):
                    await _enqueue(producer, batch, sent, results)
                if sent:
                    await asyncio.wait([acknowledged for _, acknowledged in sent])
        except TimeoutError:
            log.info("producer.timeout", records=len(records))
        except asyncio.CancelledError:
            await self.drop()
            raise
        for batch, acknowledged in sent:
            self._judge(batch, _outcome(acknowledged), results)
        if any(result is not None and not result.kept for result in results):
            await self.drop()
        return results

    def _judge(self, batch: Batch, result: Failed | None, results: list[Failed | None]) -> None:
        """Every record of a batch came to the same end; only a record alone can be the one that is hopeless."""
        place = (batch.topic, batch.partition)
        if result is None:
            self._suspected.discard(place)
        elif result.hopeless and len(batch.numbers) > 1:
            self._suspected.add(place)
            result = replace(result, hopeless=False)
        batch.note(results, result)

    async def drop(self) -> None:
        """Close the producer, in bounded time; the next `send` builds another."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _close(producer)

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                **self._access.client_options(),
                client_id=self._client,
                enable_idempotence=True,
                acks="all",
                linger_ms=0,  # batches come filled: waiting gathers nothing
                compression_type=COMPRESSION,
                max_batch_size=BATCH_BYTES,
                max_request_size=MOST_BYTES,
                request_timeout_ms=int(ACK_SECONDS * 1000),
            )
            try:
                await producer.start()
            except BaseException as error:
                await _close(producer)
                if isinstance(error, KafkaError):
                    raise BrokerAwayError from error
                raise
            self._producer = producer
        return self._producer

    async def _places(self, producer: AIOKafkaProducer, topics: set[str]) -> dict[str, list[int]]:
        """The partitions of the topics that can be written: for one that cannot, all behind it would wait."""
        places: dict[str, list[int]] = {}
        for topic in topics.difference(self.absent()):
            try:
                async with asyncio.timeout(TOPIC_SECONDS):
                    places[topic] = sorted(await producer.partitions_for(topic))
            except (KafkaError, TimeoutError) as error:
                log.warning("producer.topic_absent", topic=topic, error=type(error).__name__)
                self._absent[topic] = (time.monotonic() + ABSENT_SECONDS, Failed(type(error).__name__, kept=True))
        return places

    def _batched(
        self,
        producer: AIOKafkaProducer,
        records: Sequence[Record],
        places: Mapping[str, list[int]],
        results: list[Failed | None],
    ) -> list[Batch]:
        """The records as batches of one partition each, in order; `results` gets those that cannot be sent.

        One future a batch: with one a record, as the client's own `send` has it, a round costs five times as much.
        """
        batches: list[Batch] = []
        open_ones: dict[tuple[str, int], Batch] = {}
        for number, record in enumerate(records):
            if record.topic not in places:
                results[number] = self._absent[record.topic][1]
                continue
            refused = _refused(record)
            if refused is not None:
                results[number] = refused
                continue
            known = places[record.topic]
            place = (record.topic, PARTITION_OF(record.key, known, known))
            batch = open_ones.get(place) if place not in self._suspected else None
            if batch is None or not batch.takes(number, record):
                batch = open_ones[place] = Batch(*place, producer.create_batch())
                batch.takes(number, record)
                batches.append(batch)
        return batches


def _refused(record: Record) -> Failed | None:
    """What the broker would never take, found before it spoils a batch."""
    if record.key is None and record.payload is None:
        return Failed("EmptyRecord", hopeless=True, kept=True)
    if len(record.key or b"") + len(record.payload or b"") > MOST_BYTES:
        return Failed(MessageSizeTooLargeError.__name__, hopeless=True, kept=True)
    return None


async def _enqueue(
    producer: AIOKafkaProducer,
    batch: Batch,
    sent: list[tuple[Batch, "asyncio.Future[object]"]],
    results: list[Failed | None],
) -> None:
    """Hand a batch to the client, which sends those of a partition one after the other."""
    try:
        sent.append((batch, await producer.send_batch(batch.builder, batch.topic, partition=batch.partition)))
    except KafkaError as error:
        batch.note(results, _failed(error))


def _outcome(sent: "asyncio.Future[object]") -> Failed | None:
    if not sent.done():
        return Failed("TimeoutError")
    if sent.cancelled():
        return Failed("CancelledError")
    error = sent.exception()
    return None if error is None else _failed(error)


def _failed(error: BaseException) -> Failed:
    return Failed(type(error).__name__, hopeless=isinstance(error, NEVER_DELIVERABLE))


async def _close(producer: AIOKafkaProducer) -> None:
    """End a producer for good, in bounded time.

    Its own `stop` first sends what is queued, and goes on for as long as that takes after we gave up waiting: beside
    the successor's records of the same rows, an old one could come last.
    """
    producer._closed = True  # what `stop` notes  # pyright: ignore[reportPrivateUsage]
    sender: asyncio.Task[None] | None = producer._sender.sender_task  # pyright: ignore[reportPrivateUsage]
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            while sender is not None and not sender.done():
                sender.cancel()  # its answer is to await the request on its way, and the second time to cancel that
                await asyncio.wait([sender], timeout=CANCEL_SECONDS)
            await producer.client.close()
    except (TimeoutError, KafkaError):
        return  # nobody is left who would send
