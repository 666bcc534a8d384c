"""The unit of work, its roles and what it writes."""

import asyncio

import asyncpg
import pytest
from probe.service import received, withdrawn
from sqlalchemy import text

from contracts import envelope, ids
from kit import outbox
from kit.connections import positional
from kit.database import Database, Pool
from kit.failures import is_transient
from kit.outbox import Origin
from kit.testing.databases import TestDatabase, fetch
from kit.time import SystemClock

INSERT = text("INSERT INTO note (id, tenant, text) VALUES (:id, :tenant, 'x')")
BODY = {"body": '{"a": [5]}'}
IDS = text("SELECT id FROM note ORDER BY id")


async def test_leaving_the_block_commits_rows_and_events_together(probe: Database, database: TestDatabase) -> None:
    async with probe.as_tenant("partner:a") as tx:
        await tx.execute(INSERT, {"id": 1, "tenant": "partner:a"})
        tx.publish(received(), Origin(tenant="partner:a"))
    assert len(await fetch(database.superuser_url, "SELECT FROM probe.note")) == 1
    assert len(await fetch(database.superuser_url, "SELECT FROM probe.outbox")) == 1
    assert probe.written.is_set()


async def test_an_exception_leaves_neither_rows_nor_events(probe: Database, database: TestDatabase) -> None:
    async def fail() -> None:
        async with probe.as_system() as tx:
            await tx.execute(INSERT, {"id": 1, "tenant": "partner:a"})
            tx.publish(received(), Origin())
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await fetch(database.superuser_url, "SELECT FROM probe.note") == []
    assert await fetch(database.superuser_url, "SELECT FROM probe.outbox") == []


async def test_a_tenant_sees_only_its_own_rows_and_the_centre_sees_all(probe: Database) -> None:
    async with probe.as_tenants(["partner:a", "partner:b"]) as tx:
        await tx.execute(INSERT, {"id": 1, "tenant": "partner:a"})
        await tx.execute(INSERT, {"id": 2, "tenant": "partner:b"})
        assert await tx.rows(IDS) == []
    async with probe.as_tenant("partner:a") as tx:
        assert [row.id for row in await tx.rows(IDS)] == [1]
    async with probe.as_centre() as tx:
        assert [row.id for row in await tx.rows(IDS)] == [1, 2]


async def test_a_statement_that_runs_again_is_not_compiled_again(probe: Database) -> None:
    """One that is made anew each time would be, and would stay behind in memory."""
    compiled: list[int] = []
    for _ in range(3):
        async with probe.as_centre() as tx:
            await tx.rows(IDS)
        compiled.append(positional.cache_info().misses)
    assert compiled[1:] == compiled[:1] * 2


async def test_a_tenant_cannot_insert_for_another(probe: Database) -> None:
    async def intrude() -> None:
        async with probe.as_tenant("partner:a") as tx:
            await tx.execute(INSERT, {"id": 1, "tenant": "partner:b"})

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await intrude()


async def test_the_sequence_of_a_subject_counts_from_one_without_gaps(probe: Database, database: TestDatabase) -> None:
    first, second = ids.new(), ids.new()
    for versions in ((1, 2), (3,)):
        async with probe.as_system() as tx:
            for version in versions:
                tx.publish(received(first, version), Origin())
            tx.publish(received(second), Origin())
    rows = await fetch(database.superuser_url, "SELECT key, headers FROM probe.outbox ORDER BY id")
    counted: dict[str, list[int]] = {}
    for row in rows:
        told = envelope.decode(outbox.unpack(bytes(row["headers"])))
        counted.setdefault(told.subject, []).append(told.sequence)
    assert counted == {str(first): [1, 2, 3], str(second): [1, 2]}


async def test_the_same_key_always_falls_into_the_same_shard() -> None:
    assert outbox.shard_of(b"01a2023b-8c63-756e-bfc6-0b9a59295652") == outbox.shard_of(
        b"01a2023b-8c63-756e-bfc6-0b9a59295652"
    )
    assert {outbox.shard_of(str(ids.new()).encode()) for _ in range(2000)} == set(range(16))


async def test_headers_survive_the_outbox_byte_for_byte() -> None:
    headers = [("ce_id", b"x"), ("foreign", bytes(range(256)))]
    assert outbox.unpack(outbox.pack(headers)) == headers


async def test_an_oversize_event_is_refused_at_append(probe: Database) -> None:
    big = received().model_copy(update={"number": "n" * 300_000})

    async def publish() -> None:
        async with probe.as_system() as tx:
            tx.publish(big, Origin())

    with pytest.raises(outbox.OversizeError):
        await publish()


