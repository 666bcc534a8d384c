"""A provider's answer by line: what is taken, what is refused and why, and what its second reader must look at.

Times were read at the door with the zone that the provider declared. An answer in another zone than that provider's
usual one is taken and flagged: a silent change of clocks or formats has sent police to strangers (domain.md §4.2).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType
from uuid import UUID

from isp_liaison.domain.instruments import Effect
from isp_liaison.domain.lines import LineId, LineState
from isp_liaison.domain.refusals import Refusal

AnswerId = NewType("AnswerId", UUID)

IDENTIFIED: Final = "subscriber_identified"
PRESERVED: Final = "preserved"
REDIRECT: Final = "redirect"

_NEGATIVE: Final = frozenset(
    {
        "no_record", "retention_expired", "cgn_ambiguous", "port_required", "time_required", "not_our_address",
        REDIRECT, "account_closed", "data_error", "refused", "partial",
    }
)  # fmt: skip
OUTCOMES: Final[Mapping[Effect, frozenset[str]]] = {
    Effect.PRODUCES: _NEGATIVE | {IDENTIFIED},
    Effect.PRESERVES: _NEGATIVE | {PRESERVED},
}


class Flag(StrEnum):
    """What the second reader must look at."""

    ZONE_DIFFERS = "zone_differs"
    TIME_DOUBTFUL = "time_doubtful"
    REDIRECT_KNOWN = "redirect_known"


class AnswerState(StrEnum):
    """`applied`: it told of no person, so nobody has to check it."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    APPLIED = "applied"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTime:
    """A time of the answer as it was read. `at` None: it could not be; `problem` is a doubt or a refusal."""

    raw: str
    at: datetime | None
    problem: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a provider says of one line."""

    line: LineId
    outcome: str
    zone: str
    zone_known: bool
    assigned_from: ReadTime | None
    assigned_to: ReadTime | None
    redirect_to: str | None
    has_subscriber: bool
    fingerprint: str
    """Equal for equal answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedLine:
    """What is known of the line that is answered."""

    id: LineId
    effect: Effect
    state: LineState
    at: datetime
    answered_with: str | None = None
    """Fingerprint of the answer that stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerer:
    """Who answers: its usual zone, and to whom it may redirect."""

    provider: str
    reply_zone: str | None
    others: frozenset[str]


@dataclass(frozen=True, slots=True)
class Taken:
    """The answer stands; `flags` are for its second reader."""

    flags: frozenset[Flag]


@dataclass(frozen=True, slots=True)
class Repeated:
    """The same answer again: nothing happens."""


def judge(given: Given, line: AskedLine | None, answerer: Answerer) -> Taken | Repeated | Refusal:
    """Whether an answer is taken."""
    if line is None:
        return Refusal("line.unknown", "This request has no such line.")
    if line.answered_with is not None:
        if line.answered_with == given.fingerprint:
            return Repeated()
        return Refusal("answer.differs", "This line was answered otherwise before; say so, and a person looks.")
    if line.state is not LineState.OPEN:
        return Refusal("line.closed", "This line waits for no answer.")
    refusal = _content(given, line, answerer) or _times(given, line)
    return refusal or Taken(_flags(given, answerer))


def _content(given: Given, line: AskedLine, answerer: Answerer) -> Refusal | None:
    if given.outcome not in OUTCOMES[line.effect]:
        return Refusal("outcome.unknown", "This instrument has no such outcome.")
    if given.outcome == REDIRECT:
        return _redirect(given.redirect_to, answerer)
    if given.redirect_to is not None:
        return Refusal("redirect.unexpected", "Only a redirect names another provider.")
    if given.outcome == IDENTIFIED and not given.has_subscriber:
        return Refusal("subscriber.missing", "A subscriber that was identified has a name and a civic address.")
    if given.outcome != IDENTIFIED and given.has_subscriber:
        return Refusal("subscriber.unexpected", "With this outcome no subscriber is disclosed.")
    return None


def _redirect(to: str | None, answerer: Answerer) -> Refusal | None:
    if to == answerer.provider:
        return Refusal("redirect.itself", "A provider does not redirect to itself.")
    if to not in answerer.others:
        return Refusal("redirect.unknown", "The directory has no other provider that answers for it.")
    return None


def _times(given: Given, line: AskedLine) -> Refusal | None:
    if not given.zone_known:
        return Refusal("answer.zone_unknown", "The declared zone is neither an IANA zone nor an offset.")
    first, last = given.assigned_from, given.assigned_to
    if any(one is not None and one.at is None for one in (first, last)):
        return Refusal("answer.time_unreadable", "Times are read as ISO 8601 (RFC 3339) only.")
    if first is None or first.at is None:
        if given.outcome == IDENTIFIED:
            return Refusal("answer.time_missing", "It says from when the subscriber had the IP address.")
        return None
    until = None if last is None else last.at
    if until is not None and until < first.at:
        return Refusal("answer.time_reversed", "It ends before it begins.")
    if line.at < first.at or (until is not None and line.at > until):
        return Refusal("answer.time_outside_request", "The time that was asked about lies outside.")
    return None


def _flags(given: Given, answerer: Answerer) -> frozenset[Flag]:
    times = [one for one in (given.assigned_from, given.assigned_to) if one is not None]
    problems = {one.problem for one in times}
    flags: set[Flag] = set()
    other_zone = answerer.reply_zone is not None and given.zone != answerer.reply_zone
    if times and (other_zone or "time.zone_differs" in problems):
        flags.add(Flag.ZONE_DIFFERS)
    if problems - {None, "time.zone_differs"}:
        flags.add(Flag.TIME_DOUBTFUL)
    return frozenset(flags)


class Decision(StrEnum):
    """What the second reader says."""

    CONFIRM = "confirm"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer that waits for its second reader, or has had it."""

    id: AnswerId
    line: LineId
    state: AnswerState
    outcome: str
    flags: frozenset[Flag]
    submitted_by: str
    redirect_to: str | None
    record: UUID | None


def check(answer: Answer, decision: Decision, *, by: str, zone_confirmed: bool) -> AnswerState | Refusal:
    """The answer after a second person compared it with what was asked."""
    if by == answer.submitted_by:
        return Refusal("check.same_person", "Who entered an answer does not check it.")
    if decision is Decision.REFUSE:
        return AnswerState.REFUSED
    if answer.flags & {Flag.ZONE_DIFFERS, Flag.TIME_DOUBTFUL} and not zone_confirmed:
        return Refusal(
            "check.zone_unconfirmed", "It was given in another zone than usual, or a time is doubtful: confirm it."
        )
    return AnswerState.CONFIRMED
