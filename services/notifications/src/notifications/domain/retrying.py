"""When a delivery is tried again, and what an endpoint's answer means.

The schedule is that of svix: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h, each with a fifth of jitter, so over a day
in eight attempts. `Retry-After` is honoured between once and twice the scheduled wait. Only 2xx is success: a
redirect is a failure (it is not followed), 410 says that the endpoint is gone (Standard Webhooks 1.0.0).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias, assert_never

SCHEDULE: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=10),
)
"""Waits after the first, second, … failed attempt."""
JITTER: Final = (0.8, 1.2)
GONE: Final = 410


class Unanswered(StrEnum):
    """Why no answer came."""

    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    CUT_OFF = "cut_off"
    ADDRESS_REFUSED = "address_refused"


@dataclass(frozen=True, slots=True)
class Answered:
    """The endpoint answered; `retry_after` is how long it asks us to wait."""

    status: int
    retry_after: timedelta | None = None


Result: TypeAlias = Answered | Unanswered


class Failing(StrEnum):
    """Why a delivery is given up; the words are those of the contracts."""

    SCHEDULE_EXHAUSTED = "schedule_exhausted"
    ENDPOINT_GONE = "endpoint_gone"
    ENDPOINT_DISABLED = "endpoint_disabled"
    ADDRESS_REFUSED = "address_refused"


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The endpoint took it in."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Not yet; it is tried again."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Failed:
    """Given up."""

    reason: Failing


Verdict: TypeAlias = Succeeded | Retry | Failed


def judge(result: Result, *, tries: int, now: datetime, jitter: float) -> Verdict:
    """What an attempt means for its delivery; `tries` counts the attempts of this schedule, this one too."""
    match result:
        case Answered(status=status) if 200 <= status < 300:
            return Succeeded()
        case Answered(status=status) if status == GONE:
            return Failed(Failing.ENDPOINT_GONE)
        case Answered(retry_after=asked):
            return _later(tries, now, jitter, asked)
        case Unanswered.ADDRESS_REFUSED:
            return Failed(Failing.ADDRESS_REFUSED)
        case Unanswered():
            return _later(tries, now, jitter, None)
        case _:
            assert_never(result)


def _later(tries: int, now: datetime, jitter: float, asked: timedelta | None) -> Retry | Failed:
    wait = next_wait(tries, jitter=jitter, asked=asked)
    return Failed(Failing.SCHEDULE_EXHAUSTED) if wait is None else Retry(now + wait)


def next_wait(tries: int, *, jitter: float, asked: timedelta | None = None) -> timedelta | None:
    """Time until the next attempt after `tries` failed ones; None where the schedule is over.

    `jitter` is a factor around 1; `asked` is what the endpoint asked for.
    """
    if tries > len(SCHEDULE):
        return None
    base = SCHEDULE[max(tries, 1) - 1]
    if asked is not None:
        return min(max(asked, base), 2 * base)
    least, most = JITTER
    return base * min(max(jitter, least), most)
