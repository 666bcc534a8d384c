"""Due work: claimed once, called with no transaction open, applied only by who still holds it."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from service.kit.due import JOBS, NOW, apply, schedule, wake

from kit.database import Database, Transaction
from kit.jobs import Again, Job, Outcome, job
from kit.testing.databases import TestDatabase, fetch
from kit.testing.eventually import eventually
from kit.time import SettableClock, SystemClock
from kit.worker import CALL_SECONDS, LEASE, MAX_ATTEMPTS, Worker, delay

WAITING = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def fail(_application: Any, _job: Job) -> None:
    raise LookupError("no such provider")


async def test_due_work_is_done_once_and_its_effect_commits_with_it(
    probe: Database, clock: SettableClock, database: TestDatabase
) -> None:
    await schedule(probe)
    await schedule(probe)  # the same key: one due row
    worker = Worker([job("probe.do", apply=apply)], None, probe, clock)
    assert await worker.run_once() == 1
    assert await worker.run_once() == 0
    assert await fetch(database.superuser_url, JOBS) == []
    assert len(await fetch(database.superuser_url, "SELECT FROM probe.outbox")) == 1


async def test_work_waits_until_it_is_due(probe: Database, clock: SettableClock) -> None:
    await schedule(probe, due_at=NOW + timedelta(hours=1))
    worker = Worker([job("probe.do", apply=apply)], None, probe, clock)
    assert await worker.run_once() == 0
    clock.advance(timedelta(hours=1))
    assert await worker.run_once() == 1


async def test_only_work_that_is_due_wakes_the_worker(probe: Database) -> None:
    await schedule(probe, "later", SystemClock().now() + timedelta(hours=1))
    assert not probe.scheduled.is_set()
    await schedule(probe, "now")
    assert probe.scheduled.is_set()
    probe.scheduled.clear()
    await wake(probe)
    assert probe.scheduled.is_set()


async def test_a_failed_call_comes_again_later_and_is_dead_in_the_end(
    probe: Database, clock: SettableClock, database: TestDatabase
) -> None:
    await schedule(probe)
    worker = Worker([job("probe.do", call=fail, apply=apply)], None, probe, clock)
    for _ in range(MAX_ATTEMPTS):
        assert await worker.run_once() == 1
        assert await worker.run_once() == 0
        clock.advance(timedelta(hours=2))
    (row,) = await fetch(database.superuser_url, JOBS)
    assert (row["state"], row["attempts"], row["error"]) == ("dead", MAX_ATTEMPTS, "LookupError")
    assert await worker.run_once() == 0


async def test_work_of_a_worker_that_died_is_taken_over_after_its_lease(
    probe: Database, clock: SettableClock, database: TestDatabase
) -> None:
    await schedule(probe)
    dead = Worker([job("probe.do", apply=apply)], None, probe, clock)
    assert len(await dead._claim()) == 1
    worker = Worker([job("probe.do", apply=apply)], None, probe, clock)
    assert await worker.run_once() == 0
    clock.advance(LEASE)
    assert await worker.run_once() == 1
    assert await fetch(database.superuser_url, JOBS) == []


async def test_no_more_is_taken_than_there_are_free_slots(probe: Database, clock: SettableClock) -> None:
    """Of what was left behind and what is due together: more would leave a negative number of slots to ask for."""
    for number in range(6):
        await schedule(probe, key=f"k{number}")
    worker = Worker([job("probe.do", apply=apply)], None, probe, clock)
    assert len(await worker._claim(3)) == 3
    clock.advance(LEASE)
    assert len(await worker._claim(4)) == 4


async def test_the_next_process_of_a_name_takes_over_what_the_one_before_left(
    probe: Database, clock: SettableClock, database: TestDatabase
) -> None:
    def worker(instance: str) -> Worker:
        return Worker([job("probe.do", apply=apply)], None, probe, clock, instance=instance)

    await schedule(probe, "mine")
    assert len(await worker("w-1")._claim()) == 1
    await schedule(probe, "others")
    assert len(await worker("w-2")._claim()) == 1
    again = worker("w-1")
    await again.plant()
    assert [await again.run_once(), await again.run_once()] == [1, 0]
    (row,) = await fetch(database.superuser_url, JOBS)
    assert (row["key"], row["state"]) == ("others", "running")


@pytest.mark.parametrize(("kills", "wait"), [(3, 0), (4, 8), (6, 32), (MAX_ATTEMPTS, 32)])
async def test_work_that_was_left_behind_again_and_again_waits_longer_each_time_and_never_dies(
    probe: Database, clock: SettableClock, database: TestDatabase, kills: int, wait: int
) -> None:
    """It may be what ends the process; a kill is no proof of it."""
    await schedule(probe)
    running = f"UPDATE probe.job SET state = 'running', worker = 'w-1', token = id, attempts = {kills}"
    await fetch(database.superuser_url, running)
    worker = Worker([job("probe.do", call=fail, apply=apply)], None, probe, clock, instance="w-1")
    await worker.plant()
    if wait:
        clock.advance(timedelta(seconds=wait - 1))
        assert await worker.run_once() == 0
        clock.advance(timedelta(seconds=1))
    assert await worker.run_once() == 1
    (row,) = await fetch(database.superuser_url, JOBS)
    assert (row["state"], row["error"]) == ("pending", "LookupError")


async def test_work_whose_workers_died_each_time_is_not_dead_by_its_first_failure(
    probe: Database, clock: SettableClock, database: TestDatabase
) -> None:
    await schedule(probe)
    worker = Worker([job("probe.do", call=fail, apply=apply)], None, probe, clock)
    for _ in range(MAX_ATTEMPTS):
        assert len(await worker._claim()) == 1
        clock.advance(LEASE)
    assert await worker.run_once() == 1
    (row,) = await fetch(database.superuser_url, JOBS)
    assert (row["state"], row["error"]) == ("pending", "LookupError")


async def test_a_worker_that_lost_its_lease_has_no_effect(
    probe: Database, clock: SettableClock, database: TestDatabase
) -> None:
    await schedule(probe)
    slow = Worker([job("probe.do", apply=apply)], None, probe, clock)
    (claimed,) = await slow._claim()
    clock.advance(LEASE)
    assert await Worker([job("probe.do", apply=apply)], None, probe, clock).run_once() == 1
    await slow._do([claimed])
    assert len(await fetch(database.superuser_url, "SELECT FROM probe.outbox")) == 1


async def test_a_call_counts_from_before_the_claim_that_may_have_taken_long(
    probe: Database, clock: SettableClock, database: TestDatabase
) -> None:
    await schedule(probe)
    connection = await asyncpg.connect(database.superuser_url)
    try:
        async with asyncio.TaskGroup() as group, connection.transaction():
            await connection.execute("LOCK TABLE probe.job")
            claim = group.create_task(Worker([job("probe.do", apply=apply)], None, probe, clock)._claim())
            await eventually(lambda: fetch(database.superuser_url, WAITING))
            seen = asyncio.get_running_loop().time()
    finally:
        await connection.close()
    (claimed,) = claim.result()
    assert claimed.call_until <= seen + CALL_SECONDS


async def test_a_call_that_another_worker_may_be_about_to_begin_is_not_begun(
    probe: Database, clock: SettableClock, database: TestDatabase
) -> None:
    """The process was frozen since the claim, or the claim took long."""
    called: list[Job] = []

    async def call(_application: Any, claimed: Job) -> None:
        called.append(claimed)

    await schedule(probe)
    worker = Worker([job("probe.do", call=call, apply=apply)], None, probe, clock)
    (claimed,) = await worker._claim()
    await worker._do([replace(claimed, call_until=asyncio.get_running_loop().time())])
    assert called == []
    (row,) = await fetch(database.superuser_url, JOBS)
    assert (row["state"], row["error"]) == ("pending", "Transient")


async def test_recurring_work_is_planted_once_and_stays(
    probe: Database, clock: SettableClock, database: TestDatabase
) -> None:
    worker = Worker([job("probe.do", apply=apply, every=timedelta(hours=1))], None, probe, clock)
    await worker.plant()
    await worker.plant()
    assert await worker.run_once() == 1
    (row,) = await fetch(database.superuser_url, JOBS)
    assert (row["state"], row["due_at"]) == ("pending", NOW + timedelta(hours=1))


async def test_work_that_continues_comes_again_when_it_says(
    probe: Database, clock: SettableClock, database: TestDatabase
) -> None:
    async def again(_application: Any, _tx: Transaction, _job: Job, _result: Any) -> Outcome:
        return Again(NOW + timedelta(minutes=5))

    await schedule(probe)
    await Worker([job("probe.do", apply=again)], None, probe, clock).run_once()
    (row,) = await fetch(database.superuser_url, JOBS)
    assert (row["state"], row["attempts"], row["due_at"]) == ("pending", 0, NOW + timedelta(minutes=5))


async def test_a_job_that_meets_an_outage_comes_again_soon_and_leaves_its_neighbours_alone(
    probe: Database, clock: SettableClock, database: TestDatabase
) -> None:
    """Not a lease later, and the neighbour's call, which may have reached the outside, is not cut off."""
    failed = asyncio.Event()

    async def call(_application: Any, claimed: Job) -> None:
        if claimed.key == "away":
            failed.set()
            raise ConnectionRefusedError
        await failed.wait()

    await schedule(probe, "away")
    await schedule(probe, "near")
    worker = Worker([job("probe.do", call=call, apply=apply)], None, probe, clock)
    assert await worker.run_once() == 2
    (row,) = await fetch(database.superuser_url, JOBS)
    assert (row["key"], row["state"], row["error"]) == ("away", "pending", "ConnectionRefusedError")
    assert row["due_at"] < NOW + timedelta(seconds=2)
    assert len(await fetch(database.superuser_url, "SELECT FROM probe.outbox")) == 1


