"""The batch consumer: poll → skip → decode → one transaction a batch → position.

The transaction holds inbox ids, the handlers' effects, outgoing events, dead letters and the position, so an
event acts once whatever dies when. Failures have classes:

    undecodable    dead letter at once, the rest proceeds
    transient      roll back, seek back, pause and back off without limit (database, keyring, deadlock, time-out);
                   then half as many records, for what is too much for one statement is so each time
    fenced         another member owns the partition: take the positions from the database again; so does a member
                   that compares them now and then and finds others there: the database was put back
    anything else  the same batch once more, then halves, down to single records: three tries, then dead letter;
                   later events of its key wait for a person (`kit.parking`), unless their handler is commutative
    breaker        more than 20 dead letters among 1,000 records: stop, and let readiness say so

Promised: order per key for what is handled. Not promised: order across keys or topics.
"""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from kit import positions, telemetry
from kit.database import Database
from kit.dispatch import Dispatcher
from kit.failures import is_transient
from kit.joining import Membership, group_client, joined, left
from kit.kafka import KafkaAccess, replay_topic
from kit.positions import Comparison, FencedError, Partition
from kit.settlement import BreakerOpenError, Settlement
from kit.time import Clock

log = telemetry.logger(__name__)

POLL_MS = 200
FIRST_DELAY, LONGEST_DELAY = 0.2, 30.0
STUCK_SECONDS = 60.0
REPORT_SECONDS = 2.0
REPORT_EVERY = 5.0
"""Under load; whoever is idle has reported at once. Every batch would ask the coordinator to write for nobody."""


@dataclass(slots=True)
class Condition:
    """What readiness and liveness look at."""

    expected: bool = False
    """This process has the role and should get partitions."""
    assigned: bool = False
    backing_off: bool = False
    polled_at: float = field(default_factory=time.monotonic)
    broken: bool = False
    """So many dead letters that reading on would only make more; a person restarts the process."""
    rebuilt: int = 0
    """Times in a row that a stuck client was replaced without any progress since."""


class StuckError(Exception):
    """Records wait and the position does not move: the client is rebuilt."""


