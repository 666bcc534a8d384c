"""A provider's answer follows from what it was asked: the same again, in its own local times, never in doubt."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.time import parse
from sandbox.generator.canada import PROVINCES
from sandbox.providers.answering import LINES_AT_ONCE, answers, assigned, outcome
from sandbox.providers.asked import Asked, Line
from sandbox.providers.profiles import PROFILES, Profile
from sandbox.providers.subscribers import MARK, subscriber

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
NORTH, EAST = PROFILES["north"], PROFILES["east"]


def line(ip: str = "24.48.1.2", at: datetime | None = AT, port: int | None = 4711) -> Line:
    return Line(line=uuid4(), ip=ip, port=port, at=at)


def asked(*lines: Line, instrument: str = "production_order") -> Asked:
    return Asked(number="IR-2026-000001", instrument=instrument, lines=lines)


def many(count: int) -> list[Line]:
    return [line(f"24.48.{number // 250}.{number % 250}") for number in range(count)]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
@pytest.mark.parametrize("instrument", ["preservation_demand", "preservation_order"])
def test_what_is_to_be_preserved_is_preserved(profile: Profile, instrument: str) -> None:
    one = line(at=None)
    (body,) = answers(profile, asked(one, instrument=instrument))
    assert body["lines"] == [{"line": str(one.line), "outcome": "preserved"}]


def test_north_identifies_every_line_in_its_own_zone() -> None:
    lines = many(40)
    (body,) = answers(NORTH, asked(*lines))
    assert body["zone"] == "America/Toronto"
    assert [UUID(told["line"]) for told in body["lines"]] == [one.line for one in lines]
    for told in body["lines"]:
        assert told["outcome"] == "subscriber_identified"
        assert told["subscriber"].keys() == {
            "name", "street", "municipality", "province", "postal_code", "country"
        }  # fmt: skip


def test_east_answers_partly_and_redirects_to_north() -> None:
    counted = Counter(outcome(EAST, one) for one in many(2000))
    assert counted.keys() == {"subscriber_identified", "no_record", "cgn_ambiguous", "redirect"}
    shares = {name: count / 2000 for name, count in counted.items()}
    assert shares["subscriber_identified"] == pytest.approx(0.6, abs=0.05)
    assert shares["redirect"] == pytest.approx(0.2, abs=0.05)
    bodies = answers(EAST, asked(*many(60)))
    redirects = [told for told in bodies[0]["lines"] if told["outcome"] == "redirect"]
    assert redirects
    assert {told["redirect_to"] for told in redirects} == {"provider-north"}
    others = [told for told in bodies[0]["lines"] if told["outcome"] in ("no_record", "cgn_ambiguous")]
    assert all(told.keys() == {"line", "outcome"} for told in others)


def test_the_same_question_gets_the_same_answer() -> None:
    question = asked(*many(10))
    assert answers(EAST, question) == answers(EAST, question)


def test_what_is_asked_about_decides_and_not_the_lines_id() -> None:
    assert len({outcome(EAST, line("24.48.9.9")) for _ in range(50)}) == 1


def test_a_long_request_is_answered_in_parts() -> None:
    bodies = answers(NORTH, asked(*many(LINES_AT_ONCE + 1), instrument="preservation_demand"))
    assert [len(body["lines"]) for body in bodies] == [LINES_AT_ONCE, 1]


def test_a_line_without_a_moment_has_no_interval_and_no_subscriber() -> None:
    (body,) = answers(NORTH, asked(line(at=None)))
    assert body["lines"][0].keys() == {"line", "outcome"}


@given(
    change=st.sampled_from([datetime(2026, 11, 1, 5, tzinfo=UTC), datetime(2026, 3, 8, 6, tzinfo=UTC)]),
    minutes=st.integers(-24 * 60, 24 * 60),
    zone=st.sampled_from([profile.zone for profile in PROFILES.values()]),
)
def test_the_interval_holds_the_moment_and_is_read_without_doubt(change: datetime, minutes: int, zone: str) -> None:
    at = change + timedelta(minutes=minutes)
    told = assigned(line(at=at), zone)
    assert told is not None
    first, last = (parse(text, zone) for text in told)
    assert first.problem is last.problem is None
    assert first.at is not None
    assert last.at is not None
    assert first.at < at < last.at
    assert last.at - first.at < timedelta(hours=16)


def test_a_subscriber_lives_where_the_address_says_and_can_be_looked_for() -> None:
    one, other = subscriber(uuid4(), "24.48.1.2"), subscriber(uuid4(), "24.48.1.2")
    assert one.name != other.name
    assert (one.municipality, one.province, one.postal_code) == (other.municipality, other.province, other.postal_code)
    for number in range(60):
        found = subscriber(uuid4(), f"24.48.3.{number}")
        assert MARK in found.name
        assert MARK in found.street
        (place,) = [place for place in PROVINCES[found.province].places if place.name == found.municipality]
        assert found.postal_code[:3] in place.postal_areas
