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
    """Work to be done once. One row per (kind, key): a second one with the same key is dropped.

    Also while the first runs, or is dead: work that must not be missed needs a key of its own.
    """

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
Apply = Callable[[Any, Any, Job, Any], Awaitable[Outcome]]
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


async def insert(tx: Executing, new: Sequence[NewJob]) -> None:
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
