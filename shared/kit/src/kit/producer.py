"""One idempotent producer a process, rebuilt after any failure.

`acks=all` and idempotence: a batch is either acknowledged by the in-sync replicas or reported as failed. After a
failure nothing is known about the records behind it, so the producer is dropped and the relay sends again from
the first failure of each key (aiokafka #1017: a fenced producer stays stuck until it is rebuilt).
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.errors import CorruptRecordException, InvalidMessageError, KafkaError, MessageSizeTooLargeError

from kit.kafka import KafkaAccess

ACK_SECONDS = 10.0
TOPIC_SECONDS = 2.0
ABSENT_SECONDS = 30.0
CLOSE_SECONDS = 2.0
LINGER_MS = 2
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


class Producer:
    """Sends batches and says, record by record, what was acknowledged."""

    def __init__(self, access: KafkaAccess, client: str) -> None:
        self._access = access
        self._client = client
        self._producer: AIOKafkaProducer | None = None
        self._absent: dict[str, tuple[float, Failed]] = {}
        """Topics that could not be written, why, and until when they are not asked for again."""

    async def send(self, records: Sequence[Record]) -> list[Failed | None]:
        """Send in order and wait, at most `ACK_SECONDS`. None stands for acknowledged.

        Raises `BrokerAwayError` where no broker can be reached at all.
        """
        producer = await self._connected()
        sent: list[asyncio.Future[object] | Failed] = []
        try:
            async with asyncio.timeout(ACK_SECONDS):
                await self._look_for_topics(producer, {record.topic for record in records})
                for record in records:
                    sent.append(await self._enqueued(producer, record))  # noqa: PERF401 - kept when time is over
                await _all_settled(sent)
        except TimeoutError:
            sent += [Failed("TimeoutError")] * (len(records) - len(sent))
        except asyncio.CancelledError:
            await self.drop()
            raise
        results = [_outcome(one) for one in sent]
        if any(result is not None and not result.kept for result in results):
            await self.drop()
        return results

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
                linger_ms=LINGER_MS,
                compression_type="lz4",
                max_batch_size=256 * 1024,
                max_request_size=2 * 1024 * 1024,
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

    async def _look_for_topics(self, producer: AIOKafkaProducer, topics: set[str]) -> None:
        """Find out which topics cannot be written: `send` would wait for one, and all others behind it."""
        now = time.monotonic()
        self._absent = {topic: known for topic, known in self._absent.items() if known[0] > now}
        for topic in topics - self._absent.keys():
            try:
                async with asyncio.timeout(TOPIC_SECONDS):
                    await producer.partitions_for(topic)
            except (KafkaError, TimeoutError) as error:
                self._absent[topic] = (now + ABSENT_SECONDS, Failed(type(error).__name__, kept=True))

    async def _enqueued(self, producer: AIOKafkaProducer, record: Record) -> "asyncio.Future[object] | Failed":
        if record.topic in self._absent:
            return self._absent[record.topic][1]
        try:
            return await producer.send(record.topic, value=record.payload, key=record.key, headers=list(record.headers))
        except KafkaError as error:
            return _failed(error)
        except (AssertionError, TypeError, ValueError) as error:  # the client refuses its form: no key and no value
            return Failed(type(error).__name__, hopeless=True, kept=True)


async def _all_settled(sent: Sequence["asyncio.Future[object] | Failed"]) -> None:
    waiting = [one for one in sent if not isinstance(one, Failed)]
    if waiting:
        await asyncio.wait(waiting)


def _outcome(sent: "asyncio.Future[object] | Failed") -> Failed | None:
    if isinstance(sent, Failed):
        return sent
    if not sent.done():
        return Failed("TimeoutError")
    if sent.cancelled():
        return Failed("CancelledError")
    error = sent.exception()
    return None if error is None else _failed(error)


def _failed(error: BaseException) -> Failed:
    return Failed(type(error).__name__, hopeless=isinstance(error, NEVER_DELIVERABLE))


async def _close(producer: AIOKafkaProducer) -> None:
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await producer.stop()
    except (TimeoutError, KafkaError):
        return  # its connections die with it
