"""The life of an assignment, as a table of cases and as invariants."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import ids
from routing.domain import assigning
from routing.domain.assigning import (
    MOST_HOPS,
    Accepted,
    Assigned,
    Assignment,
    AssignmentId,
    Closed,
    Declined,
    Declining,
    EntryId,
    Handed,
    Moved,
    Moving,
    Proposed,
    Refusal,
    Target,
    Transferred,
    Withdrawn,
)
from routing.domain.bodies import BodyId

NOW = datetime(2026, 11, 27, 15, tzinfo=UTC)  # a Friday
ICE, OTHER, CENTRE = BodyId("ice-on"), BodyId("ice-bc"), BodyId("centre")
TARGET = Target(body=BodyId("police-guelph"), holder=ICE, copies=(BodyId("cfs-on"),))
ELSEWHERE = Target(body=BodyId("police-surrey"), holder=OTHER)


def new() -> AssignmentId:
    return AssignmentId(ids.new())


def assigned(target: Target = TARGET) -> Assigned:
    return assigning.open_first(EntryId(ids.new()), target, new=new(), priority="P2", now=NOW)


def accepted() -> Accepted:
    return Accepted(terms=assigned().terms, accepted_at=NOW)


def closed() -> Closed:
    return Closed(terms=assigned().terms, closed_at=NOW, outcome="no_action")


ENDED: list[Callable[[], Assignment]] = [
    lambda: Declined(terms=assigned().terms, declined_at=NOW, reason=Declining.OTHER, successor=new()),
    lambda: Transferred(terms=assigned().terms, transferred_at=NOW, successor=new()),
    lambda: Moved(terms=assigned().terms, moved_at=NOW, reason=Moving.NEW_EVIDENCE, successor=new()),
    lambda: Withdrawn(terms=assigned().terms, withdrawn_at=NOW),
]


def decline(one: Assignment, by: BodyId = ICE, reason: Declining = Declining.WRONG_JURISDICTION) -> Handed | Refusal:
    return assigning.decline(
        one, by=by, reason=reason, candidates=[TARGET, ELSEWHERE], centre=CENTRE, new=new(), priority="P1", now=NOW
    )


@pytest.mark.parametrize(
    ("priority", "due"),
    [
        ("P0", NOW + timedelta(minutes=15)),
        ("P1", NOW + timedelta(hours=4)),
        ("P2", NOW + timedelta(hours=24)),
        ("P3", NOW + timedelta(days=7)),  # five weekdays from a Friday
        ("P4", NOW + timedelta(days=14)),
        ("P9", NOW + timedelta(days=14)),
    ],
)
def test_an_assignment_is_due_by_its_priority(priority: str, due: datetime) -> None:
    assert assigning.due_at(priority, NOW) == due


@given(st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)), st.sampled_from(["P3", "P4"]))  # noqa: DTZ001
def test_business_days_end_on_weekdays(start: datetime, priority: str) -> None:
    due = assigning.due_at(priority, start)
    assert due.weekday() < 5
    assert timedelta(days=5) <= due - start <= timedelta(days=16)


def test_the_holder_accepts() -> None:
    one = assigned()
    assert assigning.accept(one, by=ICE, now=NOW) == Accepted(terms=one.terms, accepted_at=NOW)


def test_nobody_else_accepts_or_declines() -> None:
    for outcome in (assigning.accept(assigned(), by=OTHER, now=NOW), decline(assigned(), by=OTHER)):
        assert isinstance(outcome, Refusal)
        assert outcome.code == "assignment.of_another_body"


@pytest.mark.parametrize("make", [closed, *ENDED])
def test_what_is_over_is_not_decided_again(make: Callable[[], Assignment]) -> None:
    for outcome in (assigning.accept(make(), by=ICE, now=NOW), decline(make())):
        assert isinstance(outcome, Refusal)
        assert outcome.code == "assignment.not_open"


def test_an_accepted_one_is_not_accepted_again() -> None:
    assert isinstance(assigning.accept(accepted(), by=ICE, now=NOW), Refusal)


@pytest.mark.parametrize("make", [assigned, accepted])
def test_a_declined_one_goes_to_the_first_candidate_that_did_not_decline(make: Callable[[], Assignment]) -> None:
    outcome = decline(make())
    assert isinstance(outcome, Handed)
    assert (outcome.successor.terms.holder, outcome.successor.terms.hop) == (OTHER, 2)
    assert outcome.successor.terms.tried == (ICE,)
    assert isinstance(outcome.ended, Declined)
    assert outcome.ended.successor == outcome.successor.terms.id


@pytest.mark.parametrize("reason", [one for one in Declining if one is not Declining.WRONG_JURISDICTION])
def test_any_other_reason_goes_to_the_centre_with_its_copies(reason: Declining) -> None:
    outcome = decline(assigned(), reason=reason)
    assert isinstance(outcome, Handed)
    assert (outcome.successor.terms.body, outcome.successor.terms.copies) == (CENTRE, TARGET.copies)


def test_the_centre_is_the_last_holder() -> None:
    outcome = decline(assigned(Target(body=CENTRE, holder=CENTRE)), by=CENTRE)
    assert isinstance(outcome, Refusal)
    assert outcome.code == "assignment.of_the_centre"


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40))
def test_declines_never_come_back_and_end_at_the_centre(order: list[int]) -> None:
    candidates = [Target(body=BodyId(f"body-{one}"), holder=BodyId(f"body-{one}")) for one in order]
    one = assigned()
    holders = [one.terms.holder]
    while one.terms.holder != CENTRE:
        outcome = assigning.decline(
            one,
            by=one.terms.holder,
            reason=Declining.WRONG_JURISDICTION,
            candidates=candidates,
            centre=CENTRE,
            new=new(),
            priority="P2",
            now=NOW,
        )
        assert isinstance(outcome, Handed)
        one = outcome.successor
        holders.append(one.terms.holder)
    assert len(set(holders)) == len(holders) <= MOST_HOPS + 1


def evaluate(one: assigning.Current, target: Target) -> Handed | Proposed | None:
    return assigning.re_evaluate(one, target, reason=Moving.NEW_EVIDENCE, new=new(), priority="P2", now=NOW)


@pytest.mark.parametrize("make", [assigned, accepted, closed])
def test_the_same_body_changes_nothing(make: Callable[[], assigning.Current]) -> None:
    assert evaluate(make(), TARGET) is None


def test_new_evidence_moves_what_nobody_accepted() -> None:
    outcome = evaluate(assigned(), ELSEWHERE)
    assert isinstance(outcome, Handed)
    assert isinstance(outcome.ended, Moved)
    assert (outcome.successor.terms.holder, outcome.successor.terms.hop) == (OTHER, 1)


@pytest.mark.parametrize("make", [accepted, closed])
def test_new_evidence_is_proposed_where_somebody_is_responsible(make: Callable[[], assigning.Current]) -> None:
    one = make()
    assert evaluate(one, ELSEWHERE) == Proposed(assignment=one.terms.id, target=ELSEWHERE)


def test_new_evidence_does_not_move_back_to_who_declined() -> None:
    handed = decline(assigned())
    assert isinstance(handed, Handed)
    assert isinstance(evaluate(handed.successor, TARGET), Proposed)


def test_a_withdrawn_entry_ends_what_is_open_and_leaves_what_is_closed() -> None:
    for one in (assigned(), accepted()):
        assert assigning.withdraw(one, now=NOW) == Withdrawn(terms=one.terms, withdrawn_at=NOW)
    assert assigning.withdraw(closed(), now=NOW) is None


@pytest.mark.parametrize("make", [assigned, accepted, closed])
def test_current_is_current(make: Callable[[], Assignment]) -> None:
    one = make()
    assert assigning.still_current(one) is one


@pytest.mark.parametrize("make", ENDED)
def test_over_is_over(make: Callable[[], Assignment]) -> None:
    with pytest.raises(ValueError, match="over"):
        assigning.still_current(make())


def test_only_what_is_assigned_and_not_flagged_becomes_late() -> None:
    one = assigned()
    later = one.terms.due_at
    assert not assigning.is_late(one, later - timedelta(seconds=1))
    assert assigning.is_late(one, later)
    assert not assigning.is_late(Assigned(terms=one.terms, overdue=True), later)
    assert not assigning.is_late(accepted(), later)
