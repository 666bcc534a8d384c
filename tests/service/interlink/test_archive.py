"""A database whose folder is gone comes back with every commit that was answered, twice in a row."""

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from interlink.faults.archive import Archive
from interlink.stack import postgres as embedded_postgres
from interlink.stack.home import Home
from interlink.stack.layout import StackError
from interlink.stack.postgres import Postgres
from kit.testing.eventually import eventually

AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
SOME = 50


@pytest.fixture
def lossy(home: Path) -> Iterator[Home]:
    """A home with a durable server."""
    made = Home.open(home / "lossy")
    made.create()
    Postgres.start(made.postgres)
    yield made
    embedded_postgres.wipe(made.postgres)


async def run(home: Home, statement: str, *values: object) -> list[asyncpg.Record]:
    running = Postgres.running(home.postgres)
    if running is None:
        raise ConnectionError
    connection = await asyncpg.connect(running.admin_url, timeout=10)
    try:
        return await connection.fetch(statement, *values, timeout=10)
    finally:
        connection.terminate()


async def again_and_again(act: Callable[[], Awaitable[None]], over: asyncio.Event) -> None:
    while not over.is_set():
        with contextlib.suppress(StackError, *AWAY):
            await act()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.02):
                await over.wait()


async def test_every_answered_commit_is_there_after_the_database_was_lost(lossy: Home) -> None:
    await run(lossy, "CREATE TABLE written (number int PRIMARY KEY)")
    numbers = itertools.count()
    answered: list[int] = []
    over = asyncio.Event()

    async def write() -> None:
        number = next(numbers)
        await run(lossy, "INSERT INTO written VALUES ($1)", number)
        answered.append(number)

    async def supervise() -> None:
        if Postgres.running(lossy.postgres) is None:
            await asyncio.to_thread(Postgres.start, lossy.postgres)

    async def lose(archive: Archive) -> None:
        before = len(answered)
        await eventually(lambda: len(answered) > before + SOME, within=30)
        await asyncio.to_thread(archive.lose_and_restore)
        acknowledged = set(answered)
        assert acknowledged <= {row["number"] for row in await run(lossy, "SELECT number FROM written")}

    async with asyncio.TaskGroup() as beside:
        beside.create_task(again_and_again(write, over))
        beside.create_task(again_and_again(supervise, over))
        archive = Archive(lossy)
        await asyncio.to_thread(archive.__enter__)
        try:
            await lose(archive)
            await lose(archive)
        finally:
            await asyncio.to_thread(archive.__exit__)
            over.set()
    assert [folder.name for folder in (lossy.folder / "archive").iterdir()] == ["3"], "what is spent is gone"
