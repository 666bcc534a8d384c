"""Which days are holidays by section 35 of the Interpretation Act, in Canada and in each of its provinces.

Sundays are holidays, Saturdays are not. Each row says by whose act a day is one and how sure we are of it:
[H] read in the act, [M] a good secondary source, [K] general knowledge that counsel should confirm first.
Not promised: civic holidays of single towns (s. 35(1)(b)), days that custom or the weather sets (the regatta of
St. John's), and days that somebody may yet proclaim: those are a row more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, TypeAlias

_MONDAY, _FRIDAY, _SATURDAY, _SUNDAY = 0, 4, 5, 6
_DAY: Final = timedelta(days=1)

Rule: TypeAlias = Callable[[int], date | None]
"""The day in a year, or None where the rule gives none that year."""


@dataclass(frozen=True, slots=True)
class Row:
    """One holiday and the years it has; `province` None: everywhere, `until` None: still."""

    name: str
    on: Rule
    source: str
    province: str | None = None
    since: int = 1
    until: int | None = None

    def applies(self, year: int, province: str | None) -> bool:
        """Whether it is kept there in that year."""
        in_time = self.since <= year and (self.until is None or year <= self.until)
        return in_time and self.province in (None, province)


def easter_sunday(year: int) -> date:
    """The Sunday after the full moon of spring, by the Gregorian computus of Meeus, Jones and Butcher."""
    golden = year % 19
    century, of_century = divmod(year, 100)
    leaps, rest = divmod(century, 4)
    moon_shift = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leaps - moon_shift + 15) % 30
    quads, quad_rest = divmod(of_century, 4)
    to_sunday = (32 + 2 * rest + 2 * quads - epact - quad_rest) % 7
    late = (golden + 11 * epact + 22 * to_sunday) // 451
    month, day = divmod(epact + to_sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def holidays(year: int, province: str | None = None) -> frozenset[date]:
    """The named holidays of a year, without those that fall on a Sunday: that is one anyway.

    `province` is an ISO 3166-2 code (`CA-ON`); one without rows has the federal days.
    """
    return _holidays(year, province)


def is_holiday(day: date, province: str | None = None) -> bool:
    """Whether something that falls due on the day may be done on the next (ss. 26, 35)."""
    return day.weekday() == _SUNDAY or day in _holidays(day.year, province)


def is_business_day(day: date, province: str | None = None) -> bool:
    """Whether people are at their desks: no holiday and no Saturday."""
    return day.weekday() != _SATURDAY and not is_holiday(day, province)


@lru_cache(maxsize=1024)
def _holidays(year: int, province: str | None) -> frozenset[date]:
    days = (row.on(year) for row in ROWS if row.applies(year, province))
    return frozenset(day for day in days if day is not None and day.weekday() != _SUNDAY)


def _on(month: int, day: int) -> Rule:
    return lambda year: date(year, month, day)


def _nth(nth: int, weekday: int, month: int) -> Rule:
    """The nth such weekday of a month."""

    def on(year: int) -> date:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))

    return on


def _easter(days: int) -> Rule:
    return lambda year: easter_sunday(year) + timedelta(days=days)


def _monday_before(month: int, day: int) -> Rule:
    """The last Monday before a date, which itself does not count."""

    def on(year: int) -> date:
        eve = date(year, month, day) - _DAY
        return eve - timedelta(days=(eve.weekday() - _MONDAY) % 7)

    return on


def _friday_before_last_sunday_of_february(year: int) -> date:
    last = date(year, 3, 1) - _DAY
    sunday = last - timedelta(days=(last.weekday() - _SUNDAY) % 7)
    return sunday - timedelta(days=_SUNDAY - _FRIDAY)


def _canada_day(year: int) -> date:
    first = date(year, 7, 1)
    return first + _DAY if first.weekday() == _SUNDAY else first


def _monday_after_new_year(year: int) -> date | None:
    return date(year, 1, 2) if date(year, 1, 1).weekday() == _SUNDAY else None


def _day_for_a_christmas_at_the_weekend(year: int) -> date | None:
    """27 December: the Monday after a Saturday, the Tuesday after a Sunday."""
    return date(year, 12, 27) if date(year, 12, 25).weekday() in (_SATURDAY, _SUNDAY) else None


def _boxing_day_or_27th(year: int) -> date:
    boxing = date(year, 12, 26)
    return boxing + _DAY if boxing.weekday() in (_SUNDAY, _MONDAY) else boxing


_THIRD_MONDAY_OF_FEBRUARY: Final = _nth(3, _MONDAY, 2)
_FIRST_MONDAY_OF_AUGUST: Final = _nth(1, _MONDAY, 8)
_S_35: Final = "[H] Interpretation Act s. 35(1)"
_ON: Final = "[M] Legislation Act, 2006 (Ontario) s. 88"
_QC: Final = "[M] Interpretation Act (Quebec) s. 61(23), Code of Civil Procedure"
_BC: Final = "[M] Interpretation Act (British Columbia) s. 29"
_LABOUR_LAW: Final = "[K] labour standards of the province; its interpretation act to be confirmed"
_CIVIC: Final = "[K] civic holiday, by most councils or by labour standards; to be confirmed"

ROWS: Final = (
    Row("New Year’s Day", _on(1, 1), _S_35),
    Row("Good Friday", _easter(-2), _S_35),
    Row("Easter Monday", _easter(1), _S_35),
    # The Sovereign's birthday is celebrated on it, by proclamation.
    Row("Victoria Day", _monday_before(5, 25), "[H] Interpretation Act s. 35(1), Holidays Act s. 4"),
    Row("Canada Day", _canada_day, "[H] Interpretation Act s. 35(1), Holidays Act s. 2"),
    Row("Labour Day", _nth(1, _MONDAY, 9), _S_35),
    Row("National Day for Truth and Reconciliation", _on(9, 30), "[H] 2021, c. 11, s. 3", since=2021),
    Row("Thanksgiving Day", _nth(2, _MONDAY, 10), "[K] s. 35(1): day of thanksgiving, proclaimed in 1957", since=1957),
    Row("Remembrance Day", _on(11, 11), "[H] Interpretation Act s. 35(1), Holidays Act s. 3"),
    Row("Christmas Day", _on(12, 25), _S_35),
    Row("Day of mourning for Elizabeth II", _on(9, 19), "[K] s. 35(1): day of mourning", since=2022, until=2022),
    # British Columbia
    Row("Family Day", _nth(2, _MONDAY, 2), _BC, "CA-BC", 2013, 2018),
    Row("Family Day", _THIRD_MONDAY_OF_FEBRUARY, _BC, "CA-BC", 2019),
    Row("British Columbia Day", _FIRST_MONDAY_OF_AUGUST, _BC, "CA-BC", 1974),
    Row("Boxing Day", _on(12, 26), _BC, "CA-BC"),
    # Alberta
    Row("Family Day", _THIRD_MONDAY_OF_FEBRUARY, "[K] Interpretation Act (Alberta) s. 28", "CA-AB", 1990),
    Row("Heritage Day", _FIRST_MONDAY_OF_AUGUST, _CIVIC, "CA-AB", 1974),
    Row("Boxing Day", _boxing_day_or_27th, "[K] Interpretation Act (Alberta) s. 28", "CA-AB"),
    # Saskatchewan
    Row("Family Day", _THIRD_MONDAY_OF_FEBRUARY, _LABOUR_LAW, "CA-SK", 2007),
    Row("Saskatchewan Day", _FIRST_MONDAY_OF_AUGUST, _LABOUR_LAW, "CA-SK", 1975),
    # Manitoba
    Row("Louis Riel Day", _THIRD_MONDAY_OF_FEBRUARY, _LABOUR_LAW, "CA-MB", 2008),
    Row("Terry Fox Day", _FIRST_MONDAY_OF_AUGUST, _CIVIC, "CA-MB"),
    # Ontario
    Row("New Year’s Day on a Sunday", _monday_after_new_year, _ON, "CA-ON"),
    Row("Family Day", _THIRD_MONDAY_OF_FEBRUARY, _ON, "CA-ON", 2008),
    Row("Civic Holiday", _FIRST_MONDAY_OF_AUGUST, "[M] Rules of Civil Procedure (Ontario) r. 1.03", "CA-ON"),
    Row("Boxing Day", _on(12, 26), _ON, "CA-ON"),
    Row("Christmas Day at the weekend", _day_for_a_christmas_at_the_weekend, _ON, "CA-ON"),
    # Quebec
    Row("Day after New Year’s Day", _on(1, 2), _QC, "CA-QC"),
    Row("Saint-Jean-Baptiste", _on(6, 24), _QC, "CA-QC"),
    Row("Day after Christmas", _on(12, 26), _QC, "CA-QC"),
    # New Brunswick
    Row("Family Day", _THIRD_MONDAY_OF_FEBRUARY, _LABOUR_LAW, "CA-NB", 2018),
    Row("New Brunswick Day", _FIRST_MONDAY_OF_AUGUST, _LABOUR_LAW, "CA-NB", 1975),
    Row("Boxing Day", _on(12, 26), "[M] Days of Rest Act (New Brunswick)", "CA-NB"),
    # Nova Scotia
    Row("Heritage Day", _THIRD_MONDAY_OF_FEBRUARY, "[M] Labour Standards Code (Nova Scotia)", "CA-NS", 2015),
    Row("Natal Day", _FIRST_MONDAY_OF_AUGUST, _CIVIC, "CA-NS", 1996),
    # Prince Edward Island
    Row("Islander Day", _nth(2, _MONDAY, 2), _LABOUR_LAW, "CA-PE", 2009, 2009),
    Row("Islander Day", _THIRD_MONDAY_OF_FEBRUARY, _LABOUR_LAW, "CA-PE", 2010),
    # Newfoundland and Labrador; its Memorial Day is 1 July
    Row("Boxing Day", _on(12, 26), "[H] Interpretation Act (Newfoundland and Labrador) s. 27(1)(l)", "CA-NL"),
    Row("Memorial Day", _on(7, 1), "[H] Interpretation Act (Newfoundland and Labrador) s. 27(1)(l)", "CA-NL"),
    # Yukon
    Row("Heritage Day", _friday_before_last_sunday_of_february, _LABOUR_LAW, "CA-YT", 1976),
    Row("National Indigenous Peoples Day", _on(6, 21), _LABOUR_LAW, "CA-YT", 2017),
    Row("Discovery Day", _nth(3, _MONDAY, 8), _LABOUR_LAW, "CA-YT"),
    # Northwest Territories
    Row("National Indigenous Peoples Day", _on(6, 21), _LABOUR_LAW, "CA-NT", 2001),
    Row("Civic Holiday", _FIRST_MONDAY_OF_AUGUST, _LABOUR_LAW, "CA-NT"),
    # Nunavut
    Row("Nunavut Day", _on(7, 9), _LABOUR_LAW, "CA-NU", 2020),
    Row("Civic Holiday", _FIRST_MONDAY_OF_AUGUST, _LABOUR_LAW, "CA-NU"),
)
"""Every day there is. A day more, or less, is a row here with its years and its source."""
