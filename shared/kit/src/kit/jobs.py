"""Due work in Postgres: claimed in one transaction, called outside any, recorded in a second.

A request or handler only inserts the row; `kit.worker` claims it with a lease and a token, makes the outside call
with no transaction open, and applies the result in a transaction that holds only if the token still matches.
A crash between call and result repeats the call: calls carry a stable id and the same bytes.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from contracts import ids
from kit.executing import Executing


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """Work to be done, one row per (kind, key).

    `tx.schedule` drops a second one with the same key, also while the first runs or is dead: for work that a key of
    its own names. `tx.wake` has it done at least once more, whatever the first is doing: for work that looks for
    itself what there is to do.
    """

    kind: str
    key: str
    due_at: datetime
    tenant: str
    payload: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A claimed job. `attempts` counts this one, `asked` how often it was woken before it was claimed.

    Its outside call is over at `call_until`, of the event loop's clock: whoever claims it next begins the same call.
    """

    id: UUID
    kind: str
    key: str
    tenant: str
    payload: Mapping[str, Any]
    attempts: int
    asked: int
    token: UUID
    call_until: float


@dataclass(frozen=True, slots=True)
class Done:
    """The work is finished; the row goes."""


@dataclass(frozen=True, slots=True)
class Again:
    """The work continues at that time, as a fresh attempt."""

    at: datetime


Outcome = Done | Again
Apply = Callable[[Any, Any, Job, Any], Awaitable[Outcome]]
ApplyAll = Callable[[Any, Any, Sequence[Job]], Awaitable[None]]
Call = Callable[[Any, Job], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobType:
    """How one kind of job is done. `every` makes it recurring: its row is planted at start."""

    kind: str
    apply: Apply
    call: Call | None = None
    every: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupType:
    """A kind of job whose due jobs are done in one transaction, set-based, all of them to their end."""

    kind: str
    apply: ApplyAll


def job(kind: str, *, apply: Apply, call: Call | None = None, every: timedelta | None = None) -> JobType:
    """Declare a kind of job in `service.py`."""
    return JobType(kind=kind, apply=apply, call=call, every=every)


def grouped(kind: str, *, apply: ApplyAll) -> GroupType:
    """Declare a kind of job that is done for all that are due at once; it makes no outside call."""
    return GroupType(kind=kind, apply=apply)


_GIVEN = """
    INSERT INTO job (id, kind, key, due_at, tenant, payload)
    SELECT id, kind, key, due_at, tenant, CAST(payload AS jsonb) FROM unnest(
        CAST(:ids AS uuid[]), CAST(:kinds AS text[]), CAST(:keys AS text[]), CAST(:dues AS timestamptz[]),
        CAST(:tenants AS text[]), CAST(:payloads AS text[])
    ) AS j (id, kind, key, due_at, tenant, payload) ORDER BY kind, key
"""
INSERT = text(f"{_GIVEN} ON CONFLICT DO NOTHING")
# Who runs the job compares `asked` before the row goes, so nobody is woken in vain.
WAKE = text(f"""{_GIVEN}
    ON CONFLICT (kind, key) DO UPDATE SET
        asked = job.asked + 1,
        due_at = CASE job.state WHEN 'dead' THEN excluded.due_at ELSE least(job.due_at, excluded.due_at) END,
        attempts = CASE job.state WHEN 'dead' THEN 0 ELSE job.attempts END,
        state = CASE job.state WHEN 'dead' THEN 'pending' ELSE job.state END
""")


async def insert(tx: Executing, new: Sequence[NewJob]) -> None:
    """Insert scheduled jobs; one whose (kind, key) is already due is left as it is."""
    if new:
        await tx.execute(INSERT, _arrays(new))


async def wake(tx: Executing, wanted: Sequence[NewJob]) -> None:
    """Insert jobs, or have those that are there run (again). One of each (kind, key): the earliest counts."""
    earliest: dict[tuple[str, str], NewJob] = {}
    for one in sorted(wanted, key=lambda one: one.due_at, reverse=True):
        earliest[one.kind, one.key] = one
    if earliest:
        await tx.execute(WAKE, _arrays(list(earliest.values())))


def _arrays(new: Sequence[NewJob]) -> dict[str, list[Any]]:
    return {
        "ids": [ids.new() for _ in new],
        "kinds": [job.kind for job in new],
        "keys": [job.key for job in new],
        "dues": [job.due_at for job in new],
        "tenants": [job.tenant for job in new],
        "payloads": [orjson.dumps(job.payload).decode() for job in new],
    }
