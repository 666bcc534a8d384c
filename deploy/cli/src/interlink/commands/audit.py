"""`interlink audit verify`: whether anybody changed, removed or cut the record of who did what."""

import asyncio
import base64
from typing import Annotated

import typer
from rich.console import Console

from interlink.observing import databases
from interlink.stack import running
from interlink.stack.home import Home
from interlink.stack.layout import StackError
from interlink.stack.secrets import schema_of
from kit import audit_verification
from kit.audit_verification import Verification, Witness
from kit.database import Database
from kit.time import SystemClock

console = Console(highlight=False)
app = typer.Typer(help="Prove that the audit is whole.", no_args_is_help=True)


@app.callback()
def audit() -> None:
    """Prove that the audit is whole."""


@app.command()
def verify(
    service: Annotated[str | None, typer.Option(help="Only this service.")] = None,
    witness: Annotated[
        str | None,
        typer.Option(
            help="A head seen elsewhere, as POSITION:HASH; finds a chain that was cut together with its head."
        ),
    ] = None,
) -> None:
    """Read every audit from its first link to its signed head. Exit code 1 if anything does not fit."""
    home = Home.open()
    services = list(running.required(home).services)
    if service is not None and service not in services:
        raise StackError(f"There is no service {service}; there is {', '.join(services)}.")
    if witness is not None and service is None:
        raise StackError("A witness belongs to one service: name it with --service.")
    sound = True
    for name in [service] if service is not None else services:
        result = asyncio.run(_verify(home, name, _witness(witness)))
        sound = sound and result.sound
        _show(name, result)
    if not sound:
        raise typer.Exit(1)


def _show(service: str, result: Verification) -> None:
    words = "[green]sound[/green]" if result.sound else f"[red]{len(result.problems)} problems[/red]"
    console.print(f"{service}: {result.entries} entries, {words}")
    for problem in result.problems:
        console.print(f"  {problem.fault.value} at position {problem.position}, entry {problem.entry}")


def _witness(text: str | None) -> Witness | None:
    if text is None:
        return None
    position, _, chain = text.partition(":")
    if not position.isdigit() or not chain:
        raise StackError("A witness looks like 1234:9f86d081… (position and hash in hex).")
    return Witness(int(position), chain)


async def _verify(home: Home, service: str, witness: Witness | None) -> Verification:
    schema = schema_of(service)
    seed = base64.b64decode(home.secrets[f"audit.{schema}"])
    database = Database(
        schema=schema, api_url=None, system_url=databases.url(home, f"{schema}_system"), clock=SystemClock()
    )
    try:
        async with database.as_system() as tx:
            return await audit_verification.verify(tx, audit_verification.public_key(seed), witness=witness)
    finally:
        await database.close()
