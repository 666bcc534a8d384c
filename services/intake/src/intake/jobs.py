"""Due work: the events of large files, and forgetting old idempotency keys and what was staged in vain."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from intake.application import Intake
from intake.commands import forget
from intake.commands.publish import key_of, publish_next, window
from kit import telemetry
from kit.database import Transaction
from kit.encryption import DataKey
from kit.jobs import Again, Done, Job, Outcome

log = telemetry.logger(__name__)

LOOK_AGAIN = timedelta(milliseconds=200)


async def open_key(app: Intake, job: Job) -> DataKey | None:
    """The referral's data key, unless it was destroyed; asked for before the transaction of `publish` is open."""
    async with app.database.as_system() as tx:
        key_id = await key_of(tx, UUID(job.payload["referral"]))
    key = None if key_id is None else await app.key(key_id)
    if key is None:
        log.warning("publish.key_gone", referral=job.payload["referral"])
    return key


async def publish(app: Intake, tx: Transaction, job: Job, key: DataKey | None) -> Outcome:
    """The next chunk of a large file's events, once the ones before are determined, or have had their time."""
    referral, now, settings = UUID(job.payload["referral"]), app.clock.now(), app.settings
    last = await window(tx, referral, among=settings.publish_ahead)
    crowded = last.ahead > 0 and last.ahead + settings.publish_chunk > settings.publish_ahead
    if crowded and last.told_at is not None and now - last.told_at < settings.publish_patience:
        return Again(now + LOOK_AGAIN)
    more = await publish_next(tx, referral, key, most=settings.publish_chunk, most_bytes=settings.publish_bytes)
    return Again(now) if more else Done()


async def forget_keys(app: Intake, tx: Transaction, _job: Job, _result: Any) -> Outcome:
    """The next idempotency keys beyond their time."""
    now, settings = app.clock.now(), app.settings
    more = await forget.forget_keys(tx, now - settings.idempotency_kept, settings.forget_chunk)
    return Again(now) if more else Done()


async def give_up_uploads(app: Intake, tx: Transaction, _job: Job, _result: Any) -> Outcome:
    """Batches of which nothing came for long."""
    now = app.clock.now()
    await forget.give_up_uploads(tx, now - app.settings.upload_kept, now)
    return Done()


async def forget_upload(app: Intake, tx: Transaction, job: Job, _result: Any) -> Outcome:
    """The next rows of a batch that was given up, or of what only staging it needed."""
    more = await forget.forget_upload(tx, UUID(job.payload["upload"]), app.settings.forget_chunk)
    return Again(app.clock.now()) if more else Done()
