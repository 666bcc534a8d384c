"""Schemas and roles as the bootstrap makes them: no service has a right on another's schema. On the real server."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from interlink.stack import bootstrap
from interlink.stack.bootstrap import database_url, role_url
from interlink.stack.layout import StackError
from interlink.stack.postgres import Postgres
from interlink.stack.secrets import SCHEMAS
from kit.roles import LOGINS
from kit.testing.databases import PASSWORD

DATABASE = "bootstrapped"
PASSWORDS = {f"{schema}_{login}": PASSWORD for schema in SCHEMAS for login in LOGINS} | {"keyring_owner": PASSWORD}
PAIRS = [(mine, other) for mine in SCHEMAS for other in SCHEMAS if mine != other]


@pytest.fixture(scope="module")
async def server(postgres: Postgres) -> AsyncIterator[Postgres]:
    """A server with the suite's database, and a table of each service in its schema."""
    await asyncio.wait_for(bootstrap.prepare(postgres.admin_url, PASSWORDS, DATABASE), 30)
    for schema in SCHEMAS:
        await run(postgres, f"{schema}_owner", f"CREATE TABLE {schema}.secret (word text)")
        await run(postgres, f"{schema}_owner", f"INSERT INTO {schema}.secret VALUES ('of {schema}')")
    yield postgres
    admin: Any = await asyncpg.connect(postgres.admin_url)
    await admin.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
    await admin.close()


async def run(server: Postgres, role: str, statement: str) -> Any:
    connection: Any = await asyncpg.connect(role_url(server.admin_url, role, PASSWORD, DATABASE))
    try:
        return await connection.fetch(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize(("mine", "other"), PAIRS)
async def test_no_role_of_a_service_reaches_the_schema_of_another(server: Postgres, mine: str, other: str) -> None:
    for login in LOGINS:
        for statement in (
            f"SELECT word FROM {other}.secret",
            f"INSERT INTO {other}.secret VALUES ('x')",
            f"CREATE TABLE {other}.mine (id int)",
            f"SET ROLE {other}_system",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await run(server, f"{mine}_{login}", statement)


@pytest.mark.parametrize("schema", SCHEMAS)
async def test_a_table_is_its_owners_until_a_migration_grants_it(server: Postgres, schema: str) -> None:
    assert [row["word"] for row in await run(server, f"{schema}_owner", "SELECT word FROM secret")] == [f"of {schema}"]
    for login in ("api", "system"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await run(server, f"{schema}_{login}", "SELECT word FROM secret")


@pytest.mark.parametrize("schema", SCHEMAS)
async def test_nobody_makes_tables_in_public_or_another_database(server: Postgres, schema: str) -> None:
    for login in LOGINS:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await run(server, f"{schema}_{login}", "CREATE TABLE public.mine (id int)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await run(server, f"{schema}_{login}", f"CREATE DATABASE {schema}_mine")


async def test_a_role_without_its_password_is_not_let_in(server: Postgres) -> None:
    for role in ("intake_api", "keyring_owner"):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(role_url(server.admin_url, role, "wrong", DATABASE))


async def test_the_centre_is_entered_from_api_and_by_nobody_else(server: Postgres) -> None:
    await run(server, "intake_api", "SET ROLE intake_centre")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await run(server, "intake_system", "SET ROLE intake_centre")
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await run(server, "intake_centre", "SELECT 1")


async def test_preparing_again_and_at_the_same_time_changes_nothing(server: Postgres) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(bootstrap.prepare(server.admin_url, PASSWORDS, DATABASE))
    rows = await run(server, "intake_owner", "SELECT word FROM secret")
    assert [row["word"] for row in rows] == ["of intake"]


async def test_the_keyring_is_opened_by_every_service_and_filled_by_intake_alone(server: Postgres) -> None:
    await bootstrap.prepare_keyring(server.admin_url, PASSWORDS, DATABASE)
    add = "INSERT INTO keyring.data_key (id, wrapped, created_at) VALUES (gen_random_uuid(), 'x', now())"
    await run(server, "intake_system", add)
    for schema in SCHEMAS:
        for login in ("api", "system"):
            assert await run(server, f"{schema}_{login}", "SELECT id FROM keyring.data_key")
            if (schema, login) != ("intake", "system"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await run(server, f"{schema}_{login}", add)


async def test_an_unreachable_server_is_told_in_words() -> None:
    with pytest.raises(StackError, match="INTERLINK_DATABASE_URL"):
        await bootstrap.prepare("postgresql://nobody@127.0.0.1:1/postgres", PASSWORDS)


def test_urls_of_a_running_server_reach_it(server: Postgres) -> None:
    assert str(server.socket) in database_url(server.admin_url, DATABASE)
