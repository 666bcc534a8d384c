"""What a demo saw: receipts and, by ids, what became of every entry. Pure: events go in, a picture comes out.

Only referrals of this demo are followed; others may arrive at the same time.
"""

from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from contracts.events.jurisdictions import (
    AssignmentCreated,
    AssignmentDeclined,
    AssignmentMoved,
    AssignmentWithdrawn,
    JurisdictionDetermined,
    JurisdictionUndetermined,
)
from contracts.events.referrals import ReferralReceived
from contracts.model import Contract


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A rejected entry or item, in the receipt's words."""

    reference: str
    level: str
    pointer: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """One file or report and its receipt."""

    partner: str
    reference: str
    number: str
    accepted: int
    rejected: int
    expected_accepted: int
    expected_rejected: int
    refusals: tuple[Refusal, ...]
    expected_refusals: tuple[tuple[str, str], ...]
    """Pointer and code of every item that the sandbox broke on purpose."""


@dataclass(slots=True, kw_only=True)
class Followed:
    """One suspect or victim on its way."""

    entry: UUID
    kind: str
    referral: UUID
    branch: str = ""
    country: str | None = None
    province: str | None = None
    body: str = ""
    confidence: str = ""
    undetermined: str | None = None
    holders: dict[UUID, str] = field(default_factory=dict[UUID, str])
    """Current assignments and their holders; exactly one, when all is done."""
    withdrawn: bool = False

    @property
    def determined(self) -> bool:
        """Whether routing said who has jurisdiction, or that nobody can be named."""
        return bool(self.branch) or self.undetermined is not None

    @property
    def assigned(self) -> bool:
        """Whether somebody holds it."""
        return bool(self.holders)


@dataclass(slots=True)
class Story:
    """Everything that was posted, and what is known of it so far."""

    posted: list[Posted] = field(default_factory=list[Posted])
    received: dict[UUID, ReferralReceived] = field(default_factory=dict[UUID, ReferralReceived])
    entries: dict[UUID, Followed] = field(default_factory=dict[UUID, Followed])
    last_assignment: float | None = None
    """Seconds from the first post to the newest assignment."""

    def hear(self, event: Contract, at: float) -> None:
        """Take in one event, `at` seconds after the first post."""
        match event:
            case ReferralReceived():
                self.received[event.referral] = event
            case JurisdictionDetermined():
                self._determine(event)
            case JurisdictionUndetermined():
                self._followed(event.entry, event.kind, event.referral).undetermined = event.reason
            case AssignmentCreated():
                self._followed(event.entry, event.kind, event.referral).holders[event.assignment] = event.holder
                self.last_assignment = at
            case AssignmentMoved() | AssignmentDeclined():
                self._followed(event.entry, event.kind, event.referral).holders.pop(event.assignment, None)
            case AssignmentWithdrawn():
                entry = self._followed(event.entry, event.kind, event.referral)
                entry.holders.pop(event.assignment, None)
                entry.withdrawn = True
            case _:
                return

    def ours(self) -> list[Followed]:
        """The entries of what this demo posted, victims first."""
        numbers = {posted.number for posted in self.posted}
        referrals = {referral for referral, event in self.received.items() if event.number in numbers}
        mine = [entry for entry in self.entries.values() if entry.referral in referrals]
        return sorted(mine, key=lambda entry: (entry.kind != "victim", entry.entry))

    @property
    def expected(self) -> int:
        """Entries that must end in an assignment, by the receipts."""
        return sum(posted.accepted for posted in self.posted)

    @property
    def done(self) -> bool:
        """Whether every accepted entry is assigned."""
        return bool(self.posted) and sum(entry.assigned for entry in self.ours()) >= self.expected

    @property
    def refusals(self) -> list[Refusal]:
        """Everything that was rejected, in the order it was posted."""
        return [refusal for posted in self.posted for refusal in posted.refusals]

    def problems(self, progress: dict[str, set[UUID]], dead_letters: int) -> list[str]:
        """What is not as it must be, in words. `progress` has the entries' ids per number, as intake tells them."""
        found: list[str] = []
        for posted in self.posted:
            found += _receipt_problems(posted)
        found += self._assignment_problems(progress)
        if dead_letters:
            found.append(f"{dead_letters} dead letters: interlink dlq list")
        return found

    def _assignment_problems(self, progress: dict[str, set[UUID]]) -> list[str]:
        followed = {entry.entry: entry for entry in self.ours()}
        accepted = {entry for entries in progress.values() for entry in entries}
        found = [f"{entry} was accepted and is assigned to nobody" for entry in sorted(accepted - set(followed))]
        found += [f"{entry} is assigned, but no receipt knows it" for entry in sorted(set(followed) - accepted)]
        found += [
            f"{entry.kind} {entry.entry} has {len(entry.holders)} current assignments, not one"
            for entry in followed.values()
            if len(entry.holders) != 1
        ]
        if len(accepted) != self.expected:
            found.append(f"Receipts say {self.expected} entries were accepted, progress knows {len(accepted)}")
        return found

    def _determine(self, event: JurisdictionDetermined) -> None:
        entry = self._followed(event.entry, event.kind, event.referral)
        entry.branch, entry.country, entry.province = event.branch, event.country, event.province
        entry.body, entry.confidence = event.body, event.confidence

    def _followed(self, entry: UUID, kind: str, referral: UUID) -> Followed:
        if entry not in self.entries:
            self.entries[entry] = Followed(entry=entry, kind=kind, referral=referral)
        return self.entries[entry]


def _receipt_problems(posted: Posted) -> list[str]:
    found: list[str] = []
    if (posted.accepted, posted.rejected) != (posted.expected_accepted, posted.expected_rejected):
        found.append(
            f"{posted.reference}: {posted.accepted} entries accepted and {posted.rejected} rejected, "
            f"expected {posted.expected_accepted} and {posted.expected_rejected}"
        )
    said = Counter((refusal.pointer, refusal.code) for refusal in posted.refusals if refusal.level == "item")
    meant = Counter(posted.expected_refusals)
    for pointer, code in (meant - said).elements():
        found.append(f"{posted.reference}: {pointer} was not rejected as {code}")
    for pointer, code in (said - meant).elements():
        found.append(f"{posted.reference}: {pointer} was rejected as {code}, which nobody expected")
    return found
