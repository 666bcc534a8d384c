"""`interlink bench`: what the suite does beside what this machine could do, row by row (docs/performance.md).

Everything stays on: durability, authentication, tenancy, encryption, audit, validation.
"""

import logging
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from interlink.benching import page
from interlink.benching.choosing import ORDER, chosen, in_order
from interlink.benching.figures import Row
from interlink.benching.ground import Ground
from interlink.benching.running import measure
from interlink.benching.table import table
from interlink.stack.home import Home
from kit import telemetry
from kit.process import spare_collections

console = Console(highlight=False, stderr=True)


def bench(
    *,
    only: Annotated[str | None, typer.Option(help=f"Only these rows, comma separated: {', '.join(ORDER)}.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Small sizes, one round: shows that it works.")] = False,
    as_json: Annotated[
        Path | None, typer.Option("--json", help="Keep the rows in this file, beside those of earlier runs.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--page", help="Write docs/performance.md and its plots from this run.")
    ] = False,
) -> None:
    """Measure a running stack beside references on the same machine; goals that are not met are marked so."""
    telemetry.configure_logging("bench", level=logging.CRITICAL)  # the parts that are measured alone log on stdout
    spare_collections()  # rows 4 and 5 run a service's parts in this process
    names = chosen(only)
    earlier = page.read_json(as_json, quick=quick) if as_json is not None else []
    finished = [row for row in earlier if row.row not in names]
    with console.status("") as status:

        def tell(doing: str) -> None:
            status.update(f"{doing} of {len(names)}: {', '.join(names)}")

        def done(row: Row) -> None:
            finished.append(row)
            console.print(f"row {row.row}: {row.work}: {row.verdict}", *(row.notes if row.ours is None else ()))
            # After each row: a run that is cut off keeps what it measured.
            if as_json is not None:
                page.write_json(as_json, in_order(finished), quick=quick)
            if write:
                page.write_page(in_order(finished), quick=quick)

        ground = Ground.of(Home.open(), quick=quick, tell=tell)
        uvloop.run(measure(ground, names, done))
    Console(highlight=False).print(table(in_order(finished)))
