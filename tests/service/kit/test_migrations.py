"""Schemas come up whoever else migrates, and the inbox keeps its months wherever the server stands."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from kit.migrations import run
from kit.testing.databases import TestDatabase, fetch

KEEP = "SELECT probe.inbox_partitions($1, interval '130 days')"
BOUNDS = """
    SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bounds
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'probe.inbox'::regclass AND c.relname ~ '[0-9]' ORDER BY 1
"""


def first_id(moment: datetime) -> str:
    """The least UUIDv7 of a moment, as Postgres prints it in a bound."""
    text = f"{int(moment.timestamp() * 1000):012x}" + "0" * 20
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@pytest.mark.parametrize("zone", ["UTC", "America/Vancouver", "Pacific/Auckland"])
async def test_the_months_of_the_inbox_are_those_of_utc(database: TestDatabase, zone: str) -> None:
    """A month added in a zone with summer time, or at a day that the next month lacks, is another month."""
    system = await asyncpg.connect(database.url("probe_system"), server_settings={"timezone": zone})
    for month in range(1, 13):
        await system.execute(KEEP, datetime(2027, month, 28, 23, tzinfo=UTC))
    await system.close()
    bounds = {row["name"]: row["bounds"] for row in await fetch(database.superuser_url, BOUNDS)}
    assert "inbox_2028_02" in bounds
    assert "inbox_2026_11" not in bounds  # older than what is kept
    for year, month in ((2027, 10), (2027, 11), (2027, 12), (2028, 1)):
        begin = datetime(year, month, 1, tzinfo=UTC)
        end = (begin + timedelta(days=32)).replace(day=1)
        assert bounds[f"inbox_{year}_{month:02}"] == f"FOR VALUES FROM ('{first_id(begin)}') TO ('{first_id(end)}')"


async def test_events_of_a_month_without_a_partition_move_into_it_once_it_is_made(database: TestDatabase) -> None:
    """Else Postgres would refuse the partition for ever, and the inbox would keep no month any more."""
    early = UUID(first_id(datetime(2027, 8, 15, tzinfo=UTC)))
    system = await asyncpg.connect(database.url("probe_system"))
    await system.execute("INSERT INTO inbox (event_id) VALUES ($1)", early)
    await system.execute(KEEP, datetime(2027, 8, 1, tzinfo=UTC))
    await system.close()
    (row,) = await fetch(database.superuser_url, "SELECT tableoid::regclass::text AS place FROM probe.inbox")
    assert row["place"] == "probe.inbox_2027_08"


async def test_who_migrates_second_waits_for_the_first_however_long_it_takes(database: TestDatabase) -> None:
    """The owner's lock time-out is for tables; the turn to migrate is waited for."""
    first = await asyncpg.connect(database.superuser_url)
    await first.execute("SELECT pg_advisory_lock(hashtext('migrate probe'))")
    await first.execute("ALTER ROLE probe_owner SET lock_timeout = '200ms'")
    try:
        second = asyncio.ensure_future(run.migrate("probe", database.url("probe_owner")))
        done, _ = await asyncio.wait((second,), timeout=1)
        assert not done
        await first.execute("SELECT pg_advisory_unlock(hashtext('migrate probe'))")
        assert await second
    finally:
        await first.execute("ALTER ROLE probe_owner SET lock_timeout = '4s'")
        await first.close()
