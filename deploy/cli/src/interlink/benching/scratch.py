"""A database beside the stack's, on the same durable server, with the same schemas: for references and parts alone.

What is written there reaches nobody: processes on it are given a broker that does not exist, unless a row drives one
itself. It is dropped at the end, and at the beginning if an earlier run was cut off.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import httpx

from interlink.benching.ground import Ground
from interlink.stack import bootstrap, processes
from interlink.stack.child import terminate
from interlink.stack.environment import inherited
from interlink.stack.layout import StackError, last_lines
from interlink.stack.ports import any_free
from interlink.stack.preparing import postgres_passwords, surroundings
from interlink.stack.processes import KafkaAddress, Process
from kit.migrations import run as migrations

DATABASE = "interlink_bench"
READY_SECONDS = 300.0  # as long as a stack may take to start
NOWHERE = KafkaAddress(bootstrap="127.0.0.1:1", security="PLAINTEXT")

TABLES = """
    SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND relname NOT IN ('alembic_version', 'outbox_shard', 'partner', 'agency')
"""


@dataclass(frozen=True, slots=True)
class Scratch:
    """The second database."""

    ground: Ground

    @property
    def url(self) -> str:
        """The superuser's URL of it."""
        return bootstrap.database_url(self.ground.admin_url, DATABASE)

    def role_url(self, role: str) -> str:
        """The URL of a service's role in it."""
        password = postgres_passwords(self.ground.home)[role]
        return bootstrap.role_url(self.ground.admin_url, role, password, DATABASE)

    async def execute(self, *statements: str) -> None:
        """Run statements as the superuser, past triggers and policies."""
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute("SET session_replication_role = replica")
            for statement in statements:
                await connection.execute(statement, timeout=3600)
        finally:
            await connection.close()

    async def rows(self, statement: str, *parameters: object) -> list[Any]:
        """Rows as the superuser sees them."""
        connection = await asyncpg.connect(self.url)
        try:
            return await connection.fetch(statement, *parameters)
        finally:
            await connection.close()

    async def empty(self, schema: str) -> None:
        """Take out every row of a service, but for what it needs to begin."""
        names = [f"{schema}.{row['relname']}" for row in await self.rows(TABLES, schema)]
        await self.execute(f"TRUNCATE {', '.join(names)}")

    def environment(self, name: str) -> dict[str, str]:
        """What the process of that name is told, but with this database and no broker."""
        process = _named(name)
        around = replace(surroundings(self.ground.home, self.ground.admin_url), kafka=NOWHERE)
        told = processes.environment(process, around)
        return {key: _moved(value) for key, value in told.items()}

    @contextlib.asynccontextmanager
    async def serving(self, name: str) -> AsyncGenerator[str]:
        """The API process of that name on this database; its base URL, once it is ready."""
        process, port = _named(name), any_free()
        prefix = process.socket.removesuffix("_FD")
        log = self.ground.home.log(f"bench-{name}")
        with log.open("wb") as output:
            running = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", *process.arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**inherited(), **self.environment(name), f"{prefix}_PORT": str(port)},
            )
        try:
            url = processes.base_url(port)
            if not await answers(f"{url}/health/live"):
                raise StackError(f"{name} did not come up on the second database:\n{last_lines(log)}")
            yield url
        finally:
            await terminate(running)


@contextlib.asynccontextmanager
async def scratch(ground: Ground, services: Sequence[str] = ("intake", "routing")) -> AsyncGenerator[Scratch]:
    """Make it, with the schemas of these services; drop it at the end."""
    made = Scratch(ground)
    drop = f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)"
    await _admin(ground, drop)
    passwords = postgres_passwords(ground.home)
    await bootstrap.prepare(ground.admin_url, passwords, DATABASE)
    try:
        await bootstrap.prepare_keyring(ground.admin_url, passwords, DATABASE)
        for service in services:
            await migrations.migrate(service, made.role_url(f"{service}_owner"))
        yield made
    finally:
        await _admin(ground, drop)


async def answers(url: str) -> bool:
    """Whether somebody answers there in time, and well."""
    async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
        try:
            async with asyncio.timeout(READY_SECONDS):
                while True:
                    with contextlib.suppress(httpx.TransportError):
                        if (await client.get(url)).is_success:
                            return True
                    await asyncio.sleep(0.05)
        except TimeoutError:
            return False


async def _admin(ground: Ground, statement: str) -> None:
    connection = await asyncpg.connect(ground.admin_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _named(name: str) -> Process:
    found: Mapping[str, Process] = {process.name: process for process in processes.load()}
    return found[name]


def _moved(value: str) -> str:
    """An address in the stack's database becomes the same in the second one."""
    return value.replace(f"/{bootstrap.DATABASE}?", f"/{DATABASE}?") if value.startswith("postgresql:") else value
