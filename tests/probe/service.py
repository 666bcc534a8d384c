"""A service without business: what the kit's mechanisms are tested through."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from contracts import envelope, ids, registry
from contracts.envelope import Envelope
from contracts.events.entries import SuspectWithdrawn
from contracts.events.referrals import ReferralReceived
from contracts.model import Contract
from kit import parking
from kit.database import Database, Transaction
from kit.dispatch import Dispatcher, Received, on
from kit.producer import Record
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


@dataclass(frozen=True)
class Told:
    """An event as another service's relay would send it."""

    id: UUID
    record: Record


def record_of(event: Contract, *, payload: bytes | None = None, **changed: Any) -> Told:
    """An event's record; `changed` attributes of the envelope replace the right ones."""
    declared = registry.of(type(event))
    subject = str(getattr(event, declared.key))
    attributes: dict[str, Any] = {
        "id": ids.new(),
        "type": declared.type,
        "source": f"/interlink/{declared.topic.writer}",
        "subject": subject,
        "partitionkey": subject,
        "time": NOW,
        "dataschema": declared.dataschema,
        "correlationid": subject,
        "sequence": 1,
        "tenant": "centre",
        "testmode": False,
        "handling": "NONE",
        "priority": "P4",
    }
    told = Envelope(**(attributes | changed))
    data = event.model_dump_json(exclude_none=True).encode() if payload is None else payload
    record = Record(topic=declared.topic.name, key=subject.encode(), headers=envelope.encode(told), payload=data)
    return Told(told.id, record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A record as a client would hand it over."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


def standing(one: Told, offset: int) -> Standing:
    """The record at that offset."""
    return Standing(
        topic=one.record.topic,
        partition=0,
        offset=offset,
        timestamp=0,
        key=one.record.key,
        value=one.record.payload,
        headers=one.record.headers,
    )


async def released(probe: Database, *keys: list[Told]) -> None:
    """What stands behind these keys may be handled."""
    for told in keys:
        key = (told[0].record.topic, told[0].record.key or b"")
        async with probe.as_system() as tx:
            await parking.park(tx, (key, "0/0"))
            await parking.keep(tx, [(key, standing(one, number)) for number, one in enumerate(told, start=1)])
            await parking.release(tx, {(key, "0/0")})


def database_of(database: TestDatabase) -> Database:
    """The probe's unit of work."""
    return Database(
        schema="probe",
        api_url=database.url("probe_api"),
        system_url=database.url("probe_system"),
        clock=SystemClock(),
    )
