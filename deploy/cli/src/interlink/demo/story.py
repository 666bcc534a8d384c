"""What a demo saw: receipts and, by ids, what became of every entry. Pure: events go in, a picture comes out.

Only referrals of this demo are followed; others may arrive at the same time.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from contracts.events.deliveries import DeliverySucceeded, OfNotice
from contracts.events.identifications import IdentificationCompleted, IdentificationDrafted, OfLine
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
from interlink.demo.lines import Lines
from interlink.demo.notices import Notices, Told

UNIDENTIFIED = "canada_unidentified"
ASKABLE = frozenset({"A", "B"})
"""Grades of captures about which a provider can be ordered to produce something."""
QUIET_SECONDS = 0.5
"""Without a new line for so long, everything that belongs together is taken to be collected."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A current assignment."""

    holder: str
    copies: tuple[str, ...]
    since: datetime


@dataclass(slots=True)
class Decisions:
    """What the officers decided: numbers of requests, and ids of answers."""

    submitted: set[str] = field(default_factory=set[str])
    approved: set[str] = field(default_factory=set[str])
    checked: set[str] = field(default_factory=set[str])

    def add(self, more: "Decisions") -> None:
        """And these."""
        self.submitted |= more.submitted
        self.approved |= more.approved
        self.checked |= more.checked


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
    was_unidentified: bool = False
    """Whether only a Canadian network was known of it at first."""
    holders: dict[UUID, Held] = field(default_factory=dict[UUID, Held])
    """Current assignments; exactly one, when all is done."""
    moves: int = 0
    withdrawn: bool = False
    lines: Lines = field(default_factory=Lines)

    @property
    def determined(self) -> bool:
        """Whether routing said who has jurisdiction, or that nobody can be named."""
        return bool(self.branch) or self.undetermined is not None

    @property
    def assigned(self) -> bool:
        """Whether somebody holds it."""
        return bool(self.holders)

    def must_be_asked(self, grade: str | None) -> bool:
        """Whether a provider must be asked who it was."""
        return self.kind == "suspect" and self.was_unidentified and grade in ASKABLE

    @property
    def stands_still(self) -> bool:
        """Whether a subscriber was identified and routing has not looked again."""
        return self.was_unidentified and self.lines.identified and self.branch == UNIDENTIFIED


