"""Other services' events become our commands, batch by batch. Contract types end here."""

from collections.abc import Sequence

from contracts.envelope import Envelope
from contracts.events.entries import (
    EntryState,
    SuspectAmended,
    SuspectReported,
    SuspectWithdrawn,
    VictimAmended,
    VictimReported,
    VictimWithdrawn,
)
from contracts.events.identifications import IdentificationCompleted
from kit.database import Transaction
from kit.dispatch import Received
from kit.encryption import from_field
from routing.application import Application
from routing.commands.identify import identify
from routing.commands.register import Register, register
from routing.commands.withdraw import Withdraw, withdraw
from routing.domain.assigning import EntryId
from routing.domain.entries import Answer, Entry, Kind, Part


async def suspects_told(
    app: Application, tx: Transaction, batch: Sequence[Received[SuspectReported] | Received[SuspectAmended]]
) -> None:
    """Intake's suspects, new or amended, become entries we route."""
    told = [_register(one.envelope, EntryId(one.event.suspect), Kind.SUSPECT, one.event) for one in batch]
    await register(app, tx, told)


async def victims_told(
    app: Application, tx: Transaction, batch: Sequence[Received[VictimReported] | Received[VictimAmended]]
) -> None:
    """Intake's victims and intended recipients, new or amended, become entries we route."""
    told = [_register(one.envelope, EntryId(one.event.victim), Kind.VICTIM, one.event) for one in batch]
    await register(app, tx, told)


async def suspects_withdrawn(_app: Application, tx: Transaction, batch: Sequence[Received[SuspectWithdrawn]]) -> None:
    """A referral no longer names these suspects."""
    await withdraw(tx, [_withdraw(one.envelope, EntryId(one.event.suspect), one.event.version) for one in batch])


async def victims_withdrawn(_app: Application, tx: Transaction, batch: Sequence[Received[VictimWithdrawn]]) -> None:
    """A referral no longer names these victims."""
    await withdraw(tx, [_withdraw(one.envelope, EntryId(one.event.victim), one.event.version) for one in batch])


async def identifications_completed(
    app: Application, tx: Transaction, batch: Sequence[Received[IdentificationCompleted]]
) -> None:
    """Providers' checked answers become evidence."""
    await identify(app, tx, [_answer(one.event) for one in batch])


def _register(
    envelope: Envelope,
    entry: EntryId,
    kind: Kind,
    told: EntryState,
) -> Register:
    sealed = from_field(told.personal)
    return Register(
        entry=Entry(
            id=entry,
            tenant=envelope.tenant,
            testmode=envelope.testmode,
            kind=kind,
            role=told.role,
            referral=told.referral,
            number=told.number,
            investigation=told.referral,
            version=told.version,
            priority=envelope.priority,
            handling=envelope.handling,
            grade=told.grade,
            offence_type=told.offence_type,
            offence_basis=told.offence_basis,
            foreign_authority=None if told.foreign_authority is None else told.foreign_authority.model_dump(),
            incident_at=told.incident_at,
            received_at=told.received_at,
            factors=tuple(told.factors),
        ),
        part=Part(
            entry=entry,
            version=told.version,
            part=told.part,
            parts=told.parts,
            tenant=envelope.tenant,
            testmode=envelope.testmode,
            key=told.personal.key,
            nonce=sealed.nonce,
            data=sealed.data,
        ),
    )


def _withdraw(envelope: Envelope, entry: EntryId, version: int) -> Withdraw:
    return Withdraw(entry=entry, version=version, tenant=envelope.tenant, testmode=envelope.testmode)


def _answer(told: IdentificationCompleted) -> Answer:
    return Answer(
        entry=EntryId(told.entry),
        line=told.line,
        request=told.request,
        outcome=told.outcome,
        completed_at=told.completed_at,
        country=told.country,
        province=told.province,
        municipality=told.municipality,
        postal_area=told.postal_area,
        record=told.record,
    )
