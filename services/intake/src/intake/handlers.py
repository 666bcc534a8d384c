"""Events of routing and isp-liaison become the progress that a partner sees.

The newest state counts, by the event's sequence, so all of them are commutative, and one function takes what a batch
tells of whichever facet.
"""

from collections.abc import Sequence
from typing import TypeAlias, assert_never

from contracts.events.identifications import IdentificationCompleted, IdentificationRequested
from contracts.events.jurisdictions import (
    AssignmentAccepted,
    AssignmentCreated,
    AssignmentDeclined,
    AssignmentMoved,
    AssignmentWithdrawn,
    JurisdictionDetermined,
    JurisdictionUndetermined,
)
from intake.application import Intake
from intake.commands.advance import advance
from intake.domain.progress import Answered, Assigned, Determined, Requested, State
from kit.database import Transaction
from kit.dispatch import Received

OfAssignment: TypeAlias = (
    AssignmentCreated | AssignmentAccepted | AssignmentDeclined | AssignmentMoved | AssignmentWithdrawn
)
Progress: TypeAlias = (
    JurisdictionDetermined | JurisdictionUndetermined | OfAssignment | IdentificationRequested | IdentificationCompleted
)


async def entries_advanced(_app: Intake, tx: Transaction, batch: Sequence[Received[Progress]]) -> None:
    """Entries got on their way: determined, assigned, identified."""
    await advance(tx, [_state(one.event, one.envelope.sequence) for one in batch])


def _state(event: Progress, sequence: int) -> State:
    match event:
        case JurisdictionDetermined():
            return Determined(
                entry=event.entry,
                sequence=sequence,
                word="determined",
                branch=event.branch,
                country=event.country,
                province=event.province,
            )
        case JurisdictionUndetermined():
            return Determined(
                entry=event.entry, sequence=sequence, word="undetermined", branch=None, country=None, province=None
            )
        case IdentificationRequested(requested_at=at):
            return Requested(entry=event.entry, sequence=sequence, at=at)
        case IdentificationCompleted(completed_at=at):
            return Answered(
                entry=event.entry, sequence=sequence, outcome=event.outcome, at=at, open_lines=event.open_lines
            )
        case _:
            return _assigned(event, sequence)


def _assigned(event: OfAssignment, sequence: int) -> Assigned:
    match event:
        case AssignmentCreated(assigned_at=at):
            word, successor = "assigned", None
        case AssignmentAccepted(accepted_at=at):
            word, successor = "accepted", None
        case AssignmentDeclined(declined_at=at, successor=successor):
            word = "declined"
        case AssignmentMoved(moved_at=at, successor=successor):
            word = "moved"
        case AssignmentWithdrawn(withdrawn_at=at):
            word, successor = "withdrawn", None
        case _:
            assert_never(event)
    return Assigned(
        entry=event.entry,
        sequence=sequence,
        assignment=event.assignment,
        word=word,
        holder=event.holder,
        at=at,
        successor=successor,
    )
