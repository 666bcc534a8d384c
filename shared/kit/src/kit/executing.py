"""What mechanisms need of a transaction, so that they do not depend on the unit of work that uses them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Executable, Row


class Executing(Protocol):
    """Statements inside an open transaction, and the time."""

    async def execute(self, statement: Executable, params: Mapping[str, Any] | None = None) -> Any:
        """Run one statement."""
        ...

    async def row(self, statement: Executable, params: Mapping[str, Any] | None = None) -> Row[Any] | None:
        """The only row, or None."""
        ...

    async def rows(self, statement: Executable, params: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """All rows."""
        ...

    async def scalar(self, statement: Executable, params: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row, or None."""
        ...

    def now(self) -> datetime:
        """The time of the injected clock, UTC."""
        ...