class Consumer:
    """Consumes every topic the dispatcher's handlers read, as one member of the service's group."""

    def __init__(
        self,
        *,
        access: KafkaAccess,
        membership: Membership,
        dispatcher: Dispatcher,
        application: Any,
        database: Database,
        clock: Clock,
    ) -> None:
        self.condition = Condition()
        self._access = access
        self._membership = membership
        self._dispatcher = dispatcher
        self._database = database
        self.comparison = Comparison(database)
        self.settlement = Settlement(
            dispatcher=dispatcher,
            application=application,
            database=database,
            clock=clock,
            group=membership.group,
        )

    @property
    def topics(self) -> list[str]:
        """What is read: the handlers' topics and this group's replay topics."""
        own = self._dispatcher.topics
        return own + [replay_topic(topic, self._membership.group) for topic in own]

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until told to stop; the batch in flight is finished. A stuck client is replaced."""
        delays = 0
        self.condition.expected = True
        while not stop.is_set():
            began = time.monotonic()
            try:
                await self._member(stop)
            except BreakerOpenError:
                log.critical("consumer.breaker_open")
                self.condition.broken = True
                await stop.wait()
            except (KafkaError, StuckError, OSError) as error:
                delays = 1 if time.monotonic() - began > LONGEST_DELAY else delays + 1
                self.condition.rebuilt += isinstance(error, StuckError)
                log.warning("consumer.rebuilding", error=type(error).__name__)
                await _pause(stop, _delay(delays))

    async def _member(self, stop: asyncio.Event) -> None:
        client = group_client(self._access, self._membership)
        member = Member(self, client)
        try:
            client.subscribe(self.topics, listener=member)
            if await joined(client, stop):
                await member.consume(stop)
        finally:
            self.condition.assigned = False
            await left(client)

    async def take_positions(self, beginnings: Mapping[Partition, int]) -> dict[Partition, int]:
        """Where to read on, from the database; a partition never read starts at its beginning.

        So does one whose next records Kafka has deleted since (its retention): waiting for them would be for ever.
        """
        async with self._database.as_system() as tx:
            await positions.begin(tx, beginnings)
            taken = await positions.load(tx, list(beginnings))
            expired = {one: offset for one, offset in beginnings.items() if taken[one] < offset}
            if expired:
                log.error("consumer.records_expired", partitions=[f"{one.topic}/{one.number}" for one in expired])
                await positions.move(tx, taken, expired)
        return taken | expired


class Member(ConsumerRebalanceListener):
    """One membership of the group: polls, keeps its positions, and gives them up at a rebalance.

    A record counts only while its partition is *placed*: the position was read from the database and the client
    sought to it, since the last rebalance. Whatever is delivered before (aiokafka starts from the group's own
    offset) is left out and read again. The listener does nothing that may fail: aiokafka swallows its failures.
    """

    def __init__(self, consumer: Consumer, client: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._client = client
        self._owned: frozenset[TopicPartition] | None = None
        """What the group gave us; None while it rebalances."""
        self._expected: dict[Partition, int] = {}
        """The next offset of each partition that is placed."""
        self._placed = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._hurries = False
        """More of what was released waits for us: the next poll only takes what is there already."""
        self._moved_at = time.monotonic()
        self._reported: dict[TopicPartition, int] = {}
        self._reported_at = 0.0

    async def on_partitions_revoked(  # pyright: ignore[reportIncompatibleMethodOverride]  # aiokafka awaits it
        self, revoked: set[TopicPartition]
    ) -> None:
        """Let the batch in flight finish: aiokafka rebalances in the background while handlers work."""
        try:
            async with asyncio.timeout(self._consumer._membership.session_seconds / 2):  # pyright: ignore[reportPrivateUsage]  # one unit in two classes
                await self._idle.wait()
        except TimeoutError:
            log.warning("consumer.revoked_while_busy", partitions=len(revoked))
        self._give_up(None)

    async def on_partitions_assigned(  # pyright: ignore[reportIncompatibleMethodOverride]  # aiokafka awaits it
        self, assigned: set[TopicPartition]
    ) -> None:
        """Hold the partitions still until they are placed."""
        self._client.pause(*assigned)
        self._give_up(frozenset(assigned))

    def _give_up(self, owned: frozenset[TopicPartition] | None) -> None:
        self._owned = owned
        self._expected.clear()
        self._placed = False

    async def consume(self, stop: asyncio.Event) -> None:
        """Poll and settle batches. The poll is never cancelled: that would disable its own liveness check."""
        failures = 0
        while not stop.is_set():
            if self._owned is not None and not self._placed:
                done = await self._place(self._owned)
            else:
                done = await self._settle(await self._poll(stop)) and await self._release()
            failures = 0 if done else failures + 1
            if failures:
                await self._back_off(stop, failures)
            else:
                await self._compare()

    async def _poll(self, stop: asyncio.Event) -> list["ConsumerRecord[Any, Any]"]:
        patience, self._hurries = 0 if self._hurries else POLL_MS, False
        most = self._consumer.settlement.portion.now
        polling = asyncio.ensure_future(self._client.getmany(timeout_ms=patience, max_records=most))
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait((polling, stopping), return_when=asyncio.FIRST_COMPLETED)
            # A poll waits past its time while the group rebalances, perhaps for a broker that is away. Only when
            # we stop is it given up: the client is closed next.
            await asyncio.wait((polling,), timeout=2 * POLL_MS / 1000)
        finally:
            stopping.cancel()
            polling.cancel()
        polled = polling.result() if polling.done() and not polling.cancelled() else {}
        self._consumer.condition.polled_at = time.monotonic()
        return [
            record
            for partition, records in sorted(polled.items())
            if Partition(partition.topic, partition.partition) in self._expected
            for record in records
        ]

    async def _place(self, owned: frozenset[TopicPartition]) -> bool:
        """Seek to our own positions before a single record is read. False where the database is away."""
        try:
            beginnings = await self._client.beginning_offsets(list(owned))
            wanted = {Partition(one.topic, one.partition): offset for one, offset in beginnings.items()}
            taken = await self._consumer.take_positions(wanted)
        except Exception as error:
            if isinstance(error, KafkaError) or not (isinstance(error, FencedError) or is_transient(error)):
                raise
            log.warning("consumer.not_placed", error=type(error).__name__)
            return False
        if self._owned is not owned:  # rebalanced meanwhile
            return True
        for partition, offset in taken.items():
            self._client.seek(TopicPartition(partition.topic, partition.number), offset)
        self._expected, self._placed = taken, True
        self._client.resume(*owned)
        self._moved_at = time.monotonic()
        self._consumer.condition.assigned = True
        self._consumer.settlement.releasing = True  # perhaps: by whoever had these partitions and is gone
        await self._report()
        return True

    async def _settle(self, records: Sequence["ConsumerRecord[Any, Any]"]) -> bool:
        """Whether the batch came to its end. If not, the client stands at the first unsettled record again."""
        if not records:
            self._watch()
            await self._report()
            return True
        self._idle.clear()
        try:
            return await self._settled(records)
        finally:
            self._idle.set()

    async def _settled(self, records: Sequence["ConsumerRecord[Any, Any]"]) -> bool:
        expected = dict(self._expected)  # a copy: a rebalance may clear ours meanwhile
        try:
            with telemetry.BATCH_SECONDS.time():
                await self._consumer.settlement.settle(records, expected)
        except Exception as error:
            if not (isinstance(error, FencedError) or is_transient(error)):
                raise
            log.warning("consumer.interrupted", error=type(error).__name__)
            self._return(expected, fenced=isinstance(error, FencedError))
            return False
        self._keep(expected)
        self._moved_at = time.monotonic()
        self._consumer.condition.rebuilt = 0
        if self._moved_at - self._reported_at > REPORT_EVERY:
            await self._report()
        return True

    async def _release(self) -> bool:
        """Whether a step of a release, if one is due, came to its end. Between two steps other keys have their turn."""
        if not self._consumer.settlement.releasing:
            return True
        self._idle.clear()
        try:
            self._hurries = await self._consumer.settlement.release()
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("consumer.release_interrupted", error=type(error).__name__)
            return False
        finally:
            self._idle.set()
        return True

    async def _compare(self) -> None:
        """Place again where the database was put back to an earlier state: no record need come to tell."""
        if not await self._consumer.comparison.holds(self._expected):
            log.warning("consumer.positions_differ")
            self._give_up(self._owned)

    def _keep(self, settled: Mapping[Partition, int]) -> None:
        """Take over what was settled, for the partitions that are still ours."""
        self._expected.update({one: offset for one, offset in settled.items() if one in self._expected})

    def _return(self, settled: Mapping[Partition, int], *, fenced: bool) -> None:
        if fenced:
            self._give_up(self._owned)  # and place again
            return
        self._keep(settled)
        for partition, offset in self._expected.items():
            self._client.seek(TopicPartition(partition.topic, partition.number), offset)

    async def _report(self) -> None:
        """Tell the group where we stand, for lag tools only: a failure is no matter."""
        offsets = {TopicPartition(one.topic, one.number): offset for one, offset in self._expected.items()}
        if not offsets or offsets == self._reported:
            return
        self._reported, self._reported_at = offsets, time.monotonic()
        try:
            async with asyncio.timeout(REPORT_SECONDS):  # without a coordinator aiokafka would wait for ever
                await self._client.commit(offsets)
        except (KafkaError, OSError) as error:
            log.info("consumer.offsets_not_reported", error=type(error).__name__)

    async def _back_off(self, stop: asyncio.Event, failures: int) -> None:
        """Wait with the partitions paused, polling on so that the group keeps us.

        Nothing that is placed is delivered meanwhile; what a rebalance brings is not placed before we are back.
        """
        self._client.pause(*self._client.assignment())
        self._consumer.condition.backing_off = True
        telemetry.CONSUMER_PAUSED.set(1)
        until = time.monotonic() + _delay(failures)
        while not stop.is_set() and time.monotonic() < until:
            await self._poll(stop)
        self._consumer.condition.backing_off = False
        self._consumer.comparison.soon()
        telemetry.CONSUMER_PAUSED.set(0)
        self._moved_at = time.monotonic()
        self._client.resume(*(TopicPartition(one.topic, one.number) for one in self._expected))

    def _watch(self) -> None:
        """Raise `StuckError` where records wait but none arrives for a minute (aiokafka #847, #718)."""
        behind = any(
            (self._client.highwater(TopicPartition(one.topic, one.number)) or 0) > offset
            for one, offset in self._expected.items()
        )
        if not behind:
            self._moved_at = time.monotonic()
        elif time.monotonic() - self._moved_at > STUCK_SECONDS:
            raise StuckError


def _delay(failures: int) -> float:
    return min(FIRST_DELAY * 2 ** min(failures - 1, 10), LONGEST_DELAY) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
