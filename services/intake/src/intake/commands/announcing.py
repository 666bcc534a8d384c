"""Stored referrals and entries as contract events. An event carries the sealed bytes that are stored."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.events.entries import (
    EntryState,
    SuspectAmended,
    SuspectReported,
    SuspectWithdrawn,
    VictimAmended,
    VictimReported,
    VictimWithdrawn,
)
from contracts.model import Contract, ForeignAuthority
from intake.domain.priority import Priority
from intake.domain.referral import Kind, Submission
from intake.store.entries import NewEntry
from kit.encryption import DataKey, Sealed, to_field
from kit.outbox import Origin
from kit.values import value


@value
class Frame:
    """What all entries of one version share in their events. Stored with the version."""

    referral: UUID
    number: str
    version: int
    tenant: str
    testmode: bool
    received_at: datetime
    offence_type: str
    offence_basis: str
    incident_at: datetime | None
    foreign_authority: ForeignAuthority | None

    def origin(self, *, priority: Priority, handling: str) -> Origin:
        """What an event of the referral inherits."""
        return Origin(
            tenant=self.tenant,
            testmode=self.testmode,
            handling=handling,
            priority=priority,
            correlation=self.referral,
        )


def stored_frame(submission: Submission) -> dict[str, Any]:
    """The part of the frame that is kept as JSON; it holds nothing personal."""
    authority = submission.foreign_authority
    return {
        "offence_type": submission.incident.offence,
        "offence_basis": submission.offence_basis,
        "incident_at": submission.incident.at.isoformat() if submission.incident.at else None,
        "foreign_authority": None
        if authority is None
        else {
            "country": authority.country,
            "agency": authority.agency,
            "investigating": authority.investigating,
        },
        "viral": submission.viral,
        "cross_references": list(submission.cross_references),
    }


def frame_fields(stored: dict[str, Any]) -> dict[str, Any]:
    """The fields of a `Frame` in what `stored_frame` kept."""
    authority, incident_at = stored["foreign_authority"], stored["incident_at"]
    return {
        "offence_type": stored["offence_type"],
        "offence_basis": stored["offence_basis"],
        "incident_at": datetime.fromisoformat(incident_at) if incident_at else None,
        "foreign_authority": ForeignAuthority(**authority) if authority else None,
    }


@value
class Told:
    """An entry as its events tell it."""

    id: UUID
    kind: Kind
    role: str
    grade: str
    priority: Priority
    factors: Sequence[str]
    handling: str
    parts: Sequence[Sealed]


def told(entry: NewEntry) -> Told:
    """A new or amended entry as its events tell it."""
    return Told(
        id=entry.id,
        kind=entry.kind,
        role=entry.role,
        grade=entry.grade,
        priority=entry.priority,
        factors=entry.factors,
        handling=entry.handling,
        parts=entry.parts,
    )


_REPORTED: dict[Kind, type[EntryState]] = {Kind.SUSPECT: SuspectReported, Kind.VICTIM: VictimReported}
_AMENDED: dict[Kind, type[EntryState]] = {Kind.SUSPECT: SuspectAmended, Kind.VICTIM: VictimAmended}


def reported(frame: Frame, entry: Told, key: DataKey) -> Iterator[tuple[Contract, Origin]]:
    """The entry's first events, one a part."""
    return _states(_REPORTED[entry.kind], frame, entry, key)


def amended(frame: Frame, entry: Told, key: DataKey) -> Iterator[tuple[Contract, Origin]]:
    """The entry's new full state, one event a part."""
    return _states(_AMENDED[entry.kind], frame, entry, key)


def _states(model: type[EntryState], frame: Frame, entry: Told, key: DataKey) -> Iterator[tuple[Contract, Origin]]:
    origin = frame.origin(priority=entry.priority, handling=entry.handling)
    for part, sealed in enumerate(entry.parts, start=1):
        event = model.model_validate(
            {
                str(entry.kind): entry.id,
                "referral": frame.referral,
                "number": frame.number,
                "version": frame.version,
                "part": part,
                "parts": len(entry.parts),
                "role": entry.role,
                "grade": entry.grade,
                "offence_type": frame.offence_type,
                "offence_basis": frame.offence_basis,
                "incident_at": frame.incident_at,
                "foreign_authority": frame.foreign_authority,
                "received_at": frame.received_at,
                "factors": list(entry.factors),
                "personal": to_field(key, sealed),
            }
        )
        yield event, origin


def withdrawn(frame: Frame, entry: UUID, kind: Kind) -> Contract:
    """The later version no longer names the entry."""
    if kind is Kind.SUSPECT:
        return SuspectWithdrawn(
            suspect=entry, referral=frame.referral, version=frame.version, reason="absent_from_amendment"
        )
    return VictimWithdrawn(victim=entry, referral=frame.referral, version=frame.version, reason="absent_from_amendment")
