"""However long a queue is, of due work or of rows to send, who looks into it and takes from it follows its indexes."""

import json
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from contracts import ids
from kit import relay
from kit.connections import positional
from kit.database import Database
from kit.testing.databases import TestDatabase, fetch
from kit.worker import CLAIM, FINISH, WAITING

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


async def test_a_claim_follows_its_index_however_long_the_queue_is(probe: Database, database: TestDatabase) -> None:
    async with probe.as_system() as tx:
        await tx.execute(text(BACKLOG), {"now": NOW})
    await fetch(database.superuser_url, "ANALYZE probe.job")
    async with probe.as_system() as tx:
        values = {
            "kinds": ["probe.do"], "now": NOW, "lease": NOW, "token": ids.new(), "limit": 8, "worker": None,
            "patience": 6,
        }  # fmt: skip
        plan = await tx.scalar(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {CLAIM.text}"), values)
    assert max(_rows_read(json.loads(plan)[0]["Plan"])) <= 40  # the claimed, a sort's first group of 32


async def test_a_look_for_due_work_follows_an_index_whatever_waits_for_later(
    probe: Database, database: TestDatabase
) -> None:
    """By the plan that a prepared statement gets for all times: it does not know how late it is."""
    async with probe.as_system() as tx:
        await tx.execute(text(BACKLOG), {"now": NOW})
    await fetch(database.superuser_url, "ANALYZE probe.job")
    numbered = WAITING.text.replace(":now", "$1").replace(":kinds", "$2")
    async with probe.as_system() as tx:
        await tx.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
        await tx.execute(text(f"PREPARE looking (timestamptz, text[]) AS {numbered}"))
        before_all = "EXECUTE looking (CAST('2026-11-01' AS timestamptz), ARRAY['probe.do'])"
        plan = await tx.scalar(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {before_all}"))
        await tx.execute(text("DEALLOCATE looking"))
    assert max(_rows_read(json.loads(plan)[0]["Plan"])) <= 1


def _rows_read(node: dict[str, Any]) -> list[int]:
    """Rows that each node of a plan looked at."""
    own = int(sum(node.get(rows, 0) for rows in LOOKED_AT) * node["Actual Loops"])
    return [own, *(rows for child in node.get("Plans", ()) for rows in _rows_read(child))]


BACKLOG = """
    INSERT INTO job (id, kind, key, due_at, tenant, payload)
    SELECT gen_random_uuid(), 'probe.do', n::text, CAST(:now AS timestamptz) - n * interval '1 second', 'centre', '{}'
    FROM generate_series(1, 20000) AS n
"""

JOBS = BACKLOG.replace("INTO job", "INTO probe.job").replace(":now", "'2026-11-22T12:00Z'")

LOOKED_AT = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter")

OUTBOX = """
    INSERT INTO probe.outbox (shard, topic, headers, payload)
    SELECT n % 16, 'probe', '[]', convert_to(repeat('-', 1000), 'UTF8') FROM generate_series(1, 5000) AS n
"""
SHARDS = f"'{{{','.join(map(str, range(16)))}}}'"
SENT = f"{SHARDS}, '{{{','.join(['10000'] * 16)}}}'"
"""All shards, and floors above every row."""
RELAYING = {
    "waiting": (relay.WAITING, f"{SENT}, '{{}}'"),
    "lock_shards": (relay.LOCK_SHARDS, f"{SENT}, '{{}}', 0, 16"),
    "read": (relay.READ, f"{SENT}, '{{}}', 63, 1000"),
    "delete": (relay.DELETE, """'{"(0,1)","(0,2)","(1,1)","(1,2)"}'"""),
}
"""The relay's statements and what they are given."""
NOBODY = f"'{{{','.join(str(ids.new()) for _ in range(48))}}}'"
WORKING = {
    "looking": (WAITING, "'2026-11-01', '{probe.do}'"),
    "claiming": (CLAIM, "'2026-11-22T12:00Z', '{probe.do}', 8, '2026-11-22T12:02Z', gen_random_uuid(), 'w', 6"),
    "finishing": (FINISH, f"{NOBODY}, gen_random_uuid(), array_fill(1, ARRAY[48])"),
}
"""The worker's."""
QUEUES = {"outbox": (OUTBOX, RELAYING), "job": (JOBS, WORKING)}
"""What fills each queue, and what its statements are."""


@pytest.mark.parametrize("queue", ["outbox", "job"])
async def test_a_queue_is_read_by_its_indexes_although_it_was_empty_when_the_plans_were_made(
    database: TestDatabase, queue: str
) -> None:
    """Postgres keeps a plan while the table it was made for grows by whatever is sent, or done, and not vacuumed."""
    filled, statements = QUEUES[queue]
    await fetch(database.superuser_url, filled)
    await fetch(database.superuser_url, f"DELETE FROM probe.{queue}")
    await fetch(database.superuser_url, f"VACUUM probe.{queue}")
    system = await asyncpg.connect(database.url("probe_system"))
    await system.execute("SET plan_cache_mode = force_generic_plan")
    for name, (statement, values) in statements.items():
        await system.execute(f"PREPARE {name} AS {positional(statement)[0]}")
        await system.execute(f"EXECUTE {name} ({values})")
    await fetch(database.superuser_url, filled)
    for name, (_, values) in statements.items():
        plan = await system.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE {name} ({values})")
        assert max(_rows_read(json.loads(plan)[0]["Plan"])) <= 100, name
    await system.close()


async def test_a_relay_follows_its_index_where_all_rows_are_of_one_topic(database: TestDatabase) -> None:
    """For all times planned, leaving a topic out may seem to leave nothing, and looking through everything cheap."""
    await fetch(database.superuser_url, OUTBOX.replace("5000", "30000"))
    await fetch(database.superuser_url, "ANALYZE probe.outbox")
    system = await asyncpg.connect(database.url("probe_system"))
    await system.execute("SET plan_cache_mode = force_generic_plan")
    for name, (statement, values) in RELAYING.items():
        await system.execute(f"PREPARE {name} AS {positional(statement)[0]}")
        from_the_beginning = values.replace("10000", "0")
        plan = await system.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE {name} ({from_the_beginning})")
        assert max(_rows_read(json.loads(plan)[0]["Plan"])) <= 16 * 63, name
    await system.close()
