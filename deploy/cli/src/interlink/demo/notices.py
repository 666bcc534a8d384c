"""What agencies were told of the referrals of a demo, and whether they said that they have read it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias
from uuid import UUID

from contracts.events.deliveries import DeliveryFailed, DeliverySucceeded, NoticeAcknowledged, OfNotice
from contracts.model import Contract

Told: TypeAlias = tuple[str, UUID]
"""Whom, and of which referral."""


@dataclass(slots=True, kw_only=True)
class Notice:
    """One notice of one agency."""

    notice: UUID
    agency: str
    referral: UUID
    delivered_at: datetime | None = None
    failed: str | None = None
    acknowledged: bool = False


@dataclass(slots=True)
class Notices:
    """All notices that were heard of."""

    of: dict[UUID, Notice] = field(default_factory=dict[UUID, Notice])

    def hear(self, event: Contract) -> None:
        """Take in one event about a notice."""
        match event:
            case DeliverySucceeded():
                notice = self._notice(event)
                notice.delivered_at = max(notice.delivered_at or event.delivered_at, event.delivered_at)
            case DeliveryFailed():
                self._notice(event).failed = event.reason
            case NoticeAcknowledged():
                self._notice(event).acknowledged = True
            case _:
                return

    def unread(self) -> set[str]:
        """Agencies that were delivered a notice and have not acknowledged it."""
        return {one.agency for one in self.of.values() if one.delivered_at is not None and not one.acknowledged}

    def delivered(self, must: Mapping[Told, datetime]) -> set[Told]:
        """Who of those that must be told of something was delivered a notice since it happened."""
        return self._told(must, acknowledged=False)

    def acknowledged(self, must: Mapping[Told, datetime]) -> set[Told]:
        """Who of them has acknowledged it besides."""
        return self._told(must, acknowledged=True)

    def problems(self, must: Mapping[Told, datetime]) -> list[str]:
        """Who was not told, or has not said that they have read it, in words."""
        delivered, acknowledged = self.delivered(must), self.acknowledged(must)
        found: list[str] = []
        for agency, referral in sorted(must.keys() - delivered):
            failed = {one.failed for one in self.of.values() if (one.agency, one.referral) == (agency, referral)}
            why = "".join(f" ({reason})" for reason in sorted(reason for reason in failed if reason))
            found.append(f"{agency} holds entries of referral {referral} and was delivered no notice of it{why}")
        for agency, referral in sorted(delivered - acknowledged):
            found.append(f"{agency} has not acknowledged its notice of referral {referral}")
        return found

    def _told(self, must: Mapping[Told, datetime], *, acknowledged: bool) -> set[Told]:
        return {
            (one.agency, one.referral)
            for one in self.of.values()
            if one.delivered_at is not None
            and one.delivered_at >= must.get((one.agency, one.referral), _NEVER)
            and (one.acknowledged or not acknowledged)
        }

    def _notice(self, event: OfNotice) -> Notice:
        return self.of.setdefault(
            event.notice, Notice(notice=event.notice, agency=event.agency, referral=event.referral)
        )


_NEVER = datetime.max.replace(tzinfo=UTC)
