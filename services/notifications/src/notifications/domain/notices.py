"""One notice: what an agency is told of one referral, and whether somebody there has read it.

    collecting ──freeze──> frozen ──acknowledge──> acknowledged

A notice collects for five seconds, so that a file of many suspects is one notice; one that is urgent (P0, P1)
is frozen at once, also where an urgent item joins one that collects. What comes later opens the next notice.
Not promised: delivery; that is each endpoint's own chain of attempts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NewType, TypeAlias, assert_never
from uuid import UUID

from notifications.domain.recipients import Recipient
from notifications.domain.refusals import Refusal

NoticeId = NewType("NoticeId", UUID)

COLLECTS_FOR: Final = timedelta(seconds=5)

# Policy data of the centre, not law: the same times in which an assignment must be accepted.
ACKNOWLEDGED_WITHIN: Final[Mapping[str, timedelta]] = {"P0": timedelta(minutes=15), "P1": timedelta(hours=4)}
"""Priorities that somebody must acknowledge, and how long each rung has for it."""


class Rung(StrEnum):
    """How far a notice has escalated; the words are those of the contracts."""

    OFFICER = "officer"
    UNIT = "unit"
    CENTRE = "centre"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a notice is about. `origin` and `handling` are those of the referral."""

    id: NoticeId
    recipient: Recipient
    referral: UUID
    testmode: bool
    priority: str
    origin: str
    handling: str
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Collecting:
    """Items may still join."""

    terms: Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """On its way. `acknowledge_by` is None where nobody has to acknowledge."""

    terms: Terms
    frozen_at: datetime
    acknowledge_by: datetime | None
    rung: Rung = Rung.OFFICER


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """Somebody of the agency said that they have read it."""

    frozen: Frozen
    acknowledged_at: datetime
    acknowledged_by: str

    @property
    def terms(self) -> Terms:
        """As before."""
        return self.frozen.terms


Notice: TypeAlias = Collecting | Frozen | Acknowledged


def is_urgent(priority: str) -> bool:
    """Whether it may not wait for others, and somebody must acknowledge it."""
    return priority in ACKNOWLEDGED_WITHIN


def freezes_at(priority: str, *, opened_at: datetime, now: datetime) -> datetime:
    """When a notice that collects is to be frozen."""
    return now if is_urgent(priority) else opened_at + COLLECTS_FOR


def acknowledge_by(priority: str, now: datetime) -> datetime | None:
    """Until when this rung has time; None where nobody has to acknowledge."""
    within = ACKNOWLEDGED_WITHIN.get(priority)
    return None if within is None else now + within


def freeze(notice: Notice, now: datetime) -> Frozen | None:
    """The notice as it goes out; None where it went out before."""
    match notice:
        case Collecting(terms=terms):
            return Frozen(terms=terms, frozen_at=now, acknowledge_by=acknowledge_by(terms.priority, now))
        case Frozen() | Acknowledged():
            return None
        case _:
            assert_never(notice)


def acknowledge(notice: Frozen | Acknowledged, *, tenant: str, by: str, now: datetime) -> Acknowledged | Refusal:
    """Somebody of `tenant` has read it; a second time is the first one's answer."""
    if notice.terms.recipient.tenant != tenant:
        return Refusal("notice.of_another_agency", "Only whom a notice is for can acknowledge it.")
    match notice:
        case Acknowledged():
            return notice
        case Frozen():
            return Acknowledged(frozen=notice, acknowledged_at=now, acknowledged_by=by)
        case _:
            assert_never(notice)
