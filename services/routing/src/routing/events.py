"""Our outcomes in the contracts' words: the only place where routing's events are made."""

from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.events.identifications import IdentificationCancelled, IdentificationRequested
from contracts.events.jurisdictions import (
    AssignmentAccepted,
    AssignmentCreated,
    AssignmentDeclined,
    AssignmentMoved,
    AssignmentOverdue,
    AssignmentWithdrawn,
    JurisdictionDetermined,
    JurisdictionUndetermined,
)
from contracts.model import Encrypted, ForeignAuthority
from kit.outbox import Origin
from routing.domain.assigning import Accepted, Assigned, Declined, Moved, Terms, Withdrawn
from routing.domain.determinations import Stored
from routing.domain.entries import Entry, Provenance


def origin(of: Provenance) -> Origin:
    """What an event inherits from its referral."""
    return Origin(
        tenant=of.tenant,
        testmode=of.testmode,
        handling=of.handling,
        priority=of.priority,
        correlation=of.referral,
    )


def determined(of: Provenance, made: Stored) -> JurisdictionDetermined | JurisdictionUndetermined:
    """The outcome of a determination."""
    if made.reason is not None:
        return JurisdictionUndetermined(
            **_entry(of),
            determination=made.id,
            version=made.version,
            reason=made.reason,
            snapshot=made.snapshot,
            directory=made.directory,
            determined_at=made.determined_at,
        )
    return JurisdictionDetermined(
        **_entry(of),
        determination=made.id,
        version=made.version,
        branch=made.branch,
        body=made.body,
        first_hop=made.first_hop,
        copies=made.copies,
        rule=made.rule,
        confidence=made.confidence,
        country=made.country,
        province=made.province,
        snapshot=made.snapshot,
        directory=made.directory,
        determined_at=made.determined_at,
    )


def created(of: Provenance, assigned: Assigned, determination: UUID, *, holder_tenant: str) -> AssignmentCreated:
    """An entry has a holder; `holder_tenant` is whose officers may act on it."""
    terms = assigned.terms
    return AssignmentCreated(
        **_assignment(of, terms),
        determination=determination,
        body=terms.body,
        copies=list(terms.copies),
        hop=terms.hop,
        assigned_at=terms.assigned_at,
        due_at=terms.due_at,
        holder_tenant=holder_tenant,
    )


def accepted(of: Provenance, one: Accepted) -> AssignmentAccepted:
    """The holder took responsibility."""
    return AssignmentAccepted(**_assignment(of, one.terms), accepted_at=one.accepted_at)


def handed(of: Provenance, one: Declined | Moved) -> AssignmentDeclined | AssignmentMoved:
    """An assignment ended with a successor."""
    match one:
        case Declined():
            return AssignmentDeclined(
                **_assignment(of, one.terms),
                reason=one.reason.value,
                declined_at=one.declined_at,
                successor=one.successor,
            )
        case Moved():
            return AssignmentMoved(
                **_assignment(of, one.terms),
                reason=one.reason.value,
                moved_at=one.moved_at,
                successor=one.successor,
            )


def withdrawn(of: Provenance, one: Withdrawn) -> AssignmentWithdrawn:
    """The partner withdrew the entry."""
    return AssignmentWithdrawn(**_assignment(of, one.terms), withdrawn_at=one.withdrawn_at)


def overdue(of: Provenance, terms: Terms, now: datetime) -> AssignmentOverdue:
    """Nobody accepted in time."""
    return AssignmentOverdue(**_assignment(of, terms), due_at=terms.due_at, overdue_at=now)


def identification_requested(
    entry: Entry, of: Provenance, personal: Encrypted, now: datetime
) -> IdentificationRequested:
    """Liaison is to find the subscribers behind sealed captures."""
    authority = entry.foreign_authority
    return IdentificationRequested(
        **_entry(of),
        offence_type=entry.offence_type,
        offence_basis=entry.offence_basis,
        foreign_authority=None if authority is None else ForeignAuthority.model_validate(authority),
        requested_at=now,
        personal=personal,
    )


def identification_cancelled(of: Provenance, reason: str) -> IdentificationCancelled:
    """What was asked of liaison is moot."""
    return IdentificationCancelled(**_entry(of), reason=reason)


def _entry(of: Provenance) -> dict[str, Any]:
    return {
        "entry": of.entry,
        "kind": of.kind.value,
        "referral": of.referral,
        "investigation": of.investigation,
    }


def _assignment(of: Provenance, terms: Terms) -> dict[str, Any]:
    return {**_entry(of), "assignment": terms.id, "holder": terms.holder}
