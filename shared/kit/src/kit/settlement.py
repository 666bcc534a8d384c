"""What one batch does: every record comes to its end, and the position moves with the effects.

Knows no Kafka client, so that order, failure classes, dead letters and what waits behind them do not depend on one.
"""

from collections import Counter, deque
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from contracts import registry
from contracts.model import Contract
from kit import deadletter, inbox, parking, positions, redaction, telemetry
from kit.arrivals import Arrival, Record, arrival
from kit.database import Database, Transaction
from kit.dispatch import Dispatcher, Received, UndecodableError
from kit.failures import is_transient
from kit.faults import fault
from kit.outbox import Raw
from kit.positions import FencedError, Partition
from kit.time import Clock

log = telemetry.logger(__name__)

SINGLE_TRIES = 3
BATCH, RELEASED_AT_ONCE = 500, 200
BREAKER_WINDOW, BREAKER_DEAD = 1_000, 20
"""More dead letters than this among so many records is no poison record but a bad build, or a bad writer."""


class BreakerOpenError(Exception):
    """Too many dead letters: the consumer stops before it empties a topic into them."""


Ends: TypeAlias = Counter[tuple[str, str]]
"""How many records of a topic came to which end: handled, seen, skipped, parked, dropped, or dead and why."""
Effect: TypeAlias = Callable[[Transaction, Sequence[Arrival]], Awaitable[Ends]]

DEAD = "dead:"


@dataclass(slots=True)
class Effected:
    """What became of some records: their ends, those that wait behind a dead one, and the keys parked behind one."""

    ends: Ends = field(default_factory=Ends)
    aside: list[tuple[parking.Key, Record]] = field(default_factory=list[tuple[parking.Key, Record]])
    dead: set[parking.Key] = field(default_factory=set[parking.Key])


@dataclass(frozen=True, slots=True)
class FailedRelease:
    """What waits behind a key could not be handled: the oldest that was tried, by its id, and why."""

    oldest: int
    error: Exception