async def test_events_of_two_topics_count_apart(probe: Database, database: TestDatabase) -> None:
    subject = ids.new()
    async with probe.as_system() as tx:
        tx.publish(received(subject), Origin())
        tx.publish(withdrawn(subject), Origin())
    rows = await fetch(database.superuser_url, "SELECT last FROM probe.event_sequence")
    assert [row["last"] for row in rows] == [1, 1]


@pytest.mark.parametrize(
    "statement", ["UPDATE note SET tenant = 'partner:b'", "UPDATE note SET tenant = 'partner:b' WHERE id = 1"]
)
async def test_a_row_cannot_be_moved_to_another_tenant(probe: Database, database: TestDatabase, statement: str) -> None:
    """Postgres checks the SELECT policy on the new row only where the statement reads a column."""
    async with probe.as_tenant("partner:a") as tx:
        await tx.execute(INSERT, {"id": 1, "tenant": "partner:a"})

    async def move() -> None:
        async with probe.as_tenant("partner:a") as tx:
            await tx.execute(text(statement))

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await move()
    (row,) = await fetch(database.superuser_url, "SELECT tenant FROM probe.note")
    assert row["tenant"] == "partner:a"


@pytest.mark.parametrize(
    "table",
    [
        "outbox",
        "outbox_dead",
        "outbox_shard",
        "inbox",
        "consumer_position",
        "job",
        "audit_entry",
        "audit_seal",
        "audit_head",
    ],
)
async def test_a_request_reads_nothing_of_the_mechanisms(probe: Database, table: str) -> None:
    async def read() -> None:
        async with probe.as_tenant("partner:a") as tx:
            await tx.rows(text(f"SELECT * FROM {table}"))

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
        await read()


@pytest.mark.parametrize("table", ["outbox", "job", "audit_entry", "event_sequence", "note"])
async def test_a_request_deletes_nothing(probe: Database, table: str) -> None:
    async def delete() -> None:
        async with probe.as_tenant("partner:a") as tx:
            await tx.execute(text(f"DELETE FROM {table}"))

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
        await delete()


async def test_a_tenant_is_one_name_and_never_a_list(probe: Database) -> None:
    async def intrude() -> None:
        async with probe.as_tenant("partner:a,partner:b") as tx:
            await tx.execute(INSERT, {"id": 1, "tenant": "partner:b"})

    with pytest.raises(ValueError, match="tenant"):
        await intrude()


async def test_a_server_that_accepts_and_says_nothing_counts_as_away() -> None:
    """A firewall that swallows packets: without a bound, every task of the process would hang with it."""

    async def nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await released.wait()
        writer.close()

    released = asyncio.Event()
    server = await asyncio.start_server(nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = f"postgresql://probe_system:x@127.0.0.1:{port}/x?ssl=disable"
    silent = Database(
        schema="probe", api_url=None, system_url=url, clock=SystemClock(), pool=Pool(size=1, wait_seconds=0.3)
    )
    try:
        async with asyncio.timeout(5):
            with pytest.raises(TimeoutError) as caught:
                await silent.look(text("SELECT 1"))
        assert is_transient(caught.value)
    finally:
        released.set()
        server.close()
        await silent.close()


async def test_connections_that_the_server_closed_fail_nobody(probe: Database, database: TestDatabase) -> None:
    """As after a restart of Postgres: all of the pool's connections are gone, and the next caller gets a new one."""
    async with probe.as_system() as one, probe.as_system() as other:
        pids = [await tx.scalar(text("SELECT pg_backend_pid()")) for tx in (one, other)]
    await fetch(database.superuser_url, f"SELECT pg_terminate_backend(pid, 5000) FROM unnest(ARRAY{pids}) AS pid")
    for _ in pids:
        async with probe.as_system() as tx:
            assert await tx.scalar(text("SELECT pg_backend_pid()")) not in pids


async def test_a_rows_columns_are_its_attributes_whatever_they_are_called(probe: Database) -> None:
    async with probe.as_system() as tx:
        row = await tx.row(
            text("""SELECT 1 AS id, 2 AS "items", 3 AS "keys", 4 AS "values", '{"a": [5]}'::jsonb AS body""")
        )
        nothing = await tx.row(text("SELECT 1 WHERE false"))
    assert row is not None
    assert (row.id, row.items, row.keys, row.values, row.body) == (1, 2, 3, 4, {"a": [5]})
    assert not hasattr(row, "other")
    assert nothing is None


async def test_the_only_row_is_not_one_of_many(probe: Database) -> None:
    with pytest.raises(ValueError, match="too many"):
        async with probe.as_system() as tx:
            await tx.row(text("SELECT generate_series(1, 2)"))
