"""`interlink dlq`: what a service gave up on, and what a person decides about it."""

import asyncio
import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from interlink.observing import databases, dead_letters
from interlink.stack import running
from interlink.stack.home import Home
from interlink.stack.layout import StackError
from interlink.stack.secrets import schema_of
from kit import deadletter
from kit.access import Principal
from kit.audit import Entry
from kit.database import Database
from kit.deadletter import DeadLetter
from kit.time import SystemClock

console = Console(highlight=False)
app = typer.Typer(help="Dead letters: records that a service could not handle, kept until a person decides.")

Names = Annotated[list[str] | None, typer.Argument(help="Letters as `dlq list` names them: topic/partition/offset.")]
All = Annotated[bool, typer.Option("--all", help="Every letter (of --service, if that is given).")]
OfService = Annotated[str | None, typer.Option("--service", help="Only letters of this service.")]


@app.command("list")
def list_letters(
    *,
    service: OfService = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List dead letters, one per original record, oldest first."""
    letters = deadletter.distinct(_of_service(_everything(), service))
    if as_json:
        for letter in letters:
            typer.echo(json.dumps(_brief(letter)))
        return
    table = Table(box=None)
    for column in ("letter", "failed", "type", "reason", "attempts"):
        table.add_column(column)
    for letter in letters:
        brief = _brief(letter)
        where = (brief[name] for name in ("letter", "failed_at", "type"))
        table.add_row(*where, f"{brief['error']}: {brief['message']}", brief["attempts"])
    console.print(table if letters else "There are no dead letters.")


@app.command()
def show(letter: Annotated[str, typer.Argument(help="The letter, as `dlq list` names it.")]) -> None:
    """Show one dead letter with its headers. Personal data in it stays encrypted."""
    (found,) = _chosen([letter], every=False, service=None)
    headers = {name: (value or b"").decode(errors="replace") for name, value in found.headers}
    payload = (found.payload or b"").decode(errors="replace")
    typer.echo(json.dumps(_brief(found) | {"headers": headers, "payload": payload}, indent=2))


@app.command()
def replay(
    letters: Names = None,
    *,
    every: All = False,
    service: OfService = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be sent.")] = False,
    per_second: Annotated[float, typer.Option(help="At most this many a second.", min=0.1)] = 50,
) -> None:
    """Give records back to the service that gave up on them, and to no other. The letters stay: drop them then."""
    chosen = _chosen(letters or [], every=every, service=service)
    if dry_run:
        for letter in deadletter.distinct(chosen):
            typer.echo(f"{dead_letters.name(letter)} → {deadletter.replay(letter).topic}")
        return
    home = Home.open()
    asyncio.run(_record(home, "dead_letter.replayed", chosen))
    sent = dead_letters.replay(home, chosen, per_second=per_second)
    console.print(f"{sent} records given back.")


@app.command()
def drop(letters: Names = None, *, every: All = False, service: OfService = None) -> None:
    """Delete letters for good, from the oldest on. The acts are recorded in the audit."""
    home = Home.open()
    chosen = _chosen(letters or [], every=every, service=service)
    asyncio.run(_record(home, "dead_letter.dropped", chosen))
    dead_letters.drop(home, chosen)
    console.print(f"{len(deadletter.distinct(chosen))} letters dropped.")


def _everything() -> list[DeadLetter]:
    home = Home.open()
    running.required(home)
    return dead_letters.read_all(home, dead_letters.dead_letter_topics())


def _chosen(names: list[str], *, every: bool, service: str | None) -> list[DeadLetter]:
    if every == bool(names):
        raise StackError("Name letters (interlink dlq list), or say --all.")
    found = _of_service(_everything(), service)
    if every:
        return found
    by_name = {dead_letters.name(letter): letter for letter in found}
    missing = [name for name in names if name not in by_name]
    if missing:
        raise StackError(f"There is no dead letter {', '.join(missing)}. See: interlink dlq list")
    return [by_name[name] for name in names]


def _of_service(letters: list[DeadLetter], service: str | None) -> list[DeadLetter]:
    return [letter for letter in letters if service is None or letter.group == f"interlink.{service}"]


def _brief(letter: DeadLetter) -> dict[str, str]:
    types = [(value or b"").decode(errors="replace") for name, value in letter.headers if name == "ce_type"]
    return {
        "letter": dead_letters.name(letter),
        "origin": "/".join(str(part) for part in letter.identity),
        "group": letter.group,
        "type": types[0] if types else "",
        "failed_at": letter.failed_at,
        "error": letter.reason.error,
        "message": letter.reason.message,
        "attempts": str(letter.reason.attempts),
    }


async def _record(home: Home, action: str, letters: list[DeadLetter]) -> None:
    operator = Principal(
        subject="operator",
        client="cli",
        tenant="centre",
        roles=frozenset({"operator"}),
        scopes=frozenset({"operations"}),
    )
    by_service: dict[str, list[DeadLetter]] = {}
    for letter in letters:
        by_service.setdefault(letter.group.removeprefix("interlink."), []).append(letter)
    for service, own in by_service.items():
        schema = schema_of(service)
        system_url = databases.url(home, f"{schema}_system")
        database = Database(schema=schema, api_url=None, system_url=system_url, clock=SystemClock())
        try:
            async with database.as_system() as tx:
                for letter in own:
                    tx.audit(Entry(actor=operator, action=action, subject=dead_letters.name(letter)))
        finally:
            await database.close()
