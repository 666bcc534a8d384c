"""What a piece of work asks the database: which statements, in which transactions, and by which plans."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import TextClause

from kit import database
from kit.database import Database, Transaction
from kit.time import Clock

PLANNED = ("SELECT", "WITH", "UPDATE", "DELETE", "INSERT")
MOST_WASTED = 1_000
"""Rows that a node may read and throw away: a walk along the wrong index is a scan too."""


@dataclass
class Watched:
    """What was seen so far."""

    transactions: list[list[str]] = field(default_factory=list)
    """The statements of each transaction that had any, in their order."""
    plans: list[tuple[str, Any]] = field(default_factory=list)
    """Each statement with the root of its plan, as the role and with the settings of its transaction."""

    rows: int = 0
    """How many rows were fetched."""

    looks: list[str] = field(default_factory=list[str])
    """The statements that ran in no transaction."""

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
def watching(*, plans: bool = False) -> Iterator[Watched]:
    """Watch every transaction opened meanwhile; with `plans`, each statement is explained just before it runs."""
    seen = Watched()

    class Watching(Transaction):
        """A transaction on a connection that is watched."""

        def __init__(self, connection: Any, clock: Clock) -> None:
            super().__init__(Observed(connection, seen, plans=plans), clock)

    look = Database.look

    async def watched(of: Database, statement: TextClause, *params: Any) -> Any:
        seen.looks.append(str(statement))
        return await look(of, statement, *params)

    database.Transaction = Watching
    Database.look = watched
    try:
        yield seen
    finally:
        database.Transaction = Transaction
        Database.look = look


class Observed:
    """The driver's connection of one transaction; notes its statements and, where asked, their plans."""

    def __init__(self, connection: Any, seen: Watched, *, plans: bool) -> None:
        self._connection = connection
        self._seen = seen
        self._plans = plans
        self._statements: list[str] = []

    async def execute(self, statement: str, *parameters: Any) -> Any:
        """As the driver."""
        await self._note(statement, parameters)
        return await self._connection.execute(statement, *parameters)

    async def fetch(self, statement: str, *parameters: Any) -> Any:
        """As the driver."""
        await self._note(statement, parameters)
        rows = await self._connection.fetch(statement, *parameters)
        self._seen.rows += len(rows)
        return rows

    async def fetchval(self, statement: str, *parameters: Any) -> Any:
        """As the driver."""
        await self._note(statement, parameters)
        return await self._connection.fetchval(statement, *parameters)

    async def _note(self, statement: str, parameters: tuple[Any, ...]) -> None:
        if not self._statements:
            self._seen.transactions.append(self._statements)
        self._statements.append(statement)
        if not self._plans or not statement.lstrip().startswith(PLANNED):
            return
        how = "ANALYZE, TIMING OFF, FORMAT JSON" if statement.lstrip().startswith("SELECT") else "FORMAT JSON"
        (root,) = json.loads(await self._connection.fetchval(f"EXPLAIN ({how}) {statement}", *parameters))
        self._seen.plans.append((statement, root["Plan"]))
