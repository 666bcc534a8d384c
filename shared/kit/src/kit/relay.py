"""Outbox rows reach their topic at least once and, per key, in order, whoever dies.

A relay locks a share of the shards, publishes their oldest rows, and deletes only what the broker acknowledged.
The lock lives and dies with its transaction: a crash frees it at once, a frozen process through
`idle_in_transaction_session_timeout`. Rows are deleted, not marked, and no cursor passes a row that may still commit
(`kit.floors`), so one with a low id is found and not overtaken. What a topic cannot take now is left out until it is
asked again, all of that topic, so that it fills no round and no key of it is overtaken. Not promised: order across
keys; a key's record may come twice.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from kit import outbox, telemetry
from kit.database import Database, Transaction
from kit.executing import Row
from kit.faults import fault
from kit.floors import Floors
from kit.migrations.v1 import SHARDS
from kit.outages import POSSIBLE
from kit.producer import BrokerAwayError, Failed, Producer, Record

log = telemetry.logger(__name__)

POLL_SECONDS = 1.0
"""Rows of this process wake its relay at once; this is for what another one left behind when it died."""
MOST_ROWS = 1_000
MAX_DELAY_SECONDS = 10.0
REFUSED_SECONDS = 1.0
DRAIN_SECONDS = 5.0
HOPELESS_TRIES = 5

# `coalesce` hides from the planner what is left out: in a queue of one topic it takes a list it does not know yet for
# all there is, and a plan made for all times then sorts whole shards.
# LATERAL and not EXISTS: that became a semi-join which reads a shard from its first entry and compares the floor only
# then. Each round begins at another shard, or those at the end would wait for as long as those at the front have rows.
LOCK_SHARDS = text("""
    SELECT s.shard FROM outbox_shard s
    JOIN unnest(CAST(:shards AS smallint[]), CAST(:floors AS bigint[])) AS f (shard, floor) ON f.shard = s.shard
    CROSS JOIN LATERAL (
        SELECT FROM outbox o
        WHERE o.shard = f.shard AND o.id > f.floor AND coalesce(o.topic <> ALL (:absent), true) ORDER BY o.id LIMIT 1
    ) AS waiting
    ORDER BY (s.shard + CAST(:turn AS integer)) % 16 LIMIT :share
    FOR UPDATE OF s SKIP LOCKED
""")

WAITING = text("""
    SELECT EXISTS (
        SELECT FROM unnest(CAST(:shards AS smallint[]), CAST(:floors AS bigint[])) AS f (shard, floor)
        CROSS JOIN LATERAL (
            SELECT FROM outbox o
            WHERE o.shard = f.shard AND o.id > f.floor AND coalesce(o.topic <> ALL (:absent), true)
            ORDER BY o.id LIMIT 1
        ) AS waiting
    )
""")

# The first row of each shard whatever its topic: whoever watches the outbox must see those that are left out.
OLDEST = text("""
    SELECT coalesce(extract(epoch FROM clock_timestamp() - min(first.created_at)), 0)
    FROM unnest(CAST(:shards AS smallint[]), CAST(:floors AS bigint[])) AS f (shard, floor)
    CROSS JOIN LATERAL (
        SELECT o.created_at FROM outbox o WHERE o.shard = f.shard AND o.id > f.floor ORDER BY o.id LIMIT 1
    ) AS first
""")

# A statement of its own: its snapshot must be younger than the lock, or it would see rows another relay deleted.
READ = text("""
    SELECT o.shard, o.id, CAST(o.ctid AS text) AS place, o.topic, o.key, o.headers, o.payload, o.created_at
    FROM unnest(CAST(:shards AS smallint[]), CAST(:floors AS bigint[])) AS f (shard, floor)
    CROSS JOIN LATERAL (
        SELECT o.ctid, o.* FROM outbox o
        WHERE o.shard = f.shard AND o.id > f.floor AND coalesce(o.topic <> ALL (:absent), true)
        ORDER BY o.id LIMIT :per_shard
    ) o
    LIMIT :most
