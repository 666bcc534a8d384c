"""What one batch does: every record comes to its end, and the position moves with the effects.

Knows no Kafka client, so that order, failure classes and dead letters do not depend on one.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeAlias

from contracts import registry
from contracts.model import Contract
from kit import deadletter, inbox, positions, telemetry
from kit.database import Database, Transaction
from kit.dispatch import Dispatcher, Received, UndecodableError
from kit.failures import is_transient
from kit.faults import fault
from kit.outbox import Raw
from kit.positions import FencedError, Partition
from kit.time import Clock

log = telemetry.logger(__name__)

SINGLE_TRIES = 3


class Record(Protocol):
    """A record as a client hands it over."""

    @property
    def topic(self) -> str:
        """Where it stands."""
        ...

    @property
    def partition(self) -> int:
        """Where it stands."""
        ...

    @property
    def offset(self) -> int:
        """Where it stands."""
        ...

    @property
    def timestamp(self) -> int:
        """When the broker took it, in milliseconds."""
        ...

    @property
    def key(self) -> bytes | None:
        """The key's bytes."""
        ...

    @property
    def value(self) -> bytes | None:
        """The data's bytes."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """The envelope, in binary mode."""
        ...


Ends: TypeAlias = Counter[tuple[str, str]]
"""How many records of a topic came to which end: handled, seen, skipped, or dead and why."""
Effect: TypeAlias = Callable[[Transaction, Sequence[Record]], Awaitable[Ends]]

DEAD = "dead:"


class Settlement:
    """Settles batches for one consumer group."""

    def __init__(
        self, *, dispatcher: Dispatcher, application: Any, database: Database, clock: Clock, group: str
    ) -> None:
        self._dispatcher = dispatcher
        self._application = application
        self._database = database
        self._clock = clock
        self._group = group

    async def handle(self, tx: Transaction, batch: Sequence[Received[Contract]]) -> Ends:
        """Call the handlers with those events of the batch that were not seen before."""
        fresh = await inbox.fresh(tx, [received.envelope.id for received in batch])
        unseen: list[Received[Contract]] = []
        for received in batch:
            if received.envelope.id in fresh:
                fresh.remove(received.envelope.id)  # a duplicate inside the batch counts once
                unseen.append(received)
        for handler, events in self._dispatcher.rounds(unseen):
            await handler.handle(self._application, tx, events)
        ends = Ends((registry.BY_TYPE[received.envelope.type].topic.name, "handled") for received in unseen)
        ends.update((registry.BY_TYPE[received.envelope.type].topic.name, "seen") for received in batch)
        ends.subtract((registry.BY_TYPE[received.envelope.type].topic.name, "seen") for received in unseen)
        return ends

    async def settle(self, records: Sequence[Record], expected: dict[Partition, int]) -> None:
        """Bring every record to its end: handled, skipped or dead. Raises transient errors and `FencedError`."""
        error = await self._failure(records, expected)
        if error is not None:
            log.warning("consumer.batch_failed", records=len(records), error=type(error).__name__)
            await self._again(records, expected)

    async def _again(self, records: Sequence[Record], expected: dict[Partition, int]) -> None:
        """Once more as it is, then halves, down to the record that fails by itself."""
        if len(records) == 1:
            await self._alone(records, expected)
        elif await self._failure(records, expected) is not None:
            middle = len(records) // 2
            await self._again(records[:middle], expected)
            await self._again(records[middle:], expected)

    async def _alone(self, record: Sequence[Record], expected: dict[Partition, int]) -> None:
        """The single record's remaining tries, then its dead letter; its first try was with its batch."""
        error: Exception | None = None
        for _ in range(SINGLE_TRIES - 1):
            error = await self._failure(record, expected)
            if error is None:
                return
        await self._bury(record, expected, type(error).__name__, str(error), SINGLE_TRIES)

    async def _failure(self, records: Sequence[Record], expected: dict[Partition, int]) -> Exception | None:
        """One try; None where it worked. Raises what says nothing about the records: transient, or fenced."""
        try:
            await self._transact(records, expected, self._decoded)
        except Exception as error:
            if isinstance(error, FencedError) or is_transient(error):
                raise
            return error
        return None

    async def _transact(
        self,
        records: Sequence[Record],
        expected: dict[Partition, int],
        effect: Effect,
    ) -> None:
        """Effect and position in one transaction; `expected` moves only once it is committed."""
        nexts = {Partition(record.topic, record.partition): record.offset + 1 for record in records}
        with telemetry.span("consumer.batch", links=_traces(records), attributes={"records": len(records)}):
            async with self._database.as_system() as tx:
                ends = await effect(tx, records)
                await positions.move(tx, expected, nexts)
                fault("consumer.before_commit")
        fault("consumer.committed")
        expected.update(nexts)
        _count(ends)

    async def _decoded(self, tx: Transaction, records: Sequence[Record]) -> Ends:
        batch: list[Received[Contract]] = []
        ends = Ends()
        for record in records:
            if not self._dispatcher.wants(record.headers):
                ends[record.topic, "skipped"] += 1
                continue
            try:
                batch.append(self._dispatcher.decode(record.headers, record.value))
            except UndecodableError as error:
                tx.forward(self._dead_letter(record, error.code, error.detail, attempts=1))
                ends[record.topic, DEAD + error.code] += 1
        return ends + await self.handle(tx, batch)

    async def _bury(
        self,
        records: Sequence[Record],
        expected: dict[Partition, int],
        error: str,
        message: str,
        attempts: int,
    ) -> None:
        async def give_up(tx: Transaction, given: Sequence[Record]) -> Ends:
            for record in given:
                tx.forward(self._dead_letter(record, error, message, attempts=attempts))
            return Ends((record.topic, DEAD + error) for record in given)

        await self._transact(records, expected, give_up)

    def _dead_letter(self, record: Record, error: str, message: str, *, attempts: int) -> Raw:
        log.error("consumer.dead_letter", topic=record.topic, offset=record.offset, error=error)
        return deadletter.write(
            Raw(topic=record.topic, key=record.key, headers=record.headers, payload=record.value),
            deadletter.Origin(
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                timestamp=record.timestamp,
            ),
            deadletter.Reason(error=error, message=message, attempts=attempts),
            group=self._group,
            now=self._clock.now(),
        )


def _traces(records: Sequence[Record]) -> set[str]:
    """The traces that meet in a batch: it continues none of them and links to all."""
    return {
        value.decode(errors="replace")
        for record in records
        for name, value in record.headers
        if name == "ce_traceparent" and value is not None
    }


def _count(ends: Ends) -> None:
    """Once it is committed: a batch that comes again is not counted twice."""
    for (topic, end), number in ends.items():
        telemetry.CONSUMED.labels(topic, "dead" if end.startswith(DEAD) else end).inc(number)
        if end.startswith(DEAD):
            telemetry.DEAD_LETTERS.labels(topic, end.removeprefix(DEAD)).inc(number)
