"""The arithmetic of the benchmarks: spreads, percentiles, ratios, goals, one finished row. Nothing measures here."""

import itertools
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Spread:
    """What several rounds gave."""

    min: float
    median: float
    max: float


def spread(values: Sequence[float]) -> Spread:
    """Smallest, median and largest. Raises `ValueError` where nothing was measured."""
    if not values:
        raise ValueError("nothing was measured")
    return Spread(min(values), statistics.median(values), max(values))


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed (nearest rank). Raises `ValueError` for none."""
    if not values:
        raise ValueError("nothing was measured")
    rank = math.ceil(share * len(values))
    return sorted(values)[min(len(values), max(rank, 1)) - 1]


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal of a row: what was to be reached, and what was."""

    words: str
    reached: float
    met: bool


def at_least(words: str, reached: float, bar: float) -> Goal:
    """A figure that must not be lower than the bar."""
    return Goal(words, reached, reached >= bar)


def at_most(words: str, reached: float, bar: float) -> Goal:
    """A figure that must not be higher than the bar."""
    return Goal(words, reached, reached <= bar)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Ours beside a reference that ran before and after each of our rounds."""

    ours: Spread
    reference: Spread
    ratio: Spread


def compared(references: Sequence[float], ours: Sequence[float]) -> Compared:
    """Round by round: ours over the mean of the reference just before and just after it.

    There is one reference more than there are rounds of ours. Raises `ValueError` otherwise.
    """
    if len(references) != len(ours) + 1:
        raise ValueError("a reference belongs before and after every round")
    beside = [(before + after) / 2 for before, after in itertools.pairwise(references)]
    ratios = [mine / other for mine, other in zip(ours, beside, strict=True)]
    return Compared(ours=spread(ours), reference=spread(references), ratio=spread(ratios))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One finished row. What could not be measured has no figures and says why in its notes."""

    row: str
    work: str
    unit: str
    ours: Spread | None = None
    reference: Spread | None = None
    against: str = ""
    """What the reference is, in words."""
    ratio: Spread | None = None
    goals: Sequence[Goal] = ()
    parts: Mapping[str, float] = field(default_factory=dict[str, float])
    """Further figures, by what they are."""
    series: Mapping[str, Sequence[tuple[float, float]]] = field(
        default_factory=dict[str, Sequence[tuple[float, float]]]
    )
    """Curves, by name: points to draw."""
    notes: Sequence[str] = ()

    @property
    def met(self) -> bool | None:
        """Whether every goal was reached; None where nothing was measured or nothing is asked."""
        if self.ours is None or not self.goals:
            return None
        return all(goal.met for goal in self.goals)

    @property
    def verdict(self) -> str:
        """The same in a word."""
        return {True: "met", False: "NOT MET", None: "–"}[self.met]


def absent(row: str, work: str, why: str) -> Row:
    """A row that could not be measured here."""
    return Row(row=row, work=work, unit="", notes=[why])


def as_json(row: Row) -> dict[str, Any]:
    """A row as it is kept: `{row, ours, reference, ratio, goal, met}` and what explains them."""
    return {
        "row": row.row,
        "work": row.work,
        "unit": row.unit,
        "ours": _spread(row.ours),
        "reference": _spread(row.reference),
        "against": row.against,
        "ratio": _spread(row.ratio),
        "goal": [{"words": goal.words, "reached": _rounded(goal.reached), "met": goal.met} for goal in row.goals],
        "met": row.met,
        "parts": {name: _rounded(value) for name, value in row.parts.items()},
        "series": {name: [list(point) for point in points] for name, points in row.series.items()},
        "notes": list(row.notes),
    }


def from_json(kept: Mapping[str, Any]) -> Row:
    """The inverse of `as_json`: the page can be written anew without measuring."""
    return Row(
        row=kept["row"],
        work=kept["work"],
        unit=kept["unit"],
        ours=_of(kept["ours"]),
        reference=_of(kept["reference"]),
        against=kept["against"],
        ratio=_of(kept["ratio"]),
        goals=[Goal(goal["words"], goal["reached"], goal["met"]) for goal in kept["goal"]],
        parts=kept["parts"],
        series={name: [(x, y) for x, y in points] for name, points in kept["series"].items()},
        notes=kept["notes"],
    )


def _spread(one: Spread | None) -> dict[str, float] | None:
    if one is None:
        return None
    return {"min": _rounded(one.min), "median": _rounded(one.median), "max": _rounded(one.max)}


def _of(kept: Mapping[str, float] | None) -> Spread | None:
    return None if kept is None else Spread(kept["min"], kept["median"], kept["max"])


def _rounded(value: float) -> float:
    """Three significant digits or whole numbers: more would claim what was not measured."""
    if value == 0 or not math.isfinite(value):
        return value
    digits = max(0, 3 - math.ceil(math.log10(abs(value))))
    return round(value, digits)
