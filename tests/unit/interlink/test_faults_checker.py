"""The checker of `interlink faults` finds what is planted, each alone, in evidence that is otherwise sound."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from unit.interlink.happenings import NOW, NUMBER, Subject

from contracts import ids, registry
from contracts.envelope import Envelope
from contracts.events.deliveries import DeliveryFailed, DeliverySucceeded
from contracts.events.entries import SuspectReported
from contracts.events.identifications import IdentificationCompleted, IdentificationPreserved, IdentificationSent
from contracts.events.jurisdictions import AssignmentCreated, AssignmentMoved
from contracts.events.referrals import ReferralReceived
from contracts.model import Contract, Encrypted
from interlink.faults.checker import ISSUED, check, doubled, lost
from interlink.faults.evidence import Answer, AtAgency, AtProvider, Evidence, Record
from interlink.faults.ground import Strike
from interlink.faults.problems import Kind
from interlink.faults.recovery import measure

PRODUCED, PRESERVED = ids.new(), ids.new()
NOTICE = ids.new()
SUBJECT = Subject()


def reported() -> SuspectReported:
    return SuspectReported(
        suspect=SUBJECT.entry,
        referral=SUBJECT.referral,
        number=NUMBER,
        version=1,
        role="suspect",
        grade="A",
        offence_type="csaem",
        received_at=NOW,
        personal=Encrypted(key=ids.new(), nonce="", data=""),
    )


def record(event: Contract, sequence: int = 1, at: float = 0.0) -> Record:
    declared = registry.of(type(event))
    subject = str(getattr(event, declared.key))
    told = Envelope(
        id=ids.new(),
        type=declared.type,
        source=f"/interlink/{declared.topic.writer}",
        subject=subject,
        partitionkey=subject,
        time=NOW,
        dataschema=declared.dataschema,
        correlationid=str(SUBJECT.referral),
        sequence=sequence,
        tenant="partner:bureau-nl",
        testmode=True,
        handling="H1",
        priority="P2",
    )
    return Record(topic=declared.topic.name, envelope=told, event=event, at=at)


def asked() -> list[Contract]:
    """Two lines, from draft to answer."""
    demanded = "preservation_demand"
    return [
        SUBJECT.drafted(PRODUCED),
        SUBJECT.drafted(PRESERVED, demanded),
        SUBJECT.sent(PRODUCED),
        SUBJECT.sent(PRESERVED, "IR-2", demanded),
        SUBJECT.preserved(PRESERVED),
        SUBJECT.completed(PRODUCED),
    ]


def life() -> Evidence:
    """One suspect: posted twice, moved from the centre to an agency, asked about twice, its holder told."""
    first, second = SUBJECT.assigned("centre"), SUBJECT.assigned("ice-on", copies=("cps-toronto",))
    told = [SUBJECT.delivered(agency, notice=NOTICE) for agency in ("ice-on", "cps-toronto")]
    events: list[list[Contract]] = [
        [SUBJECT.received()],
        [reported()],
        [SUBJECT.determined("canada"), first, SUBJECT.moved(first, second), second],
        asked(),
        [*told, SUBJECT.acknowledged(notice=NOTICE)],
    ]
    records = [record(event, number) for topic in events for number, event in enumerate(topic, start=1)]
    answer = Answer(reference="NL-1", status=201, number=NUMBER, accepted=1)
    return Evidence(
        answers=[Answer(reference="NL-1", status=503), answer, replace(answer, status=200)],
        posted=frozenset({"NL-1"}),
        progress={NUMBER: frozenset({SUBJECT.entry})},
        records=[*records, records[2]],  # a record that comes twice under one id is no second effect
        lines=[
            AtProvider(provider="north", number="IR-1", line=str(PRODUCED)),
            AtProvider(provider="north", number="IR-2", line=str(PRESERVED)),
        ],
        webhooks=[
            AtAgency(agency=one.agency, webhook=str(one.delivery), type=ISSUED, notice=str(NOTICE)) for one in told
        ],
    )


def without(seen: Evidence, *models: type[Contract]) -> Evidence:
    """Without these events, and what came after them on the topic moved up."""
    kept = [one for one in seen.records if not isinstance(one.event, models)]
    counted: Counter[tuple[str, str]] = Counter()
    by_id: dict[object, int] = {}
    for one in kept:
        if one.envelope.id not in by_id:
            counted[one.topic, one.envelope.subject] += 1
            by_id[one.envelope.id] = counted[one.topic, one.envelope.subject]
    return replace(
        seen, records=[replace(one, envelope=replace(one.envelope, sequence=by_id[one.envelope.id])) for one in kept]
    )


def again(seen: Evidence, model: type[Contract]) -> Evidence:
    """The same said once more, as a new event at the end of its subject."""
    one = next(one for one in seen.records if isinstance(one.event, model))
    of_subject = {
        each.envelope.id
        for each in seen.records
        if (each.topic, each.envelope.subject) == (one.topic, one.envelope.subject)
    }
    second = replace(one.envelope, id=ids.new(), sequence=len(of_subject) + 1)
    return replace(seen, records=[*seen.records, replace(one, envelope=second)])


def cut(seen: Evidence, model: type[Contract]) -> Evidence:
    """The record gone, the others as they were."""
    return replace(seen, records=[one for one in seen.records if not isinstance(one.event, model)])


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
        lambda seen: replace(seen, answers=[], progress={}, posted=frozenset()),
        Kind.DOUBLED,
        "referrals more than answers",
    ),
    "an entry its partner cannot see": (lambda seen: replace(seen, progress={}), Kind.LOST, "has 0 entries"),
    "an entry never reported": (lambda seen: without(seen, SuspectReported), Kind.LOST, "never reported"),
    "an entry reported twice": (lambda seen: again(seen, SuspectReported), Kind.DOUBLED, "happened 2 times"),
    "nobody holds it": (lambda seen: without(seen, AssignmentCreated), Kind.LOST, "no current assignment"),
    "two hold it": (lambda seen: without(seen, AssignmentMoved), Kind.DOUBLED, "2 current assignments"),
    "an assignment made twice": (lambda seen: again(seen, AssignmentCreated), Kind.DOUBLED, "happened 2 times"),
    "a gap": (lambda seen: cut(seen, AssignmentMoved), Kind.LOST, "sequence 1, 2, 4"),
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
