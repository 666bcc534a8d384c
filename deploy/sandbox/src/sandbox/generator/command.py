"""`python -m sandbox morning --seed 7 --out FOLDER`: a morning as files, for people to look at and to post."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer

from kit.time import SystemClock, parse
from sandbox.generator.morning import Morning, morning

app = typer.Typer(add_completion=False)


@app.command()
def write(
    out: Annotated[Path, typer.Option(help="Folder to write to; made if it is not there.")],
    seed: Annotated[int, typer.Option(help="The same seed and time give the same files.")] = 7,
    suspects: Annotated[int, typer.Option(min=0, help="Suspects in the bureau's file.")] = 120,
    victims: Annotated[int, typer.Option(min=0, help="Victims in the bureau's file.")] = 4,
    now: Annotated[str | None, typer.Option(help="The morning's time (RFC 3339); absent: now.")] = None,
) -> None:
    """Write the file, the reports and what must become of them."""
    at = _time(now)
    out.mkdir(parents=True, exist_ok=True)
    _write(morning(seed, suspects, victims, now=at), out)


def _time(text: str | None) -> datetime:
    if text is None:
        return SystemClock().now()
    at = parse(text, "UTC").at
    if at is None:
        raise typer.BadParameter("not a time of RFC 3339")
    return at


def _write(made: Morning, out: Path) -> None:
    indented = orjson.dumps(orjson.loads(made.file), option=orjson.OPT_INDENT_2)
    (out / f"{made.reference}.json").write_bytes(indented)
    expected = {made.reference: list(made.native.expectation.entries.values())}
    for report in made.reports:
        (out / f"{report.reference}.xml").write_bytes(report.body)
        expected[report.reference] = list(report.expectation.entries.values())
    (out / "expected.json").write_bytes(orjson.dumps(expected, option=orjson.OPT_INDENT_2))
    typer.echo(f"{len(made.reports) + 1} files in {out}: {made.suspects} suspects and {made.victims} victims to route")


def run() -> None:
    """The command line."""
    app()
