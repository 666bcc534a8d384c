"""Clocks and times: the raw text is kept, the moment is UTC, zone rules come from the pinned `tzdata` only.

Importing this module cuts Python off from the machine's zone files, which may be older: Vancouver, Edmonton
and Winnipeg changed rules in 2026. Not promised: repairing what a sender wrote; an ambiguous text is refused.
"""

import re
import zoneinfo
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from functools import lru_cache
from typing import Final, Protocol
from zoneinfo import ZoneInfo

import tzdata

from kit.values import value

zoneinfo.reset_tzpath(to=[])
ZoneInfo.clear_cache()

TZDATA: Final[str] = tzdata.IANA_VERSION
"""Version of the pinned zone rules, stored with every parsed time and every deadline."""

EARLIEST_YEAR: Final = 1970  # before it no server wrote a log; `0001` is one client's unset value
LATEST_YEAR: Final = 2200
WIDEST_OFFSET: Final = timedelta(hours=14)


class Clock(Protocol):
    """Where the time comes from; the door takes it, the domain gets the moment."""

    def now(self) -> datetime:
        """The moment, aware and in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The moment, aware and in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one reading of the machine's clock


class SettableClock:
    """A clock that tests and replays move by hand."""

    def __init__(self, at: datetime) -> None:
        """Stands at `at`, which must be aware."""
        self._at = _in_utc(at)

    def now(self) -> datetime:
        """The moment it was set to."""
        return self._at

    def set(self, at: datetime) -> None:
        """Stands at `at`, which must be aware."""
        self._at = _in_utc(at)

    def advance(self, by: timedelta) -> datetime:
        """Moves on and answers the new moment."""
        self._at += by
        return self._at


class UnknownZone(ValueError):
    """The pinned rules have no zone of that name."""


class Precision(StrEnum):
    """How exactly a text tells a moment."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    NONE = "none"


@value
class ParsedTime:
    """What a text says of a moment. `at` is None where it says none; `problem` is a stable code.

    A problem beside a moment is a doubt (the reading that was taken stands, `zone_assumed` is set where the
    doubt is about the hour); a problem without a moment is a refusal.
    """

    raw: str | None
    at: datetime | None
    precision: Precision
    zone: str | None
    zone_assumed: bool
    tzdata: str
    problem: str | None


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


@lru_cache(maxsize=1024)  # ZoneInfo itself keeps eight
def zone(name: str) -> ZoneInfo:
    """The rules of an IANA zone from the pinned data. Raises `UnknownZone`."""
    if name not in _names():
        raise UnknownZone(f"no zone of that name in tzdata {TZDATA}")
    return ZoneInfo(name)


_OFFSET = re.compile(r"[Zz]|(?P<sign>[+-])(?P<hours>\d{2})(?::?(?P<minutes>\d{2}))?", re.ASCII)
_ISO = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"
    r"(?:[Tt ](?P<hour>\d{2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,12}))?)?)?"
    r" ?(?P<offset>[Zz]|[+-]\d{2}(?::?\d{2})?)?)?",
    re.ASCII,
)
_DAY_OR_MONTH_FIRST = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](?:\d{4}|\d{2})(?!\d)", re.ASCII)
_BEGINS_AS_A_TIME = re.compile(r"\d{4}-\d{2}", re.ASCII)


def parse(raw: str | None, declared_zone: str | None) -> ParsedTime:
    """What a partner's text says, in UTC (RFC 3339 / ISO 8601 only; domain.md §4.2 has the reasons).

    An offset in the text wins over the declared zone. Codes: `time.missing`, `.unset`, `.not_iso`,
    `.ambiguous_day_month`, `.unreadable`, `.out_of_range` refuse; `.unknown_zone`, `.zone_differs`,
    `.nonexistent_local`, `.ambiguous_local` flag a reading that was taken.
    """
    text = "" if raw is None else raw.strip()
    if not text:
        return _refused(raw, "time.missing")
    match = _ISO.fullmatch(text)
    if match is None:
        return _refused(raw, _not_iso(text))
    year = int(match["year"])
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        return _refused(raw, "time.unset" if year == 1 else "time.out_of_range")
    try:
        local = _local(match)
    except ValueError:
        return _refused(raw, "time.unreadable")
    if match["offset"] is not None:
        return _with_offset(raw, local, match, declared_zone)
    return _with_declared_zone(raw, local, _precision(match), declared_zone)


