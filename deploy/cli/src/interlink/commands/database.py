"""`interlink outbox`, `jobs`, `migrate`: what waits in the services' databases, and their schemas."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from interlink.observing import databases
from interlink.stack import bootstrap, preparing, processes, running
from interlink.stack.home import Home
from interlink.stack.layout import StackError
from interlink.stack.servers import Database

console = Console(highlight=False)


def outbox() -> None:
    """Show events that have not left for Kafka yet, per topic, and those that were refused for good."""
    home = Home.open()
    table = Table(box=None)
    for column in ("service", "topic", "rows", "oldest"):
        table.add_column(column)
    for service in running.required(home).services:
        for row in asyncio.run(_rows(home, service, databases.OUTBOX_TOPICS)):
            table.add_row(service, row["topic"], str(row["rows"]), f"{row['age']:.1f} s")
        for row in asyncio.run(_rows(home, service, databases.OUTBOX_DEAD)):
            table.add_row(service, row["topic"], f"dead {row['id']}", row["error"])
    console.print(table if table.row_count else "Every outbox is empty.")


def jobs(
    requeue: Annotated[UUID | None, typer.Option(help="Let a dead job, by its id, run again now.")] = None,
    limit: Annotated[int, typer.Option(help="At most this many per service.", min=1, max=1000)] = 50,
) -> None:
    """Show due and dead work of each service, dead first."""
    home = Home.open()
    services = list(running.required(home).services)
    if requeue is not None:
        _requeue(home, services, requeue)
        return
    table = Table(box=None)
    for column in ("service", "id", "kind", "key", "state", "attempts", "due", "error"):
        table.add_column(column)
    for service in services:
        for row in asyncio.run(_rows(home, service, databases.JOBS, limit)):
            due = row["due_at"].isoformat(timespec="seconds")
            table.add_row(
                service,
                str(row["id"]),
                row["kind"],
                row["key"],
                row["state"],
                str(row["attempts"]),
                due,
                row["error"] or "",
            )
    console.print(table if table.row_count else "No work waits.")


def migrate() -> None:
    """Bring every schema to this build. Safe to repeat, and while the services run (expand migrations)."""
    home = Home.open()
    admin_url = Database(home=home).admin_url
    if admin_url is None:
        raise StackError("PostgreSQL is down. `interlink up` starts it, and migrates by itself.")
    around = preparing.surroundings(home, admin_url)
    passwords = preparing.postgres_passwords(home)
    asyncio.run(bootstrap.prepare(admin_url, passwords))
    asyncio.run(bootstrap.prepare_keyring(admin_url, passwords))
    for service in sorted({process.service for process in processes.load()} - {processes.SANDBOX}):
        asyncio.run(preparing.migrate(service, around, home.log(f"{service}-migrate")))
        console.print(f"{service} is at this build's schema.")


def _requeue(home: Home, services: list[str], job: UUID) -> None:
    for service in services:
        if asyncio.run(_execute(home, service, databases.REQUEUE, job)) == "UPDATE 1":
            console.print(f"{service} runs job {job} again.")
            return
    raise StackError(f"No service has a dead job {job}.")


async def _rows(home: Home, service: str, statement: str, *parameters: Any) -> list[Any]:
    async with databases.as_system(home, service) as connection:
        return await connection.fetch(statement, *parameters)


async def _execute(home: Home, service: str, statement: str, *parameters: Any) -> str:
    async with databases.as_system(home, service) as connection:
        return await connection.execute(statement, *parameters)
