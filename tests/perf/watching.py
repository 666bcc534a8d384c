"""What a piece of work asks the database: which statements, in which transactions, and by which plans."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, event

from kit.database import Database

PLANNED = ("SELECT", "WITH", "UPDATE", "DELETE", "INSERT")
MOST_WASTED = 1_000
"""Rows that a node may read and throw away: a walk along the wrong index is a scan too."""


@dataclass
class Watched:
    """What was seen so far."""

    transactions: list[list[str]] = field(default_factory=list)
    """The statements of each transaction that has ended, in their order."""
    plans: list[tuple[str, Any]] = field(default_factory=list)
    """Each statement with the root of its plan, as the role and with the settings of its transaction."""

    @property
    def statements(self) -> list[str]:
        """All of them."""
        return [statement for transaction in self.transactions for statement in transaction]

    def scanned(self, *tables: str) -> list[str]:
        """Statements that read one of these tables from end to end, or much of it for nothing."""
        return [
            statement
            for statement, root in self.plans
            for node in nodes(root)
            if node.get("Relation Name") in tables and (node["Node Type"] == "Seq Scan" or wasted(node) > MOST_WASTED)
        ]

    def read(self, table: str) -> bool:
        """Whether any statement touched the table at all: a guard of nothing guards nothing."""
        return any(node.get("Relation Name") == table for _, root in self.plans for node in nodes(root))


def wasted(node: Any) -> int:
    """Rows that a node read and threw away; known of reads only, which are run twice for it."""
    return node.get("Rows Removed by Filter", 0) * node.get("Actual Loops", 1)


def nodes(plan: Any) -> Iterator[Any]:
    """A plan's node and all below it."""
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


@contextmanager
def watching(database: Database, *, plans: bool = False) -> Iterator[Watched]:
    """Watch both roles' connections of a service; with `plans`, each statement is explained just before it runs."""
    seen = Watched()
    running: dict[Connection, list[str]] = {}
    explaining: set[Connection] = set()  # jobs run beside each other, each on a connection of its own

    def before(connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if connection in explaining:
            return
        running.setdefault(connection, []).append(statement)
        if plans and statement.lstrip().startswith(PLANNED):
            explaining.add(connection)
            how = "ANALYZE, TIMING OFF, FORMAT JSON" if statement.lstrip().startswith("SELECT") else "FORMAT JSON"
            try:
                told = connection.exec_driver_sql(f"EXPLAIN ({how}) {statement}", parameters).scalar_one()
            finally:
                explaining.discard(connection)
            (root,) = told if isinstance(told, list) else json.loads(told)
            seen.plans.append((statement, root["Plan"]))

    def ended(connection: Connection) -> None:
        if statements := running.pop(connection, None):
            seen.transactions.append(statements)

    hooks = {"before_cursor_execute": before, "commit": ended, "rollback": ended}
    with _hooked(_engines(database), hooks):
        yield seen


@contextmanager
def _hooked(engines: Sequence[Engine], hooks: dict[str, Any]) -> Iterator[None]:
    every = [(engine, name, hook) for engine in engines for name, hook in hooks.items()]
    for engine, name, hook in every:
        event.listen(engine, name, hook)
    try:
        yield
    finally:
        for engine, name, hook in every:
            event.remove(engine, name, hook)


def _engines(database: Database) -> list[Engine]:
    both = (database._api, database._system)  # the kit shows no engine; nothing but this test needs one
    return [engine.sync_engine for engine in both if engine is not None]
