"""Events of routing and isp-liaison become the progress that a partner sees.

Every handler keeps the newest state by the event's sequence, so all of them are commutative.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from contracts.events.identifications import IdentificationCompleted, IdentificationRequested
from contracts.events.jurisdictions import (
    AssignmentAccepted,
    AssignmentCreated,
    AssignmentDeclined,
    AssignmentMoved,
    AssignmentWithdrawn,
    JurisdictionDetermined,
    JurisdictionUndetermined,
    OfAssignment,
)
from intake.application import Intake
from intake.commands import advance
from intake.domain.progress import Answered, Assigned, Determined, Requested
from kit.database import Transaction
from kit.dispatch import Received

AssignmentT = TypeVar("AssignmentT", bound=OfAssignment)


async def jurisdictions_determined(
    _app: Intake, tx: Transaction, batch: Sequence[Received[JurisdictionDetermined]]
) -> None:
    """Evidence named a body."""
    states = [
        Determined(
            entry=one.event.entry,
            sequence=one.envelope.sequence,
            word="determined",
            branch=one.event.branch,
            country=one.event.country,
            province=one.event.province,
        )
        for one in batch
    ]
    await advance.determined(tx, states)


async def jurisdictions_undetermined(
    _app: Intake, tx: Transaction, batch: Sequence[Received[JurisdictionUndetermined]]
) -> None:
    """No evidence names a body."""
    states = [
        Determined(
            entry=one.event.entry,
            sequence=one.envelope.sequence,
            word="undetermined",
            branch=None,
            country=None,
            province=None,
        )
        for one in batch
    ]
    await advance.determined(tx, states)


async def assignments_created(_app: Intake, tx: Transaction, batch: Sequence[Received[AssignmentCreated]]) -> None:
    """A body holds the entry."""
    await advance.assigned(tx, [_assignment(one, "assigned", one.event.assigned_at) for one in batch])


async def assignments_accepted(_app: Intake, tx: Transaction, batch: Sequence[Received[AssignmentAccepted]]) -> None:
    """The holder took responsibility."""
    await advance.assigned(tx, [_assignment(one, "accepted", one.event.accepted_at) for one in batch])


async def assignments_declined(_app: Intake, tx: Transaction, batch: Sequence[Received[AssignmentDeclined]]) -> None:
    """The holder handed the entry back; its successor's event follows."""
    await advance.assigned(
        tx, [_assignment(one, "declined", one.event.declined_at, one.event.successor) for one in batch]
    )


async def assignments_moved(_app: Intake, tx: Transaction, batch: Sequence[Received[AssignmentMoved]]) -> None:
    """New evidence moved the entry; its successor's event follows."""
    await advance.assigned(tx, [_assignment(one, "moved", one.event.moved_at, one.event.successor) for one in batch])


async def assignments_withdrawn(_app: Intake, tx: Transaction, batch: Sequence[Received[AssignmentWithdrawn]]) -> None:
    """Nobody holds the entry any more, because its partner withdrew it."""
    await advance.assigned(tx, [_assignment(one, "withdrawn", one.event.withdrawn_at) for one in batch])


def _assignment(one: Received[AssignmentT], word: str, at: datetime, successor: UUID | None = None) -> Assigned:
    return Assigned(
        entry=one.event.entry,
        sequence=one.envelope.sequence,
        assignment=one.event.assignment,
        word=word,
        holder=one.event.holder,
        at=at,
        successor=successor,
    )


async def identifications_requested(
    _app: Intake, tx: Transaction, batch: Sequence[Received[IdentificationRequested]]
) -> None:
    """A provider is going to be asked."""
    await advance.requested(
        tx,
        [Requested(entry=one.event.entry, sequence=one.envelope.sequence, at=one.event.requested_at) for one in batch],
    )


async def identifications_completed(
    _app: Intake, tx: Transaction, batch: Sequence[Received[IdentificationCompleted]]
) -> None:
    """A provider answered, and the answer was checked."""
    await advance.answered(
        tx,
        [
            Answered(
                entry=one.event.entry,
                sequence=one.envelope.sequence,
                outcome=one.event.outcome,
                at=one.event.completed_at,
                open_lines=one.event.open_lines,
            )
            for one in batch
        ],
    )
