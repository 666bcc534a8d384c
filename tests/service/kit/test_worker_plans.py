"""However long the queue of due work is, looking and claiming follow its indexes."""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from contracts import ids
from kit.database import Database
from kit.testing.databases import TestDatabase, fetch
from kit.worker import CLAIM, WAITING

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


async def test_a_claim_follows_its_index_however_long_the_queue_is(probe: Database, database: TestDatabase) -> None:
    async with probe.as_system() as tx:
        await tx.execute(text(BACKLOG), {"now": NOW})
    await fetch(database.superuser_url, "ANALYZE probe.job")
    async with probe.as_system() as tx:
        values = {
            "kinds": ["probe.do"], "now": NOW, "lease": NOW, "token": ids.new(), "limit": 8, "worker": None,
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
    own = int((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
    return [own, *(rows for child in node.get("Plans", ()) for rows in _rows_read(child))]


BACKLOG = """
    INSERT INTO job (id, kind, key, due_at, tenant, payload)
    SELECT gen_random_uuid(), 'probe.do', n::text, CAST(:now AS timestamptz) - n * interval '1 second', 'centre', '{}'
    FROM generate_series(1, 20000) AS n
"""
