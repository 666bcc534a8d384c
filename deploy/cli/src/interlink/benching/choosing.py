"""The rows in the order in which they are measured, and which of them are asked for."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from interlink.benching.figures import Row
from interlink.benching.ground import Ground
from interlink.benching.rows import (
    cost_curve,
    row01_small_files,
    row02_large_files,
    row03_single_suspects,
    row04_outbox,
    row05_routing,
    row06_end_to_end,
    row07_latency,
    row08_huge_file,
    row09_urgent,
    row10_reading,
    row11_memory,
    row12_lag,
)
from interlink.stack.layout import StackError

Measuring: TypeAlias = Callable[[Ground], Awaitable[Row]]

ROWS: Mapping[str, Measuring] = {
    "7": row07_latency.measure,  # first, while the tables are small: it is the idle system's latency
    "1": row01_small_files.measure,
    "2": row02_large_files.measure,
    "3": row03_single_suspects.measure,
    "4": row04_outbox.measure,
    "5": row05_routing.measure,
    "6": row06_end_to_end.measure,
    "curve": cost_curve.measure,
    "8": row08_huge_file.measure,
    "9": row09_urgent.measure,
    "10": row10_reading.measure,
    "12": row12_lag.measure,
    "11": row11_memory.measure,  # last: after all this
}
ORDER = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "curve")
"""As the tables show them."""


def chosen(only: str | None) -> list[str]:
    """Which rows, in the order of measuring. Raises `StackError` for one that does not exist."""
    if not only:
        return list(ROWS)
    asked = {word.strip() for word in only.split(",")}
    unknown = asked - ROWS.keys()
    if unknown:
        raise StackError(f"There is no row {', '.join(sorted(unknown))}. Rows: {', '.join(ORDER)}.")
    return [name for name in ROWS if name in asked]


def in_order(rows: list[Row]) -> list[Row]:
    """As they are shown."""
    return sorted(rows, key=lambda row: ORDER.index(row.row))
