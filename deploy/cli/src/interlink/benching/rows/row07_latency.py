"""Row 7: one suspect at a time on an idle system, from the post until its `assignment.created` is read from Kafka."""

import time

import asyncpg

from interlink.benching import broker
from interlink.benching.bodies import Bodies
from interlink.benching.broker import Assignments
from interlink.benching.figures import Row, at_most, percentile
from interlink.benching.ground import Ground
from interlink.benching.load import Connection, refuse_unexpected
from interlink.benching.posting import CREATED, posts
from interlink.benching.rounds import side_by_side
from interlink.benching.scratch import scratch

TABLE = "CREATE TABLE public.bench (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, data bytea NOT NULL)"
INSERT = "INSERT INTO public.bench (data) VALUES ($1)"
ROW = b"x" * 500
WARM_UP = 5


async def measure(ground: Ground) -> Row:
    """Milliseconds, beside two commits of one row and two Kafka hops measured alone."""
    count, taken = ground.size(200, 10), list[float]()
    await ground.quiet()
    async with scratch(ground, ["intake"]) as second, broker.own_topic(ground) as topic:
        await second.execute(TABLE)
        connection = await asyncpg.connect(second.url)

        async def commit() -> None:
            await connection.execute(INSERT, ROW)

        async def floor() -> float:
            return percentile(await broker.hops(ground, topic, commit, count), 0.5) * 1000

        async def ours() -> float:
            mine = await _one_by_one(ground, count)
            taken.extend(mine)
            return percentile(mine, 0.5) * 1000

        found = await side_by_side(ground.size(3, 1), reference=floor, ours=ours)
        await connection.close()
    p99 = percentile(taken, 0.99) * 1000
    return Row(
        row="7",
        work="idle latency, one suspect, post → assignment.created readable",
        unit="ms (p50)",
        ours=found.ours,
        reference=found.reference,
        against="two commits of one row and two Kafka hops, nothing else; ms (p50)",
        ratio=found.ratio,
        goals=[
            at_most("p50 ≤ 3× the floor", found.ratio.median, 3),
            at_most("p99 ≤ 150 ms", p99, 150),
        ],
        parts={"p99 ms": p99, "slowest ms": max(taken) * 1000},
    )


async def _one_by_one(ground: Ground, count: int) -> list[float]:
    requests = posts(ground, Bodies().files(count + WARM_UP, 1))
    connection = await Connection.open(ground.place("intake"))
    async with broker.assignments(ground) as heard:
        taken = [await _once(connection, heard, one) for one in requests]
    await connection.close()
    return taken[WARM_UP:]


async def _once(connection: Connection, heard: Assignments, request: bytes) -> float:
    began = time.perf_counter()
    refuse_unexpected([await connection.ask(request)], CREATED)
    await heard.next()
    return time.perf_counter() - began
