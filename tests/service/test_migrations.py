"""The schemas as they stand on a real server: what migrations made, who may touch it, and who may not."""

import asyncio
import sys
from collections.abc import AsyncIterator
from importlib import import_module
from itertools import permutations

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import create_async_engine

from interlink.stack.postgres import Postgres
from kit import keyring_migrations, roles
from kit.migrations import run, standing
from kit.testing.databases import PASSWORD, TestDatabase, TestDatabases, execute, fetch

SERVICES = ("intake", "routing", "isp_liaison", "notifications")
ROLES = (*roles.LOGINS, "centre")

WITHOUT_TENANT = {
    "alembic_version", "audit_head", "audit_seal", "consumer_position", "event_sequence", "inbox", "outbox",
    "outbox_dead", "outbox_shard", "parked_key", "parked_record",
}  # fmt: skip
"""The kit's own tables that hold nothing of one tenant alone; partitions of the inbox count as the inbox."""
MECHANISM = WITHOUT_TENANT | {"audit_entry", "job"}
UNSEEN = ("outbox", "outbox_dead", "inbox", "audit_entry", "audit_seal", "audit_head", "job", "consumer_position")
"""What a request's role may at most add to, and never read."""

TABLES = """
    SELECT c.relname AS name, c.relispartition AS partition, c.relrowsecurity AND c.relforcerowsecurity AS isolated,
           EXISTS (SELECT FROM pg_attribute a
                   WHERE a.attrelid = c.oid AND a.attname = 'tenant' AND NOT a.attisdropped) AS of_tenant
    FROM pg_class c WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1
"""
POLICIES = """
    SELECT tablename, cmd, roles[1] AS role, cardinality(roles) AS for_roles, permissive, qual, with_check
    FROM pg_policies WHERE schemaname = $1
"""
FOREIGN_RIGHTS = """
    SELECT c.relname AS name FROM pg_class c
    WHERE c.relnamespace = $2::regnamespace AND (
        (c.relkind IN ('r', 'p', 'v') AND has_table_privilege($1, c.oid, $3))
        OR (c.relkind = 'S' AND has_sequence_privilege($1, c.oid, 'USAGE, SELECT, UPDATE')))
"""
A_TABLE = {"intake": "entry", "routing": "entry", "isp_liaison": "subscriber_record", "notifications": "notice"}
ANY_RIGHT = "SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER"


@pytest.fixture
async def unmigrated(databases: TestDatabases, postgres: Postgres) -> AsyncIterator[TestDatabase]:
    """A database with roles, schemas and keyring and not one migration of a service; needs the cluster's roles."""
    assert databases
    made = TestDatabase(admin_url=postgres.admin_url, name="unmigrated")
    await execute(postgres.admin_url, [f"CREATE DATABASE {made.name}"])
    passwords: dict[str, str] = dict.fromkeys(roles.LOGINS, PASSWORD)
    for service in SERVICES:
        await execute(made.superuser_url, roles.statements(service, passwords))
    await execute(made.superuser_url, keyring_migrations.bootstrap(PASSWORD))
    yield made
    await execute(postgres.admin_url, [f"DROP DATABASE {made.name} WITH (FORCE)"])


def declared(service: str) -> MetaData:
    """`store/tables.py` of a service, its tables in the service's schema."""
    (found,) = {
        id(value): value
        for value in vars(import_module(f"{service}.store.tables")).values()
        if isinstance(value, MetaData)
    }.values()
    placed = MetaData()
    for table in found.tables.values():
        table.to_metadata(placed, schema=service)
    return placed


def differences(connection: Connection, service: str) -> list[object]:
    """What Alembic would do to turn the migrated schema into the declared one."""

    def ours(name: str | None, kind: str, parents: object) -> bool:
        if kind == "schema":
            return name == service
        return kind != "table" or (name not in MECHANISM and not str(name).startswith("inbox_"))

    context = MigrationContext.configure(connection, opts={"include_schemas": True, "include_name": ours})
    return compare_metadata(context, declared(service))


