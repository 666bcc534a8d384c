"""Ranges of several sources become one sorted boundary table per family: from a start to the next, one answer.

Ranges overlap in the sources (a narrower one inside a wider one, and one row of AS749 over AS721): the narrower
range wins where both apply, and the wider one goes on after it. IPv6 is cut at /64: ranges narrower than that
are left out and counted, and a /64 cut in two by wider ranges goes to the narrower of them.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from kit.values import value

TOP_V4: Final = (1 << 32) - 1
TOP_V6: Final = (1 << 64) - 1

Starts = npt.NDArray[np.uint64]


@value
class Ranges:
    """Ranges of one source: first and last key (inclusive), and a value above 0; 0 means "not covered"."""

    first: npt.NDArray[np.uint64]
    last: npt.NDArray[np.uint64]
    value: npt.NDArray[np.uint32]
    left_out: int = 0
    """Ranges too narrow for a key."""


@value
class Table:
    """Boundaries: `values[k][i]` is the answer of source k from `starts[i]` to the next start."""

    starts: Starts
    values: tuple[npt.NDArray[np.uint32], ...]


def ranges(rows: Sequence[tuple[int, int, int]]) -> Ranges:
    """Ranges whose ends are keys themselves (IPv4)."""
    table = np.array(rows, dtype=np.uint64).reshape(-1, 3)
    return Ranges(first=table[:, 0], last=table[:, 1], value=table[:, 2].astype(np.uint32))


def ranges_of_64(rows: Sequence[tuple[int, int, int]]) -> Ranges:
    """IPv6 ranges on the key of their /64: the upper 64 bits of the address."""
    wide = [(first >> 64, last >> 64, value) for first, last, value in rows if last - first >= (1 << 64) - 1]
    kept = ranges(wide)
    return Ranges(first=kept.first, last=kept.last, value=kept.value, left_out=len(rows) - len(wide))


def flatten(source: Ranges, top: int) -> Table:
    """One source without overlaps: wide ranges are painted first, narrow ones over them. `top`: largest key."""
    after = source.last[source.last < top] + np.uint64(1)
    starts = np.unique(np.concatenate([np.zeros(1, np.uint64), source.first, after]))
    painted = np.zeros(len(starts), np.uint32)
    begins = np.searchsorted(starts, source.first)
    ends = np.searchsorted(starts, source.last, side="right")
    # Of equally wide ranges the later row wins: the sort is stable.
    widest_first = np.argsort(np.uint64(top) - (source.last - source.first), kind="stable")
    for row in widest_first.tolist():
        painted[begins[row] : ends[row]] = source.value[row]
    return _without_repeats(Table(starts=starts, values=(painted,)))


def merge(tables: Sequence[Table]) -> Table:
    """All answers side by side on the union of the boundaries."""
    starts = np.unique(np.concatenate([table.starts for table in tables]))
    values = tuple(
        column[np.searchsorted(table.starts, starts, side="right") - 1] for table in tables for column in table.values
    )
    return _without_repeats(Table(starts=starts, values=values))


def _without_repeats(table: Table) -> Table:
    changes = np.zeros(len(table.starts), np.bool_)
    changes[0] = True
    for column in table.values:
        changes[1:] |= column[1:] != column[:-1]
    return Table(starts=table.starts[changes], values=tuple(column[changes] for column in table.values))
