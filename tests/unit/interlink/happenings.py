"""Events of a demo, short: one suspect of one referral, unless told otherwise."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from contracts import ids
from contracts.events.deliveries import DeliverySucceeded, NoticeAcknowledged
from contracts.events.identifications import (
    IdentificationCompleted,
    IdentificationDrafted,
    IdentificationPreserved,
    IdentificationSent,
)
from contracts.events.jurisdictions import (
    AssignmentCreated,
    AssignmentDeclined,
    AssignmentMoved,
    JurisdictionDetermined,
)
from contracts.events.referrals import ReferralReceived
from interlink.demo.story import Posted

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
NUMBER = "IL-2026-000001"
POSTED = Posted(
    partner="bureau-nl",
    reference="NL-1",
    number=NUMBER,
    accepted=1,
    rejected=0,
    expected_accepted=1,
    expected_rejected=0,
    refusals=(),
    expected_refusals=(),
)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@dataclass(frozen=True)
class Subject:
    """A suspect or victim, and what happens to it."""

    referral: UUID = field(default_factory=ids.new)
    entry: UUID = field(default_factory=ids.new)
    kind: str = "suspect"
    investigation: UUID = field(default_factory=ids.new)

    def received(self) -> ReferralReceived:
        return ReferralReceived(
            referral=self.referral,
            number=NUMBER,
            partner="bureau-nl",
            format="native",
            version=1,
            received_at=NOW,
            suspects=1,
            victims=0,
        )

    def determined(
        self,
        branch: str,
        *,
        province: str | None = None,
        body: str = "centre",
        version: int = 1,
        copies: tuple[str, ...] = (),
    ) -> JurisdictionDetermined:
        return JurisdictionDetermined(
            entry=self.entry,
            kind=self.kind,
            referral=self.referral,
            investigation=self.investigation,
            determination=ids.new(),
            version=version,
            branch=branch,
            body=body,
            copies=list(copies),
            rule="network",
            confidence="high",
            country="CA",
            province=province,
            directory="2026-11",
            determined_at=NOW,
        )

    def assigned(
        self,
        holder: str = "ice-on",
        *,
        at: float = 0,
        copies: tuple[str, ...] = (),
        by: JurisdictionDetermined | None = None,
        hop: int = 1,
    ) -> AssignmentCreated:
        return AssignmentCreated(
            entry=self.entry,
            kind=self.kind,
            referral=self.referral,
            investigation=self.investigation,
            assignment=ids.new(),
            holder=holder,
            determination=ids.new() if by is None else by.determination,
            body=holder,
            copies=list(copies),
            hop=hop,
            assigned_at=after(at),
            due_at=after(at + 1000),
        )

    def moved(self, first: AssignmentCreated, second: AssignmentCreated) -> AssignmentMoved:
        return AssignmentMoved(**self._given_on(first, second), reason="new_evidence", moved_at=NOW)

    def declined(self, first: AssignmentCreated, second: AssignmentCreated) -> AssignmentDeclined:
        return AssignmentDeclined(**self._given_on(first, second), reason="wrong_jurisdiction", declined_at=NOW)

    def _given_on(self, first: AssignmentCreated, second: AssignmentCreated) -> dict[str, Any]:
        return {
            "entry": self.entry,
            "kind": self.kind,
            "referral": self.referral,
            "investigation": self.investigation,
            "assignment": first.assignment,
            "holder": first.holder,
            "successor": second.assignment,
        }

    def drafted(self, line: UUID, instrument: str = "production_order") -> IdentificationDrafted:
        return IdentificationDrafted(**self._of(line, instrument), drafted_at=NOW, perishes_at=after(1000))

    def sent(self, line: UUID, number: str = "IR-1", instrument: str = "production_order") -> IdentificationSent:
        return IdentificationSent(**self._of(line, instrument), number=number, sent_at=NOW)

    def preserved(self, line: UUID) -> IdentificationPreserved:
        told = self._of(line, "preservation_demand")
        return IdentificationPreserved(**told, preserved_at=NOW, expires_on="2026-12-13", zone="America/Toronto")

    def completed(
        self, line: UUID, outcome: str = "subscriber_identified", open_lines: int | None = 0
    ) -> IdentificationCompleted:
        return IdentificationCompleted(
            entry=self.entry,
            kind=self.kind,
            referral=self.referral,
            request=ids.new(),
            line=line,
            outcome=outcome,
            completed_at=NOW,
            open_lines=open_lines,
        )

    def delivered(self, agency: str = "ice-on", *, notice: UUID, at: float = 5) -> DeliverySucceeded:
        return DeliverySucceeded(
            notice=notice,
            agency=agency,
            referral=self.referral,
            delivery=ids.new(),
            endpoint=ids.new(),
            attempts=1,
            delivered_at=after(at),
        )

    def acknowledged(self, agency: str = "ice-on", *, notice: UUID) -> NoticeAcknowledged:
        return NoticeAcknowledged(
            notice=notice, agency=agency, referral=self.referral, acknowledged_at=after(6), rung="officer"
        )

    def _of(self, line: UUID, instrument: str) -> dict[str, object]:
        return {
            "entry": self.entry,
            "kind": self.kind,
            "referral": self.referral,
            "investigation": self.investigation,
            "request": ids.new(),
            "line": line,
            "provider": "provider-north",
            "instrument": instrument,
        }