def _refused(raw: str | None, problem: str) -> ParsedTime:
    return ParsedTime(
        raw=raw,
        at=None,
        precision=Precision.NONE,
        zone=None,
        zone_assumed=False,
        tzdata=TZDATA,
        problem=problem,
    )


def _not_iso(text: str) -> str:
    match = _DAY_OR_MONTH_FIRST.match(text)
    if match is not None:
        first, second = int(match[1]), int(match[2])
        if first != second and max(first, second) <= 12:
            return "time.ambiguous_day_month"
        return "time.not_iso"
    return "time.unreadable" if _BEGINS_AS_A_TIME.match(text) else "time.not_iso"


def _local(match: re.Match[str]) -> datetime:
    second = int(match["second"] or 0)
    leap = second == 60  # RFC 3339 §5.7; POSIX clocks count it as the next second
    moment = datetime(  # noqa: DTZ001 - the zone is decided by the caller
        int(match["year"]),
        int(match["month"]),
        int(match["day"]),
        int(match["hour"] or 0),
        int(match["minute"] or 0),
        59 if leap else second,
        int((match["fraction"] or "0")[:6].ljust(6, "0")),
    )
    return moment + timedelta(seconds=1) if leap else moment


def _precision(match: re.Match[str]) -> Precision:
    if match["hour"] is None:
        return Precision.DAY
    if match["minute"] is None:
        return Precision.HOUR
    return Precision.MINUTE if match["second"] is None else Precision.SECOND


def _with_offset(raw: str | None, local: datetime, match: re.Match[str], declared_zone: str | None) -> ParsedTime:
    offset = _fixed(match["offset"])
    if offset is None:
        return _refused(raw, "time.unreadable")
    at = local.replace(tzinfo=offset).astimezone(UTC)
    return ParsedTime(
        raw=raw,
        at=at,
        precision=_precision(match),
        zone=match["offset"],
        zone_assumed=False,
        tzdata=TZDATA,
        problem=_difference(at, offset, declared_zone),
    )


def _difference(at: datetime, offset: tzinfo, declared_zone: str | None) -> str | None:
    """`Z` beside a declared zone is no contradiction: who converts to UTC names the own zone all the same."""
    declared = (declared_zone or "").strip()
    if not declared or at.astimezone(offset).utcoffset() == timedelta(0):
        return None
    try:
        rules = _rules(declared)
    except UnknownZone:
        return "time.unknown_zone"
    same = at.astimezone(rules).utcoffset() == at.astimezone(offset).utcoffset()
    return None if same else "time.zone_differs"


def _with_declared_zone(
    raw: str | None, local: datetime, precision: Precision, declared_zone: str | None
) -> ParsedTime:
    declared = (declared_zone or "").strip()
    if not declared:
        return _assumed(raw, local, precision, None)
    try:
        rules = _rules(declared)
    except UnknownZone:
        return _assumed(raw, local, precision, "time.unknown_zone")
    doubt = _doubt(local, rules)
    return ParsedTime(
        raw=raw,
        at=local.replace(tzinfo=rules).astimezone(UTC),
        precision=precision,
        zone=declared,
        zone_assumed=doubt is not None,
        tzdata=TZDATA,
        problem=doubt,
    )


def _assumed(raw: str | None, local: datetime, precision: Precision, problem: str | None) -> ParsedTime:
    return ParsedTime(
        raw=raw,
        at=local.replace(tzinfo=UTC),
        precision=precision,
        zone=None,
        zone_assumed=True,
        tzdata=TZDATA,
        problem=problem,
    )


def _rules(declared: str) -> tzinfo:
    return _fixed(declared) or zone(declared)


def _fixed(text: str) -> tzinfo | None:
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    if match["sign"] is None:
        return UTC
    minutes = int(match["minutes"] or 0)
    size = timedelta(hours=int(match["hours"]), minutes=minutes)
    if minutes > 59 or size > WIDEST_OFFSET:
        return None
    return timezone(-size if match["sign"] == "-" else size)


def _doubt(local: datetime, rules: tzinfo) -> str | None:
    """Around a clock change a wall time names two moments, or none (PEP 495)."""
    first = local.replace(tzinfo=rules, fold=0)
    second = local.replace(tzinfo=rules, fold=1)
    if first.utcoffset() == second.utcoffset():
        return None
    back = first.astimezone(UTC).astimezone(rules).replace(tzinfo=None)
    return "time.ambiguous_local" if back == local else "time.nonexistent_local"


def _in_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a clock stands at an aware moment")
    return at.astimezone(UTC)
