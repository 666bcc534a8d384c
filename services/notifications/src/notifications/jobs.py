"""Due work of notifications. Only `attempt` calls outside, with no transaction open."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from kit.database import Transaction
from kit.jobs import Again, Done, Job, Outcome
from notifications.application import Application
from notifications.commands import deliver, lanes
from notifications.commands import escalate as escalating
from notifications.commands import freeze as freezing
from notifications.commands import replay as replaying
from notifications.commands.deliver import Lane
from notifications.domain.deliveries import Tried
from notifications.domain.endpoints import EndpointId


async def freeze(app: Application, tx: Transaction, due: Sequence[Job]) -> None:
    """Notices have collected long enough."""
    await freezing.freeze(tx, [UUID(job.key) for job in due], app.public_url)


async def escalate(app: Application, tx: Transaction, job: Job, _result: Any) -> Outcome:
    """Nobody has acknowledged a notice in time, perhaps."""
    return _until(await escalating.escalate(tx, UUID(job.key), app.public_url))


async def attempt(app: Application, job: Job) -> Tried | None:
    """Send what one lane of an endpoint has due, if it has."""
    async with app.database.as_system() as tx:
        message = await deliver.next_message(tx, _lane(job))
    return None if message is None else await app.webhooks.send(message)


async def settle(app: Application, tx: Transaction, job: Job, tried: Tried | None) -> Outcome:
    """Record the attempt; run again when the lane has something due."""
    if tried is not None:
        await deliver.record(tx, tried, app.jitter())
    return _until(await deliver.next_run(tx, _lane(job)))


async def wake(app: Application, tx: Transaction, job: Job, _result: Any) -> Outcome:
    """A request left something for an endpoint's lanes."""
    lanes.wake(tx, EndpointId(UUID(job.payload["endpoint"])), job.tenant, app.clock.now())
    return Done()


async def replay(app: Application, tx: Transaction, job: Job, _result: Any) -> Outcome:
    """One round of a replay."""
    await replaying.replay(tx, replaying.read_round(job.payload), app.public_url)
    return Done()


def _lane(job: Job) -> Lane:
    return Lane(endpoint=UUID(job.payload["endpoint"]), number=job.payload["lane"])


def _until(at: datetime | None) -> Outcome:
    return Done() if at is None else Again(at)
