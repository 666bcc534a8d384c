"""Data keys on a real database: made ahead, opened in batches, destroyed for ever."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from contracts import ids
from kit import keyring_migrations
from kit.encryption import DataKey, Unreadable
from kit.errors import Transient
from kit.keyring import BATCH, CACHE_SECONDS, Keyring
from kit.kms import MasterKey
from kit.testing.databases import TestDatabase, execute, fetch
from kit.testing.eventually import eventually
from kit.time import SettableClock

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MASTER = MasterKey(bytes(range(32)))
CONTEXT = b"entry:1:0"
COUNT = "SELECT count(*) FROM keyring.data_key"


@pytest.fixture
async def prepared(database: TestDatabase) -> TestDatabase:
    """A database where the probe's system role makes keys and its api role reads them."""
    await keyring_migrations.migrate(
        database.url("keyring_owner"), makers=["probe_system"], readers=["probe_api", "probe_system", "nobody_yet"]
    )
    return database


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(NOW)


@pytest.fixture
async def maker(prepared: TestDatabase, clock: SettableClock) -> AsyncIterator[Keyring]:
    async with Keyring(prepared.url("probe_system"), MASTER, clock) as keyring:
        yield keyring


@pytest.fixture
async def reader(prepared: TestDatabase, clock: SettableClock) -> AsyncIterator[Keyring]:
    async with Keyring(prepared.url("probe_api"), MASTER, clock) as keyring:
        yield keyring


@pytest.fixture
async def owner(prepared: TestDatabase, clock: SettableClock) -> AsyncIterator[Keyring]:
    async with Keyring(prepared.url("keyring_owner"), MASTER, clock) as keyring:
        yield keyring


async def count(database: TestDatabase) -> int:
    return (await fetch(database.superuser_url, COUNT))[0][0]


async def test_a_new_key_is_committed_before_it_is_used_and_opens_elsewhere(maker: Keyring, reader: Keyring) -> None:
    key = await maker.new_key()
    sealed = key.encrypt(b"text", CONTEXT)
    opened = await reader.open([key.id, ids.new()])
    assert opened.keys() == {key.id}
    assert opened[key.id].decrypt(sealed, CONTEXT) == b"text"


async def test_many_who_ask_at_once_get_keys_of_their_own_from_one_insert(
    maker: Keyring, prepared: TestDatabase
) -> None:
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(maker.new_key()) for _ in range(BATCH)]
    assert len({task.result().id for task in asked}) == BATCH
    assert await count(prepared) == BATCH


async def test_keys_are_made_ahead_of_need(maker: Keyring, prepared: TestDatabase) -> None:
    stop = asyncio.Event()

    async def made() -> bool:
        return await count(prepared) == 2 * BATCH

    async with asyncio.TaskGroup() as group:
        group.create_task(maker.run(stop))
        await maker.new_key()
        await eventually(made)
        stop.set()


async def test_a_process_that_asks_for_no_key_makes_none(reader: Keyring, prepared: TestDatabase) -> None:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(reader.run(stop))
        stop.set()
    assert await count(prepared) == 0


async def test_no_key_lies_open_in_the_database(maker: Keyring, prepared: TestDatabase) -> None:
    key = await maker.new_key()
    sealed = key.encrypt(b"text", CONTEXT)
    [row] = await fetch(prepared.superuser_url, "SELECT wrapped FROM keyring.data_key WHERE id = $1", key.id)
    with pytest.raises(Unreadable):
        DataKey(key.id, row["wrapped"][:32]).decrypt(sealed, CONTEXT)


async def test_a_destroyed_key_opens_nowhere_after_a_minute(
    maker: Keyring, reader: Keyring, owner: Keyring, clock: SettableClock
) -> None:
    key, other = await maker.new_key(), await maker.new_key()
    assert len(await reader.open([key.id, other.id])) == 2
    await owner.destroy([key.id])
    assert await owner.open([key.id]) == {}
    clock.advance(timedelta(seconds=CACHE_SECONDS))
    assert (await reader.open([key.id, other.id])).keys() == {other.id}
    await owner.destroy([key.id])  # once more changes nothing


async def test_a_destroyed_key_opens_no_longer_where_the_clock_is_set_back(
    maker: Keyring, reader: Keyring, owner: Keyring, clock: SettableClock
) -> None:
    key = await maker.new_key()
    assert len(await reader.open([key.id])) == 1
    await owner.destroy([key.id])
    clock.advance(-timedelta(hours=1))
    assert await reader.open([key.id]) == {}


async def test_no_key_is_given_out_that_a_database_put_back_has_lost(maker: Keyring, prepared: TestDatabase) -> None:
    """The keys made ahead are in memory; what is sealed under one that is stored nowhere is never read again."""
    await maker.new_key()
    lost = "TRUNCATE keyring.data_key"
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'probe_system'"
    await execute(prepared.superuser_url, [lost, ended])
    with suppress(Transient):
        await maker.ping()
    given = [(await maker.new_key()).id for _ in range(5)]
    stored = await fetch(prepared.superuser_url, "SELECT id FROM keyring.data_key WHERE id = ANY($1::uuid[])", given)
    assert len(stored) == 5


@pytest.mark.parametrize("role", ["probe_api", "probe_system"])
async def test_nobody_but_the_owner_destroys_a_key(maker: Keyring, prepared: TestDatabase, role: str) -> None:
    await maker.new_key()
    for statement in (
        "UPDATE keyring.data_key SET wrapped = NULL, destroyed_at = now()",
        "DELETE FROM keyring.data_key",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await execute(prepared.url(role), [statement])


async def test_a_reader_makes_no_key(reader: Keyring) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await reader.new_key()


async def test_a_destroyed_key_cannot_be_brought_back_even_by_the_owner(
    maker: Keyring, owner: Keyring, prepared: TestDatabase
) -> None:
    key = await maker.new_key()
    await owner.destroy([key.id])
    for statement in (
        f"UPDATE keyring.data_key SET wrapped = '\\x00', destroyed_at = NULL WHERE id = '{key.id}'",
        f"DELETE FROM keyring.data_key WHERE id = '{key.id}'",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await execute(prepared.url("keyring_owner"), [statement])


async def test_a_batch_opens_with_one_query_and_a_second_time_with_none(
    maker: Keyring, reader: Keyring, prepared: TestDatabase
) -> None:
    keys = [await maker.new_key() for _ in range(20)]
    assert (await reader.open(key.id for key in keys)).keys() == {key.id for key in keys}
    await execute(prepared.superuser_url, ["REVOKE SELECT ON keyring.data_key FROM probe_api"])
    assert len(await reader.open(key.id for key in keys)) == 20


async def test_a_wrong_master_key_fails_readiness(maker: Keyring, prepared: TestDatabase, clock: SettableClock) -> None:
    await maker.ping()
    await maker.new_key()
    await maker.ping()
    async with Keyring(prepared.url("probe_api"), MasterKey(bytes(32)), clock) as wrong:
        with pytest.raises(Unreadable):
            await wrong.ping()


async def test_a_keyring_that_is_away_is_transient(clock: SettableClock) -> None:
    async with Keyring("postgresql://probe_api:x@127.0.0.1:1/none", MASTER, clock) as keyring:
        with pytest.raises(Transient):
            await keyring.open([ids.new()])
        with pytest.raises(Transient):
            await keyring.new_key()


async def test_the_migration_can_be_repeated_by_many_at_once(prepared: TestDatabase) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(
                keyring_migrations.migrate(
                    prepared.url("keyring_owner"), makers=["probe_system"], readers=["probe_api"]
                )
            )
