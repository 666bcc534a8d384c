"""A connection whose server has said that it ends, and which is not closed: as in the moment of a shutdown."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text

from kit import keyring_migrations
from kit.connections import Pool
from kit.database import Database
from kit.errors import Transient
from kit.failures import is_transient
from kit.keyring import Keyring
from kit.kms import MasterKey
from kit.testing.databases import TestDatabase, fetch
from kit.time import SystemClock

MASTER = MasterKey(bytes(range(32)))
LAST_BACKENDS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE query LIKE '%keyring.data_key%' AND pid <> pg_backend_pid() AND datname = current_database()
"""
PID = text("SELECT pg_backend_pid()")


@asynccontextmanager
async def never_closing(url: str, folder: Path) -> AsyncIterator[str]:
    """The same server through a relay that passes every byte on, and not that the server has closed."""
    (real,) = parse_qs(urlsplit(url).query)["host"]
    over = asyncio.Event()

    async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
        await over.wait()

    async def relayed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server = await asyncio.open_unix_connection(f"{real}/.s.PGSQL.5432")
        async with asyncio.TaskGroup() as both:
            both.create_task(passed_on(reader, server[1]))
            both.create_task(passed_on(server[0], writer))
        for one in (writer, server[1]):
            one.close()

    relay = await asyncio.start_unix_server(relayed, f"{folder}/.s.PGSQL.5432")
    try:
        yield url.replace(real, str(folder))
    finally:
        over.set()
        relay.close()


async def test_a_connection_that_is_ending_is_an_outage_and_nobody_gets_it_again(
    database: TestDatabase, tmp_path: Path
) -> None:
    """The driver calls it an error of its own; taken for a bug, it would end the process."""
    async with never_closing(database.url("probe_system"), tmp_path) as url:
        probe = Database(schema="probe", api_url=None, system_url=url, clock=SystemClock(), pool=Pool(size=1))
        async with probe.as_system() as tx:
            pid = await tx.scalar(PID)
        await fetch(database.superuser_url, f"SELECT pg_terminate_backend({pid}, 5000)")
        with pytest.raises(Exception, match="another operation") as caught:
            await probe.look(PID)
        assert is_transient(caught.value)
        async with probe.as_system() as tx:
            assert await tx.scalar(PID) != pid
        async with asyncio.timeout(5):
            await probe.close()  # neither does a server that does not answer it hold it up


async def test_the_keyring_goes_on_after_the_server_closed_its_connection(database: TestDatabase) -> None:
    await keyring_migrations.migrate(database.url("keyring_owner"), makers=["probe_system"], readers=["probe_system"])
    async with Keyring(database.url("probe_system"), MASTER, SystemClock()) as keyring:
        key = await keyring.new_key()
        assert len(await fetch(database.superuser_url, LAST_BACKENDS)) == 1
        assert (await keyring.open([key.id])).keys() == {key.id}


async def test_a_connection_of_the_keyring_that_is_ending_is_given_to_nobody_and_closing_is_bounded(
    database: TestDatabase, tmp_path: Path
) -> None:
    await keyring_migrations.migrate(database.url("keyring_owner"), makers=["probe_system"], readers=["probe_system"])
    async with never_closing(database.url("probe_system"), tmp_path) as url:
        keyring = Keyring(url, MASTER, SystemClock())
        key = await keyring.new_key()
        await fetch(database.superuser_url, LAST_BACKENDS)
        with pytest.raises(Transient):
            await keyring.open([key.id])
        assert (await keyring.open([key.id])).keys() == {key.id}
        await fetch(database.superuser_url, LAST_BACKENDS)  # the next one does not answer its farewell
        async with asyncio.timeout(5):
            await keyring.close()
