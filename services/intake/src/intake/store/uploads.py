"""Large files on their way in: staged under an id that no referral has yet, then accepted or abandoned.

A request adds; only jobs delete.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from kit.database import Transaction
from kit.values import value

BEGIN = text("""
    INSERT INTO upload (id, tenant, testmode, state, touched_at) VALUES (:id, :tenant, :testmode, 'staging', :now)
""")

# Both lock the row: nothing is added to, or accepted of, what a job is taking away.
TOUCH = text("UPDATE upload SET touched_at = :now WHERE id = :id AND state = 'staging'")
SETTLE = text("UPDATE upload SET state = :state WHERE id = :id AND state = 'staging'")

# A name that somebody gave goes before the same name made up by us; two given ones are a contradiction.
CLAIM = text("""
    INSERT INTO upload_reference (upload_id, reference_key, tenant, given)
    SELECT :upload, key, :tenant, :given FROM unnest(CAST(:keys AS bytea[])) AS wanted (key) ORDER BY key
    ON CONFLICT (upload_id, reference_key) DO UPDATE SET given = true
        WHERE excluded.given AND NOT upload_reference.given
    RETURNING reference_key
""")

LOCK = text("SELECT state FROM upload WHERE id = :id FOR UPDATE")

STALE = text("""
    WITH stale AS (SELECT id FROM upload WHERE state = 'staging' AND touched_at < :before
                   ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED)
    UPDATE upload u SET state = 'abandoned' FROM stale WHERE u.id = stale.id RETURNING u.id, u.tenant
""")

# Entries of an upload are nobody else's: their positions are in the order of their ids.
DROP_ENTRIES = text("""
    WITH gone AS (SELECT id FROM entry WHERE referral_id = :id ORDER BY position LIMIT :limit FOR UPDATE),
         parts AS (DELETE FROM entry_part p USING gone WHERE p.entry_id = gone.id)
    DELETE FROM entry e USING gone WHERE e.id = gone.id
""")
DROP_PAYLOAD = text("""
    WITH gone AS (SELECT referral_id, version, chunk FROM payload WHERE referral_id = :id
                  ORDER BY version, chunk LIMIT :limit FOR UPDATE)
    DELETE FROM payload p USING gone
    WHERE (p.referral_id, p.version, p.chunk) = (gone.referral_id, gone.version, gone.chunk)
""")
DROP_REFERENCES = text("""
    WITH gone AS (SELECT upload_id, reference_key FROM upload_reference WHERE upload_id = :id
                  ORDER BY reference_key LIMIT :limit FOR UPDATE)
    DELETE FROM upload_reference r USING gone
    WHERE r.upload_id = gone.upload_id AND r.reference_key = gone.reference_key
""")
DROP = text("DELETE FROM upload WHERE id = :id")


@value
class Stale:
    """An upload that nobody went on with."""

    id: UUID
    tenant: str


async def touch(tx: Transaction, upload: UUID, now: datetime) -> bool:
    """Keep it for another while. False where it was given up already."""
    return (await tx.execute(TOUCH, {"id": upload, "now": now})) == 1


async def settle(tx: Transaction, upload: UUID, state: str) -> bool:
    """Accept or abandon what is being staged. False where it is not any more."""
    return (await tx.execute(SETTLE, {"id": upload, "state": state})) == 1


async def claim(tx: Transaction, upload: UUID, tenant: str, keys: Sequence[bytes], *, given: bool) -> set[bytes]:
    """Those of the reference keys (each told once) that no earlier entry of the upload has; they are taken now."""
    if not keys:
        return set()
    rows = await tx.rows(CLAIM, {"upload": upload, "tenant": tenant, "given": given, "keys": list(keys)})
    return {bytes(row.reference_key) for row in rows}


async def abandon_stale(tx: Transaction, before: datetime) -> list[Stale]:
    """Give up what was not touched since a moment."""
    return [Stale(id=row.id, tenant=row.tenant) for row in await tx.rows(STALE, {"before": before})]


async def drop_next(tx: Transaction, upload: UUID, limit: int) -> bool:
    """Delete the next rows of an upload that is over: of an accepted one what only staging needed.

    Answers whether more are left; an upload that is still being staged has none to delete.
    """
    state = await tx.scalar(LOCK, {"id": upload})
    if state is None or state == "staging":
        return False
    emptying = [DROP_REFERENCES] if state == "accepted" else [DROP_REFERENCES, DROP_PAYLOAD, DROP_ENTRIES]
    for statement in emptying:
        if await tx.execute(statement, {"id": upload, "limit": limit}):
            return True
    await tx.execute(DROP, {"id": upload})
    return False
