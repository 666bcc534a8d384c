"""The database, and in it a schema and roles per service, as a superuser makes them once.

All services have theirs from the first day, also those that are not written yet. Safe to repeat.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from interlink.stack.layout import StackError
from interlink.stack.secrets import KEYRING, SCHEMAS
from kit import keyring_migrations, roles

DATABASE = "interlink"
OLDEST = 150000  # PostgreSQL 15, as server_version_num


def role_url(admin_url: str, user: str, password: str, database: str = DATABASE) -> str:
    """URL of an ordinary role on the server that `admin_url` names (by TCP or by socket)."""
    parts = urlsplit(admin_url)
    address = parts.netloc.rpartition("@")[2]
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return urlunsplit((parts.scheme, f"{login}@{address}", f"/{database}", parts.query, ""))


def database_url(admin_url: str, database: str = DATABASE) -> str:
    """The superuser's URL of another database of the same server."""
    parts = urlsplit(admin_url)
    return urlunsplit((parts.scheme, parts.netloc, f"/{database}", parts.query, ""))


async def prepare(admin_url: str, passwords: Mapping[str, str], database: str = DATABASE) -> None:
    """Create the database, schemas and roles that are missing, and set the passwords.

    `passwords` maps each login role (`intake_api`, `keyring_owner`, …) to its password.
    Raises `StackError` when the server is unreachable or too old.
    """
    await _ensure_database(admin_url, database)
    connection = await _connect(database_url(admin_url, database))
    try:
        async with connection.transaction():
            # Two stacks may share an existing server: roles belong to the whole of it.
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('interlink.bootstrap'))")
            await connection.execute(";\n".join(_statements(passwords, database)))
    finally:
        await connection.close()


def _statements(passwords: Mapping[str, str], database: str) -> list[str]:
    found: list[str] = [f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC']
    logins: list[str] = [f"{KEYRING}_owner"]
    for schema in SCHEMAS:
        own = {login: passwords[f"{schema}_{login}"] for login in roles.LOGINS}
        found += roles.statements(schema, own)
        logins += [f"{schema}_{login}" for login in roles.LOGINS]
    found += keyring_migrations.bootstrap(passwords[f"{KEYRING}_owner"])
    found.append(f'GRANT CONNECT ON DATABASE "{database}" TO {", ".join(logins)}')
    return found


async def prepare_keyring(admin_url: str, passwords: Mapping[str, str], database: str = DATABASE) -> None:
    """Create or update the keyring's table, as its owner: intake adds keys, every service opens them."""
    owner = keyring_migrations.OWNER
    await keyring_migrations.migrate(
        role_url(admin_url, owner, passwords[owner], database),
        makers=["intake_system"],
        readers=[f"{schema}_{login}" for schema in SCHEMAS for login in ("api", "system")],
    )


async def _ensure_database(admin_url: str, database: str) -> None:
    connection = await _connect(admin_url)
    try:
        version = int(await connection.fetchval("SHOW server_version_num"))
        if version < OLDEST:
            raise StackError(f"PostgreSQL 15 or newer is needed; this server is {version // 10000}.")
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", database):
            await connection.execute(f'CREATE DATABASE "{database}"')
    except asyncpg.DuplicateDatabaseError:
        pass  # another bootstrap was faster
    finally:
        await connection.close()


async def _connect(url: str) -> Any:
    try:
        return await asyncpg.connect(url, timeout=20)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise StackError(
            f"PostgreSQL does not let the bootstrap in: {error}. INTERLINK_DATABASE_URL must be the URL of a "
            "superuser (or of a role that may create roles and databases)."
        ) from error
