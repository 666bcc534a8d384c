"""One investigation per referral, until a coordinator joins some."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from kit.database import Transaction
from kit.rows import arrays, inserting
from kit.values import value
from routing.store import tables

CLAIM = inserting(tables.investigation_referral, conflict="ON CONFLICT (referral) DO NOTHING RETURNING investigation")
INSERT = inserting(tables.investigation)
OF_REFERRALS = text("""
    SELECT referral, investigation FROM investigation_referral WHERE referral = ANY (CAST(:referrals AS uuid[]))
""")


@value
class Opening:
    """The investigation a referral would open."""

    id: UUID
    referral: UUID
    tenant: str
    testmode: bool


async def ensure(tx: Transaction, openings: Mapping[UUID, Opening], now: datetime) -> dict[UUID, UUID]:
    """The investigation of each referral; opened where there is none. Waits for whoever opens the same one."""
    rows = [
        {
            "referral": one.referral,
            "investigation": one.id,
            "id": one.id,
            "tenant": one.tenant,
            "testmode": one.testmode,
            "created_at": now,
        }
        for one in openings.values()
    ]
    claimed = {row.investigation for row in await tx.rows(CLAIM, arrays(tables.investigation_referral, rows))}
    opened = [row for row in rows if row["id"] in claimed]
    if opened:
        await tx.execute(INSERT, arrays(tables.investigation, opened))
    if len(opened) == len(rows):
        return {one.referral: one.id for one in openings.values()}
    known = await tx.rows(OF_REFERRALS, {"referrals": sorted(openings)})
    return {row.referral: row.investigation for row in known}