async def test_an_outage_never_makes_a_job_dead(probe: Database, clock: SettableClock, database: TestDatabase) -> None:
    async def away(_application: Any, _job: Job) -> None:
        raise ConnectionRefusedError

    await schedule(probe)
    worker = Worker([job("probe.do", call=away, apply=apply)], None, probe, clock)
    for _ in range(MAX_ATTEMPTS + 2):
        assert await worker.run_once() == 1
        clock.advance(timedelta(minutes=1))
    (row,) = await fetch(database.superuser_url, JOBS)
    assert row["state"] == "pending"


async def test_recurring_work_never_dies(probe: Database, clock: SettableClock, database: TestDatabase) -> None:
    """A dead row would keep its place, and the work would never be planted again."""
    worker = Worker([job("probe.do", call=fail, apply=apply, every=timedelta(hours=1))], None, probe, clock)
    await worker.plant()
    for _ in range(MAX_ATTEMPTS + 2):
        assert await worker.run_once() == 1
        clock.advance(timedelta(hours=1, minutes=1))
    (row,) = await fetch(database.superuser_url, JOBS)
    assert row["state"] == "pending"


async def test_a_call_that_hangs_holds_up_no_other_work(probe: Database, database: TestDatabase) -> None:
    """Work that is scheduled while a call hangs is done before that call returns."""
    stop, hanging, free = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def call(_application: Any, claimed: Job) -> None:
        if claimed.key == "hangs":
            hanging.set()
            await free.wait()

    async def rest() -> list[str]:
        return [row["key"] for row in await fetch(database.superuser_url, JOBS)]

    worker = Worker([job("probe.do", call=call, apply=apply)], None, probe, SystemClock())
    async with asyncio.TaskGroup() as group:
        group.create_task(worker.run(stop))
        await schedule(probe, "hangs")
        await hanging.wait()
        await schedule(probe, "quick")
        await eventually(lambda: _is(rest(), ["hangs"]))
        free.set()
        await eventually(lambda: _is(rest(), []))
        stop.set()


async def _is(asked: Coroutine[Any, Any, list[str]], wanted: list[str]) -> bool:
    return await asked == wanted


@pytest.mark.parametrize(("attempts", "least", "most"), [(1, 0.8, 1.2), (4, 6.4, 9.6), (40, 2880, 4320)])
def test_delays_double_with_jitter_up_to_an_hour(attempts: int, least: float, most: float) -> None:
    assert timedelta(seconds=least) <= delay(attempts) <= timedelta(seconds=most)
