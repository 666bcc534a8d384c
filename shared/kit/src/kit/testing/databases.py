"""Databases for tests: migrated once into a template, copied for each test in a tenth of a second.

Roles belong to the cluster, schemas to the database; every copy has all services' schemas, as production does.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from kit import keyring_migrations, roles
from kit.migrations import run

PASSWORD = "synthetic0password"  # noqa: S105 - for servers that tests start and throw away
TEMPLATE = "interlink_template"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestDatabase:
    """One database of a test server, seen by any role."""

    __test__ = False

    admin_url: str
    name: str

    @property
    def superuser_url(self) -> str:
        """As the superuser: for looking at what was written, past every policy."""
        return _with_database(self.admin_url, self.name)

    def url(self, role: str) -> str:
        """As that role, with its password."""
        parts = urlsplit(self.admin_url)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{role}:{quote(PASSWORD)}@{host}", path=f"/{self.name}"))


class TestDatabases:
    """Makes and drops databases on one test server."""

    __test__ = False

    def __init__(self, admin_url: str, packages: Sequence[str]) -> None:
        self._admin_url = admin_url
        self._packages = packages
        self._made = 0

    async def prepare(self, *, also: Callable[[TestDatabase], Awaitable[None]] | None = None) -> None:
        """Build the template: roles, schemas, keyring, every service's migrations."""
        await self._admin(f"CREATE DATABASE {TEMPLATE}")
        template = TestDatabase(admin_url=self._admin_url, name=TEMPLATE)
        passwords: dict[str, str] = dict.fromkeys(roles.LOGINS, PASSWORD)
        statements = [sql for package in self._packages for sql in roles.statements(package, passwords)]
        await execute(template.superuser_url, statements)
        await execute(template.superuser_url, keyring_migrations.bootstrap(PASSWORD))
        await keyring_migrations.migrate(
            template.url("keyring_owner"),
            makers=["intake_system"],
            readers=[f"{package}_{role}" for package in self._packages for role in ("api", "system")],
        )
        for package in self._packages:
            await run.migrate(package, template.url(f"{package}_owner"))
        if also is not None:
            await also(template)

    async def make(self) -> TestDatabase:
        """A fresh copy of the template."""
        self._made += 1
        name = f"test_{self._made}"
        await self._admin(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
        return TestDatabase(admin_url=self._admin_url, name=name)

    async def drop(self, database: TestDatabase) -> None:
        """Drop a copy, whoever is still connected."""
        await self._admin(f"DROP DATABASE {database.name} WITH (FORCE)")

    async def _admin(self, statement: str) -> None:
        await execute(self._admin_url, [statement])


async def execute(url: str, statements: Iterable[str]) -> None:
    """Run statements one by one, each in its own transaction."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        async with asyncio.timeout(5):
            await connection.close()


async def fetch(url: str, statement: str, *parameters: object) -> list[asyncpg.Record]:
    """Rows as that role sees them."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(statement, *parameters)
    finally:
        async with asyncio.timeout(5):
            await connection.close()


def _with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
