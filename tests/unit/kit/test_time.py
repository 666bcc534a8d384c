"""Times are read as written, or refused: never guessed, never by the machine's zone files."""

import zoneinfo
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.time import TZDATA, ParsedTime, Precision, SettableClock, SystemClock, UnknownZone, parse, zone


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("raw", "declared", "at", "precision"),
    [
        ("2026-03-04T05:06:07Z", None, utc(2026, 3, 4, 5, 6, 7), Precision.SECOND),
        ("2026-03-04t05:06:07z", None, utc(2026, 3, 4, 5, 6, 7), Precision.SECOND),
        ("2026-03-04 05:06:07+02:00", None, utc(2026, 3, 4, 3, 6, 7), Precision.SECOND),
        ("2026-03-04T05:06:07-0330", None, utc(2026, 3, 4, 8, 36, 7), Precision.SECOND),
        ("2026-03-04T05:06:07+02", None, utc(2026, 3, 4, 3, 6, 7), Precision.SECOND),
        ("2026-03-04T05:06:07-00:00", None, utc(2026, 3, 4, 5, 6, 7), Precision.SECOND),
        ("2026-03-04T05:06:07.123Z", None, utc(2026, 3, 4, 5, 6, 7, 123000), Precision.SECOND),
        ("2026-03-04T05:06:07.123456789Z", None, utc(2026, 3, 4, 5, 6, 7, 123456), Precision.SECOND),
        ("2026-03-04T05:06:07,5Z", None, utc(2026, 3, 4, 5, 6, 7, 500000), Precision.SECOND),
        ("\n  2026-03-04T05:06:07Z  ", None, utc(2026, 3, 4, 5, 6, 7), Precision.SECOND),
        ("2026-03-04T05:06Z", None, utc(2026, 3, 4, 5, 6), Precision.MINUTE),
        ("2026-03-04T05Z", None, utc(2026, 3, 4, 5), Precision.HOUR),
        ("2026-12-31T23:59:60Z", None, utc(2027, 1, 1), Precision.SECOND),
        ("2026-07-01T12:00:00", "America/Toronto", utc(2026, 7, 1, 16), Precision.SECOND),
        ("2026-07-01T12:00:00", "-02:30", utc(2026, 7, 1, 14, 30), Precision.SECOND),
        ("2026-07-01T12:00:00", "UTC", utc(2026, 7, 1, 12), Precision.SECOND),
        ("2026-07-01T12:00:00", "Z", utc(2026, 7, 1, 12), Precision.SECOND),
        ("2026-07-01", "America/Toronto", utc(2026, 7, 1, 4), Precision.DAY),
    ],
)
def test_an_iso_text_with_a_known_zone_is_a_moment(
    raw: str, declared: str | None, at: datetime, precision: Precision
) -> None:
    parsed = parse(raw, declared)
    assert parsed.at == at
    assert parsed.precision is precision
    assert not parsed.zone_assumed
    assert parsed.zone is not None
    assert parsed.problem is None
    assert (parsed.raw, parsed.tzdata) == (raw, TZDATA)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (None, "time.missing"),
        ("  ", "time.missing"),
        ("0001-01-01T00:00:00Z", "time.unset"),
        ("0001-01-01T00:00:00.000Z", "time.unset"),
        ("03/04/2026", "time.ambiguous_day_month"),
        ("3.4.2026 10:00", "time.ambiguous_day_month"),
        ("03-04-26", "time.ambiguous_day_month"),
        ("03/03/2026", "time.not_iso"),
        ("25/12/2026", "time.not_iso"),
        ("12/25/2026 10:15", "time.not_iso"),
        ("2026/03/04", "time.not_iso"),
        ("4 March 2026", "time.not_iso"),
        ("1764000000", "time.not_iso"),
        ("2026-13-01T00:00:00Z", "time.unreadable"),
        ("2026-02-30", "time.unreadable"),
        ("2026-03", "time.unreadable"),
        ("2026-03-04T25:00:00Z", "time.unreadable"),
        ("2026-03-04T05:06:07+14:30", "time.unreadable"),
        ("2026-03-04T05:06:07+01:75", "time.unreadable"),
        ("1969-12-31T23:59:59Z", "time.out_of_range"),
        ("9999-12-31T23:59:59-12:00", "time.out_of_range"),
        ("２０２６-03-04T05:06:07Z", "time.not_iso"),
    ],
)
def test_what_is_no_iso_time_is_refused_with_its_reason(raw: str | None, problem: str) -> None:
    assert parse(raw, "UTC") == ParsedTime(
        raw=raw,
        at=None,
        precision=Precision.NONE,
        zone=None,
        zone_assumed=False,
        tzdata=TZDATA,
        problem=problem,
    )


