"""`interlink topics`: what flows where, as the registry and the services declare it."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from contracts import access
from contracts.access import KafkaTopic, Operation
from interlink.stack import running
from interlink.stack import topics as planning
from interlink.stack.home import Home
from interlink.stack.layout import StackError
from interlink.stack.secrets import KAFKA_USERS

console = Console(highlight=False)


def topics(
    *,
    everything: Annotated[bool, typer.Option("--all", "-a", help="Also dead letters and replays.")] = False,
    password: Annotated[
        str | None,
        typer.Option(metavar="USER", help="Print only the password of this user of the local broker (subscriber, …)."),
    ] = None,
) -> None:
    """List the topics: who writes, who reads, partitions, retention, personal data."""
    if password is not None:
        typer.echo(_password(password))
        return
    declared = planning.declarations()
    table = Table(box=None)
    for column in ("topic", "writer", "readers", "partitions", "kept", "personal data"):
        table.add_column(column)
    readers: dict[str, list[str]] = {}
    for right in access.acls(declared):
        if right.operation is Operation.READ:
            readers.setdefault(right.name, []).append(right.principal.removeprefix("User:"))
    for topic in access.topics(declared):
        if everything or not _of_one_group(topic):
            table.add_row(
                topic.name,
                topic.writer,
                ", ".join(readers.get(topic.name, [])),
                str(topic.partitions),
                "compacted" if topic.compacted else f"{topic.retention.days} days",
                topic.personal.value,
            )
    console.print(table)


def _password(user: str) -> str:
    if user not in KAFKA_USERS:
        raise StackError(f"The local broker has no user {user}; it has {', '.join(KAFKA_USERS)}.")
    home = Home.open()
    running.required(home)
    return home.secrets[f"kafka.{user}"]


def _of_one_group(topic: KafkaTopic) -> bool:
    return ".dlq." in topic.name or ".replay." in topic.name
