"""A capture's grade says whether a provider can answer for it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from intake.domain.grading import CLOCK_DRIFT, Gradable, Grade, best, grade, in_the_future, invented

AT = datetime(2026, 11, 3, 21, 14, 5, tzinfo=UTC)


def capture(**changed: Any) -> Gradable:
    complete: dict[str, Any] = {
        "ip_class": "public",
        "family": 4,
        "port": 443,
        "at": AT,
        "precision": "second",
        "zone_assumed": False,
    }
    return Gradable(**(complete | changed))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (capture(), Grade.A),
        (capture(family=6, port=None), Grade.A),  # an IPv6 address is one subscriber's
        (capture(port=None), Grade.B),  # an IPv4 address is shared by many
        (capture(precision="minute"), Grade.C),
        (capture(zone_assumed=True), Grade.C),
        (capture(doubtful=True), Grade.C),
        (capture(family=6, port=None, precision="minute"), Grade.C),
        (capture(precision="hour"), Grade.D),
        (capture(precision="day"), Grade.D),
        (capture(precision="day", zone_assumed=True), Grade.D),
        (capture(at=None, precision="none"), Grade.X),
        (capture(ip_class="carrier_nat"), Grade.A),  # port, time and provider still say something
        *[
            (capture(ip_class=kind), Grade.X)
            for kind in ("private", "loopback", "link_local", "documentation", "multicast", "reserved", "invalid")
        ],
    ],
)
def test_a_capture_is_graded_by_what_a_provider_can_answer(given: Gradable, expected: Grade) -> None:
    assert grade(given) is expected


def test_an_entry_has_the_grade_of_its_best_capture() -> None:
    assert best([Grade.D, Grade.B, Grade.X]) is Grade.B
    assert best([]) is Grade.X


@pytest.mark.parametrize(
    ("event", "raw_time", "incident_time", "expected"),
    [
        ("Unknown", "2026-11-03T21:14:05Z", "2026-11-03T21:14:05Z", True),
        (" unknown ", "x", "x", True),
        ("Login", "2026-11-03T21:14:05Z", "2026-11-03T21:14:05Z", False),
        ("Unknown", "2026-11-03T21:14:05Z", "2026-11-03T21:14:05.000Z", False),  # to the letter
        ("Unknown", None, None, False),
        (None, "x", "x", False),
    ],
)
def test_a_time_copied_from_the_incident_is_recognised(
    event: str | None, raw_time: str | None, incident_time: str | None, *, expected: bool
) -> None:
    assert invented(event=event, raw_time=raw_time, incident_time=incident_time) is expected


def test_a_time_after_its_receipt_is_a_wrong_clock() -> None:
    assert in_the_future(AT + CLOCK_DRIFT + timedelta(seconds=1), AT)
    assert not in_the_future(AT + CLOCK_DRIFT, AT)
    assert not in_the_future(None, AT)
