"""Row 6: files of a hundred suspects from the first post until the last suspect's notice is frozen, and its CPU."""

import time
from dataclasses import dataclass
from datetime import datetime

from interlink.benching import broker, consumption
from interlink.benching.bodies import Bodies
from interlink.benching.figures import Row, at_least, at_most, spread
from interlink.benching.ground import Ground
from interlink.benching.load import load
from interlink.benching.posting import CLIENTS, CREATED, posts
from kit.time import SystemClock

SUSPECTS = 100
LOOK_SECONDS = 1.0
LAST_FROZEN = "SELECT max(frozen_at) FROM notifications.notice WHERE opened_at >= $1"


@dataclass(frozen=True, slots=True)
class Way:
    """One round: how long, and what it cost."""

    suspects: int
    accepted: float
    assigned: float
    frozen: float
    stages: dict[str, float]

    @property
    def cost(self) -> float:
        """Microseconds of CPU a suspect over all processes."""
        return sum(self.stages.values())


async def measure(ground: Ground) -> Row:
    """Suspects a second and microseconds of CPU each."""
    files = ground.size(200, 6)
    ways = [await whole_way(ground, files) for _ in range(ground.size(3, 1))]
    cheapest = min(ways, key=lambda way: way.cost)
    rates = spread([way.suspects / way.frozen for way in ways])
    return Row(
        row="6",
        work=f"end to end, {files} files × {SUSPECTS} by {CLIENTS} clients, until the last notice is frozen",
        unit="suspects/s",
        ours=rates,
        goals=[
            at_most("≤ 700 µs of CPU a suspect", spread([way.cost for way in ways]).median, 700),
            at_least("first bar: ≥ 1,500 suspects/s", rates.median, 1_500),
        ],
        parts={
            **{f"µs: {stage}": spent for stage, spent in cheapest.stages.items()},
            "µs in all": cheapest.cost,
            "suspects/s until the last is accepted": max(way.suspects / way.accepted for way in ways),
            "suspects/s until the last assignment": max(way.suspects / way.assigned for way in ways),
        },
        notes=[
            "A notice collects for 5 s before it is frozen; that is part of the time.",
            "CPU is of every process of the stack, Kafka and all Postgres backends included, as /proc counts it; "
            "the split is of the cheapest round. Each service process also relays its own outbox.",
        ],
    )


async def whole_way(ground: Ground, files: int) -> Way:
    """Post so many files and follow them to their notices."""
    requests = posts(ground, Bodies().files(files, SUSPECTS))
    await ground.quiet()
    async with broker.assignments(ground) as heard:
        before, since, began = consumption.cpu(ground.found), SystemClock().now(), time.perf_counter()
        ran = await load(ground.place("intake"), requests, CLIENTS, expected=CREATED)
        expected = sum(answer.json()["counts"]["entries"]["accepted"] for answer in ran.answers)
        seen = 0
        while seen < expected:
            seen += len(await heard.next())
        assigned = time.perf_counter() - began
    await ground.quiet(look_every=LOOK_SECONDS)
    stages = consumption.split(before, consumption.cpu(ground.found), expected)
    last: datetime = await ground.value(LAST_FROZEN, since)
    return Way(expected, ran.seconds, assigned, (last - since).total_seconds(), stages)
