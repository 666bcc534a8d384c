"""Row 2: accept referrals of a hundred suspects, from eight clients."""

from interlink.benching.figures import Row, at_least, at_most
from interlink.benching.ground import Ground
from interlink.benching.references import sample, unnest
from interlink.benching.rounds import side_by_side
from interlink.benching.rows.accepting import HELD, Door
from interlink.benching.scratch import scratch

SUSPECTS, CLIENTS = 100, 8


async def measure(ground: Ground) -> Row:
    """Files accepted a second, beside raw asyncpg inserting the same rows."""
    door = Door(ground, SUSPECTS, CLIENTS, files=ground.size(200, 16))
    await door.warm(ground.place("intake"))
    await ground.quiet()
    async with scratch(ground, ["intake"]) as database:
        rows = await sample.accepted(database, door.bodies.file(SUSPECTS))
        found = await side_by_side(
            ground.size(3, 1),
            reference=lambda: unnest.files_a_second(database, rows, door.files, CLIENTS),
            ours=door.ours,
        )
    p99 = door.milliseconds(0.99)
    return Row(
        row="2",
        work=f"accept files of {SUSPECTS} suspects, {CLIENTS} clients",
        unit="files/s",
        ours=found.ours,
        reference=found.reference,
        against="raw asyncpg, unnest of the same rows, one transaction a file; files/s",
        ratio=found.ratio,
        goals=[
            at_least("≥ 0.5×", found.ratio.median, 0.5),
            at_least("≥ 60 files/s", found.ours.median, 60),
            at_most("p99 < 250 ms", p99, 250),
        ],
        parts={"p50 ms": door.milliseconds(0.5), "p99 ms": p99},
        notes=[HELD],
    )
