"""`interlink faults`: kill, freeze and starve a stack of its own under load, and prove that nothing got lost."""

import json
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from interlink.faults.report import as_json, table
from interlink.faults.run import run
from interlink.stack import ports, running
from interlink.stack.home import Home

console = Console(highlight=False, stderr=True)

MOST_WORDS = 40


def faults(
    *,
    minutes: Annotated[float, typer.Option(help="Minutes under fire; from 10 on the long size.", min=0.2, max=240)] = 2,
    seed: Annotated[int, typer.Option(help="Chooses the files, the faults and their order.")] = 1,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Only this fault, again and again; may be repeated. An unknown name lists them."),
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write everything to this file as well.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the stack's folder behind, stopped.")] = False,
) -> None:
    """Shoot at a stack of its own, in a temporary home, and count. Exit code 1 if anything was lost or done twice."""
    signal.signal(signal.SIGTERM, _end)
    folder = Path(tempfile.mkdtemp(prefix="il-faults-"))
    folder.chmod(0o755)  # the unprivileged user of Postgres has to pass through
    home = Home.open(folder)
    ports.apart(home.ports_file)
    try:
        outcome = run(home, minutes=minutes, seed=seed, only=only or [], tell=_tell)
    finally:
        if keep:
            running.stop(home)
            console.print(f"Everything is in {folder}")
        else:
            running.wipe(home)
            shutil.rmtree(folder, ignore_errors=True)
    Console(highlight=False).print(table(outcome))
    if json_file is not None:
        json_file.write_text(json.dumps(as_json(outcome), indent=2) + "\n")
    for words in outcome.faults:
        console.print(words, style="yellow", markup=False)
    for problem in outcome.problems[:MOST_WORDS]:
        console.print(f"{problem.kind.value}: {problem.words}", style="red", markup=False)
    if outcome.problems:
        raise typer.Exit(1)


def _tell(doing: str) -> None:
    console.print(f"[dim]{doing} …[/dim]")


def _end(*_: object) -> None:
    """As Ctrl-C: what was started is stopped and wiped on the way out."""
    raise KeyboardInterrupt
