"""Our outcomes in the contracts' words: the only place where liaison's events are made."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from contracts.events.identifications import (
    IdentificationCompleted,
    IdentificationDeadlineApproaching,
    IdentificationDrafted,
    IdentificationExpired,
    IdentificationPreserved,
    IdentificationSent,
)
from isp_liaison.domain.entries import Provenance
from kit.outbox import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Of:
    """The line an event is about, and the suspect or victim it is told for."""

    of: Provenance
    request: UUID
    line: UUID
    provider: str
    instrument: str

    @property
    def origin(self) -> Origin:
        """What the event inherits from its referral."""
        return Origin(
            tenant=self.of.tenant,
            testmode=self.of.testmode,
            handling=self.of.handling,
            priority=self.of.priority,
            correlation=self.of.referral,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the subscriber's connection is served, and by which reference the rest is opened."""

    country: str
    province: str | None
    municipality: str | None
    postal_area: str | None
    record: UUID


def drafted(about: Of, *, drafted_at: datetime, perishes_at: datetime) -> IdentificationDrafted:
    """A line collects."""
    return IdentificationDrafted(**_line(about), drafted_at=drafted_at, perishes_at=perishes_at)


def sent(about: Of, *, number: str, sent_at: datetime) -> IdentificationSent:
    """The provider has the request."""
    return IdentificationSent(**_line(about), number=number, sent_at=sent_at)


def preserved(about: Of, *, preserved_at: datetime, expires_on: date, zone: str) -> IdentificationPreserved:
    """The provider keeps what it has."""
    return IdentificationPreserved(
        **_line(about), preserved_at=preserved_at, expires_on=expires_on.isoformat(), zone=zone
    )


def approaching(about: Of, *, deadline: str, on: date, zone: str, days_left: int) -> IdentificationDeadlineApproaching:
    """A day comes near."""
    return IdentificationDeadlineApproaching(
        **_line(about), deadline=deadline, on=on.isoformat(), zone=zone, days_left=days_left
    )


def expired(about: Of, *, deadline: str, on: date, zone: str) -> IdentificationExpired:
    """That day is over."""
    return IdentificationExpired(**_line(about), deadline=deadline, on=on.isoformat(), zone=zone)


def completed(
    about: Of, *, outcome: str, completed_at: datetime, place: Place | None, open_lines: int
) -> IdentificationCompleted:
    """A checked answer: a connection, not a person."""
    return IdentificationCompleted(
        entry=about.of.entry,
        kind=about.of.kind,
        referral=about.of.referral,
        request=about.request,
        line=about.line,
        outcome=outcome,
        completed_at=completed_at,
        country=place and place.country,
        province=place and place.province,
        municipality=place and place.municipality,
        postal_area=place and place.postal_area,
        record=place and place.record,
        open_lines=open_lines,
    )


def _line(about: Of) -> dict[str, Any]:
    return {
        "entry": about.of.entry,
        "kind": about.of.kind,
        "referral": about.of.referral,
        "investigation": about.of.investigation,
        "request": about.request,
        "line": about.line,
        "provider": about.provider,
        "instrument": about.instrument,
    }
