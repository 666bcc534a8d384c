"""Row 4: one relay drains an outbox, beside the Kafka client alone sending the same bytes."""

import time
from collections.abc import Sequence

import asyncpg

from interlink.benching import broker, posting
from interlink.benching.broker import Record
from interlink.benching.figures import Row, at_least
from interlink.benching.ground import Ground
from interlink.benching.rounds import side_by_side
from interlink.benching.scratch import Scratch, scratch
from kit import outbox
from kit.connections import Pool
from kit.database import Database
from kit.producer import Producer
from kit.relay import Relay
from kit.time import SystemClock


async def measure(ground: Ground) -> Row:
    """Records a second from a full outbox to acknowledged and deleted."""
    real = await broker.read(ground, await posting.told(ground, ground.size(2_000, 200)))
    records = (real * ground.size(15, 5))[: ground.size(30_000, 1_000)]
    async with (
        scratch(ground, ["intake"]) as database,
        broker.own_topic(ground) as topic,
        broker.producing(ground) as producer,
    ):
        await broker.send(producer, topic, records[:100])
        found = await side_by_side(
            ground.rounds,
            reference=lambda: broker.send(producer, topic, records),
            ours=lambda: _drained(ground, database, topic, records),
        )
    return Row(
        row="4",
        work=f"drain an outbox of {len(records):,} events, one relay",
        unit="events/s",
        ours=found.ours,
        reference=found.reference,
        against="aiokafka alone sending the same bytes, idempotent, acks=all; events/s",
        ratio=found.ratio,
        goals=[at_least("≥ 0.5×", found.ratio.median, 0.5)],
        parts={"bytes an event": sum(len(one.value or b"") for one in records) / len(records)},
    )


async def _drained(ground: Ground, scratch_database: Scratch, topic: str, records: Sequence[Record]) -> float:
    """Fill the second database's outbox, then let one relay send it to the bench's topic."""
    await _fill(scratch_database, topic, records)
    url = scratch_database.role_url("intake_system")
    database = Database(schema="intake", api_url=url, system_url=url, clock=SystemClock(), pool=Pool(size=2))
    producer = Producer(broker.as_admin(ground), "bench")
    relay = Relay(database, producer, relays=1)
    try:
        await relay.run_once()  # connects; what it sends is not counted
        left = await scratch_database.rows("SELECT count(*) AS rows FROM intake.outbox")
        began = time.perf_counter()
        while (await relay.run_once()).rows:
            continue
        return left[0]["rows"] / (time.perf_counter() - began)
    finally:
        await producer.drop()
        await database.close()
        await scratch_database.empty("intake")


async def _fill(scratch_database: Scratch, topic: str, records: Sequence[Record]) -> None:
    connection = await asyncpg.connect(scratch_database.url)
    try:
        await connection.copy_records_to_table(
            "outbox",
            schema_name="intake",
            columns=["shard", "topic", "key", "headers", "payload"],
            records=[
                (outbox.shard_of(one.key), topic, one.key, outbox.pack(one.headers), one.value) for one in records
            ],
        )
        await connection.execute("ANALYZE intake.outbox")
    finally:
        await connection.close()
