"""Row 5: routing's handler for `suspect.reported`, beside reading and decoding the same records without a database.

Both read the records of real suspects from their topic. Ours is the consumer's own settlement, batch by batch: decode,
inbox, handler (open, find, determine, assign), three events for each suspect, position, commit.
"""

import contextlib
import time
from collections.abc import AsyncGenerator
from typing import Any

from pydantic import SecretStr

from contracts.events.entries import SuspectReported
from interlink.benching import broker, posting
from interlink.benching.broker import Span
from interlink.benching.figures import Row, at_least
from interlink.benching.ground import Ground
from interlink.benching.rounds import side_by_side
from interlink.benching.scratch import Scratch, scratch
from interlink.observing import databases
from kit.connections import Pool
from kit.consumer import Consumer
from kit.database import Database
from kit.dispatch import Dispatcher
from kit.joining import Membership
from kit.keyring import Keyring
from kit.kms import MasterKey
from kit.positions import Partition
from kit.service import Runtime
from kit.settings import key_bytes
from kit.time import SystemClock
from routing.service import service

GROUP = "interlink.bench.routing"
SCHEMA = service.package


async def measure(ground: Ground) -> Row:
    """Suspects a second."""
    span = await posting.told(ground, ground.size(10_000, 500))
    wanted = Dispatcher([handler for handler in service.handlers if handler.event is SuspectReported])
    spent: list[float] = []
    async with scratch(ground, [SCHEMA]) as database:
        await _handled(ground, database, wanted, span, [])  # a first run fills caches
        found = await side_by_side(
            ground.rounds,
            reference=lambda: broker.each(ground, span, lambda one: wanted.decode(one.headers, one.value, one.topic)),
            ours=lambda: _handled(ground, database, wanted, span, spent),
        )
    return Row(
        row="5",
        work=f"routing's handler, {span.records:,} suspects in batches of {broker.POLL}",
        unit="suspects/s",
        ours=found.ours,
        reference=found.reference,
        against="aiokafka getmany and decode of the same records, no database; records/s",
        ratio=found.ratio,
        goals=[
            at_least("≥ 0.15×", found.ratio.median, 0.15),
            at_least("≥ 5,000 suspects/s", found.ours.median, 5_000),
        ],
        parts={"µs of Python a suspect": min(spent) * 1e6, "µs a suspect in all": 1e6 / found.ours.median},
    )


async def _handled(ground: Ground, second: Scratch, dispatcher: Dispatcher, span: Span, spent: list[float]) -> float:
    """Handle every record of the span on an empty second database; `spent` gets the CPU seconds of each."""
    await second.empty(SCHEMA)
    left = span.records
    async with _consumer(ground, second, dispatcher) as consumer, broker.consuming(ground, span) as client:
        firsts = {Partition(span.topic, number): first for number, (first, _) in span.partitions.items()}
        expected = await consumer.take_positions(firsts)
        began, burned = time.perf_counter(), time.process_time()
        while left > 0:
            polled = await client.getmany(timeout_ms=200, max_records=broker.POLL)
            records: list[Any] = [
                record
                for place, found in sorted(polled.items())
                for record in found
                if record.offset < span.partitions[place.partition][1]
            ]
            if records:
                await consumer.settlement.settle(records, expected)
                left -= len(records)
        seconds = time.perf_counter() - began
        spent.append((time.process_time() - burned) / span.records)
    (row,) = await second.rows("SELECT count(*) AS made FROM routing.assignment")
    assert row["made"] == span.records, f"{row['made']} of {span.records} were assigned"  # noqa: S101 - else no figure
    return span.records / seconds


@contextlib.asynccontextmanager
async def _consumer(ground: Ground, second: Scratch, dispatcher: Dispatcher) -> AsyncGenerator[Consumer]:
    """Routing's consumer on the second database, with the real keys, which the records are sealed under."""
    clock, secrets = SystemClock(), ground.home.secrets
    url = second.role_url(f"{SCHEMA}_system")
    database = Database(schema=SCHEMA, api_url=url, system_url=url, clock=clock, pool=Pool(size=6))
    settings = service.settings(home=ground.home.folder, index_key=SecretStr(secrets["index"]))  # pyright: ignore[reportCallIssue]  # routing's own option
    kms = MasterKey(key_bytes(SecretStr(secrets["master"]), "INTERLINK_MASTER_KEY"))
    async with Keyring(databases.url(ground.home, f"{SCHEMA}_system"), kms, clock) as keyring:
        application = service.build(Runtime(settings=settings, clock=clock, database=database, keyring=keyring))
        yield Consumer(
            access=broker.as_admin(ground),
            membership=Membership(group=GROUP),
            dispatcher=dispatcher,
            application=application,
            database=database,
            clock=clock,
        )
        await database.close()
