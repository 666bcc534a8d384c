"""Row 11: what each service process holds after everything else."""

from interlink.benching import consumption
from interlink.benching.figures import Row, at_most, spread
from interlink.benching.ground import Ground


async def measure(ground: Ground) -> Row:
    """MB of PSS a process."""
    await ground.quiet()
    sizes = consumption.pss(ground.found)
    name, most = max(sizes.items(), key=lambda one: one[1])
    return Row(
        row="11",
        work="memory (PSS) of each service process after the rows before",
        unit="MB",
        ours=spread(list(sizes.values())),
        goals=[at_most(f"every process < 150 MB (most: {name})", most, 150)],
        parts=dict(sorted(sizes.items())),
    )