@pytest.mark.parametrize("declared", [None, "", "  "])
def test_a_time_without_a_zone_is_read_as_utc_and_says_so(declared: str | None) -> None:
    parsed = parse("2026-07-01T12:00:00", declared)
    assert (parsed.at, parsed.zone, parsed.zone_assumed, parsed.problem) == (
        utc(2026, 7, 1, 12),
        None,
        True,
        None,
    )


@pytest.mark.parametrize("declared", ["Eastern", "America", "../etc/passwd", "+15:00", "PST"])
def test_a_zone_nobody_knows_is_no_zone(declared: str) -> None:
    parsed = parse("2026-07-01T12:00:00", declared)
    assert (parsed.zone, parsed.zone_assumed, parsed.problem) == (None, True, "time.unknown_zone")
    with pytest.raises(UnknownZone):
        zone(declared)


def test_an_offset_in_the_text_wins_over_a_declared_zone_and_a_contradiction_is_flagged() -> None:
    parsed = parse("2026-07-01T12:00:00+02:00", "America/Toronto")
    assert (parsed.at, parsed.zone, parsed.problem) == (utc(2026, 7, 1, 10), "+02:00", "time.zone_differs")
    assert parse("2026-07-01T12:00:00-04:00", "America/Toronto").problem is None
    assert parse("2026-07-01T12:00:00Z", "America/Toronto").problem is None
    assert parse("2026-07-01T12:00:00-04:00", "Nowhere").problem == "time.unknown_zone"


def test_a_wall_time_that_occurs_twice_is_read_as_the_first_and_flagged() -> None:
    parsed = parse("2026-11-01T01:30:00", "America/Toronto")
    assert (parsed.at, parsed.zone_assumed, parsed.problem) == (
        utc(2026, 11, 1, 5, 30),
        True,
        "time.ambiguous_local",
    )


def test_a_wall_time_that_no_clock_showed_is_flagged() -> None:
    parsed = parse("2026-03-08T02:30:00", "America/Toronto")
    assert (parsed.zone_assumed, parsed.problem) == (True, "time.nonexistent_local")


@pytest.mark.parametrize(
    ("name", "offset", "under_the_old_rule"),
    [
        ("America/Vancouver", -7, -8),  # stays on summer time after 2026-11-01
        ("America/Edmonton", -6, -7),
        ("America/Winnipeg", -5, -6),
    ],
)
def test_the_winter_of_2026_follows_the_rules_of_that_year(name: str, offset: int, under_the_old_rule: int) -> None:
    noon = parse("2026-12-15T12:00:00", name)
    assert noon.at == utc(2026, 12, 15, 12 - offset)
    assert noon.at != utc(2026, 12, 15, 12 - under_the_old_rule)
    before = parse("2025-12-15T12:00:00", name)
    assert before.at == utc(2025, 12, 15, 12 - under_the_old_rule)


@pytest.mark.parametrize("name", ["America/Vancouver", "America/Edmonton", "America/Winnipeg"])
def test_no_hour_of_november_2026_occurs_twice_where_the_clocks_stayed(name: str) -> None:
    assert parse("2026-11-01T01:30:00", name).problem is None
    assert parse("2025-11-02T01:30:00", name).problem == "time.ambiguous_local"


def test_the_machines_zone_files_are_out_of_reach() -> None:
    assert zoneinfo.TZPATH == ()


def test_a_settable_clock_moves_only_by_hand() -> None:
    clock = SettableClock(utc(2026, 1, 1))
    assert clock.now() == clock.now() == utc(2026, 1, 1)
    assert clock.advance(timedelta(hours=1)) == clock.now() == utc(2026, 1, 1, 1)
    clock.set(utc(2027, 1, 1))
    assert clock.now() == utc(2027, 1, 1)
    with pytest.raises(ValueError, match="aware"):
        clock.set(datetime(2026, 1, 1))  # noqa: DTZ001 - the refusal is what is tested


def test_the_system_clock_is_aware_and_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


@given(st.text(max_size=40), st.one_of(st.none(), st.text(max_size=20)))
def test_any_text_is_read_or_refused_but_never_breaks(raw: str, declared: str | None) -> None:
    parsed = parse(raw, declared)
    assert parsed.raw == raw
    assert (parsed.at is None) == (parsed.precision is Precision.NONE)
    assert parsed.at is not None or parsed.problem is not None


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2199, 1, 1)))  # noqa: DTZ001
def test_what_we_write_as_rfc_3339_is_read_back_as_it_was(moment: datetime) -> None:
    parsed = parse(moment.isoformat(timespec="microseconds") + "Z", None)
    assert parsed.at == moment.replace(tzinfo=UTC)
