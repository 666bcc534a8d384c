"""`docs/performance.md` and its plots, written from finished rows."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil

from interlink.benching.figures import Row, as_json, from_json
from interlink.benching.table import number, triple
from interlink.stack.layout import ROOT, StackError

PAGE = ROOT / "docs" / "performance.md"

HEAD = """\
# Performance

Written by `make bench` (`interlink bench --page`). Every figure of ours stands beside a reference that ran just
before and just after it, on the
same machine in the same run; figures are min / median / max over the rounds, and ratios are of each round to
its two neighbours. Absolute
figures differ between machines, ratios hardly. The load generator sends bytes made before the clock starts,
over raw connections.
Durability (fsync on), ES256 authentication, tenancy, encryption, audit and validation stay on. A goal that is
not met stays in the table.

"""
METHOD = """\
## How each row is measured

- **1, 3** posts from 16 clients; the reference is the smallest FastAPI endpoint that checks the same token and
  validates the same body with pydantic and stores
  nothing, a process of its own. While the door is measured, what stands behind it is held still, and works its
  backlog off before the next round.
  pgbench (`-M prepared`, [script](../deploy/cli/src/interlink/benching/references/insert_referral.sql)) inserts
  the same rows with the same indexes.
- **2** the same from 8 clients; the reference inserts exactly the rows that accepting such a file wrote, by raw
  asyncpg, one `unnest` a table, one transaction a file.
- **4** real events, a full outbox in a second database, one relay; the reference is aiokafka sending the same bytes.
- **5** the consumer's own settlement (decode, inbox, handler, three events a suspect, position, commit) in
  batches as polled; the reference polls and decodes.
- **6** CPU of every process from /proc, Postgres split by the role each backend serves, from the first post
  until the last notice is frozen.
- **7** one at a time; the floor is twice (a commit of one row, a record there and back).
- **8, 9** `POST /v1/referrals:batch`; the reference reads the same body and discards it. Memory is PSS, looked
  at twice a second.
- **10** copies of a real suspect's rows in a second database, served by the services' own processes; the
  reference is psql with the same statements.
- **11** PSS from /proc after the rows before.
- **12** real `suspect.reported` records sent again while their consumer is held still; it goes on, and its memory
  is looked at until nothing waits.
- **curve** posts to last assignment, at growing sizes, and with more routing consumers as dynamic members of
  the group.

Where the time of missed goals goes, and what would be next: [profiles](profiles.md).
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """What the figures were measured on."""

    cores: int
    memory_gb: float
    system: str
    python: str

    @classmethod
    def this(cls) -> "Machine":
        """This one."""
        return cls(
            cores=os.cpu_count() or 1,
            memory_gb=psutil.virtual_memory().total / 1e9,
            system=f"{platform.system()} {platform.machine()}",
            python=platform.python_version(),
        )

    @property
    def words(self) -> str:
        """In a sentence."""
        return f"{self.cores} cores, {self.memory_gb:.0f} GB, {self.system}, Python {self.python}"


def kept(rows: Sequence[Row], *, quick: bool) -> list[dict[str, Any]]:
    """The rows as JSON, each with the machine and the size of the run."""
    machine = Machine.this().words
    return [as_json(row) | {"machine": machine, "quick": quick} for row in rows]


def write_json(file: Path, rows: Sequence[Row], *, quick: bool) -> None:
    """The rows as one JSON array."""
    file.write_text(json.dumps(kept(rows, quick=quick), indent=2, ensure_ascii=False) + "\n")


def read_json(file: Path, *, quick: bool) -> list[Row]:
    """The rows an earlier run of that size left there, on this machine; none where there is no such file."""
    if not file.exists():
        return []
    machine = Machine.this().words
    rows: list[dict[str, Any]] = json.loads(file.read_text())
    return [from_json(row) for row in rows if (row["machine"], row["quick"]) == (machine, quick)]


def write_page(rows: Sequence[Row], *, quick: bool, page: Path = PAGE) -> None:
    """The page, and its plots beside it. Raises `StackError` where the library that draws is not installed."""
    page.parent.mkdir(parents=True, exist_ok=True)
    pictures = _pictures(rows, page.parent)
    size = "A quick run with small sizes: the figures mean little.\n" if quick else ""
    parts = [HEAD, f"Measured on {Machine.this().words}. {size}\n\n", _table(rows), *pictures, _details(rows), METHOD]
    page.write_text("".join(parts))


def _table(rows: Sequence[Row]) -> str:
    lines = [
        "| row | work | unit | ours | reference | ratio | goal: reached | |",
        "|---|---|---|--:|--:|--:|---|---|",
    ]
    for row in rows:
        goals = "<br>".join(f"{goal.words}: {number(goal.reached)}{'' if goal.met else ' ✗'}" for goal in row.goals)
        cells = [row.row, row.work, row.unit, triple(row.ours), triple(row.reference), triple(row.ratio), goals]
        lines.append(f"| {' | '.join(cells)} | {f'**{row.verdict}**' if row.met is False else row.verdict} |")
    return "\n".join(lines) + "\n\n"


def _pictures(rows: Sequence[Row], folder: Path) -> list[str]:
    try:
        plots: Any = import_module("interlink.benching.plots")
    except ModuleNotFoundError as error:
        raise StackError(f"The plots need {error.name}, a library for development. Run: make setup") from error
    made: list[str] = []
    if any(row.ratio is not None for row in rows):
        made.append(_picture("performance-ratios.svg", plots.ratios(rows, folder / "performance-ratios.svg")))
    for row in rows:
        if any(name.startswith("µs: ") for name in row.parts):
            made.append(_picture("performance-stages.svg", plots.stages(row, folder / "performance-stages.svg")))
        if row.series:
            made.append(_picture("performance-curve.svg", plots.curves(row, folder / "performance-curve.svg")))
    return made


def _picture(name: str, words: str) -> str:
    """An image whose alternative text has the same figures."""
    return f"![{words}]({name})\n\n"


def _details(rows: Sequence[Row]) -> str:
    lines: list[str] = []
    for row in rows:
        lines.append(f"### Row {row.row}: {row.work}\n")
        if row.against:
            lines.append(f"Reference: {row.against}.\n")
        lines += [f"{note}\n" for note in row.notes]
        if row.parts:
            lines += ["| | |", "|---|--:|", *(f"| {name} | {number(value)} |" for name, value in row.parts.items()), ""]
    return "\n".join(lines) + "\n"