""")

# By where they stand, which no plan gets wrong; the shards' locks keep them there after the reading. A join is planned
# for the no rows that an empty queue has on record, and then compares each that is there with each that goes.
DELETE = text("DELETE FROM outbox WHERE ctid = ANY (CAST(CAST(:places AS text[]) AS tid[]))")

BURY = text("""
    WITH hopeless AS (DELETE FROM outbox WHERE shard = :shard AND id = :id RETURNING *)
    INSERT INTO outbox_dead (id, topic, key, headers, payload, created_at, error)
    SELECT id, topic, key, headers, payload, created_at, CAST(:error AS text) FROM hopeless
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What one round did."""

    rows: int
    failed: int


class Relay:
    """Publishes one service's outbox. As many may run as there are processes."""

    def __init__(self, database: Database, producer: Producer, *, relays: int) -> None:
        self._database = database
        self._producer = producer
        self._share = -(-SHARDS // relays)
        self._floors = Floors(database)
        self._hopeless: Counter[int] = Counter()
        self._turn = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Relay until told to stop, then once more what is there."""
        failures = 0
        while not stop.is_set():
            told = self._database.written.is_set()
            self._database.written.clear()
            try:
                sent = await self.run_once() if told or await self._waiting() else Sent(rows=0, failed=0)
            except (*POSSIBLE, BrokerAwayError) as error:
                failures += 1
                log.warning("relay.interrupted", error=type(error).__name__, failures=failures)
                await self._pause(stop, _delay(failures))
                continue
            failures = 0
            if sent.failed:  # a short pause, because what can be sent must not wait for what cannot
                await self._pause(stop, REFUSED_SECONDS)
            elif not sent.rows:
                await self._idle()
        await self._drain()

    async def _drain(self) -> None:
        """Send what the last commits left, as far as it goes within the drain's time."""
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while (await self.run_once()).rows:
                    continue
        except (*POSSIBLE, BrokerAwayError) as error:
            log.info("relay.left_rows", error=type(error).__name__)  # another process sends them
        await self._producer.drop()

    async def run_once(self) -> Sent:
        """One round: lock, read, publish, delete what was acknowledged."""
        await self._floors.rise()
        absent = self._producer.absent()
        held_up = await self._held_up(absent)
        async with self._database.as_system() as tx:
            rows = await self._locked_rows(tx, absent)
            telemetry.OUTBOX_AGE.set(max(_age(rows, tx.now()), held_up))
            if not rows:
                return Sent(rows=0, failed=0)
            with telemetry.RELAY_SECONDS.time():
                results = await self._producer.send([_record(row) for row in rows])
            fault("relay.published")
            acknowledged = _acknowledged(rows, results)
            await tx.execute(DELETE, {"places": [row.place for row in acknowledged]})
            await self._bury(tx, rows, results)
        await self._floors.sent(acknowledged)
        failed = len(rows) - len(acknowledged)
        telemetry.RELAYED.inc(len(acknowledged))
        telemetry.RELAY_FAILURES.inc(failed)
        return Sent(rows=len(acknowledged), failed=failed)

    async def _waiting(self) -> bool:
        """Whether there are rows to send, of whichever process: most of the time there are none."""
        absent = self._producer.absent()
        waiting = await self._database.look(WAITING, _after(self._floors.starts()) | {"absent": absent})
        if not waiting:
            telemetry.OUTBOX_AGE.set(await self._held_up(absent))
        return waiting

    async def _held_up(self, absent: Sequence[str]) -> float:
        """For how many seconds the oldest row has waited where some may be left out; nothing is asked where none is."""
        return float(await self._database.look(OLDEST, _after(self._floors.starts()))) if absent else 0.0

    async def _locked_rows(self, tx: Transaction, absent: Sequence[str]) -> Sequence[Row]:
        self._turn += self._share
        starts = self._floors.starts()
        turn = {"share": self._share, "turn": self._turn % SHARDS, "absent": absent}
        locked = await tx.rows(LOCK_SHARDS, _after(starts) | turn)
        if not locked:
            return []
        limits = {"per_shard": -(-MOST_ROWS // len(locked)), "most": MOST_ROWS, "absent": absent}
        return await tx.rows(READ, _after({row.shard: starts[row.shard] for row in locked}) | limits)

    async def _bury(self, tx: Transaction, rows: Sequence[Row], results: Sequence[Failed | None]) -> None:
        for row, result in zip(rows, results, strict=True):
            if result is None or not result.hopeless:
                continue
            self._hopeless[row.id] += 1
            if self._hopeless[row.id] >= HOPELESS_TRIES:
                del self._hopeless[row.id]
                telemetry.OUTBOX_DEAD.inc()
                log.error("relay.buried", row=row.id, topic=row.topic, error=result.reason)
                await tx.execute(BURY, {"shard": row.shard, "id": row.id, "error": result.reason})

    async def _idle(self) -> None:
        """Until a commit of this process or the poll interval, whichever is first."""
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._database.written.wait()
        except TimeoutError:
            return

    async def _pause(self, stop: asyncio.Event, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await stop.wait()
        except TimeoutError:
            return


def _after(starts: Mapping[int, int]) -> dict[str, object]:
    """The shards and the ids after which each is read, as the statements take them."""
    return {"shards": list(starts), "floors": list(starts.values())}


def _age(rows: Sequence[Row], now: datetime) -> float:
    """Seconds since the oldest of these rows was written; 0 where none waits."""
    return max((now - min(row.created_at for row in rows)).total_seconds(), 0.0) if rows else 0.0


def _record(row: Row) -> Record:
    return Record(topic=row.topic, key=row.key, headers=outbox.unpack(row.headers), payload=row.payload)


def _acknowledged(rows: Sequence[Row], results: Sequence[Failed | None]) -> list[Row]:
    """The rows to delete: of each key, those before its first failure."""
    stopped: set[tuple[str, bytes | None]] = set()
    done: list[Row] = []
    for row, result in zip(rows, results, strict=True):
        key = (row.topic, row.key)
        if result is not None:
            stopped.add(key)
        elif key not in stopped:
            done.append(row)
    return done


def _delay(failures: int) -> float:
    return min(0.2 * 2 ** min(failures, 10), MAX_DELAY_SECONDS) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
