"""One idempotent producer a process, rebuilt after any failure.

`acks=all` and idempotence: a batch is either acknowledged by the in-sync replicas or reported as failed. After a
failure nothing is known about the records behind it, so the producer is dropped and the relay sends again from
the first failure of each key (aiokafka #1017: a fenced producer stays stuck until it is rebuilt).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.errors import CorruptRecordException, InvalidMessageError, KafkaError, MessageSizeTooLargeError

from kit.kafka import KafkaAccess

ACK_SECONDS = 10.0
LINGER_MS = 2
NEVER_DELIVERABLE = (MessageSizeTooLargeError, InvalidMessageError, CorruptRecordException)


class BrokerAwayError(Exception):
    """No broker can be reached; nothing was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is sent: byte for byte what the outbox holds."""

    topic: str
    key: bytes | None
    headers: Sequence[tuple[str, bytes]]
    payload: bytes | None


@dataclass(frozen=True, slots=True)
class Failed:
    """A record was not acknowledged. `hopeless` where sending it again cannot help."""

    reason: str
    hopeless: bool


class Producer:
    """Sends batches and says, record by record, what was acknowledged."""

    def __init__(self, access: KafkaAccess, client: str) -> None:
        self._access = access
        self._client = client
        self._producer: AIOKafkaProducer | None = None

    async def send(self, records: Sequence[Record]) -> list[Failed | None]:
        """Send in order and wait, at most `ACK_SECONDS`. None stands for acknowledged.

        Raises `BrokerAwayError` where no broker can be reached at all.
        """
        producer = await self._connected()
        try:
            async with asyncio.timeout(ACK_SECONDS):
                results = await self._acknowledged(producer, records)
        except (TimeoutError, asyncio.CancelledError):
            await self.drop()
            raise
        if any(results):
            await self.drop()
        return results

    async def drop(self) -> None:
        """Close the producer, in bounded time; the next `send` builds another."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            async with asyncio.timeout(2):
                await producer.stop()
        except (TimeoutError, KafkaError):
            return  # its connections die with it

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
            except KafkaError as error:
                await producer.stop()
                raise BrokerAwayError from error
            self._producer = producer
        return self._producer

    async def _acknowledged(self, producer: AIOKafkaProducer, records: Sequence[Record]) -> list[Failed | None]:
        sent: list[asyncio.Future[object] | Failed] = []
        for record in records:
            try:
                sent.append(
                    await producer.send(
                        record.topic, value=record.payload, key=record.key, headers=list(record.headers)
                    )
                )
            except KafkaError as error:
                sent.append(_failed(error))
        return [await _outcome(one) for one in sent]


async def _outcome(sent: "asyncio.Future[object] | Failed") -> Failed | None:
    if isinstance(sent, Failed):
        return sent
    try:
        await sent
    except KafkaError as error:
        return _failed(error)
    return None


def _failed(error: KafkaError) -> Failed:
    return Failed(type(error).__name__, hopeless=isinstance(error, NEVER_DELIVERABLE))
