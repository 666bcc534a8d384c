"""The cost curve: end to end at growing numbers of suspects, and with one, two and four routing consumers.

Additional consumers are dynamic members of routing's group, processes of the bench's own that end with it.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncGenerator

from interlink.benching import broker
from interlink.benching.bodies import Bodies
from interlink.benching.figures import Row, spread
from interlink.benching.ground import Ground
from interlink.benching.load import load
from interlink.benching.posting import CLIENTS, CREATED, posts
from interlink.benching.scratch import answers
from interlink.stack import processes
from interlink.stack.child import terminate
from interlink.stack.environment import inherited
from interlink.stack.layout import StackError, last_lines
from interlink.stack.ports import any_free
from interlink.stack.preparing import surroundings

SUSPECTS = 100
CONSUMERS = (1, 2, 4)


async def measure(ground: Ground) -> Row:
    """Suspects a second from the first post to the last assignment."""
    sizes = [1_000, 10_000, 100_000] if not ground.quick else [200, 600]
    by_size = [(float(size), await assigned_a_second(ground, size)) for size in sizes]
    by_consumers: list[tuple[float, float]] = []
    for consumers in CONSUMERS:
        async with more_consumers(ground, consumers - 1):
            by_consumers.append((float(consumers), await assigned_a_second(ground, ground.size(10_000, 400))))
    return Row(
        row="curve",
        work="end to end, suspects assigned a second, by size and by routing consumers",
        unit="suspects/s",
        ours=spread([rate for _, rate in by_size]),
        parts={
            **{f"at {size:,.0f} suspects": rate for size, rate in by_size},
            **{f"with {count:.0f} routing consumers": rate for count, rate in by_consumers},
        },
        series={"suspects posted at once": by_size, "routing consumers": by_consumers},
    )


async def assigned_a_second(ground: Ground, suspects: int) -> float:
    """Post so many suspects in files of a hundred; the rate until the last is assigned."""
    requests = posts(ground, Bodies().files(suspects // SUSPECTS, SUSPECTS))
    await ground.quiet()
    async with broker.assignments(ground) as heard, asyncio.TaskGroup() as group:
        began = time.perf_counter()
        group.create_task(load(ground.place("intake"), requests, CLIENTS, expected=CREATED))
        seen = 0
        while seen < suspects:
            seen += len(await heard.next())
        seconds = time.perf_counter() - began
    await ground.quiet()
    return suspects / seconds


@contextlib.asynccontextmanager
async def more_consumers(ground: Ground, count: int) -> AsyncGenerator[None]:
    """So many routing consumers beside the stack's own, once all of them have partitions."""
    async with contextlib.AsyncExitStack() as stack:
        for number in range(count):
            await stack.enter_async_context(_consumer(ground, number))
        yield


@contextlib.asynccontextmanager
async def _consumer(ground: Ground, number: int) -> AsyncGenerator[None]:
    (process,) = [one for one in processes.load() if one.name == "routing-worker"]
    told = processes.environment(process, surroundings(ground.home, ground.admin_url))
    del told["ROUTING_CONSUMER_INSTANCE"]
    port, log = any_free(), ground.home.log(f"bench-routing-{number}")
    with log.open("wb") as output:
        running = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "routing", "consume"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**inherited(), **told, "ROUTING_HTTP_PORT": str(port)},
        )
    try:
        if not await answers(f"{processes.base_url(port)}/health/ready"):
            raise StackError(f"Another routing consumer did not become ready:\n{last_lines(log)}")
        yield
    finally:
        await terminate(running)
