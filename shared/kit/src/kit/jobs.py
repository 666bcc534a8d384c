"""Due work in Postgres: claimed in one transaction, called outside any, recorded in a second.

A request or handler only inserts the row. A worker claims it with a lease and a token, makes the outside call
with no transaction open, and applies the result in a transaction that holds only if the token still matches.
A crash between call and result repeats the call: calls carry a stable id and the same bytes.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from contracts import ids
from sqlalchemy import text

from kit import telemetry
from kit.faults import fault

if TYPE_CHECKING:
    from kit.database import Database, Transaction
    from kit.time import Clock

log = telemetry.logger(__name__)

LEASE = timedelta(minutes=2)
POLL_SECONDS = 0.5
AT_ONCE = 8
MAX_ATTEMPTS = 12
FIRST_DELAY = timedelta(seconds=1)
LONGEST_DELAY = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """Work to be done once. One due row per (kind, key): a second one with the same key is dropped."""

    kind: str
    key: str
    due_at: datetime
    tenant: str
    payload: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A claimed job. `attempts` counts this one."""

    id: UUID
    kind: str
    key: str
    tenant: str
    payload: Mapping[str, Any]
    attempts: int
    token: UUID


@dataclass(frozen=True, slots=True)
class Done:
    """The work is finished; the row goes."""


@dataclass(frozen=True, slots=True)
class Again:
    """The work continues at that time, as a fresh attempt."""

    at: datetime


Outcome = Done | Again
Apply = Callable[[Any, "Transaction", Job, Any], Awaitable[Outcome]]
Call = Callable[[Any, Job], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobType:
    """How one kind of job is done. `every` makes it recurring: its row is planted at start."""

    kind: str
    apply: Apply
    call: Call | None = None
    every: timedelta | None = None


def job(kind: str, *, apply: Apply, call: Call | None = None, every: timedelta | None = None) -> JobType:
    """Declare a kind of job in `service.py`."""
    return JobType(kind=kind, apply=apply, call=call, every=every)


INSERT = text("""
    INSERT INTO job (id, kind, key, due_at, tenant, payload)
    SELECT id, kind, key, due_at, tenant, CAST(payload AS jsonb) FROM unnest(
        CAST(:ids AS uuid[]), CAST(:kinds AS text[]), CAST(:keys AS text[]), CAST(:dues AS timestamptz[]),
        CAST(:tenants AS text[]), CAST(:payloads AS text[])
    ) AS j (id, kind, key, due_at, tenant, payload) ORDER BY kind, key
    ON CONFLICT DO NOTHING
""")

CLAIM = text("""
    WITH due AS (
        SELECT id FROM job
        WHERE kind = ANY (:kinds)
          AND ((state = 'pending' AND due_at <= :now) OR (state = 'running' AND lease_until <= :now))
        ORDER BY due_at, id LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE job j SET state = 'running', attempts = attempts + 1, lease_until = :lease, token = :token
    FROM due WHERE j.id = due.id
    RETURNING j.id, j.kind, j.key, j.tenant, j.payload, j.attempts
""")

FINISH = text("DELETE FROM job WHERE id = :id AND token = :token")

RETURN_TO_QUEUE = text("""
    UPDATE job SET state = :state, due_at = :due, attempts = :attempts, token = NULL, lease_until = NULL, error = :error
    WHERE id = :id AND token = :token
""")


async def insert(tx: "Transaction", new: Sequence[NewJob]) -> None:
    """Insert scheduled jobs; one whose (kind, key) is already due is left as it is."""
    if not new:
        return
    await tx.execute(
        INSERT,
        {
            "ids": [ids.new() for _ in new],
            "kinds": [job.kind for job in new],
            "keys": [job.key for job in new],
            "dues": [job.due_at for job in new],
            "tenants": [job.tenant for job in new],
            "payloads": [orjson.dumps(job.payload).decode() for job in new],
        },
    )


class LostLeaseError(Exception):
    """Another worker took the job over while we worked; its result counts."""


class Worker:
    """Does the due jobs of one service."""

    def __init__(self, types: Sequence[JobType], application: Any, database: "Database", clock: "Clock") -> None:
        self._types = {declared.kind: declared for declared in types}
        self._application = application
        self._database = database
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; what was claimed is finished first."""
        await self.plant()
        while not stop.is_set():
            if not await self.run_once():
                await _wait(stop, POLL_SECONDS)

    async def plant(self) -> None:
        """Insert the row of each recurring job where it is missing."""
        now = self._clock.now()
        async with self._database.as_system() as tx:
            for declared in self._types.values():
                if declared.every is not None:
                    tx.schedule(NewJob(kind=declared.kind, key="recurring", due_at=now, tenant="centre"))

    async def run_once(self) -> int:
        """Claim and do what is due now. Returns how many jobs were claimed."""
        claimed = await self._claim()
        async with asyncio.TaskGroup() as group:
            for one in claimed:
                group.create_task(self._do(one), name=f"job {one.kind}")
        return len(claimed)

    async def _claim(self) -> list[Job]:
        now, token = self._clock.now(), ids.new()
        async with self._database.as_system() as tx:
            rows = await tx.rows(
                CLAIM,
                {"kinds": list(self._types), "now": now, "lease": now + LEASE, "token": token, "limit": AT_ONCE},
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
                token=token,
            )
            for row in rows
        ]

    async def _do(self, claimed: Job) -> None:
        declared = self._types[claimed.kind]
        try:
            result = await declared.call(self._application, claimed) if declared.call else None
            fault("job.called")
            await self._apply(declared, claimed, result)
        except LostLeaseError:
            log.info("job.lease_lost", kind=claimed.kind, job=str(claimed.id))
        except Exception as error:  # noqa: BLE001 - the outermost runner of jobs classifies failures
            await self._failed(claimed, error)

    async def _apply(self, declared: JobType, claimed: Job, result: Any) -> None:
        async with self._database.as_system() as tx:
            outcome = await declared.apply(self._application, tx, claimed, result)
            if isinstance(outcome, Done) and declared.every is not None:
                outcome = Again(self._clock.now() + declared.every)
            match outcome:
                case Done():
                    finished = await tx.execute(FINISH, {"id": claimed.id, "token": claimed.token})
                case Again(at=at):
                    finished = await self._return(tx, claimed, "pending", at, attempts=0, error=None)
            if finished.rowcount != 1:
                raise LostLeaseError

    async def _failed(self, claimed: Job, error: Exception) -> None:
        name = type(error).__name__
        log.warning("job.failed", kind=claimed.kind, job=str(claimed.id), attempts=claimed.attempts, error=name)
        state = "dead" if claimed.attempts >= MAX_ATTEMPTS else "pending"
        due = self._clock.now() + delay(claimed.attempts)
        async with self._database.as_system() as tx:
            await self._return(tx, claimed, state, due, attempts=claimed.attempts, error=name)

    async def _return(
        self, tx: "Transaction", claimed: Job, state: str, due: datetime, *, attempts: int, error: str | None
    ) -> Any:
        return await tx.execute(
            RETURN_TO_QUEUE,
            {
                "id": claimed.id,
                "token": claimed.token,
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


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
