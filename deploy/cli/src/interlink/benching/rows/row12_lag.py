"""Row 12: a lag of a million records is worked off, and what the consumer holds meanwhile.

The records are real ones that come again, as after a restore of the broker: every one is read, decoded and looked up
in the inbox, and none may act twice.
"""

import asyncio
import time

from contracts import registry
from interlink.benching import broker, posting
from interlink.benching.figures import Row, at_most, spread
from interlink.benching.ground import Ground
from interlink.benching.peaks import Peaks

CONSUMER = "routing-worker"
ASSIGNMENTS = "SELECT count(*) FROM routing.assignment"


async def measure(ground: Ground) -> Row:
    """Records a second from the moment the consumer may go on until its lag is nothing."""
    lag = ground.size(1_000_000, 5_000)
    real = await broker.read(ground, await posting.told(ground, ground.size(5_000, 500)))
    assigned = await ground.value(ASSIGNMENTS)
    peaks, stop = Peaks(ground), asyncio.Event()
    peaks.begin()
    async with broker.producing(ground) as producer:
        with ground.held([CONSUMER]):
            for _ in range(lag // len(real)):
                await broker.send(producer, registry.SUSPECTS.name, real)
    async with asyncio.TaskGroup() as group:
        group.create_task(peaks.watch(stop))
        began = time.perf_counter()
        await ground.quiet()
        seconds = time.perf_counter() - began
        stop.set()
    again = await ground.value(ASSIGNMENTS) - assigned
    return Row(
        row="12",
        work=f"a lag of {lag:,} records worked off by {CONSUMER}, all of them duplicates",
        unit="records/s",
        ours=spread([lag / seconds]),
        goals=[peaks.goal("it is worked off"), at_most("none acts twice: no assignment more", again, 0)],
        parts=peaks.parts,
    )