@dataclass(slots=True)
class Portion:
    """How many records are taken at once. What takes too long for a statement does so each time, unless it is less."""

    most: int
    now: int = field(init=False)

    def __post_init__(self) -> None:
        self.now = self.most

    @contextmanager
    def tried(self, size: int) -> Generator[None]:
        """Half as many after a transient failure of that many, down to one; twice as many after a success."""
        try:
            yield
        except Exception as error:
            if is_transient(error):
                self.now = max(1, min(size, self.now) // 2)
            raise
        self.now = min(self.most, self.now * 2)


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
        self._recent: deque[bool] = deque(maxlen=BREAKER_WINDOW)
        """Of the last records: whether each ended as a dead letter."""
        self.portion = Portion(BATCH)
        """Of a batch."""
        self._released_at_once = Portion(RELEASED_AT_ONCE)
        self.releasing = True
        """Whether keys may be waiting for their release: whoever read our partitions before may have left some."""

    async def handle(self, tx: Transaction, batch: Sequence[Received[Contract]]) -> Ends:
        """Call the handlers with those events of the batch that were not seen before."""
        if not batch:
            return Ends()
        fresh = await inbox.fresh(tx, [received.envelope.id for received in batch])
        unseen: list[Received[Contract]] = []
        seen: Counter[str] = Counter()
        for received in batch:
            if received.envelope.id in fresh:
                fresh.remove(received.envelope.id)  # a duplicate inside the batch counts once
                unseen.append(received)
            else:
                seen[received.envelope.type] += 1
        for handler, events in self._dispatcher.rounds(unseen):
            await handler.handle(self._application, tx, events)
        handled = Counter(received.envelope.type for received in unseen)
        return _ends(handled, "handled") + _ends(seen, "seen")

    async def settle(self, records: Sequence[Record], expected: dict[Partition, int]) -> None:
        """Bring every record to its end: handled, skipped, parked or dead.

        Raises transient errors, `FencedError` and `BreakerOpenError`.
        """
        with self.portion.tried(len(records)):
            error = await self._failure(records, expected)
            if error is not None:
                log.warning("consumer.batch_failed", records=len(records), error=type(error).__name__)
                await self._again(records, expected)

    async def release(self) -> bool:
        """One step through what waits behind released keys; False where there is none for us now.

        The oldest of one key together; if that fails, the oldest alone. Raises transient errors.
        """
        async with self._database.as_system() as tx:
            key = await parking.next_released(tx)
            if key is None:
                self.releasing = await parking.releasing(tx)
                return False
        limit = self._released_at_once.now
        with self._released_at_once.tried(limit):
            failed = await self._released(key, limit)
        if failed is None:
            return True
        log.warning("consumer.release_failed", error=type(failed.error).__name__)
        tried: set[int] = set()
        for _ in range(SINGLE_TRIES):
            failed = await self._released(key, 1)
            if failed is None:
                return True
            tried.add(failed.oldest)
        if tried == {failed.oldest}:  # no other process went on with the key meanwhile
            await self._bury_waiting(key, failed)
        return True

    async def _released(self, key: parking.Key, limit: int) -> FailedRelease | None:
        """One try of that many; None where it worked, or another process works on the key. Raises transient errors."""
        waiting: list[parking.Waiting] = []
        try:
            async with self._database.as_system() as tx:
                if not await parking.claim(tx, key):
                    return None
                waiting = await parking.oldest(tx, key, limit)
                effected = await self._effect(tx, [arrival(record, self._group) for record in waiting], set())
                behind = {id(record) for _, record in effected.aside}  # an undecodable one: a person decides again
                await parking.forget(tx, [record for record in waiting if id(record) not in behind])
                if len(waiting) < limit and not effected.dead:
                    await parking.free(tx, key)
        except Exception as error:
            if not waiting or isinstance(error, BreakerOpenError) or is_transient(error):
                raise
            return FailedRelease(oldest=waiting[0].id, error=error)
        self._count(effected.ends)
        return None

    async def _bury_waiting(self, key: parking.Key, failed: FailedRelease) -> None:
        """Give up on what failed, if it is still the oldest of its key: the key is parked again behind it."""
        error = type(failed.error).__name__
        async with self._database.as_system() as tx:
            waiting = await parking.oldest(tx, key, 1) if await parking.claim(tx, key) else []
            if [record.id for record in waiting] != [failed.oldest]:
                return
            (record,) = waiting
            message = redaction.message(failed.error)
            await self._give_up(tx, arrival(record, self._group), error, message, attempts=SINGLE_TRIES)
            await parking.forget(tx, waiting)
        self._count(Ends({(record.topic, DEAD + error): 1}))

    async def _again(self, records: Sequence[Record], expected: dict[Partition, int]) -> None:
        """Once more as it is, then halves, down to the record that fails by itself."""
        self._break_beyond(0)
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
        assert error is not None  # noqa: S101 - it was tried
        await self._bury(record, expected, type(error).__name__, redaction.message(error), SINGLE_TRIES)

    async def _failure(self, records: Sequence[Record], expected: dict[Partition, int]) -> Exception | None:
        """One try; None where it worked. Raises what says nothing about the records: transient, or fenced."""
        try:
            await self._transact(records, expected, self._decoded)
        except Exception as error:
            if isinstance(error, FencedError | BreakerOpenError) or is_transient(error):
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
        nexts = _nexts(records)
        arrivals = [arrival(record, self._group) for record in records]
        traces = {one.trace for one in arrivals}  # a batch continues none of its traces and links to all
        with telemetry.span("consumer.batch", links=traces, attributes={"records": len(records)}):
            async with self._database.as_system() as tx:
                ends = await effect(tx, arrivals)
                await positions.move(tx, expected, nexts)
                fault("consumer.before_commit")
        fault("consumer.committed")
        expected.update(nexts)
        self._count(ends)

    async def _decoded(self, tx: Transaction, arrivals: Sequence[Arrival]) -> Ends:
        """Put what may not pass a dead event of its key aside, handle the rest, release what replays release."""
        blocked = await parking.parked(tx, {one.key for one in arrivals if one.key is not None and self._waits(one)})
        effected = await self._effect(tx, arrivals, blocked)
        await parking.keep(tx, effected.aside)
        replayed = [(one.key, one.record) for one in arrivals if one.replayed and one.key is not None]
        decided = {(key, self._place(record)) for key, record in replayed if key not in effected.dead}
        await parking.release(tx, decided)
        self.releasing = self.releasing or bool(decided)
        return effected.ends

    async def _effect(self, tx: Transaction, arrivals: Sequence[Arrival], blocked: set[parking.Key]) -> "Effected":
        effected = Effected()
        batch: list[Received[Contract]] = []
        for one in arrivals:
            record, key = one.record, one.key
            if one.dropped:
                effected.ends[record.topic, "dropped"] += 1
            elif not self._dispatcher.wants(one.type):
                effected.ends[record.topic, "skipped"] += 1
            elif key is not None and (key in blocked or key in effected.dead) and self._waits(one):
                effected.aside.append((key, record))
                effected.ends[record.topic, "parked"] += 1
            else:
                try:
                    batch.append(self._dispatcher.decode(record.headers, record.value, one.source))
                except UndecodableError as error:
                    held = await self._give_up(tx, one, error.code, error.detail, attempts=1)
                    effected.dead |= {key for key in (held,) if key is not None}
                    effected.ends[record.topic, DEAD + error.code] += 1
        self._break_beyond(sum(number for (_, end), number in effected.ends.items() if end.startswith(DEAD)))
        effected.ends.update(await self.handle(tx, batch))
        return effected

    def _waits(self, one: Arrival) -> bool:
        """Whether it has to wait behind a dead event of its key: not what is replayed, nor what may pass."""
        return not one.replayed and self._dispatcher.wants(one.type) and not self._dispatcher.commutative(one.type)

    def _break_beyond(self, dead: int) -> None:
        """Raise `BreakerOpenError` where so many more dead letters would be too many."""
        if sum(self._recent) + dead > BREAKER_DEAD:
            raise BreakerOpenError

    async def _give_up(
        self, tx: Transaction, one: Arrival, error: str, message: str, *, attempts: int
    ) -> parking.Key | None:
        """A dead letter; the key whose later events wait behind it, None where they may pass."""
        tx.forward(self._dead_letter(one.record, error, message, attempts=attempts))
        if one.key is None or self._dispatcher.commutative(one.type):
            return None
        await parking.park(tx, (one.key, self._place(one.record)))
        return one.key

    async def _bury(
        self,
        records: Sequence[Record],
        expected: dict[Partition, int],
        error: str,
        message: str,
        attempts: int,
    ) -> None:
        async def give_up(tx: Transaction, given: Sequence[Arrival]) -> Ends:
            for one in given:
                await self._give_up(tx, one, error, message, attempts=attempts)
            return Ends((one.record.topic, DEAD + error) for one in given)

        await self._transact(records, expected, give_up)

    def _count(self, ends: Ends) -> None:
        """Once it is committed: a batch that comes again is not counted twice."""
        for (topic, end), number in ends.items():
            dead = end.startswith(DEAD)
            telemetry.CONSUMED.labels(topic, "dead" if dead else end).inc(number)
            self._recent.extend([dead] * number)
            if dead:
                telemetry.DEAD_LETTERS.labels(topic, end.removeprefix(DEAD)).inc(number)

    def _place(self, record: Record) -> str:
        """Where it first stood: tells its dead letter from the others of its key."""
        first = deadletter.first_origin(record.headers, _origin(record), self._group)
        return f"{first.partition}/{first.offset}"

    def _dead_letter(self, record: Record, error: str, message: str, *, attempts: int) -> Raw:
        log.error("consumer.dead_letter", topic=record.topic, offset=record.offset, error=error)
        return deadletter.write(
            Raw(topic=record.topic, key=record.key, headers=record.headers, payload=record.value),
            _origin(record),
            deadletter.Reason(error=error, message=message, attempts=attempts),
            group=self._group,
            now=self._clock.now(),
        )


def _origin(record: Record) -> deadletter.Origin:
    return deadletter.Origin(
        topic=record.topic, partition=record.partition, offset=record.offset, timestamp=record.timestamp
    )


def _nexts(records: Sequence[Record]) -> dict[Partition, int]:
    """Where each partition is read on; offsets rise within one."""
    last = {(record.topic, record.partition): record.offset for record in records}
    return {Partition(topic, number): offset + 1 for (topic, number), offset in last.items()}


def _ends(types: Counter[str], end: str) -> Ends:
    ends = Ends()
    for kind, number in types.items():
        ends[registry.BY_TYPE[kind].topic.name, end] += number
    return ends
