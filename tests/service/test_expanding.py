"""A migration that expands takes nothing from the code before it: both run side by side on what it leaves."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import pytest

from interlink.stack.postgres import Postgres
from kit import keyring_migrations, roles
from kit.migrations import run
from kit.testing.databases import PASSWORD, TestDatabase, TestDatabases, execute, fetch

SERVICES = ("intake", "routing", "isp_liaison", "notifications")

COLUMNS = """
    SELECT table_name || '.' || column_name AS name, data_type, is_nullable = 'YES' AS nullable,
           column_default IS NOT NULL OR is_identity = 'YES' AS filled
    FROM information_schema.columns WHERE table_schema = $1
"""
HELD = """
    SELECT 'right ' || grantee || ' ' || privilege_type || ' ' || table_name AS name
    FROM information_schema.role_table_grants WHERE table_schema = $1
    UNION SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = $1::regnamespace
    UNION SELECT 'policy ' || tablename || ' ' || policyname || ' ' || coalesce(qual, '') || coalesce(with_check, '')
    FROM pg_policies WHERE schemaname = $1
    UNION SELECT 'index ' || indexname FROM pg_indexes WHERE schemaname = $1
"""
BOUND = """
    SELECT c.conrelid::regclass::text || ' ' || c.conname AS name, t.relname AS table
    FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
    WHERE c.connamespace = $1::regnamespace AND c.contype <> 'n'  -- told with the column
"""


@dataclass(frozen=True)
class Schema:
    """What code relies on: columns with their types, what else it may use, and what it must keep to."""

    columns: dict[str, tuple[str, bool, bool]]
    held: frozenset[str]
    bound: frozenset[tuple[str, str]]

    @property
    def tables(self) -> set[str]:
        return {name.partition(".")[0] for name in self.columns}

    def broken_by(self, after: "Schema") -> list[str]:
        """What the code before `after` would miss, or be refused for."""
        found = [
            f"{name} was taken away or changed"
            for name in self.columns
            if after.columns.get(name) != self.columns[name]
        ]
        found += [f"{name} was taken away" for name in self.held - after.held]
        added = {name: told for name, told in after.columns.items() if name not in self.columns}
        found += [
            f"{name} is new and must be given"
            for name, (_, nullable, filled) in added.items()
            if name.partition(".")[0] in self.tables and not (nullable or filled)
        ]
        return found + [
            f"{name} is a new constraint" for name, table in after.bound - self.bound if table in self.tables
        ]


@pytest.fixture
async def empty(databases: TestDatabases, postgres: Postgres) -> AsyncIterator[TestDatabase]:
    """A database with roles and schemas, before any migration of a service."""
    assert databases  # the cluster's roles
    made = TestDatabase(admin_url=postgres.admin_url, name="expanding")
    await execute(postgres.admin_url, [f"CREATE DATABASE {made.name}"])
    passwords: dict[str, str] = dict.fromkeys(roles.LOGINS, PASSWORD)
    for service in SERVICES:
        await execute(made.superuser_url, roles.statements(service, passwords))
    await execute(made.superuser_url, keyring_migrations.bootstrap(PASSWORD))
    yield made
    await execute(postgres.admin_url, [f"DROP DATABASE {made.name} WITH (FORCE)"])


async def schema_of(database: TestDatabase, service: str) -> Schema:
    async def rows(statement: str) -> list[asyncpg.Record]:
        return await fetch(database.superuser_url, statement, service)

    return Schema(
        columns={row["name"]: (row["data_type"], row["nullable"], row["filled"]) for row in await rows(COLUMNS)},
        held=frozenset(row["name"] for row in await rows(HELD)),
        bound=frozenset((row["name"], row["table"]) for row in await rows(BOUND)),
    )


@pytest.mark.parametrize("service", SERVICES)
async def test_pitfall_15_the_code_before_an_expansion_goes_on_after_it(empty: TestDatabase, service: str) -> None:
    """Each step is applied to the schema before it; what the older build reads and writes is still there."""
    steps = [one for one in reversed(list(run.scripts(service).walk_revisions())) if "contract" not in (one.path or "")]
    before: Schema | None = None
    for step in steps:
        await run.migrate(service, empty.url(f"{service}_owner"), to=step.revision)
        after = await schema_of(empty, service)
        assert after.columns
        if before is not None:
            assert before.broken_by(after) == [], step.path
        before = after


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ("ALTER TABLE probe.note DROP COLUMN text", "note.text was taken away or changed"),
        ("ALTER TABLE probe.note ALTER COLUMN id TYPE bigint", "note.id was taken away or changed"),
        ("ALTER TABLE probe.note ADD COLUMN more text NOT NULL", "note.more is new and must be given"),
        ("ALTER TABLE probe.note ADD CHECK (id > 0)", "probe.note note_id_check is a new constraint"),
        ("REVOKE INSERT ON probe.note FROM probe_api", "right probe_api INSERT note was taken away"),
        ("DROP INDEX probe.job_due", "index job_due was taken away"),
    ],
)
async def test_a_step_that_takes_something_away_is_noticed(database: TestDatabase, act: str, words: str) -> None:
    before = await schema_of(database, "probe")
    await execute(database.superuser_url, [act])
    assert before.broken_by(await schema_of(database, "probe")) == [words]
