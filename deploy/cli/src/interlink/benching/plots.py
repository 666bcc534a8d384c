"""The page's plots as SVG, readable without colour: hatches, markers and written numbers tell what is what.

The same figures give the same bytes, so that a page written anew changes only where a figure did.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from interlink.benching.figures import Row
from interlink.benching.table import number

STYLE: Any = {
    "svg.hashsalt": "interlink",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
}
INK, PALE = "#1a1a1a", "#d9d9d9"
MARKERS = ("o", "s", "^", "D")


def ratios(rows: Sequence[Row], file: Path) -> str:
    """Ours over the reference for each row that has one, with the least and the most; what it shows, in words."""
    shown = [row for row in rows if row.ratio is not None]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 0.9 + 0.5 * len(shown)), layout="constrained")
        axes = figure.subplots()
        for position, row in enumerate(shown):
            assert row.ratio is not None  # noqa: S101 - chosen above
            one = row.ratio
            hatch = None if row.met else "///"
            axes.barh(position, one.median, color=PALE, edgecolor=INK, hatch=hatch, height=0.6)
            axes.plot([one.min, one.max], [position, position], color=INK, marker="|", linewidth=1.2)
            axes.annotate(
                f" {number(one.median)}× {row.verdict}", (max(one.max, one.median), position), va="center", fontsize=9
            )
        axes.set_yticks(range(len(shown)), [f"row {row.row}" for row in shown])
        axes.invert_yaxis()
        axes.margins(x=0.25)
        axes.set_xlabel(
            "ours ÷ reference (median of the rounds; the line spans least to most; hatched: a goal not met)"
        )
        _write(figure, file)
    told = "; ".join(
        f"row {row.row}: {number(row.ratio.median)} ({row.verdict})" for row in shown if row.ratio is not None
    )
    return f"Bars of ours divided by its reference, per row. {told}."


def stages(row: Row, file: Path) -> str:
    """Where the microseconds of CPU of a suspect go; what it shows, in words."""
    parts = {name.removeprefix("µs: "): value for name, value in row.parts.items() if name.startswith("µs: ")}
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 0.9 + 0.32 * len(parts)), layout="constrained")
        axes = figure.subplots()
        axes.barh(range(len(parts)), list(parts.values()), color=PALE, edgecolor=INK, height=0.65)
        for position, value in enumerate(parts.values()):
            axes.annotate(f" {value:.0f}", (value, position), va="center", fontsize=9)
        axes.set_yticks(range(len(parts)), list(parts))
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.set_xlabel("µs of CPU a suspect, end to end")
        _write(figure, file)
    told = "; ".join(f"{name} {value:.0f} µs" for name, value in parts.items())
    return f"Bars of CPU time a suspect by stage. {told}."


def curves(row: Row, file: Path) -> str:
    """Each series of a row beside the others; what it shows, in words."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 3.2), layout="constrained")
        many = figure.subplots(1, len(row.series), squeeze=False)[0]
        for marker, axes, (name, points) in zip(MARKERS, many, row.series.items(), strict=False):
            axes.plot([x for x, _ in points], [y for _, y in points], color=INK, marker=marker)
            for x, y in points:
                axes.annotate(number(y), (x, y), textcoords="offset points", xytext=(0, 7), ha="center", fontsize=9)
            if max(x for x, _ in points) >= 10 * min(x for x, _ in points):
                axes.set_xscale("log")
            axes.set_xticks([x for x, _ in points], [f"{x:,.0f}" for x, _ in points])
            axes.minorticks_off()
            axes.set_ylim(0, 1.25 * max(y for _, y in points))
            axes.margins(x=0.15)
            axes.set_xlabel(name)
            axes.set_ylabel(row.unit)
        _write(figure, file)
    told = "; ".join(
        f"{name}: " + ", ".join(f"{number(y)} at {x:,.0f}" for x, y in points) for name, points in row.series.items()
    )
    return f"Lines of {row.unit}. {told}."


def _write(figure: Figure, file: Path) -> None:
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    file.write_text("\n".join(line.rstrip() for line in file.read_text().splitlines()) + "\n")
