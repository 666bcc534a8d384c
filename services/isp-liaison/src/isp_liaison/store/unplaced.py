"""Captures that no provider could be asked about, each with the reason, until a person has looked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from isp_liaison.domain.entries import EntryId
from isp_liaison.store import tables
from kit.database import Transaction
from kit.rows import arrays_of, inserting

INSERT = inserting(tables.unplaced, conflict="ON CONFLICT DO NOTHING")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplaced:
    """A capture that gets no line, by its place in the referral."""

    id: UUID
    tenant: str
    testmode: bool
    entry: EntryId
    referral: UUID
    investigation: UUID
    item: str
    grade: str
    asn: int | None
    why: str
    recorded_at: datetime


async def add(tx: Transaction, unplaced: Sequence[Unplaced]) -> None:
    """Keep what could not be asked, once each."""
    if unplaced:
        await tx.execute(INSERT, arrays_of(tables.unplaced, unplaced))
