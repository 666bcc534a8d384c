"""A service without business: what the kit's mechanisms are tested through."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from contracts import ids
from contracts.events.entries import SuspectWithdrawn
from contracts.events.referrals import ReferralReceived
from contracts.model import Contract
from kit.database import Database, Transaction
from kit.dispatch import Dispatcher, Received, on
from kit.testing.databases import TestDatabase
from kit.time import SystemClock

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

RECORD = text("""
    INSERT INTO effect (event, key, number)
    SELECT * FROM unnest(CAST(:events AS uuid[]), CAST(:keys AS text[]), CAST(:numbers AS int[]))
""")
EFFECTS = "SELECT event, key, number FROM probe.effect ORDER BY id"


class PoisonError(Exception):
    """What a handler does not expect."""


@dataclass
class Application:
    """Notes what it handles, and fails where a test says so."""

    fails: Callable[[Received[Any]], bool] = field(default=lambda _received: False)
    interrupt: Callable[[], None] = field(default=lambda: None)
    batches: list[int] = field(default_factory=list)

    async def pause(self) -> None:
        """Between the effect and its commit."""


async def record(application: Application, tx: Transaction, batch: Sequence[Received[Any]]) -> None:
    """One row an event, in one statement."""
    application.batches.append(len(batch))
    application.interrupt()
    await tx.execute(
        RECORD,
        {
            "events": [received.envelope.id for received in batch],
            "keys": [received.envelope.partitionkey for received in batch],
            "numbers": [received.envelope.sequence for received in batch],
        },
    )
    if any(application.fails(received) for received in batch):
        raise PoisonError
    await application.pause()


DISPATCHER = Dispatcher([on(ReferralReceived, record), on(SuspectWithdrawn, record)])


def received(referral: UUID | None = None, version: int = 1) -> ReferralReceived:
    """An event."""
    return ReferralReceived(
        referral=referral or ids.new(),
        number="IL-2026-000001",
        partner="bureau-nl",
        format="native",
        version=version,
        received_at=NOW,
        suspects=1,
        victims=0,
    )


def withdrawn(suspect: UUID | None = None) -> Contract:
    """An event of another type."""
    return SuspectWithdrawn(suspect=suspect or ids.new(), referral=ids.new(), version=2, reason="retracted")


def database_of(database: TestDatabase) -> Database:
    """The probe's unit of work."""
    return Database(
        schema="probe",
        api_url=database.url("probe_api"),
        system_url=database.url("probe_system"),
        clock=SystemClock(),
    )
