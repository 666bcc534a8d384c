"""Does the due jobs of one service: claim, call, apply. `kit.jobs` says what a job is.

What is due is claimed as soon as there is a free slot, so a call that hangs holds up nothing but its own slot.
Jobs of a grouped kind that were claimed together are done in one transaction; where that fails, one by one, so that
one that fails takes no other with it.
"""

import asyncio
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from contracts import ids
from kit import telemetry
from kit.database import Database, Transaction
from kit.errors import Transient
from kit.failures import is_transient
from kit.faults import fault
from kit.jobs import Again, Done, GroupType, Job, JobType, NewJob
from kit.time import Clock

log = telemetry.logger(__name__)

LEASE = timedelta(minutes=2)
POLL_SECONDS = 0.5
SLOTS = 48
"""Jobs that one worker does at once. They wait for others most of the time; the database's pool bounds the rest."""
MAX_ATTEMPTS = 12
PATIENCE = 6
"""Attempts that an outage or a killed process may use up at most: neither ever makes a job dead."""
KILLED_AT_ONCE = 3
"""Attempts that may end with their process before the next one waits."""
CALL_SECONDS = 100.0
"""Longest time from the claim to the end of the call, below the lease: nobody may begin the same call beside it."""
FIRST_DELAY = timedelta(seconds=1)
LONGEST_DELAY = timedelta(hours=1)

# Ordered, so that a plan made once for all times follows the index: it cannot know how few rows are due.
WAITING = text("""
    SELECT coalesce(
        (SELECT true FROM job WHERE state = 'running' AND lease_until <= :now AND kind = ANY (:kinds)
         ORDER BY lease_until LIMIT 1),
        (SELECT true FROM job WHERE state = 'pending' AND due_at <= :now AND kind = ANY (:kinds)
         ORDER BY due_at LIMIT 1),
        false)
""")

# Two reads, because each then follows its own partial index however long the queue is. Together they take no more
# than there are free slots. A list and no join: planned while the queue is empty, a join compares each with each.
CLAIM = text("""
    WITH abandoned AS (
        SELECT id FROM job
        WHERE state = 'running' AND lease_until <= :now AND kind = ANY (:kinds)
        ORDER BY lease_until, id LIMIT :limit FOR UPDATE SKIP LOCKED
    ), due AS (
        SELECT id FROM job
        WHERE state = 'pending' AND due_at <= :now AND kind = ANY (:kinds)
        ORDER BY due_at, id LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE job j SET state = 'running', lease_until = :lease, token = :token, worker = :worker,
        attempts = 1 + CASE state WHEN 'running' THEN least(attempts, :patience) ELSE attempts END
    WHERE j.id = ANY (ARRAY(SELECT id FROM abandoned UNION ALL SELECT id FROM due LIMIT :limit))
    RETURNING j.id, j.kind, j.key, j.tenant, j.payload, j.attempts, j.asked
""")

# A process of our name that died held these; their calls may have arrived, and are repeated as after a lease. One of
# them may be what ended it, so that the next process would end as soon as it begins: after some times they wait, as
# after a failure, and the process does everything else meanwhile.
TAKE_OVER = text("""
    WITH left_behind AS (SELECT id FROM job WHERE state = 'running' AND worker = :worker ORDER BY id FOR UPDATE)
    UPDATE job j SET state = 'pending', token = NULL, lease_until = NULL, attempts = least(j.attempts, :patience),
        due_at = CASE WHEN j.attempts <= :at_once THEN least(j.due_at, :now)
                      ELSE :now + interval '1 second' * power(2, least(j.attempts, :patience) - 1) END
    FROM left_behind WHERE j.id = left_behind.id
""")

# In the order in which `kit.jobs` wakes them, as pairs: by the columns, a plan made while the queue is empty would walk
# through all of it in their index's order.
FINISH = text("""
    WITH done AS (
        SELECT j.id FROM job j WHERE j.id = ANY (CAST(:ids AS uuid[])) AND j.token = :token AND EXISTS (
            SELECT FROM unnest(CAST(:ids AS uuid[]), CAST(:asked AS bigint[])) AS d (id, asked)
            WHERE d.id = j.id AND d.asked = j.asked
        ) ORDER BY (j.kind, j.key) FOR UPDATE OF j
    )
    DELETE FROM job WHERE id = ANY (ARRAY(SELECT id FROM done)) RETURNING id
""")

# Who was woken while it ran is due at once, and begins anew where this attempt was its last.
RETURN_TO_QUEUE = text("""
    UPDATE job SET token = NULL, lease_until = NULL, error = :error,
                   state = CASE WHEN asked = :asked THEN :state ELSE 'pending' END,
                   attempts = CASE WHEN asked = :asked OR :state <> 'dead' THEN :attempts ELSE 0 END,
                   due_at = CASE WHEN asked = :asked THEN :due ELSE least(CAST(:due AS timestamptz), :now) END
    WHERE id = :id AND token = :token
""")


