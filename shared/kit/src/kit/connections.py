"""Connections of one role to one database, and SQL with names in the form the driver takes.

SQLAlchemy's Core writes the statements and knows the tables; asyncpg runs them, with nothing in between (ADR 16).
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import asyncpg
import orjson
from sqlalchemy import TextClause
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from kit.executing import Row

CLOSE_SECONDS: Final = 2.0

_DIALECT: Final = dialect()
_JSONB_VERSION: Final = b"\x01"  # PostgreSQL, jsonb_recv: the first byte of its wire format


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """How many connections a process holds, and how long it waits for one."""

    size: int = 6
    wait_seconds: float = 5.0
    silent_seconds: float = 45.0
    """A server that is silent must not hold us for longer than one that is down. The role's own time-out for
    statements (`kit.roles`) is shorter; this one is for answers that never arrive."""


class Connections:
    """A pool that opens connections when they are needed, and again after the server closed them."""

    def __init__(self, url: str, pool: Pool, *, ended: Callable[[], object] | None = None) -> None:
        """`ended` is called whenever a connection has ended, whoever ended it."""
        self._url = url
        self._ended = ended
        self._limits = pool
        self._pool: Any = None

    @asynccontextmanager
    async def borrowed(self) -> AsyncGenerator[Any]:
        """An asyncpg connection. Raises `TimeoutError` where none is free or can be opened in time."""
        if self._pool is None:
            self._pool = await self._made()
        async with self._pool.acquire(timeout=self._limits.wait_seconds) as connection:
            yield connection

    async def close(self) -> None:
        """Close those that are open, once their transactions have ended; cut off what a server does not answer."""
        pool, self._pool = self._pool, None
        if pool is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await pool.close()

    async def _made(self) -> Any:
        return await asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=self._limits.size,
            max_inactive_connection_lifetime=0,
            max_cached_statement_lifetime=0,
            command_timeout=self._limits.silent_seconds,
            record_class=Row,
            init=self._begun,
            reset=_keep,
        )

    async def _begun(self, connection: Any) -> None:
        await _read_json(connection)
        if (ended := self._ended) is not None:
            connection.add_termination_listener(lambda _connection: ended())


async def _read_json(connection: Any) -> None:
    """Columns of `jsonb` arrive as what they hold; texts are sent as they are."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda text: _JSONB_VERSION + text.encode(),
        decoder=lambda data: orjson.loads(data[1:]),
    )


async def _keep(_connection: Any) -> None:
    """Nothing to reset: roles, tenants and locks of ours end with their transaction."""


@lru_cache(maxsize=2048)
def positional(statement: TextClause) -> tuple[str, tuple[str, ...]]:
    """The statement with `$1`, `$2` … in the place of names, and the names in that order."""
    compiled = statement.compile(dialect=_DIALECT)
    return str(compiled), tuple(compiled.positiontup or ())


def values(names: Sequence[str], params: Mapping[str, Any] | None) -> list[Any]:
    """The parameters in the order of the names."""
    return [params[name] for name in names] if params else []


def touched(status: str) -> int:
    """How many rows a statement touched, by the tag of its completion (`UPDATE 5`, `INSERT 0 5`)."""
    count = status.rpartition(" ")[2]
    return int(count) if count.isdigit() else 0
