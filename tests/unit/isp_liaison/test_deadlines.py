"""When to remind, from when a day is over, and which lines it concerns."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isp_liaison.domain.authorities import Days
from isp_liaison.domain.deadlines import Kind, concerns, deadline, of_sending
from isp_liaison.domain.holidays import is_business_day
from isp_liaison.domain.lines import LineState
from kit.time import zone

TORONTO = zone("America/Toronto")
NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
MADE = date(2026, 11, 23)
DAYS = Days(made_on=MADE, due_on=None, expires_on=None, challenge_until=None, review_on=None)


def test_sending_starts_the_days_that_the_authority_has() -> None:
    assert list(of_sending(DAYS, TORONTO, NOW)) == []
    on = MADE + timedelta(days=30)
    full = replace(DAYS, due_on=on, challenge_until=on, review_on=on, expires_on=on)
    assert [one.kind for one in of_sending(full, TORONTO, NOW)] == [
        Kind.PRESERVATION_EXPIRY, Kind.ANSWER_DUE, Kind.CHALLENGE_END, Kind.LATER_REVIEW,
    ]  # fmt: skip


@given(
    days=st.integers(0, 120),
    made=st.dates(date(2026, 1, 1), date(2030, 12, 31)),
    name=st.sampled_from(["America/Toronto", "America/St_Johns", "America/Vancouver", "America/Regina"]),
)
def test_reminders_come_at_nine_on_business_days_before_the_day_is_over(days: int, made: date, name: str) -> None:
    rules = zone(name)
    begun = datetime(made.year, made.month, made.day, 18, tzinfo=UTC)
    found = deadline(Kind.PRESERVATION_EXPIRY, made + timedelta(days=days), made, rules, begun)
    for one in found.reminders:
        local = one.at.astimezone(rules)
        assert (local.hour, local.minute) == (9, 0)
        assert is_business_day(local.date())
        assert begun < one.at < found.over_from
        assert local.date() + timedelta(days=one.days_left) == found.on
    over = found.over_from.astimezone(rules)
    assert (over - timedelta(microseconds=1)).date() == found.on


@pytest.mark.parametrize(
    ("kind", "state", "outcome", "expected"),
    [
        (Kind.PRESERVATION_EXPIRY, LineState.DONE, "preserved", True),
        (Kind.PRESERVATION_EXPIRY, LineState.DONE, "no_record", False),
        (Kind.PRESERVATION_EXPIRY, LineState.OPEN, None, True),
        (Kind.PRESERVATION_EXPIRY, LineState.ANSWERED, None, True),
        (Kind.PRESERVATION_EXPIRY, LineState.DROPPED, None, False),
        (Kind.PRESERVATION_EXPIRY, LineState.LAPSED, None, False),
        (Kind.ANSWER_DUE, LineState.OPEN, None, True),
        (Kind.ANSWER_DUE, LineState.ANSWERED, None, False),
        (Kind.CHALLENGE_END, LineState.OPEN, None, True),
        (Kind.CHALLENGE_END, LineState.DONE, "no_record", False),
        (Kind.LATER_REVIEW, LineState.DONE, "no_record", True),
        (Kind.LATER_REVIEW, LineState.DROPPED, None, False),
    ],
)
def test_a_day_concerns_what_depends_on_it(
    kind: Kind, state: LineState, outcome: str | None, *, expected: bool
) -> None:
    assert concerns(kind, state, outcome) is expected
