"""How soon somebody must look: the more pressing of harm urgency and evidence perishability (domain.md §4.5).

Every factor is kept beside the number. Automation only raises; lowering is a person's act. How many reports
name one incident is no factor: a viral bundle is one incident (spec §5.1).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from intake.domain.grading import Grade
from intake.domain.offences import OffenceType
from kit.values import value


class Priority(StrEnum):
    """P0 imminent, P1 urgent, P2 high, P3 standard, P4 informational."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"


URGENT: Final = frozenset({Priority.P0, Priority.P1})
"""What is taken before everything else."""


class Axis(StrEnum):
    """The two independent reasons to hurry."""

    HARM = "harm"
    EVIDENCE = "evidence"


class Signal(StrEnum):
    """What a submission says of an entry or of its incident that bears on harm."""

    ESCALATED = "escalated"
    LIVE_STREAMED = "live_streamed"
    INFANT = "infant"
    SADISTIC = "sadistic"
    REPEAT_SUBJECT = "repeat_subject"
    TOLD_BY_PROVIDER = "told_by_provider"
    CHILD_REPORTED = "child_reported"
    CHILD_REACHABLE = "child_reachable"


_HARM_OF_SIGNAL: Final = {
    Signal.ESCALATED: Priority.P1,
    Signal.LIVE_STREAMED: Priority.P1,
    Signal.CHILD_REACHABLE: Priority.P1,
    Signal.CHILD_REPORTED: Priority.P2,
    Signal.INFANT: Priority.P2,
    Signal.SADISTIC: Priority.P2,
    Signal.REPEAT_SUBJECT: Priority.P2,
    Signal.TOLD_BY_PROVIDER: Priority.P2,  # the subject may be destroying evidence (domain.md §1.4)
}
_HARM_OF_OFFENCE: Final = {
    OffenceType.CONTACT_ABUSE: Priority.P2,
    OffenceType.TRAFFICKING_EXPLOITATION: Priority.P2,
    OffenceType.LURING: Priority.P2,
    OffenceType.SEXUAL_EXTORTION: Priority.P2,
}
_IN_PROGRESS: Final = frozenset({OffenceType.LURING, OffenceType.SEXUAL_EXTORTION})
RECENT: Final = timedelta(hours=72)
SHORTEST_RETENTION: Final = timedelta(days=30)  # the shortest known of a large provider (domain.md §4.3)
_EXPIRING: Final = ((timedelta(hours=72), Priority.P1), (timedelta(days=7), Priority.P2))


@value
class Factor:
    """One reason and the priority it alone would ask for."""

    axis: Axis
    code: str
    level: Priority

    def __str__(self) -> str:
        """The form in which events and rows keep it: `harm.escalated=P1`."""
        return f"{self.axis}.{self.code}={self.level}"


@value
class Assessment:
    """The priority and everything that led to it."""

    priority: Priority
    factors: tuple[Factor, ...]


@value
class Facts:
    """What is known of an entry when its priority is set. `newest`: its newest answerable capture."""

    offence: OffenceType
    incident_at: datetime | None
    urgency: Priority | None
    signals: frozenset[Signal]
    grade: Grade
    usable: bool
    newest: datetime | None
    viral: bool


def assess(facts: Facts, now: datetime) -> Assessment:
    """The most pressing of all factors. A viral bundle is noted at the lowest level."""
    factors = (*_base(facts), *_harm(facts, now), *_evidence(facts, now))
    return Assessment(priority=most_pressing(factor.level for factor in factors), factors=factors)


def raised(before: Priority, assessed: Assessment) -> Assessment:
    """An amendment never lowers what stands: a factor says so where it would have."""
    if most_pressing((before, assessed.priority)) is assessed.priority:
        return assessed
    kept = Factor(axis=Axis.HARM, code="kept_from_earlier_version", level=before)
    return Assessment(priority=before, factors=(*assessed.factors, kept))


def most_pressing(levels: Iterable[Priority]) -> Priority:
    """P0 presses most."""
    return min(levels, default=Priority.P4)  # their texts sort as they press


def _base(facts: Facts) -> Iterable[Factor]:
    if facts.usable:
        yield Factor(axis=Axis.HARM, code="standard", level=Priority.P3)
    else:
        yield Factor(axis=Axis.HARM, code="nothing_to_route_by", level=Priority.P4)
    if facts.viral:
        yield Factor(axis=Axis.HARM, code="viral_bundle", level=Priority.P4)


def _harm(facts: Facts, now: datetime) -> Iterable[Factor]:
    if facts.urgency is not None:
        yield Factor(axis=Axis.HARM, code="stated_by_partner", level=facts.urgency)
    for signal in sorted(facts.signals):
        yield Factor(axis=Axis.HARM, code=signal, level=_HARM_OF_SIGNAL[signal])
    level = _HARM_OF_OFFENCE.get(facts.offence)
    if level is None:
        return
    recent = facts.incident_at is not None and now - facts.incident_at <= RECENT
    if recent and facts.offence in _IN_PROGRESS:
        yield Factor(axis=Axis.HARM, code=f"{facts.offence}_in_progress", level=Priority.P1)
    else:
        yield Factor(axis=Axis.HARM, code=facts.offence, level=level)


def _evidence(facts: Facts, now: datetime) -> Iterable[Factor]:
    if facts.newest is None:
        return
    left = facts.newest + SHORTEST_RETENTION - now
    if left <= timedelta(0):
        yield Factor(axis=Axis.EVIDENCE, code="retention_may_be_over", level=Priority.P3)
        return
    for limit, level in _EXPIRING:
        if left <= limit:
            yield Factor(axis=Axis.EVIDENCE, code=f"expires_within_{limit.days}_days", level=level)
            return
