"""Trouble inside Postgres: an old snapshot that keeps vacuum from its work, and a service whose pool is used up."""

import asyncio
import time

import asyncpg

from interlink.faults.ground import Ground
from interlink.stack import bootstrap
from interlink.stack.servers import Database

EXHAUSTED_SECONDS = 4.0
TABLES = ("intake.outbox", "routing.outbox", "isp_liaison.outbox", "notifications.outbox")
STEP_SECONDS = 0.2
BACK_SECONDS = 60.0
ANSWER_SECONDS = 10
ENDED = (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError)
"""What a client sees of a server that ends, or is not up yet."""


def snapshot(ground: Ground) -> bool:
    """A transaction that sees the past and stays open."""
    fault = asyncio.run(_hold(ground, "SELECT count(*) FROM intake.outbox", ground.size.snapshot_seconds))
    ground.struck(f"old snapshot held {ground.size.snapshot_seconds:.0f} s", fault=fault)
    return True


def pool(ground: Ground) -> bool:
    """Every connection of a service waits for one table, until no request or handler gets another."""
    table = ground.random.choice(TABLES)
    fault = asyncio.run(_hold(ground, f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE", EXHAUSTED_SECONDS))
    ground.struck("pool exhausted", fault=fault)
    return True


async def _hold(ground: Ground, statement: str, seconds: float) -> str:
    """Why it did not last, empty where it did. Where Postgres itself ends it, the rest is held once it is back."""
    began = time.monotonic()
    held = 0.0
    while held < seconds and not ground.over.is_set():
        if time.monotonic() - began > seconds + BACK_SECONDS:
            return f"cut short again and again: held {held:.0f} s of {seconds:.0f} s"
        admin_url = Database(home=ground.home).admin_url
        if admin_url is None:
            await asyncio.sleep(STEP_SECONDS)
            continue
        try:
            held += await _held_once(ground, bootstrap.database_url(admin_url), statement, seconds - held)
        except TimeoutError:
            return "cut short: no answer in time"
        except ENDED:
            await asyncio.sleep(STEP_SECONDS)
        except asyncpg.PostgresError as error:
            return f"cut short: {type(error).__name__}"
    return ""


async def _held_once(ground: Ground, url: str, statement: str, seconds: float) -> float:
    """How long it was held: less than asked for where Postgres ended meanwhile."""
    held = 0.0
    connection = await asyncpg.connect(url, timeout=ANSWER_SECONDS)
    try:
        await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        await connection.execute(statement, timeout=ANSWER_SECONDS)
        while held < seconds and not ground.over.is_set() and not connection.is_closed():
            await asyncio.sleep(STEP_SECONDS)
            held += STEP_SECONDS
    finally:
        connection.terminate()  # the server rolls back what it still has
    return held
