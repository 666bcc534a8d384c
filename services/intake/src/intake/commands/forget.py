"""Idempotency keys are promised for 30 days, not for ever."""

from datetime import datetime

from intake.store import referrals
from kit.database import Transaction


async def forget_keys(tx: Transaction, before: datetime) -> None:
    """Forget keys that were used before a moment, at most some thousands at once."""
    await tx.execute(referrals.EXPIRE_KEYS, {"before": before})
