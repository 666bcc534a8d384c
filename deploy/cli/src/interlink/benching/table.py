"""The terminal's table."""

from collections.abc import Sequence

from rich.table import Table

from interlink.benching.figures import Row, Spread


def table(rows: Sequence[Row]) -> Table:
    """A line a row: ours, the reference and the ratio as min / median / max, and every goal with what was reached."""
    made = Table(box=None, show_lines=False, padding=(0, 1))
    for name in ("row", "work", "unit"):
        made.add_column(name)
    for name in ("ours", "reference", "ratio"):
        made.add_column(f"{name}\nmin / median / max", justify="right")
    made.add_column("goal: reached")
    for row in rows:
        goals = [f"{'✓' if goal.met else '✗ NOT MET'} {goal.words}: {number(goal.reached)}" for goal in row.goals]
        made.add_row(
            row.row, row.work, row.unit, triple(row.ours), triple(row.reference), triple(row.ratio),
            "\n".join(goals or row.notes),
        )  # fmt: skip
    return made


def triple(one: Spread | None) -> str:
    """`min / median / max`."""
    return "–" if one is None else " / ".join(number(value) for value in (one.min, one.median, one.max))


def number(value: float) -> str:
    """Three digits that mean something."""
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}"
