"""What mechanisms need of a transaction, so that they do not depend on the unit of work that uses them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, Protocol

import asyncpg
from sqlalchemy import TextClause


class Row(asyncpg.Record):
    """A row of a result: its columns are its attributes, also where the driver has a method of that name."""

    __slots__ = ()

    keys: Any = property(itemgetter("keys"))
    values: Any = property(itemgetter("values"))
    items: Any = property(itemgetter("items"))

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(name) from error


class Executing(Protocol):
    """Statements inside an open transaction, and the time."""

    async def execute(self, statement: TextClause, params: Mapping[str, Any] | None = None) -> int:
        """Run one statement; how many rows it touched."""
        ...

    async def row(self, statement: TextClause, params: Mapping[str, Any] | None = None) -> Row | None:
        """The only row, or None."""
        ...

    async def rows(self, statement: TextClause, params: Mapping[str, Any] | None = None) -> Sequence[Row]:
        """All rows."""
        ...

    async def scalar(self, statement: TextClause, params: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row, or None."""
        ...

    def now(self) -> datetime:
        """The time of the injected clock, UTC."""
        ...
