"""The one place that measures rounds: the reference, ours, the reference, ours, …, the reference."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from interlink.benching.figures import Compared, compared

Measure: TypeAlias = Callable[[], Awaitable[float]]
"""Does the work once and says how fast it was (or how long it took)."""


async def side_by_side(rounds: int, *, reference: Measure, ours: Measure) -> Compared:
    """So many rounds of ours, each between two of the reference, on the same machine in the same minutes."""
    references = [await reference()]
    mine: list[float] = []
    for _ in range(rounds):
        mine.append(await ours())
        references.append(await reference())
    return compared(references, mine)
