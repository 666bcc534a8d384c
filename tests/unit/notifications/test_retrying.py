"""When a delivery is tried again, and what an answer means."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.domain.retrying import (
    SCHEDULE,
    Answered,
    Failed,
    Failing,
    Retry,
    Succeeded,
    Unanswered,
    Verdict,
    judge,
    next_wait,
)

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
SOON = Retry(NOW + timedelta(seconds=5))


@pytest.mark.parametrize(
    ("result", "verdict"),
    [
        (Answered(200), Succeeded()),
        (Answered(299), Succeeded()),
        (Answered(199), SOON),
        (Answered(301), SOON),  # followed by nobody
        (Answered(404), SOON),  # somebody may be deploying
        (Answered(410), Failed(Failing.ENDPOINT_GONE)),
        (Answered(429, timedelta(seconds=7)), Retry(NOW + timedelta(seconds=7))),
        (Answered(500), SOON),
        (Unanswered.TIMED_OUT, SOON),
        (Unanswered.UNREACHABLE, SOON),
        (Unanswered.CUT_OFF, SOON),
        (Unanswered.ADDRESS_REFUSED, Failed(Failing.ADDRESS_REFUSED)),
    ],
)
def test_an_answer_is_judged(result: Answered | Unanswered, verdict: Verdict) -> None:
    assert judge(result, tries=1, now=NOW, jitter=1.0) == verdict


def test_the_schedule_ends() -> None:
    assert judge(Answered(500), tries=len(SCHEDULE), now=NOW, jitter=1.0) == Retry(NOW + timedelta(hours=10))
    over = Failed(Failing.SCHEDULE_EXHAUSTED)
    assert judge(Answered(500), tries=len(SCHEDULE) + 1, now=NOW, jitter=1.0) == over
    assert judge(Answered(429, timedelta(seconds=1)), tries=len(SCHEDULE) + 1, now=NOW, jitter=1.0) == over


JITTERS = st.floats(min_value=0, max_value=2, allow_nan=False)
WAITS = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=400))


@given(st.integers(min_value=0, max_value=20), JITTERS)
def test_a_wait_stays_within_a_fifth_of_the_schedule(tries: int, jitter: float) -> None:
    wait = next_wait(tries, jitter=jitter)
    if tries > len(SCHEDULE):
        assert wait is None
    else:
        base = SCHEDULE[max(tries, 1) - 1]
        assert wait is not None
        assert base * 0.8 <= wait <= base * 1.2


@given(st.integers(min_value=1, max_value=len(SCHEDULE)), JITTERS, WAITS)
def test_what_is_asked_for_counts_between_once_and_twice_the_schedule(
    tries: int, jitter: float, asked: timedelta
) -> None:
    base = SCHEDULE[tries - 1]
    wait = next_wait(tries, jitter=jitter, asked=asked)
    assert wait is not None
    assert base <= wait <= 2 * base
    if base <= asked <= 2 * base:
        assert wait == asked


@given(st.lists(JITTERS, min_size=len(SCHEDULE), max_size=len(SCHEDULE)))
def test_a_chain_is_over_in_between_22_and_34_hours(jitters: list[float]) -> None:
    at, tries = NOW, 1
    while isinstance(verdict := judge(Answered(500), tries=tries, now=at, jitter=jitters[min(tries, 7) - 1]), Retry):
        assert verdict.at > at
        at, tries = verdict.at, tries + 1
    assert tries == len(SCHEDULE) + 1
    assert timedelta(hours=22) <= at - NOW <= timedelta(hours=34)
