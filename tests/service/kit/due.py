"""Work that is due in the probe's queue: scheduled, woken, and what a job does when it is its turn."""

from datetime import UTC, datetime
from typing import Any

from probe.service import received

from kit.database import Database, Transaction
from kit.jobs import Done, Job, NewJob, Outcome
from kit.outbox import Origin

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
JOBS = "SELECT kind, key, state, attempts, due_at, error FROM probe.job ORDER BY kind, key"


async def schedule(probe: Database, key: str = "k", due_at: datetime = NOW) -> None:
    """Nothing where the key is there already."""
    async with probe.as_tenant("partner:a") as tx:
        tx.schedule(NewJob(kind="probe.do", key=key, due_at=due_at, tenant="partner:a", payload={"n": 1}))


async def wake(probe: Database, due_at: datetime = NOW) -> None:
    """Also what is there already, done at least once more."""
    async with probe.as_system() as tx:
        tx.wake(NewJob(kind="probe.do", key="k", due_at=due_at, tenant="centre"))


async def apply(_application: Any, tx: Transaction, _job: Job, _result: Any) -> Outcome:
    """One event a time it is done."""
    tx.publish(received(), Origin())
    return Done()
