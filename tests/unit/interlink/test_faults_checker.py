"""The checker of `interlink faults` finds what is planted, each alone, in evidence that is otherwise sound."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from unit.interlink.evidences import PRODUCED, SUBJECT, again, cut, life, record, without
from unit.interlink.happenings import NOW

from contracts import ids
from contracts.events.deliveries import DeliveryFailed, DeliverySucceeded
from contracts.events.entries import SuspectReported
from contracts.events.identifications import IdentificationCompleted, IdentificationPreserved, IdentificationSent
from contracts.events.jurisdictions import AssignmentCreated, AssignmentMoved
from contracts.events.referrals import ReferralReceived
from interlink.faults.checker import check, doubled, lost
from interlink.faults.evidence import Answer, AtProvider, Evidence
from interlink.faults.ground import Strike
from interlink.faults.problems import Kind
from interlink.faults.recovery import measure


def swapped(seen: Evidence) -> Evidence:
    """Two records of one subject the other way round, each where the other was."""
    here, there = (
        next(position for position, one in enumerate(seen.records) if isinstance(one.event, model))
        for model in (IdentificationSent, IdentificationCompleted)
    )
    records = list(seen.records)
    records[here], records[there] = records[there], records[here]
    return replace(seen, records=records)


def failed(seen: Evidence) -> Evidence:
    one = DeliveryFailed(
        notice=ids.new(),
        agency="ice-on",
        referral=SUBJECT.referral,
        delivery=ids.new(),
        endpoint=ids.new(),
        attempts=8,
        reason="schedule_exhausted",
        failed_at=NOW,
    )
    return replace(seen, records=[*seen.records, record(one)])


def asked_again(seen: Evidence) -> Evidence:
    return replace(seen, lines=[*seen.lines, AtProvider(provider="east", number="IR-9", line=str(PRODUCED))])


def hooked_again(seen: Evidence) -> Evidence:
    return replace(seen, webhooks=[*seen.webhooks, replace(seen.webhooks[0], webhook=str(ids.new()))])


def answered_otherwise(seen: Evidence) -> Evidence:
    other = Answer(reference="NL-1", status=201, number="IL-2026-000002", accepted=0)
    return replace(seen, answers=[*seen.answers, other])


def shared(seen: Evidence) -> Evidence:
    return replace(seen, answers=[*seen.answers, replace(seen.answers[1], reference="NL-2")])


PLANTED: dict[str, tuple[Callable[[Evidence], Evidence], Kind, str]] = {
    "a referral on no topic": (lambda seen: without(seen, ReferralReceived), Kind.LOST, "stands on no topic"),
    "a referral received twice": (lambda seen: again(seen, ReferralReceived), Kind.DOUBLED, "happened 2 times"),
    "one key, two numbers": (answered_otherwise, Kind.DOUBLED, "was answered with"),
    "one number, two references": (shared, Kind.LOST, "2 references"),
    "a referral of nobody": (
        lambda seen: replace(seen, answers=[], progress={}, posted={}),
        Kind.DOUBLED,
        "referrals more than answers",
    ),
    "an entry its partner cannot see": (lambda seen: replace(seen, progress={}), Kind.LOST, "not among its current"),
    "an entry never reported": (lambda seen: without(seen, SuspectReported), Kind.LOST, "never reported"),
    "an entry reported twice": (lambda seen: again(seen, SuspectReported), Kind.DOUBLED, "was told 2 times"),
    "nobody holds it": (lambda seen: without(seen, AssignmentCreated), Kind.LOST, "no current assignment"),
    "two hold it": (lambda seen: without(seen, AssignmentMoved), Kind.DOUBLED, "2 current assignments"),
    "an assignment made twice": (lambda seen: again(seen, AssignmentCreated), Kind.DOUBLED, "happened 2 times"),
    "a gap": (lambda seen: cut(seen, AssignmentMoved), Kind.LOST, "sequence 1, 2, 3, 5"),
    "two under one sequence": (
        lambda seen: replace(seen, records=[*seen.records, record(SUBJECT.received(), 1)]),
        Kind.DOUBLED,
        "sequence 1, 1",
    ),
    "the wrong order": (swapped, Kind.REORDERED, "sequence 1, 2, 6, 4, 5, 3"),
    "a line under two numbers": (asked_again, Kind.DOUBLED, "IR-1 and IR-9"),
    "a line no provider has": (lambda seen: replace(seen, lines=seen.lines[1:]), Kind.LOST, "no provider has it"),
    "a line never sent": (
        lambda seen: without(seen, IdentificationSent, IdentificationCompleted),
        Kind.WAITING,
        "never sent",
    ),
    "a line never answered": (lambda seen: without(seen, IdentificationCompleted), Kind.WAITING, "never answered"),
    "a line never preserved": (lambda seen: without(seen, IdentificationPreserved), Kind.WAITING, "never answered"),
    "an answer applied twice": (lambda seen: again(seen, IdentificationCompleted), Kind.DOUBLED, "happened 2 times"),
    "a holder told nothing": (lambda seen: without(seen, DeliverySucceeded), Kind.UNTOLD, "was told nothing"),
    "a delivery nobody has": (lambda seen: replace(seen, webhooks=seen.webhooks[1:]), Kind.UNTOLD, "does not have it"),
    "a delivery given up": (failed, Kind.UNTOLD, "schedule_exhausted"),
    "a notice under two webhook ids": (hooked_again, Kind.DOUBLED, "got notice"),
    "something that waits": (
        lambda seen: replace(seen, leftovers=["1 dead letters in interlink.suspects.dlq.routing"]),
        Kind.WAITING,
        "dead letters",
    ),
}


def test_nothing_is_wrong_with_a_life_as_it_should_be() -> None:
    assert check(life()) == []


def test_nothing_is_wrong_where_nothing_was_posted() -> None:
    assert check(Evidence()) == []


@pytest.mark.parametrize("planted", PLANTED)
def test_what_is_planted_is_found(planted: str) -> None:
    plant, kind, words = PLANTED[planted]
    found = check(plant(life()))
    assert [one for one in found if one.kind is kind and words in one.words], found
    if kind in (Kind.DOUBLED, Kind.REORDERED):
        assert not found[0].kind.may_mend or found[0].kind is Kind.LOST


def test_what_was_never_answered_may_exist_once() -> None:
    seen = life()
    seen = replace(seen, answers=seen.answers[:1], progress={})
    assert check(seen) == []


def test_losses_and_doubles_are_counted_apart() -> None:
    found = check(hooked_again(replace(life(), progress={})))
    assert (lost(found), doubled(found)) == (1, 1)


def test_work_goes_on_when_what_was_received_after_the_fault_is_assigned() -> None:
    received, assigned = record(SUBJECT.received()), record(SUBJECT.assigned(), at=NOW.timestamp() + 2)
    before, after = (Strike(kind="broker", ended=NOW.timestamp() + shift) for shift in (-1, 1))
    measured = Strike(kind="kill", ended=NOW.timestamp() - 1, recovered=0.5)
    measure([before, after, measured], [received, assigned])
    assert (before.recovered, after.recovered, measured.recovered) == (3, None, 0.5)
