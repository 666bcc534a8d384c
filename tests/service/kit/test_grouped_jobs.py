"""Work of a grouped kind: done in one transaction, and one that fails takes no other with it."""

from collections.abc import Sequence
from typing import Any

from probe.service import received
from service.kit.due import JOBS, schedule, wake

from kit.database import Database, Transaction
from kit.jobs import Job, grouped
from kit.outbox import Origin
from kit.testing.databases import TestDatabase, fetch
from kit.time import SettableClock
from kit.worker import Worker


async def apply_all(_application: Any, tx: Transaction, due: Sequence[Job]) -> None:
    for _ in due:
        tx.publish(received(), Origin())
    if any(one.key == "poison" for one in due):
        raise LookupError("no such provider")


async def test_work_of_a_grouped_kind_is_done_in_one_transaction(
    probe: Database, clock: SettableClock, database: TestDatabase
) -> None:
    for number in range(5):
        await schedule(probe, f"k{number}")
    assert await Worker([grouped("probe.do", apply=apply_all)], None, probe, clock).run_once() == 5
    assert await fetch(database.superuser_url, JOBS) == []
    assert len(await fetch(database.superuser_url, "SELECT FROM probe.outbox")) == 5
    assert len(await fetch(database.superuser_url, "SELECT DISTINCT xmin::text FROM probe.outbox")) == 1


async def test_work_that_fails_in_a_group_fails_alone(
    probe: Database, clock: SettableClock, database: TestDatabase
) -> None:
    for key in ("before", "poison", "then"):
        await schedule(probe, key)
    assert await Worker([grouped("probe.do", apply=apply_all)], None, probe, clock).run_once() == 3
    (row,) = await fetch(database.superuser_url, JOBS)
    assert (row["key"], row["state"], row["attempts"], row["error"]) == ("poison", "pending", 1, "LookupError")
    assert len(await fetch(database.superuser_url, "SELECT FROM probe.outbox")) == 2


async def test_work_in_a_group_that_is_woken_while_it_runs_is_done_once_more(
    probe: Database, clock: SettableClock, database: TestDatabase
) -> None:
    async def waking(_application: Any, tx: Transaction, due: Sequence[Job]) -> None:
        await apply_all(_application, tx, due)
        if any(one.key == "k" and one.asked == 0 for one in due):
            await wake(probe)

    await wake(probe)
    await schedule(probe, "other")
    worker = Worker([grouped("probe.do", apply=waking)], None, probe, clock)
    assert [await worker.run_once() for _ in range(3)] == [2, 1, 0]
    assert await fetch(database.superuser_url, JOBS) == []
    assert len(await fetch(database.superuser_url, "SELECT FROM probe.outbox")) == 3


async def test_a_group_that_lost_the_lease_of_one_job_does_the_others(
    probe: Database, clock: SettableClock, database: TestDatabase
) -> None:
    await schedule(probe, "kept")
    await schedule(probe, "lost")
    slow = Worker([grouped("probe.do", apply=apply_all)], None, probe, clock)
    claimed = await slow._claim()
    await fetch(database.superuser_url, "UPDATE probe.job SET token = gen_random_uuid() WHERE key = 'lost'")
    await slow._do(claimed)
    (row,) = await fetch(database.superuser_url, JOBS)
    assert (row["key"], row["state"]) == ("lost", "running")
    assert len(await fetch(database.superuser_url, "SELECT FROM probe.outbox")) == 1
