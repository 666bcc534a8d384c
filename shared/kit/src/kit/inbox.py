"""The inbox: an event acts once, however often it is delivered.

The ids are inserted in the transaction of the handler's effect, so id, effect and outgoing events stand or
fall together. By event id, not by offset: duplicates of the relay and replays have new offsets.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from kit.database import Transaction

# Sorted, because two batches that insert the same ids in opposite order deadlock even with DO NOTHING.
FRESH = text("""
    INSERT INTO inbox (event_id)
    SELECT id FROM unnest(CAST(:ids AS uuid[])) AS id ORDER BY id
    ON CONFLICT DO NOTHING
    RETURNING event_id
""")


async def fresh(tx: Transaction, ids: Sequence[UUID]) -> set[UUID]:
    """Record the events as seen and say which were not seen before."""
    rows = await tx.rows(FRESH, {"ids": list(dict.fromkeys(ids))})
    return {row[0] for row in rows}
