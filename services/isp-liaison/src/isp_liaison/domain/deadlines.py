"""Days after which something is lost or late, when to say so before, and from when it counts as over.

Reminders fall on business days at nine in the morning of the zone of issue. Expiry is nobody's act: it has no grace.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from enum import StrEnum
from typing import Final, assert_never

from isp_liaison.domain.answers import PRESERVED
from isp_liaison.domain.authorities import Days
from isp_liaison.domain.lines import LineState
from isp_liaison.domain.statutory_days import lost_from, reminders

REMINDED_AT: Final = time(9)


class Kind(StrEnum):
    """The words of the contracts."""

    PRESERVATION_EXPIRY = "preservation_expiry"
    ANSWER_DUE = "answer_due"
    CHALLENGE_END = "challenge_end"
    LATER_REVIEW = "later_review"


@dataclass(frozen=True, slots=True)
class Reminder:
    """Say at that moment that so many days are left."""

    at: datetime
    days_left: int


@dataclass(frozen=True, slots=True)
class Deadline:
    """Its last day, when to remind, and the moment from which it is over."""

    kind: Kind
    on: date
    reminders: tuple[Reminder, ...]
    over_from: datetime


def of_sending(days: Days, zone: tzinfo, now: datetime) -> Iterator[Deadline]:
    """What runs from the moment the provider has the request: what it has to keep is lost too if it never answers."""
    running = {
        Kind.PRESERVATION_EXPIRY: days.expires_on,
        Kind.ANSWER_DUE: days.due_on,
        Kind.CHALLENGE_END: days.challenge_until,
        Kind.LATER_REVIEW: days.review_on,
    }
    for kind, on in running.items():
        if on is not None:
            yield deadline(kind, on, days.made_on, zone, now)


def deadline(kind: Kind, on: date, made_on: date, zone: tzinfo, now: datetime) -> Deadline:
    """A deadline with the reminders that are still to come."""
    told = (Reminder(_morning(day, zone), left) for day, left in reminders(on, made_on))
    return Deadline(kind, on, tuple(one for one in told if one.at > now), lost_from(on, zone))


def _morning(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, REMINDED_AT, zone).astimezone(UTC)


def concerns(kind: Kind, state: LineState, outcome: str | None) -> bool:
    """Whether something of a line still depends on the day."""
    match kind:
        case Kind.PRESERVATION_EXPIRY:
            return state in (LineState.OPEN, LineState.ANSWERED) or (state is LineState.DONE and outcome == PRESERVED)
        case Kind.ANSWER_DUE | Kind.CHALLENGE_END:
            return state is LineState.OPEN
        case Kind.LATER_REVIEW:
            return state is not LineState.DROPPED
        case _:
            assert_never(kind)
