"""The terminal's table."""

from collections.abc import Sequence

from rich.table import Table

from interlink.benching.figures import Row, Spread


def table(rows: Sequence[Row]) -> Table:
    """A line a row: ours, the reference and the ratio as min / median / max, and every goal with what was reached."""
    made = Table(box=None, padding=(0, 2, 1, 0))
    made.add_column("row")
    made.add_column("work", min_width=18)
    for name in ("ours", "reference", "ratio"):
        made.add_column(name, justify="right", no_wrap=True)
    made.add_column("goal: reached", min_width=20)
    for row in rows:
        goals = [f"{'✓' if goal.met else '✗ NOT MET'} {goal.words}: {number(goal.reached)}" for goal in row.goals]
        work = f"{row.work}; {row.unit}" if row.unit else row.work
        figures = [triple(one).replace(" / ", "\n") for one in (row.ours, row.reference, row.ratio)]
        made.add_row(row.row, work, *figures, "\n".join(goals) or " ".join(row.notes)[:300])
    made.caption = "Each figure: least, median, most of the rounds."
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