class LostLeaseError(Exception):
    """Another worker took the job over while we worked; its result counts."""


class Worker:
    """Does the due jobs of one service."""

    def __init__(
        self,
        types: Sequence[JobType | GroupType],
        application: Any,
        database: Database,
        clock: Clock,
        *,
        instance: str | None = None,
    ) -> None:
        """`instance` is a name that only one live process has: what its predecessor left is taken over at once."""
        self._types = {declared.kind: declared for declared in types}
        self._application = application
        self._database = database
        self._clock = clock
        self._instance = instance
        self._planted = False
        self.unrecorded = 0
        """Jobs that have failed and whose failure waits for the database to be written down."""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; what was claimed is finished first."""
        running: set[asyncio.Task[None]] = set()
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                self._database.scheduled.clear()
                claimed = await self._claimed_or_later(SLOTS - len(running))
                for attempt in self._attempts(claimed):
                    task = group.create_task(self._do(attempt), name=f"job {attempt[0].kind}")
                    running.add(task)
                    task.add_done_callback(running.discard)
                    task.add_done_callback(self._slot_is_free)
                if not claimed:
                    await self._wait(stop)

    def _slot_is_free(self, _: "asyncio.Task[None]") -> None:
        self._database.scheduled.set()

    async def _claimed_or_later(self, limit: int) -> list[Job]:
        """A database that is away interrupts the work and does not end it."""
        try:
            if not self._planted:
                await self.plant()
            return await self._claim(limit) if limit and await self._waiting() else []
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("worker.interrupted", error=type(error).__name__)
            return []

    async def _waiting(self) -> bool:
        """Whether anything is due: most of the time nothing is."""
        return await self._database.look(WAITING, {"kinds": list(self._types), "now": self._clock.now()})

    async def _wait(self, stop: asyncio.Event) -> None:
        """Until something was scheduled here, a slot is free, or it is time to see what others scheduled."""
        try:
            async with asyncio.timeout(POLL_SECONDS), asyncio.TaskGroup() as either:
                waiting = [either.create_task(event.wait()) for event in (stop, self._database.scheduled)]
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in waiting:
                    task.cancel()
        except TimeoutError:
            return

    async def plant(self) -> None:
        """Insert the row of each recurring job where it is missing; take over what a process of our name left."""
        now = self._clock.now()
        async with self._database.as_system() as tx:
            if self._instance is not None:
                left = {"worker": self._instance, "now": now, "at_once": KILLED_AT_ONCE, "patience": PATIENCE}
                await tx.execute(TAKE_OVER, left)
            for declared in self._types.values():
                if isinstance(declared, JobType) and declared.every is not None:
                    tx.schedule(NewJob(kind=declared.kind, key="recurring", due_at=now, tenant="centre"))
        self._planted = True

    async def run_once(self) -> int:
        """Claim and do what is due now. Returns how many jobs were claimed."""
        claimed = await self._claim()
        async with asyncio.TaskGroup() as group:
            for attempt in self._attempts(claimed):
                group.create_task(self._do(attempt), name=f"job {attempt[0].kind}")
        return len(claimed)

    def _attempts(self, claimed: Sequence[Job]) -> list[list[Job]]:
        """What is done at once: all of a grouped kind, each other job by itself."""
        attempts: dict[str | UUID, list[Job]] = {}
        for one in claimed:
            grouped = isinstance(self._types[one.kind], GroupType)
            attempts.setdefault(one.kind if grouped else one.id, []).append(one)
        return list(attempts.values())

    async def _claim(self, limit: int = SLOTS) -> list[Job]:
        now, token = self._clock.now(), ids.new()
        call_until = asyncio.get_running_loop().time() + CALL_SECONDS
        async with self._database.as_system() as tx:
            rows = await tx.rows(
                CLAIM,
                {
                    "kinds": list(self._types),
                    "now": now,
                    "lease": now + LEASE,
                    "token": token,
                    "worker": self._instance,
                    "limit": limit,
                    "patience": PATIENCE,
                },
            )
        fault("job.claimed")
        return [
            Job(
                id=row.id,
                kind=row.kind,
                key=row.key,
                tenant=row.tenant,
                payload=row.payload,
                attempts=row.attempts,
                asked=row.asked,
                token=token,
                call_until=call_until,
            )
            for row in rows
        ]

    async def _do(self, claimed: Sequence[Job]) -> None:
        """One attempt at jobs of one kind. Whatever fails stays with its own job: its neighbours go on."""
        declared = self._types[claimed[0].kind]
        try:
            with telemetry.JOB_SECONDS.labels(declared.kind).time():
                if isinstance(declared, GroupType):
                    await self._apply_all(declared, claimed)
                else:
                    result = await self._called(declared, claimed[0])
                    fault("job.called")
                    await self._apply(declared, claimed[0], result)
            telemetry.JOBS.labels(declared.kind, "done").inc(len(claimed))
        except Exception as error:  # noqa: BLE001 - classified there
            if len(claimed) == 1:
                await self._failed(declared, claimed[0], error)
            else:
                log.warning("job.group_failed", kind=declared.kind, jobs=len(claimed), error=type(error).__name__)
                for one in claimed:
                    await self._do([one])

    async def _apply_all(self, declared: GroupType, claimed: Sequence[Job]) -> None:
        async with self._database.as_system() as tx:
            await declared.apply(self._application, tx, claimed)
            await self._finish(tx, claimed)

    async def _called(self, declared: JobType, claimed: Job) -> Any:
        if declared.call is None:
            return None
        if asyncio.get_running_loop().time() >= claimed.call_until:
            raise Transient("the claim took long, or the process was frozen after it", retry_after=1)
        async with asyncio.timeout_at(claimed.call_until):
            return await declared.call(self._application, claimed)

    async def _apply(self, declared: JobType, claimed: Job, result: Any) -> None:
        async with self._database.as_system() as tx:
            outcome = await declared.apply(self._application, tx, claimed, result)
            if isinstance(outcome, Done) and declared.every is not None:
                outcome = Again(self._clock.now() + declared.every)
            if isinstance(outcome, Done):
                await self._finish(tx, [claimed])
            else:
                await self._continue(tx, claimed, outcome.at)

    async def _finish(self, tx: Transaction, claimed: Sequence[Job]) -> None:
        """The rows go, but for those whose work was asked for again while it was done: they are due at once."""
        asked = {"ids": [one.id for one in claimed], "asked": [one.asked for one in claimed], "token": claimed[0].token}
        gone = {row.id for row in await tx.rows(FINISH, asked)}
        for one in claimed:
            if one.id not in gone:
                await self._continue(tx, one, self._clock.now())

    async def _continue(self, tx: Transaction, claimed: Job, at: datetime) -> None:
        returned = await self._return(tx, claimed, "pending", at, attempts=0, error=None)
        if returned != 1:
            raise LostLeaseError

    async def _failed(self, declared: JobType | GroupType, claimed: Job, error: Exception) -> None:
        if isinstance(error, LostLeaseError):
            log.info("job.lease_lost", kind=claimed.kind, job=str(claimed.id))
            return
        name = type(error).__name__
        log.warning("job.failed", kind=claimed.kind, job=str(claimed.id), attempts=claimed.attempts, error=name)
        attempts = min(claimed.attempts, PATIENCE) if is_transient(error) else claimed.attempts
        wait = delay(attempts)
        state = "dead" if attempts >= MAX_ATTEMPTS else "pending"
        if isinstance(declared, JobType) and declared.every is not None:  # what recurs never ends
            wait, state = min(wait, declared.every), "pending"
        telemetry.JOBS.labels(claimed.kind, "dead" if state == "dead" else "failed").inc()
        self.unrecorded += 1
        try:
            await self._record(claimed, state, wait, attempts=attempts, error=name)
        finally:
            self.unrecorded -= 1

    async def _record(self, claimed: Job, state: str, wait: timedelta, *, attempts: int, error: str) -> None:
        """Write the failure down, once the database is there; after the lease another worker has the job."""
        lease_ends = self._clock.now() + LEASE
        while True:
            try:
                async with self._database.as_system() as tx:
                    await self._return(tx, claimed, state, self._clock.now() + wait, attempts=attempts, error=error)
            except Exception as second:
                if not is_transient(second):
                    raise
                if self._clock.now() >= lease_ends:
                    log.warning("job.left_to_its_lease", kind=claimed.kind, job=str(claimed.id))
                    return
                await asyncio.sleep(POLL_SECONDS)
            else:
                return

    async def _return(
        self, tx: Transaction, claimed: Job, state: str, due: datetime, *, attempts: int, error: str | None
    ) -> int:
        return await tx.execute(
            RETURN_TO_QUEUE,
            {
                "id": claimed.id,
                "token": claimed.token,
                "asked": claimed.asked,
                "now": self._clock.now(),
                "state": state,
                "due": due,
                "attempts": attempts,
                "error": error,
            },
        )


def delay(attempts: int) -> timedelta:
    """Time until the next attempt: doubled each time, with up to a fifth of jitter, at most an hour."""
    doubled = FIRST_DELAY * 2 ** min(attempts - 1, 12)
    return min(doubled, LONGEST_DELAY) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter, not a secret
