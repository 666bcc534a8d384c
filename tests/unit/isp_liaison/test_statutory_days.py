"""Sections 26 to 29 of the Interpretation Act: tables of counted days, and what holds for every day and zone."""

from datetime import UTC, date, datetime, timedelta, tzinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isp_liaison.domain.holidays import is_business_day, is_holiday
from isp_liaison.domain.statutory_days import (
    REMIND_DAYS_BEFORE,
    expires_on,
    local_date,
    lost_from,
    may_act_until,
    reminders,
)
from kit.time import zone

DAY = timedelta(days=1)
ZONES = (
    "America/St_Johns", "America/Halifax", "America/Toronto", "America/Winnipeg", "America/Regina", "America/Edmonton",
    "America/Vancouver", "America/Whitehorse", "America/Iqaluit", "America/Havana", "America/Sao_Paulo",
    "Pacific/Apia", "Australia/Lord_Howe", "UTC",
)  # fmt: skip
zones = st.sampled_from([zone(name) for name in ZONES])
days = st.dates(date(1975, 1, 1), date(2150, 12, 31))
periods = st.integers(0, 400)
moments = st.datetimes(datetime(1975, 1, 1), datetime(2150, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
provinces = st.sampled_from((None, "CA-ON", "CA-QC", "CA-BC", "CA-NL", "CA-YT"))


@pytest.mark.parametrize(
    ("made_on", "period", "last"),
    [
        ("2026-11-02", 21, "2026-11-23"),
        ("2026-11-02", 90, "2027-01-31"),  # a Sunday: expiry has no grace
        ("2026-12-04", 21, "2026-12-25"),  # nor on Christmas Day
        ("2024-02-08", 21, "2024-02-29"),
        ("2023-02-08", 21, "2023-03-01"),
        ("2023-12-15", 30, "2024-01-14"),
        ("2026-10-15", 21, "2026-11-05"),  # the clocks go back in between
        ("2026-11-02", 0, "2026-11-02"),
    ],
)
def test_the_first_day_is_out_and_the_last_one_in(made_on: str, period: int, last: str) -> None:
    assert expires_on(date.fromisoformat(made_on), period) == date.fromisoformat(last)


@given(days, periods)
def test_a_period_has_its_number_of_days(made_on: date, period: int) -> None:
    last = expires_on(made_on, period)
    assert (last - made_on).days == period
    counted = [made_on + n * DAY for n in range(1, period + 1)]
    assert counted[-1:] == ([last] if period else [])


@pytest.mark.parametrize(
    ("last", "province", "until"),
    [
        ("2026-11-20", None, "2026-11-20"),
        ("2026-11-21", None, "2026-11-21"),  # a Saturday is no holiday
        ("2026-11-22", None, "2026-11-23"),
        ("2026-04-03", None, "2026-04-04"),  # Good Friday: on the Saturday
        ("2026-04-05", None, "2026-04-07"),  # Easter Sunday, then Easter Monday
        ("2026-12-25", None, "2026-12-26"),
        ("2026-12-25", "CA-ON", "2026-12-28"),  # Boxing Day, then a Sunday
        ("2022-12-25", None, "2022-12-26"),
        ("2022-12-25", "CA-ON", "2022-12-28"),
        ("2023-01-01", "CA-QC", "2023-01-03"),
        ("2026-06-24", "CA-QC", "2026-06-25"),
        ("2026-06-24", "CA-ON", "2026-06-24"),
        ("2018-07-01", None, "2018-07-03"),  # Canada Day on the Monday
    ],
)
def test_what_is_due_on_a_holiday_may_be_done_on_the_next_other_day(
    last: str, province: str | None, until: str
) -> None:
    assert may_act_until(date.fromisoformat(last), province) == date.fromisoformat(until)


@given(days, provinces)
def test_grace_ends_on_the_first_day_that_is_no_holiday(last: date, province: str | None) -> None:
    until = may_act_until(last, province)
    assert until >= last
    assert not is_holiday(until, province)
    assert all(is_holiday(last + n * DAY, province) for n in range((until - last).days))
    assert until - last <= 5 * DAY


@pytest.mark.parametrize(
    ("last", "where", "moment"),
    [
        ("2026-07-10", "America/Toronto", "2026-07-11T04:00:00Z"),
        ("2026-12-10", "America/Toronto", "2026-12-11T05:00:00Z"),
        ("2026-10-31", "America/Toronto", "2026-11-01T04:00:00Z"),  # the clocks go back two hours later
        ("2026-11-01", "America/Toronto", "2026-11-02T05:00:00Z"),  # a day of 25 hours
        ("2026-03-08", "America/Halifax", "2026-03-09T03:00:00Z"),  # a day of 23 hours
        ("2026-07-10", "America/Regina", "2026-07-11T06:00:00Z"),
        ("2026-12-10", "America/Regina", "2026-12-11T06:00:00Z"),
        ("2026-12-10", "America/St_Johns", "2026-12-11T03:30:00Z"),
        ("2010-11-06", "America/St_Johns", "2010-11-07T03:30:00Z"),  # 00:01 became 23:01: midnight came twice
        ("2025-03-08", "America/Havana", "2025-03-09T05:00:00Z"),  # 00:00 became 01:00: midnight did not come
        ("2025-11-01", "America/Havana", "2025-11-02T04:00:00Z"),  # 01:00 became 00:00: twice, but of the next day
        ("2018-11-03", "America/Sao_Paulo", "2018-11-04T03:00:00Z"),
        ("2018-02-17", "America/Sao_Paulo", "2018-02-18T03:00:00Z"),  # 24:00 became 23:00
        ("2011-12-29", "Pacific/Apia", "2011-12-30T10:00:00Z"),  # the next day was the 31st
    ],
)
def test_it_is_lost_from_the_midnight_after_the_last_day(last: str, where: str, moment: str) -> None:
    assert lost_from(date.fromisoformat(last), zone(where)) == datetime.fromisoformat(moment)


@given(days, zones, st.integers(0, 3 * 86_400))
def test_from_its_end_on_a_day_is_over_and_not_earlier(last: date, where: tzinfo, seconds: int) -> None:
    end = lost_from(last, where)
    assert local_date(end + timedelta(seconds=seconds), where) > last
    assert local_date(end - timedelta(microseconds=1), where) <= last


@pytest.mark.parametrize("name", ZONES)
def test_every_day_of_twenty_years_ends_once(name: str) -> None:
    where = zone(name)
    ends = [lost_from(date(2008, 1, 1) + n * DAY, where) for n in range(7305)]
    for n, end in enumerate(ends):
        assert local_date(end, where) > date(2008, 1, 1) + n * DAY
        assert local_date(end - timedelta(microseconds=1), where) <= date(2008, 1, 1) + n * DAY
    assert ends == sorted(ends)


@given(moments, zones)
def test_the_day_of_a_moment_ends_after_it_within_49_hours(at: datetime, where: tzinfo) -> None:
    end = lost_from(local_date(at, where), where)
    assert end.tzinfo is UTC
    assert at < end <= at + timedelta(hours=49)


def test_a_moment_has_the_date_of_the_place() -> None:
    at = datetime(2026, 11, 23, 3, 15, tzinfo=UTC)
    assert local_date(at, zone("America/Vancouver")) == date(2026, 11, 22)
    assert local_date(at, zone("America/St_Johns")) == date(2026, 11, 22)
    assert local_date(at, UTC) == date(2026, 11, 23)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        local_date(datetime(2026, 11, 23, 3, 15), UTC)  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize(
    ("made_on", "last", "province", "expected"),
    [
        # 21 days: a Monday, and before it a Friday (3 days) and the same Friday again
        ("2026-11-02", "2026-11-23", None, [("2026-11-16", 7), ("2026-11-20", 3)]),
        ("2026-11-05", "2026-11-26", None, [("2026-11-19", 7), ("2026-11-23", 3), ("2026-11-25", 1)]),
        # 90 days to a Sunday: Friday is the last business day before
        ("2026-11-02", "2027-01-31", None, [("2027-01-22", 9), ("2027-01-28", 3), ("2027-01-29", 2)]),
        # around Easter: Monday and Friday are holidays
        ("2026-03-17", "2026-04-07", None, [("2026-03-31", 7), ("2026-04-02", 5)]),
        # Ontario's Boxing Day and Sunday, Christmas Day
        ("2022-12-07", "2022-12-28", "CA-ON", [("2022-12-21", 7), ("2022-12-23", 5)]),
        ("2022-12-07", "2022-12-28", None, [("2022-12-21", 7), ("2022-12-23", 5), ("2022-12-27", 1)]),
        # a short one
        ("2026-11-24", "2026-11-26", None, [("2026-11-25", 1)]),
        ("2026-11-25", "2026-11-26", None, [("2026-11-25", 1)]),
        ("2026-11-26", "2026-11-26", None, []),
        ("2026-11-21", "2026-11-22", None, []),
    ],
)
def test_reminders_fall_on_the_business_day_at_or_before(
    made_on: str, last: str, province: str | None, expected: list[tuple[str, int]]
) -> None:
    found = reminders(date.fromisoformat(last), date.fromisoformat(made_on), province)
    assert [(day.isoformat(), left) for day, left in found] == expected


@given(days, periods, provinces)
def test_reminders_are_business_days_within_the_period_none_twice(
    made_on: date, period: int, province: str | None
) -> None:
    last = expires_on(made_on, period)
    found = reminders(last, made_on, province)
    on = [day for day, _ in found]
    assert on == sorted(set(on))
    for day, left in found:
        assert is_business_day(day, province)
        assert made_on <= day < last
        assert (last - day).days == left
    assert len(found) <= len(REMIND_DAYS_BEFORE)


@given(days, st.integers(8, 400), provinces)
def test_a_week_or_more_is_reminded_of_on_its_last_business_day(
    made_on: date, period: int, province: str | None
) -> None:
    last = expires_on(made_on, period)
    within = [made_on + n * DAY for n in range(period) if is_business_day(made_on + n * DAY, province)]
    assert reminders(last, made_on, province)[-1][0] == within[-1]
