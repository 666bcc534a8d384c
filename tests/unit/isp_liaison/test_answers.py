"""What is taken of a provider's answer, what is refused, what its second reader must look at."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isp_liaison.domain.answers import (
    Answer,
    Answerer,
    AnswerId,
    AnswerState,
    AskedLine,
    Decision,
    Flag,
    Given,
    ReadTime,
    Repeated,
    Taken,
    check,
    judge,
)
from isp_liaison.domain.instruments import Effect
from isp_liaison.domain.lines import LineId, LineState
from isp_liaison.domain.refusals import Refusal

AT = datetime(2026, 11, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LINE = AskedLine(id=LineId(UUID(int=1)), effect=Effect.PRODUCES, state=LineState.OPEN, at=AT)
NORTH = Answerer(provider="provider-north", reply_zone="America/Toronto", others=frozenset({"provider-east"}))


def read(at: datetime | None, problem: str | None = None) -> ReadTime:
    return ReadTime(raw="", at=at, problem=problem)


GIVEN = Given(
    line=LINE.id,
    outcome="subscriber_identified",
    zone="America/Toronto",
    zone_known=True,
    assigned_from=read(AT - HOUR),
    assigned_to=read(AT + HOUR),
    redirect_to=None,
    has_subscriber=True,
    fingerprint="a",
)
NOTHING = replace(GIVEN, outcome="no_record", has_subscriber=False, assigned_from=None, assigned_to=None)


def code(given: Given, line: AskedLine | None = LINE) -> str | None:
    outcome = judge(given, line, NORTH)
    return outcome.code if isinstance(outcome, Refusal) else None


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, None),
        ({"assigned_to": None}, None),
        ({"assigned_from": read(AT), "assigned_to": read(AT)}, None),
        ({"zone_known": False}, "answer.zone_unknown"),
        ({"assigned_from": read(None)}, "answer.time_unreadable"),
        ({"assigned_to": read(None)}, "answer.time_unreadable"),
        ({"assigned_from": None}, "answer.time_missing"),
        ({"assigned_to": read(AT - 2 * HOUR)}, "answer.time_reversed"),
        ({"assigned_from": read(AT + HOUR), "assigned_to": None}, "answer.time_outside_request"),
        ({"assigned_to": read(AT - HOUR)}, "answer.time_outside_request"),
        ({"outcome": "preserved"}, "outcome.unknown"),
        ({"has_subscriber": False}, "subscriber.missing"),
        ({"redirect_to": "provider-east"}, "redirect.unexpected"),
        ({"outcome": "no_record"}, "subscriber.unexpected"),
    ],
)
def test_an_identified_subscriber_is_taken_where_the_times_fit(
    changed: dict[str, object], expected: str | None
) -> None:
    assert code(replace(GIVEN, **changed)) == expected


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("provider-east", None),
        ("provider-north", "redirect.itself"),
        ("provider-west", "redirect.unknown"),
        (None, "redirect.unknown"),
    ],
)
def test_a_redirect_names_another_known_provider(to: str | None, expected: str | None) -> None:
    assert code(replace(NOTHING, outcome="redirect", redirect_to=to)) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (None, "line.unknown"),
        (replace(LINE, answered_with="b"), "answer.differs"),
        (replace(LINE, state=LineState.DROPPED), "line.closed"),
        (replace(LINE, effect=Effect.PRESERVES), "outcome.unknown"),
    ],
)
def test_the_line_decides_too(line: AskedLine | None, expected: str) -> None:
    assert code(GIVEN, line) == expected


def test_the_same_answer_again_is_known() -> None:
    assert judge(GIVEN, replace(LINE, state=LineState.DONE, answered_with="a"), NORTH) == Repeated()


def test_a_preservation_needs_no_times() -> None:
    kept = replace(NOTHING, outcome="preserved")
    assert judge(kept, replace(LINE, effect=Effect.PRESERVES), NORTH) == Taken(frozenset())


@pytest.mark.parametrize(
    ("changed", "usual", "flags"),
    [
        ({}, "America/Toronto", set()),
        ({"zone": "America/Halifax"}, "America/Toronto", {Flag.ZONE_DIFFERS}),
        ({"zone": "America/Halifax"}, None, set()),
        ({"assigned_from": read(AT - HOUR, "time.zone_differs")}, None, {Flag.ZONE_DIFFERS}),
        ({"assigned_to": read(AT + HOUR, "time.ambiguous_local")}, "America/Toronto", {Flag.TIME_DOUBTFUL}),
    ],
)
def test_what_is_unusual_is_flagged(changed: dict[str, object], usual: str | None, flags: set[Flag]) -> None:
    answerer = replace(NORTH, reply_zone=usual)
    assert judge(replace(GIVEN, **changed), LINE, answerer) == Taken(frozenset(flags))


def test_an_answer_without_times_has_no_zone_to_differ() -> None:
    assert judge(replace(NOTHING, zone="Europe/Paris"), LINE, NORTH) == Taken(frozenset())


@given(before=st.integers(-100, 100), after=st.integers(-100, 100))
def test_whatever_is_taken_covers_the_time_that_was_asked_about(before: int, after: int) -> None:
    first, last = AT - timedelta(minutes=before), AT + timedelta(minutes=after)
    given_times = replace(GIVEN, assigned_from=read(first), assigned_to=read(last))
    assert isinstance(judge(given_times, LINE, NORTH), Taken) == (first <= AT <= last)


ANSWER = Answer(
    id=AnswerId(UUID(int=9)),
    line=LINE.id,
    state=AnswerState.PENDING,
    outcome="subscriber_identified",
    flags=frozenset(),
    submitted_by="provider-north",
    redirect_to=None,
    record=None,
)


@pytest.mark.parametrize(
    ("flags", "decision", "by", "confirmed", "expected"),
    [
        (set(), Decision.CONFIRM, "officer-2", False, AnswerState.CONFIRMED),
        (set(), Decision.REFUSE, "officer-2", False, AnswerState.REFUSED),
        (set(), Decision.CONFIRM, "provider-north", True, "check.same_person"),
        (set(), Decision.REFUSE, "provider-north", True, "check.same_person"),
        ({Flag.ZONE_DIFFERS}, Decision.CONFIRM, "officer-2", False, "check.zone_unconfirmed"),
        ({Flag.TIME_DOUBTFUL}, Decision.CONFIRM, "officer-2", False, "check.zone_unconfirmed"),
        ({Flag.ZONE_DIFFERS}, Decision.CONFIRM, "officer-2", True, AnswerState.CONFIRMED),
        ({Flag.ZONE_DIFFERS}, Decision.REFUSE, "officer-2", False, AnswerState.REFUSED),
    ],
)
def test_a_second_person_decides(
    flags: set[Flag], decision: Decision, by: str, expected: AnswerState | str, *, confirmed: bool
) -> None:
    outcome = check(replace(ANSWER, flags=frozenset(flags)), decision, by=by, zone_confirmed=confirmed)
    assert (outcome.code if isinstance(outcome, Refusal) else outcome) == expected