@pytest.mark.parametrize("service", SERVICES)
async def test_the_migrated_schema_is_what_the_tables_declare(database: TestDatabase, service: str) -> None:
    engine = create_async_engine(database.superuser_url.replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.connect() as connection:
            found = await connection.run_sync(differences, service)
    finally:
        await engine.dispose()
    assert found == []
    assert len(declared(service).tables) >= 7


@pytest.mark.parametrize("service", SERVICES)
def test_there_is_one_newest_migration(service: str) -> None:
    """And readiness, which reads the names of the files alone, knows it and all others."""
    scripts = run.scripts(service)
    assert scripts.get_heads() == [max(standing.revisions(service))]
    assert {one.revision for one in scripts.walk_revisions()} == standing.revisions(service)


@pytest.mark.parametrize("service", SERVICES)
async def test_migrating_again_changes_nothing(database: TestDatabase, service: str) -> None:
    before = await catalogue(database, service)
    assert await run.migrate(service, database.url(f"{service}_owner")) == run.scripts(service).get_current_head()
    assert await catalogue(database, service) == before


async def test_migrations_that_start_at_once_wait_for_each_other(unmigrated: TestDatabase) -> None:
    async with asyncio.TaskGroup() as group:
        started = [group.create_task(migrate_as_process(unmigrated, service)) for service in SERVICES * 2]
    assert [task.result() for task in started] == [0] * len(started)
    for service in SERVICES:
        stamped = await fetch(unmigrated.superuser_url, f"SELECT version_num FROM {service}.alembic_version")
        assert [row["version_num"] for row in stamped] == [run.scripts(service).get_current_head()]


async def migrate_as_process(database: TestDatabase, service: str) -> int:
    """The exit code of `python -m <service> migrate`."""
    named = {f"{service.upper()}_OWNER_DATABASE_URL": database.url(f"{service}_owner")}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", service, "migrate", env=named)
    return await process.wait()


async def catalogue(database: TestDatabase, service: str) -> list[asyncpg.Record]:
    """Every table, index, right and policy of a schema."""
    return [
        *await fetch(
            database.superuser_url,
            "SELECT oid, relname, relacl::text FROM pg_class WHERE relnamespace = $1::regnamespace ORDER BY oid",
            service,
        ),
        *await fetch(database.superuser_url, POLICIES + " ORDER BY tablename, policyname", service),
    ]


@pytest.mark.parametrize("service", SERVICES)
async def test_only_the_known_tables_of_the_kit_are_without_a_tenant(database: TestDatabase, service: str) -> None:
    rows = await fetch(database.superuser_url, TABLES, service)
    assert {row["name"] for row in rows if not row["of_tenant"] and not row["partition"]} == WITHOUT_TENANT
    assert all(row["name"].startswith("inbox_") for row in rows if row["partition"])


@pytest.mark.parametrize("service", SERVICES)
async def test_every_table_of_tenants_is_isolated_even_from_its_owners_carelessness(
    database: TestDatabase, service: str
) -> None:
    rows = await fetch(database.superuser_url, TABLES, service)
    tables = {row["name"] for row in rows if row["of_tenant"]}
    assert tables == {table.name for table in declared(service).tables.values()} | {"job", "audit_entry"}
    assert {row["name"] for row in rows if row["isolated"]} == tables
    policies = await fetch(database.superuser_url, POLICIES, service)
    assert all(row["permissive"] == "PERMISSIVE" and row["for_roles"] == 1 for row in policies)
    for table in tables:
        of_api = {"INSERT"} if table == "audit_entry" else {"SELECT", "UPDATE", "INSERT"}
        expected = {(f"{service}_api", command) for command in of_api}
        expected |= {(f"{service}_{role}", "ALL") for role in ("owner", "system", "centre")}
        assert {(row["role"], row["cmd"]) for row in policies if row["tablename"] == table} == expected, table


READ_BY_ALL = {  # the directory and reference data are public
    "routing": {"agency"},
    "notifications": {"agency"},
    "isp_liaison": {"provider", "network", "provider_owner", "instrument"},
}
READ_BY_NO_TENANT = {  # read by handlers, or by the centre
    "routing": {"entry_part", "answer", "early_withdrawal"},
    "notifications": {"holding"},
    "isp_liaison": {"sealed_text", "unplaced"},
}


@pytest.mark.parametrize("service", SERVICES)
async def test_what_a_tenant_sees_and_adds_is_decided_by_the_settings_of_its_transaction(
    database: TestDatabase, service: str
) -> None:
    policies = await fetch(database.superuser_url, POLICIES, service)
    tables = {table.name for table in declared(service).tables.values()}
    for row in policies:
        if row["role"] != f"{service}_api" or row["tablename"] not in tables:
            continue
        if row["cmd"] == "INSERT":
            assert "kit.tenants" in row["with_check"], row["tablename"]
        elif row["tablename"] in READ_BY_ALL.get(service, ()):
            assert row["qual"] == "true"
        elif row["tablename"] in READ_BY_NO_TENANT.get(service, ()):
            assert row["qual"] == "false"
        else:
            # Directly, or through the parent row, whose own policy decides.
            assert "kit.tenant'" in row["qual"] or "EXISTS" in row["qual"], row["tablename"]


@pytest.mark.parametrize("service", SERVICES)
async def test_a_requests_role_reads_none_of_the_mechanism(database: TestDatabase, service: str) -> None:
    for table in UNSEEN:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await fetch(database.url(f"{service}_api"), f"SELECT FROM {service}.{table}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await fetch(database.url(f"{service}_api"), f"SELECT {service}.inbox_partitions(now(), interval '1 day')")


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("role", roles.LOGINS)
@pytest.mark.parametrize("act", ["UPDATE {}.audit_entry SET actor = 'nobody'", "DELETE FROM {}.audit_entry"])
async def test_nobody_who_logs_in_changes_or_deletes_the_audit(
    database: TestDatabase, service: str, role: str, act: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await fetch(database.url(f"{service}_{role}"), act.format(service))


@pytest.mark.parametrize(("service", "other"), list(permutations(SERVICES, 2)))
async def test_one_services_roles_have_no_right_on_another_services_schema(
    database: TestDatabase, service: str, other: str
) -> None:
    for role in ROLES:
        name = f"{service}_{role}"
        (schema,) = await fetch(
            database.superuser_url, "SELECT has_schema_privilege($1, $2, 'USAGE, CREATE') AS any", name, other
        )
        assert not schema["any"], name
        held = await fetch(database.superuser_url, FOREIGN_RIGHTS, name, other, ANY_RIGHT)
        assert held == [], name
        members = await fetch(
            database.superuser_url, "SELECT FROM pg_roles WHERE rolname LIKE $2 AND pg_has_role($1, oid, 'MEMBER')",
            name, f"{other}\\_%",
        )  # fmt: skip
        assert members == [], name


@pytest.mark.parametrize(("service", "other"), list(permutations(SERVICES, 2)))
@pytest.mark.parametrize("role", roles.LOGINS)
async def test_the_server_refuses_one_service_the_rows_of_another(
    database: TestDatabase, service: str, other: str, role: str
) -> None:
    for attempt in (
        f"SELECT FROM {other}.{A_TABLE[other]}",
        f"INSERT INTO {other}.outbox (shard, topic, headers) VALUES (0, 'interlink.suspects', '')",
        f"CREATE TABLE {other}.mine ()",
        f"SET ROLE {other}_system",
        f"SET ROLE {other}_centre",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await fetch(database.url(f"{service}_{role}"), attempt)
