"""Other services' events become our commands, batch by batch. Contract types end here."""

from collections.abc import Sequence
from uuid import UUID

from contracts.envelope import Envelope
from contracts.events.identifications import IdentificationCancelled, IdentificationRequested
from contracts.events.jurisdictions import AssignmentCreated, AssignmentWithdrawn
from isp_liaison.application import Application
from isp_liaison.commands.cancel import cancel
from isp_liaison.commands.collect import Collect, collect
from isp_liaison.commands.hold import Hold, hold
from isp_liaison.domain.entries import EntryId, Provenance
from kit.access import CENTRE_TENANT
from kit.database import Transaction
from kit.dispatch import Received
from kit.encryption import from_field

BUREAU = "bureau-"


async def identifications_requested(
    app: Application, tx: Transaction, batch: Sequence[Received[IdentificationRequested]]
) -> None:
    """Captures whose subscribers routing wants become lines in drafts."""
    await collect(app, tx, [_collect(one.envelope, one.event) for one in batch])


async def identifications_cancelled(
    _app: Application, tx: Transaction, batch: Sequence[Received[IdentificationCancelled]]
) -> None:
    """What was asked is moot."""
    await cancel(tx, [EntryId(one.event.entry) for one in batch])


async def assignments_created(_app: Application, tx: Transaction, batch: Sequence[Received[AssignmentCreated]]) -> None:
    """A suspect or victim has a holder, whose officers may open its subscriber records."""
    await hold(tx, [_holding(one.envelope, one.event.entry, _tenant(one.event)) for one in batch])


async def assignments_withdrawn(
    _app: Application, tx: Transaction, batch: Sequence[Received[AssignmentWithdrawn]]
) -> None:
    """Nobody holds it any more."""
    await hold(tx, [_holding(one.envelope, one.event.entry, None) for one in batch])


def _collect(envelope: Envelope, told: IdentificationRequested) -> Collect:
    authority = told.foreign_authority
    return Collect(
        of=Provenance(
            entry=EntryId(told.entry),
            kind=told.kind,
            referral=told.referral,
            investigation=told.investigation,
            tenant=envelope.tenant,
            testmode=envelope.testmode,
            priority=envelope.priority,
            handling=envelope.handling,
            foreign_investigating=authority is not None and authority.investigating,
        ),
        key=told.personal.key,
        sealed=from_field(told.personal),
    )


def _holding(envelope: Envelope, entry: UUID, holder: str | None) -> Hold:
    return Hold(
        entry=EntryId(entry),
        tenant=envelope.tenant,
        testmode=envelope.testmode,
        holder_tenant=holder,
        sequence=envelope.sequence,
    )


def _tenant(told: AssignmentCreated) -> str:
    """Routing says which tenant it is; events from before it did name the body alone."""
    if told.holder_tenant is not None:
        return told.holder_tenant
    if told.holder == CENTRE_TENANT:
        return CENTRE_TENANT
    return f"partner:{told.holder}" if told.holder.startswith(BUREAU) else f"agency:{told.holder}"
