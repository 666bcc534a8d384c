"""Row 1: accept referrals of five suspects with three identifiers each, from sixteen clients."""

from interlink.benching.figures import Row, at_least
from interlink.benching.ground import Ground
from interlink.benching.references import sample
from interlink.benching.rows.accepting import ENDPOINT, HELD, Door, beside_the_endpoint, by_pgbench
from interlink.benching.scratch import scratch

SUSPECTS, CLIENTS = 5, 16


async def measure(ground: Ground) -> Row:
    """Files accepted a second, beside the smallest endpoint; pgbench is shown too."""
    return await small(ground, "1", f"accept files of {SUSPECTS} suspects × 3 identifiers, {CLIENTS} clients", SUSPECTS)


async def small(ground: Ground, row: str, work: str, suspects: int) -> Row:
    """The same for another number of suspects."""
    door = Door(ground, suspects, CLIENTS, files=ground.size(2_000, 80))
    found = await beside_the_endpoint(door)
    async with scratch(ground, ["intake"]) as database:
        rows = await sample.accepted(database, door.bodies.file(suspects))
        also = await by_pgbench(door, database, rows)
    return Row(
        row=row,
        work=work,
        unit="files/s",
        ours=found.ours,
        reference=found.reference,
        against=ENDPOINT,
        ratio=found.ratio,
        goals=[at_least("≥ 0.5× the endpoint", found.ratio.median, 0.5)],
        parts={**also, "p50 ms": door.milliseconds(0.5), "p99 ms": door.milliseconds(0.99)},
        notes=[HELD],
    )
