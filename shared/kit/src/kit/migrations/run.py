"""Brings one service's schema to this build's head: `python -m routing migrate`.

Runs as the schema's owner, under an advisory lock (several may start at once), a transaction per migration and a
lock time-out (set on the role), so that a migration waits for nobody longer than it lets others wait.
"""

import importlib.resources
from functools import cache
from typing import Any

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from kit.telemetry import logger

log = logger(__name__)


@cache
def scripts(package: str) -> ScriptDirectory:
    """The migrations of a service: `<package>/migrations/NNNN_expand_*.py` and `NNNN_contract_*.py`."""
    folder = str(importlib.resources.files(f"{package}.migrations"))
    config = Config()
    config.set_main_option("script_location", folder)
    config.set_main_option("version_locations", folder)
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


async def migrate(package: str, owner_url: str, *, to: str = "head") -> str:
    """Upgrade the schema to the head, or to a revision; returns the head's. Safe to repeat and to run concurrently."""
    url = owner_url.replace("postgresql://", "postgresql+asyncpg://", 1)
    engine = create_async_engine(url, hide_parameters=True)
    script = scripts(package)
    try:
        async with engine.connect() as lock, engine.connect() as connection:
            await lock.execution_options(isolation_level="AUTOCOMMIT")
            await lock.execute(text("SET lock_timeout = 0"))  # the role's is for tables; our turn we wait for
            await lock.execute(text("SELECT pg_advisory_lock(hashtext(:name))"), {"name": f"migrate {package}"})
            await connection.run_sync(_upgrade, package, script, to)
            # Readiness compares the stamp with the build, as `system`.
            await lock.execute(text(f"GRANT SELECT ON {package}.alembic_version TO {package}_system"))
    finally:
        await engine.dispose()
    head = script.get_current_head() or ""
    log.info("migrate.done", service=package, head=head)
    return head


def _upgrade(connection: Connection, package: str, script: ScriptDirectory, to: str) -> None:
    def steps(revision: Any, _context: MigrationContext) -> Any:
        return script._upgrade_revs(to, revision)  # pyright: ignore[reportPrivateUsage]  # as alembic's own commands do

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(
            connection=connection,
            version_table_schema=package,
            transaction_per_migration=True,
        )
        with environment.begin_transaction():
            environment.run_migrations()
