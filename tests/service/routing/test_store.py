"""The schema, its locks and its plans, on the real server."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
from perf.watching import watching
from service.routing.conftest import ABROAD, Routing, capture, items
from sqlalchemy import UniqueConstraint
from sqlalchemy.dialects import postgresql

from contracts.events.agencies import AgencyChanged, AgencyRetired
from kit.testing.databases import TestDatabase
from routing import queries
from routing.commands.publish_directory import publish_directory
from routing.store import tables

COLUMNS = """
    SELECT column_name, is_nullable = 'YES' AS nullable, format_type(a.atttypid, a.atttypmod) AS type
    FROM information_schema.columns c
    JOIN pg_attribute a ON a.attrelid = ('routing.' || c.table_name)::regclass AND a.attname = c.column_name
    WHERE table_schema = 'routing' AND table_name = $1 ORDER BY ordinal_position
"""
INDEXES = "SELECT indexname FROM pg_indexes WHERE schemaname = 'routing' AND tablename = $1"
TYPES = {
    "UUID": "uuid", "TEXT": "text", "BOOLEAN": "boolean", "INTEGER": "integer", "DATE": "date", "BYTEA": "bytea",
    "JSONB": "jsonb", "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
}  # fmt: skip


@pytest.mark.parametrize("table", tables.metadata.sorted_tables, ids=lambda table: table.name)
async def test_the_migrated_schema_is_what_the_tables_declare(database: TestDatabase, table) -> None:
    connection = await asyncpg.connect(database.superuser_url)
    try:
        found = {
            row["column_name"]: (row["type"], row["nullable"]) for row in await connection.fetch(COLUMNS, table.name)
        }
        indexes = {row["indexname"] for row in await connection.fetch(INDEXES, table.name)}
        (forced,) = await connection.fetch(
            "SELECT relrowsecurity AND relforcerowsecurity AS on FROM pg_class WHERE oid = $1::regclass",
            f"routing.{table.name}",
        )
    finally:
        await connection.close()
    declared = {
        column.name: (TYPES[column.type.compile(dialect=postgresql.dialect())], bool(column.nullable))
        for column in table.columns
    }
    assert found == declared
    unique = sum(isinstance(one, UniqueConstraint) for one in table.constraints)
    assert {index.name for index in table.indexes} <= indexes
    assert len(indexes) == len(table.indexes) + unique + 1
    assert {"tenant", "testmode"} <= set(found)
    assert forced["on"]


async def test_batches_with_the_same_referrals_in_opposite_order_do_not_deadlock(routing: Routing) -> None:
    told = [routing.suspect(items(captures=[capture(ABROAD)])) for _ in range(60)]
    told = [one.model_copy(update={"referral": routing.harness.new_id()}) for one in told]
    forth = [routing.harness.received(one, routing.origin(referral=one.referral)) for one in told]
    back = [routing.harness.received(one, routing.origin(referral=one.referral)) for one in reversed(told)]

    async with asyncio.TaskGroup() as group:
        group.create_task(routing.harness.deliver(forth), name="forth")
        group.create_task(routing.harness.deliver(back), name="back")

    assert len(await routing.holders()) == 60
    assert len(await routing.harness.rows("SELECT FROM routing.investigation")) == 60
    assert len(await routing.harness.rows("SELECT FROM routing.determination")) == 60


async def test_an_answer_and_a_decision_on_one_suspect_do_not_deadlock(routing: Routing) -> None:
    suspects = [await routing.given_suspect(items(captures=[capture()])) for _ in range(8)]

    async def accept(suspect) -> int:
        assignment = await routing.current(suspect)
        async with routing.coordinator() as client:
            return (await client.post(f"/v1/assignments/{assignment}:accept")).status_code

    async with asyncio.TaskGroup() as group:
        for suspect in suspects:
            group.create_task(accept(suspect), name="accept")
            answer = routing.answered(suspect, country="CA", province="CA-ON", municipality="Guelph")
            group.create_task(answer, name="answer")

    holders = await routing.holders()
    assert set(holders) == set(suspects)
    assert {(holder, state) for holder, _, state in holders.values()} <= {
        ("centre", "accepted"), ("ice-on", "assigned"),
    }  # fmt: skip


async def test_the_page_of_an_agency_is_read_from_its_index(routing: Routing) -> None:
    events = [routing.suspect(items(captures=[capture(ABROAD)])) for _ in range(3)]
    await routing.told(*events)
    await routing.harness.rows(
        """
        INSERT INTO routing.assignment
        SELECT r.* FROM routing.assignment a CROSS JOIN generate_series(1, 20000) n CROSS JOIN LATERAL
            jsonb_populate_record(a, jsonb_build_object(
                'id', gen_random_uuid(), 'entry', gen_random_uuid(), 'holder_tenant', 'agency:n-' || n % 500)) r
        WHERE a.entry = $1 RETURNING 1
    """,
        events[0].suspect,
    )
    await routing.harness.rows("ANALYZE routing.assignment")
    connection = await asyncpg.connect(routing.harness.database.url("routing_api"))
    try:
        async with connection.transaction():
            await connection.execute("SELECT set_config('kit.tenant', 'agency:n-7', true)")
            statement = str(queries.PAGE_OF_ASSIGNMENTS).replace(":before", "$1").replace(":states", "$2")
            (row,) = await connection.fetch(
                "EXPLAIN (FORMAT JSON) " + statement.replace(":fetch", "$3"), queries.NEWEST, list(queries.STATES), 51
            )
    finally:
        await connection.close()
    plan = json.dumps(json.loads(row[0]))
    assert '"Index Name": "assignment_of_holder"' in plan
    assert "Seq Scan" not in plan


async def test_an_agencys_role_sees_only_its_rows_whatever_it_asks(routing: Routing) -> None:
    await routing.given_suspect(items(captures=[capture(ABROAD)]))
    connection = await asyncpg.connect(routing.harness.database.url("routing_api"))
    try:
        for tenant, seen in [("agency:ice-on", 0), ("partner:bureau-nl", 1), ("", 0)]:
            async with connection.transaction():
                await connection.execute("SELECT set_config('kit.tenant', $1, true)", tenant)
                for table in ("assignment", "entry", "determination"):
                    assert len(await connection.fetch(f"SELECT FROM {table}")) == seen, (tenant, table)
                assert await connection.fetch("SELECT FROM entry_part") == []
                assert await connection.fetch("SELECT FROM answer") == []
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("SELECT FROM intake.referral")
    finally:
        await connection.close()


async def test_the_directory_is_published_once_and_then_only_its_changes(routing: Routing, tmp_path: Path) -> None:
    app = routing.harness.application
    assert len(await routing.harness.published(AgencyChanged)) == len(app.listed.listed)

    async with app.database.as_system() as tx:
        assert await publish_directory(tx, app.listed) == 0

    listed = dict(app.listed.listed)
    del listed["police-taber"]
    listed["opp"] = replace(listed["opp"], name_fr="Police provinciale")
    changed = replace(app.listed, listed=listed)
    async with app.database.as_system() as tx:
        assert await publish_directory(tx, changed) == 2
    assert (await routing.harness.published(AgencyChanged))[-1].event.name_fr == "Police provinciale"
    (retired,) = await routing.harness.published(AgencyRetired)
    assert (retired.event.agency, retired.event.retired_on) == ("police-taber", "2026-11-23")

    async with app.database.as_system() as tx:
        assert await publish_directory(tx, app.listed) == 2  # both are back
    (taber,) = await routing.harness.rows("SELECT retired_on FROM routing.agency WHERE id = 'police-taber'")
    assert taber["retired_on"] is None


async def test_a_batch_takes_as_many_statements_as_one_suspect(routing: Routing) -> None:
    numbers: list[int] = []
    for size in (1, 200):
        told = [routing.suspect(items(captures=[capture()])) for _ in range(size)]
        with watching() as seen:
            await routing.told(*told)
        numbers.append(len(seen.statements))
    assert numbers[0] == numbers[1] <= 12
