"""Reads for partners and coordinators. Row-level security decides what is seen; the list order is newest first."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from kit.database import Transaction
from kit.executing import Row

BY_NUMBER = text("""
    SELECT r.id, r.number, r.tenant, r.reference, r.version, r.format, r.state, r.testmode, r.key_id, r.received_at,
           r.updated_at, v.receipt
    FROM referral r JOIN referral_version v ON v.referral_id = r.id AND v.version = r.version
    WHERE r.number = :number
""")

ENTRIES = text("""
    SELECT id, position, kind, role, state, review, grade, priority, label_nonce, label_data,
           determination, branch, country, province, assignment, holder, assignment_at,
           requested_at, answer, answered_at, open_lines
    FROM entry WHERE referral_id = :referral AND position > :after ORDER BY position LIMIT :limit
""")

# The tenant is named for the index; the policy would hold without it.
NEWEST = text("""
    SELECT r.id, r.number, r.tenant, r.reference, r.version, r.format, r.state, r.testmode, r.received_at, r.updated_at
    FROM referral r
    WHERE r.tenant = :tenant AND (CAST(:before AS uuid) IS NULL OR r.id < CAST(:before AS uuid))
    ORDER BY r.id DESC LIMIT :limit
""")

NEWEST_OF_ALL = text("""
    SELECT r.id, r.number, r.tenant, r.reference, r.version, r.format, r.state, r.testmode, r.received_at, r.updated_at
    FROM referral r
    WHERE CAST(:before AS uuid) IS NULL OR r.id < CAST(:before AS uuid)
    ORDER BY r.id DESC LIMIT :limit
""")

# The first row of each shard, by its key: however long the outbox is. Written by the database's clock, so read by it.
OLDEST_EVENT = text("""
    SELECT coalesce(extract(epoch FROM clock_timestamp() - min(o.created_at)), 0)
    FROM outbox_shard s
    CROSS JOIN LATERAL (SELECT created_at FROM outbox WHERE shard = s.shard ORDER BY id LIMIT 1) AS o
""")


async def oldest_event(tx: Transaction) -> float:
    """For how many seconds the oldest event has waited to be sent. As `system` only."""
    return float(await tx.scalar(OLDEST_EVENT))


async def referral(tx: Transaction, number: str) -> Row | None:
    """The referral of a number with its newest receipt, if the transaction may see it."""
    return await tx.row(BY_NUMBER, {"number": number})


async def entries(tx: Transaction, referral_id: UUID, after: int, limit: int) -> Sequence[Row]:
    """Entries with their progress, in the order of the file."""
    return await tx.rows(ENTRIES, {"referral": referral_id, "after": after, "limit": limit})


async def newest(tx: Transaction, tenant: str | None, before: UUID | None, limit: int) -> Sequence[Row]:
    """A page of referrals; those of all tenants where none is named (the centre)."""
    if tenant is None:
        return await tx.rows(NEWEST_OF_ALL, {"before": before, "limit": limit})
    return await tx.rows(NEWEST, {"tenant": tenant, "before": before, "limit": limit})
