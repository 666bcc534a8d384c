"""Other services' events become our commands, batch by batch. Contract types end here."""

from collections.abc import Sequence
from datetime import date
from typing import TypeAlias
from uuid import UUID

from contracts.envelope import Envelope
from contracts.events.agencies import AgencyChanged, AgencyRetired
from contracts.events.identifications import (
    IdentificationCompleted,
    IdentificationDeadlineApproaching,
    IdentificationExpired,
)
from contracts.events.jurisdictions import (
    AssignmentAccepted,
    AssignmentCreated,
    AssignmentDeclined,
    AssignmentMoved,
    AssignmentOverdue,
    AssignmentWithdrawn,
    OfAssignment,
)
from contracts.model import Contract
from kit.database import Transaction
from kit.dispatch import Received
from notifications import messages
from notifications.application import Application
from notifications.commands.follow import Change, Hears, OfEntry, follow_assignments, follow_entries
from notifications.commands.know_agencies import know, retire
from notifications.commands.tell import Told
from notifications.domain.bodies import Agency, Retired

OfIdentification: TypeAlias = IdentificationCompleted | IdentificationDeadlineApproaching | IdentificationExpired


async def assignments_created(_app: Application, tx: Transaction, batch: Sequence[Received[AssignmentCreated]]) -> None:
    """Holders and copies learn of their suspects and victims."""
    await follow_assignments(
        tx,
        [
            _change(
                one.envelope,
                one.event,
                "assigned",
                Hears.HOLDER_AND_COPIES,
                copies=tuple(one.event.copies),
                tenant=one.event.holder_tenant,
            )
            for one in batch
        ],
    )


async def assignments_accepted(
    _app: Application, tx: Transaction, batch: Sequence[Received[AssignmentAccepted]]
) -> None:
    """Whoever accepted knows it."""
    await follow_assignments(tx, [_change(one.envelope, one.event, "accepted", Hears.NOBODY) for one in batch])


async def assignments_declined(
    _app: Application, tx: Transaction, batch: Sequence[Received[AssignmentDeclined]]
) -> None:
    """Copies learn that it is over. Whoever declined knows it; the successor has an event of its own."""
    await follow_assignments(tx, [_change(one.envelope, one.event, "ended", Hears.COPIES) for one in batch])


async def assignments_ended(
    _app: Application, tx: Transaction, batch: Sequence[Received[AssignmentMoved] | Received[AssignmentWithdrawn]]
) -> None:
    """Former holders and copies learn that it is no longer theirs."""
    await follow_assignments(tx, [_change(one.envelope, one.event, "ended", Hears.HOLDER_AND_COPIES) for one in batch])


async def assignments_overdue(_app: Application, tx: Transaction, batch: Sequence[Received[AssignmentOverdue]]) -> None:
    """Late holders are reminded, and the centre learns of it."""
    await follow_assignments(
        tx, [_change(one.envelope, one.event, "assigned", Hears.HOLDER_AND_CENTRE) for one in batch]
    )


async def identifications_told(_app: Application, tx: Transaction, batch: Sequence[Received[OfIdentification]]) -> None:
    """Present holders learn of answers and of days that come near or have passed."""
    await follow_entries(
        tx,
        [OfEntry(entry=one.event.entry, told=_told(one.envelope, one.event, one.event.referral)) for one in batch],
    )


async def agencies_changed(_app: Application, tx: Transaction, batch: Sequence[Received[AgencyChanged]]) -> None:
    """Bodies of the directory become known."""
    await know(
        tx,
        [
            Agency(
                id=one.event.agency,
                kind=one.event.kind,
                name_en=one.event.name_en,
                name_fr=one.event.name_fr,
                directory=one.event.directory,
                sequence=one.envelope.sequence,
            )
            for one in batch
        ],
    )


async def agencies_retired(_app: Application, tx: Transaction, batch: Sequence[Received[AgencyRetired]]) -> None:
    """Bodies take no more assignments."""
    await retire(
        tx,
        [
            Retired(
                id=one.event.agency,
                retired_on=date.fromisoformat(one.event.retired_on),
                sequence=one.envelope.sequence,
            )
            for one in batch
        ],
    )


def _change(
    envelope: Envelope,
    event: OfAssignment,
    state: str,
    hears: Hears,
    *,
    copies: tuple[str, ...] = (),
    tenant: str | None = None,
) -> Change:
    return Change(
        assignment=event.assignment,
        entry=event.entry,
        holder=event.holder,
        tenant=tenant,
        copies=copies,
        state=state,
        hears=hears,
        told=_told(envelope, event, event.referral),
    )


def _told(envelope: Envelope, event: Contract, referral: UUID) -> Told:
    return Told(
        event=envelope.id,
        type=envelope.type,
        referral=referral,
        testmode=envelope.testmode,
        priority=envelope.priority,
        origin=envelope.tenant,
        handling=envelope.handling,
        body=messages.of_event(envelope, event),
    )
