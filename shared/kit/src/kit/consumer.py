"""The batch consumer: poll → skip → decode → one transaction a batch → position.

The transaction holds inbox ids, the handlers' effects, outgoing events, dead letters and the position, so an
event acts once whatever dies when. Failures have classes:

    undecodable    dead letter at once, the rest proceeds
    transient      roll back, seek back, pause and back off without limit (database, keyring, deadlock)
    fenced         another member owns the partition: take the positions from the database again
    anything else  the same batch once more, then halves, down to single records: three tries, then dead letter

Promised: order per key for what is handled. Not promised: order across keys or topics.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError

from kit import positions, telemetry
from kit.database import Database
from kit.dispatch import Dispatcher
from kit.failures import is_transient
from kit.kafka import KafkaAccess, replay_topic
from kit.positions import FencedError, Partition
from kit.settlement import Settlement
from kit.time import Clock

log = telemetry.logger(__name__)

BATCH = 500
POLL_MS = 200
FIRST_DELAY, LONGEST_DELAY = 0.2, 30.0
STUCK_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """How the consumer belongs to its group. `instance` makes it a static member (one live process a name)."""

    group: str
    instance: str | None = None
    session_seconds: float = 10.0
    heartbeat_seconds: float = 1.0


@dataclass(slots=True)
class Condition:
    """What readiness and liveness look at."""

    expected: bool = False
    """This process has the role and should get partitions."""
    assigned: bool = False
    backing_off: bool = False
    polled_at: float = field(default_factory=time.monotonic)
    rebuilt: int = 0


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
            try:
                await self._member(stop)
                delays = 0
            except (KafkaError, StuckError, OSError) as error:
                delays += 1
                self.condition.rebuilt += isinstance(error, StuckError)
                log.warning("consumer.rebuilding", error=type(error).__name__)
                await _pause(stop, _delay(delays))

    async def _member(self, stop: asyncio.Event) -> None:
        client = AIOKafkaConsumer(
            **self._access.client_options(),
            group_id=self._membership.group,
            group_instance_id=self._membership.instance,
            client_id=self._membership.instance or self._membership.group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            partition_assignment_strategy=(StickyPartitionAssignor,),
            session_timeout_ms=int(self._membership.session_seconds * 1000),
            heartbeat_interval_ms=int(self._membership.heartbeat_seconds * 1000),
            max_poll_interval_ms=300_000,
            max_partition_fetch_bytes=1024 * 1024,
        )
        member = Member(self, client)
        try:
            client.subscribe(self.topics, listener=member)
            await client.start()
            await member.consume(stop)
        finally:
            self.condition.assigned = False
            await _close(client)

    async def take_positions(
        self, assigned: Sequence[Partition], beginnings: Mapping[Partition, int]
    ) -> dict[Partition, int]:
        """Where to read on, from the database; a partition never read starts at its beginning."""
        async with self._database.as_system() as tx:
            await positions.begin(tx, beginnings)
            return await positions.load(tx, assigned)


class Member(ConsumerRebalanceListener):
    """One membership of the group: polls, keeps its positions, and gives them up at a rebalance."""

    def __init__(self, consumer: Consumer, client: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._client = client
        self._expected: dict[Partition, int] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self._moved_at = time.monotonic()

    async def on_partitions_revoked(  # pyright: ignore[reportIncompatibleMethodOverride]  # aiokafka awaits it
        self, revoked: set[TopicPartition]
    ) -> None:
        """Let the batch in flight finish: aiokafka rebalances in the background while handlers work."""
        try:
            async with asyncio.timeout(self._consumer._membership.session_seconds / 2):  # pyright: ignore[reportPrivateUsage]  # one unit in two classes
                await self._idle.wait()
        except TimeoutError:
            log.warning("consumer.revoked_while_busy", partitions=len(revoked))
        self._expected.clear()

    async def on_partitions_assigned(  # pyright: ignore[reportIncompatibleMethodOverride]  # aiokafka awaits it
        self, assigned: set[TopicPartition]
    ) -> None:
        """Seek to our own positions before a single record is read.

        Paused before the first await: aiokafka would deliver from the group's offset meanwhile.
        """
        if assigned:
            self._client.pause(*assigned)
            await self._seek(assigned)
            self._client.resume(*assigned)
        self._consumer.condition.assigned = True

    async def consume(self, stop: asyncio.Event) -> None:
        """Poll and settle batches. The poll is never cancelled: that would disable its own liveness check."""
        failures = 0
        while not stop.is_set():
            polled = await self._client.getmany(timeout_ms=POLL_MS, max_records=BATCH)
            self._consumer.condition.polled_at = time.monotonic()
            records = [
                record
                for partition, records in sorted(polled.items())
                if Partition(partition.topic, partition.partition) in self._expected
                for record in records
            ]
            if not records:
                self._watch()
                continue
            self._idle.clear()
            try:
                failures = 0 if await self._settle(records) else failures + 1
            finally:
                self._idle.set()
            if failures:
                await self._back_off(stop, failures)

    async def _settle(self, records: Sequence["ConsumerRecord[Any, Any]"]) -> bool:
        """Whether the batch came to its end. If not, the client stands at the first unsettled record again."""
        expected = dict(self._expected)  # a copy: a rebalance may clear ours meanwhile
        try:
            with telemetry.BATCH_SECONDS.time():
                await self._consumer.settlement.settle(records, expected)
        except Exception as error:
            if not (isinstance(error, FencedError) or is_transient(error)):
                raise
            log.warning("consumer.interrupted", error=type(error).__name__)
            self._keep(expected)
            await self._return(fenced=isinstance(error, FencedError))
            return False
        self._keep(expected)
        self._moved_at = time.monotonic()
        await self._report()
        return True

    def _keep(self, settled: Mapping[Partition, int]) -> None:
        """Take over what was settled, for the partitions that are still ours."""
        self._expected.update({one: offset for one, offset in settled.items() if one in self._expected})

    async def _return(self, *, fenced: bool) -> None:
        assigned = self._client.assignment()
        if fenced:
            await self._on_database(self._seek(assigned))
            return
        for partition in assigned:
            offset = self._expected.get(Partition(partition.topic, partition.partition))
            if offset is not None:
                self._client.seek(partition, offset)

    async def _on_database(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as error:
            if not is_transient(error):
                raise
            raise StuckError from error

    async def _seek(self, assigned: Any) -> None:
        beginnings = await self._client.beginning_offsets(list(assigned))
        wanted = {Partition(one.topic, one.partition): offset for one, offset in beginnings.items()}
        taken = await self._consumer.take_positions(list(wanted), wanted)
        self._expected = {**self._expected, **taken}
        for partition, offset in taken.items():
            self._client.seek(TopicPartition(partition.topic, partition.number), offset)

    async def _report(self) -> None:
        """Tell the group where we stand, for lag tools only: a failure is no matter."""
        offsets = {
            TopicPartition(partition.topic, partition.number): offset
            for partition, offset in self._expected.items()
            if TopicPartition(partition.topic, partition.number) in self._client.assignment()
        }
        try:
            await self._client.commit(offsets)
        except (KafkaError, OSError) as error:
            log.info("consumer.offsets_not_reported", error=type(error).__name__)

    async def _back_off(self, stop: asyncio.Event, failures: int) -> None:
        """Wait with the partitions paused, polling on so that the group keeps us."""
        assigned = self._client.assignment()
        self._client.pause(*assigned)
        self._consumer.condition.backing_off = True
        telemetry.CONSUMER_PAUSED.set(1)
        until = time.monotonic() + _delay(failures)
        while not stop.is_set() and time.monotonic() < until:
            await self._client.getmany(timeout_ms=POLL_MS)
            self._consumer.condition.polled_at = time.monotonic()
        self._consumer.condition.backing_off = False
        telemetry.CONSUMER_PAUSED.set(0)
        self._moved_at = time.monotonic()
        self._client.resume(*(assigned & self._client.assignment()))

    def _watch(self) -> None:
        """Raise `StuckError` where records wait but none arrives for a minute (aiokafka #847, #718)."""
        behind = any(
            (self._client.highwater(TopicPartition(one.topic, one.number)) or 0) > offset
            for one, offset in self._expected.items()
            if TopicPartition(one.topic, one.number) in self._client.assignment()
        )
        if not behind:
            self._moved_at = time.monotonic()
        elif time.monotonic() - self._moved_at > STUCK_SECONDS:
            raise StuckError


async def _close(client: AIOKafkaConsumer) -> None:
    try:
        async with asyncio.timeout(5):
            await client.stop()
    except (TimeoutError, KafkaError):
        log.warning("consumer.not_closed")


def _delay(failures: int) -> float:
    return min(FIRST_DELAY * 2 ** min(failures - 1, 10), LONGEST_DELAY) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
