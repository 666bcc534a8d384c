"""Days counted as the Interpretation Act counts them, in the zone where the instrument was made.

The first day is out, the last one in (s. 27). What somebody may do on a holiday may be done on the next day that is
none (s. 26); an expiry is nobody's act and has no such grace, so what it keeps is taken for lost from the midnight
after the last day. Times of day do not matter: a statutory day is a calendar day of the zone.
Not promised: hours. No instrument here counts them.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from isp_liaison.domain.holidays import is_business_day, is_holiday

REMIND_DAYS_BEFORE: Final = (7, 3, 1)
"""Policy data of the centre, not law (domain.md §3.2)."""

_DAY: Final = timedelta(days=1)
_LEAST: Final = timedelta(microseconds=1)


def expires_on(made_on: date, days: int) -> date:
    """The last day of a period of `days` after the day on which the instrument was made (s. 27)."""
    return made_on + timedelta(days=days)


def may_act_until(last: date, province: str | None = None) -> date:
    """The last day on which something may still be done: never a holiday of the province (s. 26)."""
    while is_holiday(last, province):
        last += _DAY
    return last


def lost_from(expires_on: date, zone: tzinfo) -> datetime:
    """The first moment after the last day in the zone, in UTC.

    Clocks that change around midnight give two candidates. The later one counts where the last day is still on just
    before it: midnight is skipped, or the day comes back (Newfoundland set 00:01 to 23:01 until 2011).
    """
    midnight = datetime.combine(expires_on + _DAY, time.min, tzinfo=zone)
    earlier, later = sorted((midnight.astimezone(UTC), midnight.replace(fold=1).astimezone(UTC)))
    return later if local_date(later - _LEAST, zone) <= expires_on else earlier


def local_date(at: datetime, zone: tzinfo) -> date:
    """The calendar day of the moment in the zone. Raises `ValueError` for a moment without a zone of its own."""
    if at.tzinfo is None:
        raise ValueError("a moment without a zone has no date")
    return at.astimezone(zone).date()


def reminders(last: date, made_on: date, province: str | None = None) -> list[tuple[date, int]]:
    """On which days to remind that `last` comes near, and how many days are then left.

    Each is a business day: the last one not after 7, 3 and 1 days before. None is before the day of making, and no
    day comes twice, so a short period may have few or none.
    """
    days = {_last_business_day(last - timedelta(days=before), province) for before in REMIND_DAYS_BEFORE}
    return [(day, (last - day).days) for day in sorted(days) if day >= made_on]


def _last_business_day(day: date, province: str | None) -> date:
    while not is_business_day(day, province):
        day -= _DAY
    return day
