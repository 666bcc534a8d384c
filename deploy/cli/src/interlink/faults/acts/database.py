"""Trouble inside Postgres: an old snapshot that keeps vacuum from its work, and a service whose pool is used up."""

import asyncio

import asyncpg

from interlink.faults.ground import Ground
from interlink.stack import bootstrap
from interlink.stack.servers import Database

EXHAUSTED_SECONDS = 4.0
TABLES = ("intake.outbox", "routing.outbox", "isp_liaison.outbox", "notifications.outbox")
STEP_SECONDS = 0.2
BACK_SECONDS = 60.0


def snapshot(ground: Ground) -> None:
    """A transaction that sees the past and stays open."""
    ground.wait_for(lambda: Database(home=ground.home).admin_url is not None or ground.over.is_set(), BACK_SECONDS)
    fault = asyncio.run(_hold(ground, "SELECT count(*) FROM intake.outbox", ground.size.snapshot_seconds))
    ground.struck(f"old snapshot held {ground.size.snapshot_seconds:.0f} s", fault=fault)


def pool(ground: Ground) -> None:
    """Every connection of a service waits for one table, until no request or handler gets another."""
    table = ground.random.choice(TABLES)
    fault = asyncio.run(_hold(ground, f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE", EXHAUSTED_SECONDS))
    ground.struck("pool exhausted", fault=fault)


async def _hold(ground: Ground, statement: str, seconds: float) -> str:
    """Why it did not last, empty where it did."""
    admin_url = Database(home=ground.home).admin_url
    if admin_url is None:
        return "Postgres was away"
    try:
        connection = await asyncpg.connect(bootstrap.database_url(admin_url), timeout=10)
        try:
            async with connection.transaction(isolation="repeatable_read"):
                await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
                await connection.execute(statement, timeout=10)
                waited = 0.0
                while waited < seconds and not ground.over.is_set():
                    await asyncio.sleep(STEP_SECONDS)
                    waited += STEP_SECONDS
        finally:
            await connection.close(timeout=5)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
        return f"cut short: {type(error).__name__}"
    return ""
