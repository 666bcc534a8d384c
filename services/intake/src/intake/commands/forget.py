"""Idempotency keys are promised for 30 days, not for ever; what came of a file that never ended is not kept."""

from datetime import datetime
from uuid import UUID

from intake.commands.uploading import forget_later
from intake.store import referrals, uploads
from kit.database import Transaction


async def forget_keys(tx: Transaction, before: datetime, chunk: int) -> bool:
    """Forget keys that were used before a moment, at most `chunk` at once. Whether there may be more."""
    return await tx.execute(referrals.EXPIRE_KEYS, {"before": before, "chunk": chunk}) == chunk


async def give_up_uploads(tx: Transaction, before: datetime, now: datetime) -> None:
    """Abandon uploads of which nothing came since a moment: their processes died, or their senders left."""
    for stale in await uploads.abandon_stale(tx, before):
        tx.wake(forget_later(stale.id, stale.tenant, now))


async def forget_upload(tx: Transaction, upload: UUID, rows: int) -> bool:
    """Delete the next rows of an upload that is over. Answers whether more are left."""
    return await uploads.drop_next(tx, upload, rows)
