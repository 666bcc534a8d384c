"""Section 35 of the Interpretation Act as a calendar: known days of known years, and what holds in every year."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isp_liaison.domain.holidays import ROWS, easter_sunday, holidays, is_business_day, is_holiday

PROVINCES = (
    "CA-AB", "CA-BC", "CA-MB", "CA-NB", "CA-NL", "CA-NS", "CA-NT", "CA-NU", "CA-ON", "CA-PE", "CA-QC", "CA-SK",
    "CA-YT",
)  # fmt: skip
anywhere = st.sampled_from((None, *PROVINCES))
days = st.dates(date(1970, 1, 1), date(2200, 12, 31))
SUNDAY = 6


def of(year: int, *month_days: str) -> set[date]:
    return {date.fromisoformat(f"{year}-{each}") for each in month_days}


@pytest.mark.parametrize(
    "sunday",
    [
        "1818-03-22", "1943-04-25", "1954-04-18", "1961-04-02", "1981-04-19", "2000-04-23", "2008-03-23", "2011-04-24",
        "2018-04-01", "2019-04-21", "2020-04-12", "2021-04-04", "2022-04-17", "2023-04-09", "2024-03-31", "2025-04-20",
        "2026-04-05", "2027-03-28", "2028-04-16", "2029-04-01", "2030-04-21", "2035-03-25", "2038-04-25", "2049-04-18",
        "2076-04-19", "2100-03-28", "2285-03-22",
    ],
)  # fmt: skip
def test_easter_is_on_its_known_sunday(sunday: str) -> None:
    assert easter_sunday(int(sunday[:4])) == date.fromisoformat(sunday)


@given(st.integers(1583, 9999))
def test_easter_is_a_sunday_of_its_five_weeks(year: int) -> None:
    assert easter_sunday(year).weekday() == SUNDAY
    assert date(year, 3, 22) <= easter_sunday(year) <= date(year, 4, 25)


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        (
            2026,
            of(2026, "01-01", "04-03", "04-06", "05-18", "07-01", "09-07", "09-30", "10-12", "11-11", "12-25"),
        ),
        # Remembrance Day on a Saturday is one and stays there; New Year's Day on a Sunday leaves no Monday.
        (2023, of(2023, "04-07", "04-10", "05-22", "07-01", "09-04", "09-30", "10-09", "11-11", "12-25")),
        # Canada Day on a Sunday is kept on the Monday; there was no day for reconciliation.
        (2018, of(2018, "01-01", "03-30", "04-02", "05-21", "07-02", "09-03", "10-08", "12-25")),
        (2022, of(2022, "01-01", "04-15", "04-18", "05-23", "07-01", "09-05", "09-19", "09-30", "10-10", "11-11")),
    ],
)
def test_the_federal_days_of_a_year(year: int, expected: set[date]) -> None:
    assert holidays(year) == expected


@pytest.mark.parametrize(
    ("province", "year", "more"),
    [
        ("CA-ON", 2026, of(2026, "02-16", "08-03", "12-26")),
        ("CA-ON", 2023, of(2023, "01-02", "02-20", "08-07", "12-26")),
        ("CA-ON", 2021, of(2021, "02-15", "08-02", "12-27")),
        ("CA-ON", 2022, of(2022, "02-21", "08-01", "12-26", "12-27")),
        ("CA-ON", 2007, of(2007, "08-06", "12-26")),
        ("CA-QC", 2026, of(2026, "01-02", "06-24", "12-26")),
        ("CA-BC", 2018, of(2018, "02-12", "08-06", "12-26")),
        ("CA-BC", 2019, of(2019, "02-18", "08-05", "12-26")),
        ("CA-AB", 2026, of(2026, "02-16", "08-03", "12-26")),
        ("CA-AB", 2022, of(2022, "02-21", "08-01", "12-27")),
        ("CA-SK", 2026, of(2026, "02-16", "08-03")),
        ("CA-MB", 2026, of(2026, "02-16", "08-03")),
        ("CA-NB", 2026, of(2026, "02-16", "08-03", "12-26")),
        ("CA-NS", 2026, of(2026, "02-16", "08-03")),
        ("CA-PE", 2009, of(2009, "02-09")),
        ("CA-PE", 2026, of(2026, "02-16")),
        ("CA-NL", 2026, of(2026, "12-26")),
        ("CA-YT", 2026, of(2026, "02-20", "08-17")),  # 21 June is a Sunday
        ("CA-NT", 2027, of(2027, "06-21", "08-02")),
        ("CA-NU", 2026, of(2026, "07-09", "08-03")),
        ("CA-XX", 2026, set()),
    ],
)
def test_a_province_adds_its_own(province: str, year: int, more: set[date]) -> None:
    assert holidays(year, province) - holidays(year) == more


@pytest.mark.parametrize(
    ("day", "holiday", "business"),
    [
        ("2026-11-22", True, False),  # a Sunday
        ("2026-11-21", False, False),  # a Saturday
        ("2026-11-20", False, True),
        ("2026-04-06", True, False),  # Easter Monday
        ("2023-11-11", True, False),  # Remembrance Day on a Saturday
        ("2026-12-26", False, False),  # Boxing Day is none of section 35, and a Saturday
        ("2018-07-01", True, False),  # not Canada Day, yet a Sunday
    ],
)
def test_sundays_are_holidays_and_saturdays_only_no_business_days(day: str, holiday: bool, business: bool) -> None:
    assert is_holiday(date.fromisoformat(day)) is holiday
    assert is_business_day(date.fromisoformat(day)) is business


def test_a_day_of_one_province_is_none_of_another() -> None:
    national = date(2026, 6, 24)
    assert is_holiday(national, "CA-QC")
    assert not is_holiday(national, "CA-ON")
    assert not is_holiday(national)


@given(days, anywhere)
def test_a_business_day_is_no_holiday_and_never_at_the_weekend(day: date, province: str | None) -> None:
    if is_business_day(day, province):
        assert not is_holiday(day, province)
        assert day.weekday() < 5
    else:
        assert is_holiday(day, province) or day.weekday() == 5


@given(st.integers(1970, 2200), anywhere)
def test_a_year_has_its_federal_days_everywhere_and_never_a_named_sunday(year: int, province: str | None) -> None:
    found = holidays(year, province)
    assert holidays(year) <= found
    assert {day.year for day in found} == {year}
    assert all(day.weekday() != SUNDAY for day in found)


@given(days, anywhere)
def test_nobody_waits_a_week_for_a_business_day(day: date, province: str | None) -> None:
    assert any(is_business_day(day + timedelta(days=n), province) for n in range(7))


def test_every_row_says_what_it_is_where_and_by_whose_act() -> None:
    assert {row.province for row in ROWS} == {None, *PROVINCES}
    for row in ROWS:
        assert row.name
        assert row.source[:3] in {"[H]", "[M]", "[K]"}
        assert row.until is None or row.since <= row.until
