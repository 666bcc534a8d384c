"""Work that is asked for again, also while it is done or dead: it is done at least once more."""

from datetime import timedelta
from typing import Any

from service.kit.due import JOBS, NOW, apply, wake

from kit.database import Database
from kit.jobs import Job, job
from kit.testing.databases import TestDatabase, fetch
from kit.time import SettableClock
from kit.worker import MAX_ATTEMPTS, Worker


async def test_work_that_is_woken_while_it_runs_is_done_once_more(
    probe: Database, clock: SettableClock, database: TestDatabase
) -> None:
    async def call(_application: Any, claimed: Job) -> None:
        if claimed.asked == 0:
            await wake(probe)

    await wake(probe)
    worker = Worker([job("probe.do", call=call, apply=apply)], None, probe, clock)
    assert [await worker.run_once() for _ in range(3)] == [1, 1, 0]
    assert await fetch(database.superuser_url, JOBS) == []
    assert len(await fetch(database.superuser_url, "SELECT FROM probe.outbox")) == 2


async def test_work_that_is_woken_during_its_last_attempt_is_not_dead(
    probe: Database, clock: SettableClock, database: TestDatabase
) -> None:
    async def call(_application: Any, claimed: Job) -> None:
        if claimed.asked == 0:
            await wake(probe)
            raise LookupError("no such provider")

    await wake(probe)
    await fetch(database.superuser_url, f"UPDATE probe.job SET attempts = {MAX_ATTEMPTS - 1}")
    worker = Worker([job("probe.do", call=call, apply=apply)], None, probe, clock)
    assert [await worker.run_once() for _ in range(3)] == [1, 1, 0]
    assert await fetch(database.superuser_url, JOBS) == []


async def test_work_that_is_woken_is_due_at_the_earlier_time(
    probe: Database, clock: SettableClock, database: TestDatabase
) -> None:
    await wake(probe, NOW + timedelta(hours=2))
    await wake(probe, NOW + timedelta(hours=1))
    await wake(probe, NOW + timedelta(hours=3))
    (row,) = await fetch(database.superuser_url, JOBS)
    assert row["due_at"] == NOW + timedelta(hours=1)


async def test_dead_work_that_is_woken_lives_again(
    probe: Database, clock: SettableClock, database: TestDatabase
) -> None:
    await wake(probe)
    await fetch(database.superuser_url, "UPDATE probe.job SET state = 'dead', attempts = 12")
    await wake(probe)
    assert await Worker([job("probe.do", apply=apply)], None, probe, clock).run_once() == 1
    assert await fetch(database.superuser_url, JOBS) == []
