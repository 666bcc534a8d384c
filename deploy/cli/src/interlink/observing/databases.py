"""What the operator sees of each service's database: positions, outbox, jobs. Seen as the service's own `system`."""

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import asyncpg

from interlink.stack.bootstrap import role_url
from interlink.stack.home import Home
from interlink.stack.layout import StackError
from interlink.stack.secrets import schema_of
from interlink.stack.servers import Database

POSITIONS = "SELECT topic, partition, next FROM consumer_position"
OUTBOX = """
    SELECT count(*) AS rows, coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS age
    FROM outbox
"""
OUTBOX_TOPICS = """
    SELECT topic, count(*) AS rows,
           coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS age
    FROM outbox GROUP BY topic ORDER BY topic
"""
OUTBOX_DEAD = "SELECT id, topic, error, died_at FROM outbox_dead ORDER BY id"
JOBS = """
    SELECT id, kind, key, state, attempts, due_at, lease_until, error,
           due_at <= clock_timestamp() AND state = 'pending' AS due
    FROM job ORDER BY state = 'dead' DESC, due_at, id LIMIT $1
"""
DEAD_JOBS = "SELECT count(*) FROM job WHERE state = 'dead'"
# A job whose lease ended is as due as one whose time has come: any worker may claim it.
DUE_JOBS = """
    WITH waiting AS (
        SELECT kind, CASE state WHEN 'running' THEN lease_until ELSE due_at END AS since
        FROM job WHERE state IN ('pending', 'running')
    )
    SELECT (array_agg(kind ORDER BY since))[1] AS kind,
           coalesce(extract(epoch FROM clock_timestamp() - min(since)), 0)::float8 AS age,
           count(*) FILTER (WHERE since < clock_timestamp() - interval '1 minute') AS overdue
    FROM waiting WHERE since <= clock_timestamp()
"""
# The transaction that last moved a position is the last that handled events. A server elsewhere may keep no times.
KEEPS_TIMES = "SELECT current_setting('track_commit_timestamp')::boolean"
LAST_COMMIT = """
    SELECT extract(epoch FROM clock_timestamp() - max(pg_xact_commit_timestamp(xmin)))::float8 FROM consumer_position
"""
PARKED = "SELECT (SELECT count(*) FROM parked_key) AS keys, (SELECT count(*) FROM parked_record) AS records"
REQUEUE = """
    UPDATE job SET state = 'pending', attempts = 0, error = NULL, due_at = clock_timestamp(), token = NULL
    WHERE id = $1 AND state = 'dead'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits in a service's database. Ages in seconds, of the oldest outbox row and the oldest due job."""

    outbox_rows: int
    outbox_age: float
    outbox_dead: int
    jobs_dead: int
    jobs_overdue: int
    """Due for more than a minute."""
    job_kind: str
    """Of the oldest due job; empty where none is due."""
    job_age: float
    last_commit: float | None
    """Seconds since it last committed the effects of events; None where it never did or the server keeps no times."""
    parked_keys: int
    parked_records: int
    positions: dict[tuple[str, int], int]


@contextlib.asynccontextmanager
async def as_system(home: Home, service: str) -> AsyncGenerator[Any]:
    """A connection as the service's `system` role. Raises `StackError` when there is no database."""
    role = f"{schema_of(service)}_system"
    try:
        connection: Any = await asyncpg.connect(url(home, role), timeout=10)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise StackError(f"PostgreSQL does not answer for {service}: {error}") from error
    try:
        yield connection
    finally:
        await connection.close()


def url(home: Home, role: str) -> str:
    """URL of a role of this home. Raises `StackError` while Postgres is down."""
    admin_url = Database(home=home).admin_url
    if admin_url is None:
        raise StackError("PostgreSQL is down. Start the stack: interlink up --detach")
    return role_url(admin_url, role, home.secrets[f"postgres.{role}"])


async def waiting(home: Home, service: str) -> Waiting:
    """Look at one service's database. Raises `StackError` when it is away or not migrated."""
    async with as_system(home, service) as connection:
        try:
            outbox = await connection.fetchrow(OUTBOX)
            parked = await connection.fetchrow(PARKED)
            due = await connection.fetchrow(DUE_JOBS)
            keeps_times = await connection.fetchval(KEEPS_TIMES)
            return Waiting(
                outbox_rows=outbox["rows"],
                outbox_age=round(outbox["age"], 3),
                outbox_dead=len(await connection.fetch(OUTBOX_DEAD)),
                jobs_dead=await connection.fetchval(DEAD_JOBS),
                jobs_overdue=due["overdue"],
                job_kind=due["kind"] or "",
                job_age=round(due["age"], 3),
                last_commit=await connection.fetchval(LAST_COMMIT) if keeps_times else None,
                parked_keys=parked["keys"],
                parked_records=parked["records"],
                positions={(row["topic"], row["partition"]): row["next"] for row in await connection.fetch(POSITIONS)},
            )
        except asyncpg.UndefinedTableError as error:
            raise StackError(f"The schema of {service} is not migrated. Run: interlink migrate") from error