@dataclass(slots=True)
class Story:
    """Everything that was posted, and what is known of it so far."""

    posted: list[Posted] = field(default_factory=list[Posted])
    received: dict[UUID, ReferralReceived] = field(default_factory=dict[UUID, ReferralReceived])
    entries: dict[UUID, Followed] = field(default_factory=dict[UUID, Followed])
    progress: dict[str, dict[UUID, str]] = field(default_factory=dict[str, dict[UUID, str]])
    """Per number, the accepted entries and their best grade, as intake tells their partner."""
    notices: Notices = field(default_factory=Notices)
    decisions: Decisions = field(default_factory=Decisions)
    last_assignment: float | None = None
    """Seconds from the first post to the newest assignment."""
    last_line: float | None = None
    """Seconds to the newest line that was drafted."""
    last_notice: float | None = None
    """Seconds to the newest notice that was delivered."""

    def hear(self, event: Contract, at: float) -> None:
        """Take in one event, `at` seconds after the first post."""
        match event:
            case ReferralReceived():
                self.received[event.referral] = event
            case JurisdictionDetermined():
                self._determine(event)
            case JurisdictionUndetermined():
                entry = self._followed(event.entry, event.kind, event.referral)
                entry.branch, entry.undetermined = "", event.reason
            case AssignmentCreated():
                self._assign(event)
                self.last_assignment = at
            case AssignmentMoved() | AssignmentDeclined():
                entry = self._followed(event.entry, event.kind, event.referral)
                entry.moves += event.assignment in entry.holders and isinstance(event, AssignmentMoved)
                entry.holders.pop(event.assignment, None)
            case AssignmentWithdrawn():
                entry = self._followed(event.entry, event.kind, event.referral)
                entry.holders.pop(event.assignment, None)
                entry.withdrawn = True
            case OfLine() | IdentificationCompleted():
                self._followed(event.entry, event.kind, event.referral).lines.hear(event)
                self.last_line = at if isinstance(event, IdentificationDrafted) else self.last_line
            case OfNotice():
                self.notices.hear(event)
                if isinstance(event, DeliverySucceeded) and event.referral in self._referrals():
                    self.last_notice = at
            case _:
                return

    def ours(self) -> list[Followed]:
        """The entries of what this demo posted, victims first."""
        referrals = self._referrals()
        mine = [entry for entry in self.entries.values() if entry.referral in referrals]
        return sorted(mine, key=lambda entry: (entry.kind != "victim", entry.entry))

    @property
    def expected(self) -> int:
        """Entries that must end in an assignment, by the receipts."""
        return sum(posted.accepted for posted in self.posted)

    @property
    def assigned(self) -> bool:
        """Whether every accepted entry is assigned."""
        return bool(self.posted) and sum(entry.assigned for entry in self.ours()) >= self.expected

    def collected(self, at: float) -> bool:
        """Whether all lines that belong together are likely to be drafted, `at` seconds after the first post."""
        if not self.assigned or self.last_line is None or at - self.last_line < QUIET_SECONDS:
            return False
        return all(entry.lines.production for entry in self._to_ask())

    @property
    def done(self) -> bool:
        """Whether everyone is assigned, everything asked is answered and everyone who holds something was told."""
        ours, must = self.ours(), self.must_be_told()
        return (
            self.assigned
            and bool(self.progress)
            and all(entry.lines.production for entry in self._to_ask())
            and not any(entry.kind == "suspect" and (entry.lines.waiting or entry.stands_still) for entry in ours)
            and self.notices.acknowledged(must) == must.keys()
        )

    def must_be_told(self) -> dict[Told, datetime]:
        """Which agencies must have had a notice of which referral since when: holders, and who gets a copy."""
        must: dict[Told, datetime] = {}
        for entry in self.ours():
            for held in entry.holders.values():
                for agency in (held.holder, *held.copies):
                    told = (agency, entry.referral)
                    must[told] = max(must.get(told, held.since), held.since)
        return must

    @property
    def refusals(self) -> list[Refusal]:
        """Everything that was rejected, in the order it was posted."""
        return [refusal for posted in self.posted for refusal in posted.refusals]

    def problems(self, dead_letters: int) -> list[str]:
        """What is not as it must be, in words."""
        found: list[str] = []
        for posted in self.posted:
            found += _receipt_problems(posted)
        found += self._assignment_problems()
        found += self._identification_problems()
        found += self.notices.problems(self.must_be_told())
        if dead_letters:
            found.append(f"{dead_letters} dead letters: interlink dlq list")
        return found

    def _assignment_problems(self) -> list[str]:
        followed = {entry.entry: entry for entry in self.ours()}
        accepted = self._grades().keys()
        found = [f"{entry} was accepted and is assigned to nobody" for entry in sorted(accepted - followed.keys())]
        found += [f"{entry} is assigned, but no receipt knows it" for entry in sorted(followed.keys() - accepted)]
        found += [
            f"{entry.kind} {entry.entry} has {len(entry.holders)} current assignments, not one"
            for entry in followed.values()
            if len(entry.holders) != 1
        ]
        if len(accepted) != self.expected:
            found.append(f"Receipts say {self.expected} entries were accepted, progress knows {len(accepted)}")
        return found

    def _identification_problems(self) -> list[str]:
        grades = self._grades()
        found: list[str] = []
        for entry in self.ours():
            if entry.kind != "suspect":
                continue
            name = f"{entry.kind} {entry.entry}"
            found += entry.lines.problems(name, must_ask=entry.must_be_asked(grades.get(entry.entry)))
            if entry.stands_still:
                found.append(f"{name}: its subscriber was identified, and routing has not determined it again")
        return found

    def _to_ask(self) -> list[Followed]:
        grades = self._grades()
        return [entry for entry in self.ours() if entry.must_be_asked(grades.get(entry.entry))]

    def _grades(self) -> dict[UUID, str]:
        return {entry: grade for entries in self.progress.values() for entry, grade in entries.items()}

    def _referrals(self) -> set[UUID]:
        numbers = {posted.number for posted in self.posted}
        return {referral for referral, event in self.received.items() if event.number in numbers}

    def _assign(self, event: AssignmentCreated) -> None:
        held = Held(holder=event.holder, copies=tuple(event.copies), since=event.assigned_at)
        self._followed(event.entry, event.kind, event.referral).holders[event.assignment] = held

    def _determine(self, event: JurisdictionDetermined) -> None:
        entry = self._followed(event.entry, event.kind, event.referral)
        entry.branch, entry.country, entry.province = event.branch, event.country, event.province
        entry.body, entry.confidence, entry.undetermined = event.body, event.confidence, None
        entry.was_unidentified |= event.branch == UNIDENTIFIED

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
