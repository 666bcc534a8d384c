"""The events of a large file, a chunk in a transaction; until the last one its progress says *receiving*.

A chunk waits while many entries of the file are on their way: what stands on a topic is read in its order, and a
single urgent suspect would otherwise wait behind a hundred thousand others. Waiting in our table, they let it pass.
"""

from datetime import datetime
from itertools import takewhile
from uuid import UUID

from intake.commands import announcing
from intake.commands.announcing import Frame, Told
from intake.domain.priority import Priority
from intake.domain.referral import Kind
from intake.store import entries as entry_store
from intake.store import referrals as referral_store
from kit.database import Transaction
from kit.encryption import DataKey
from kit.executing import Row
from kit.values import value


async def key_of(tx: Transaction, referral_id: UUID) -> UUID | None:
    """The id of the referral's data key."""
    return await tx.scalar(referral_store.KEY_OF, {"id": referral_id})


@value
class Window:
    """How many of a file's entries told last are not determined yet, as routing says, and when that was."""

    ahead: int
    told_at: datetime | None


async def window(tx: Transaction, referral_id: UUID, among: int) -> Window:
    """What of the file is on its way, of the `among` entries told last."""
    row = await tx.row(entry_store.WINDOW, {"referral": referral_id, "among": among})
    return Window(ahead=0, told_at=None) if row is None else Window(ahead=row.ahead, told_at=row.published_at)


async def publish_next(tx: Transaction, referral_id: UUID, key: DataKey | None, *, most: int, most_bytes: int) -> bool:
    """Tell the next entries. Answers whether more are left; a file whose key was destroyed has none."""
    referral = await tx.row(referral_store.LOCK, {"id": referral_id})
    if referral is None or referral.state == "accepted" or key is None:
        return False
    rows = await tx.rows(
        entry_store.NEXT_TO_PUBLISH,
        {"referral": referral_id, "after": referral.published_to, "limit": most},
    )
    parts = await entry_store.parts_of(tx, rows, most_bytes=most_bytes)
    fitting = list(takewhile(lambda row: row.id in parts, rows))
    assert fitting or not rows  # noqa: S101 - an entry has a part, and the first always fits
    frame = await _frame(tx, referral)
    for row in fitting:
        told = Told(
            id=row.id,
            kind=Kind(row.kind),
            role=row.role,
            grade=row.grade,
            priority=Priority(row.priority),
            factors=row.factors,
            handling=row.handling,
            parts=parts[row.id],
        )
        for event, origin in announcing.reported(frame, told, key):
            tx.publish(event, origin)
    more = len(rows) == most or len(fitting) < len(rows)
    last = fitting[-1].position if fitting else referral.published_to
    await tx.execute(
        referral_store.SET_PUBLISHED,
        {"id": referral_id, "to": last, "now": tx.now(), "state": "receiving" if more else "accepted"},
    )
    return more


async def _frame(tx: Transaction, referral: Row) -> Frame:
    stored = await tx.row(referral_store.FRAME, {"id": referral.id, "version": referral.version})
    assert stored is not None  # noqa: S101 - a referral has its current version
    return Frame(
        referral=referral.id,
        number=referral.number,
        version=stored.version,
        tenant=referral.tenant,
        testmode=referral.testmode,
        received_at=stored.received_at,
        **announcing.frame_fields(stored.frame),
    )
