"""Evidence as a sound run leaves it, and ways to spoil it: for the tests of the checker of `interlink faults`."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from unit.interlink.happenings import NOW, NUMBER, Subject

from contracts import ids, registry
from contracts.envelope import Envelope
from contracts.events.entries import SuspectAmended, SuspectReported, SuspectWithdrawn
from contracts.events.identifications import IdentificationCancelled, IdentificationRequested
from contracts.events.jurisdictions import AssignmentCreated, AssignmentMoved, AssignmentWithdrawn
from contracts.events.referrals import ReferralAmended
from contracts.model import Contract, Encrypted
from interlink.faults.evidence import Answer, AtAgency, AtIntake, AtProvider, Evidence, Filed, InFeed, Record
from interlink.faults.telling import ISSUED

PRODUCED, PRESERVED = ids.new(), ids.new()
NOTICES = {agency: ids.new() for agency in ("ice-on", "ice-qc", "cps-toronto", "centre")}
SEALED = Encrypted(key=ids.new(), nonce="", data="")
SUBJECT = Subject()
OTHER = Subject(referral=SUBJECT.referral, investigation=SUBJECT.investigation)
"""The suspect that a second version names no longer."""
THIRD = Subject(referral=SUBJECT.referral, investigation=SUBJECT.investigation)
"""The suspect about whom no version says anything new, and nobody is found."""


def reported(of: Subject = SUBJECT, version: int = 1) -> SuspectReported:
    return SuspectReported(
        suspect=of.entry,
        referral=of.referral,
        number=NUMBER,
        version=version,
        role="suspect",
        grade="A",
        offence_type="csaem",
        received_at=NOW,
        personal=SEALED,
    )


def amended(of: Subject = SUBJECT, version: int = 2) -> SuspectAmended:
    return SuspectAmended.model_validate(reported(of, version).model_dump())


def withdrawn(of: Subject, version: int = 2) -> SuspectWithdrawn:
    return SuspectWithdrawn(suspect=of.entry, referral=of.referral, version=version, reason="absent_from_amendment")


def requested(of: Subject) -> IdentificationRequested:
    return IdentificationRequested(
        entry=of.entry,
        kind=of.kind,
        referral=of.referral,
        investigation=of.investigation,
        offence_type="csaem",
        offence_basis="canadian",
        requested_at=NOW,
        personal=SEALED,
    )


def cancelled(of: Subject) -> IdentificationCancelled:
    return IdentificationCancelled(
        entry=of.entry, kind=of.kind, referral=of.referral, investigation=of.investigation, reason="withdrawn"
    )


def referral_amended(version: int = 2) -> ReferralAmended:
    return ReferralAmended(
        referral=SUBJECT.referral,
        number=NUMBER,
        partner="bureau-nl",
        version=version,
        received_at=NOW,
        reported=0,
        amended=1,
        withdrawn=1,
        unchanged=0,
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
    return Record(topic=declared.topic.name, key=subject, envelope=told, event=event, at=at)


def filed(*references: str, unread: bool = False) -> Filed:
    return Filed(entries=frozenset(references), unread=unread)


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


def holders() -> list[Contract]:
    """Held by the centre until an answer names a place."""
    unidentified = SUBJECT.determined("canada_unidentified")
    placed = SUBJECT.determined("canada", body="ice-on", version=2, copies=("cps-toronto",))
    first = SUBJECT.assigned("centre", by=unidentified)
    second = SUBJECT.assigned("ice-on", by=placed, copies=("cps-toronto",))
    return [unidentified, first, placed, SUBJECT.moved(first, second), second]


def life() -> Evidence:
    """One suspect: posted twice, moved from the centre to an agency, asked about twice, its holder told."""
    told = [SUBJECT.delivered(agency, notice=NOTICES[agency]) for agency in ("ice-on", "cps-toronto", "centre")]
    records = numbered(
        [SUBJECT.received()],
        [reported()],
        holders(),
        [requested(SUBJECT)],
        asked(),
        *([one] for one in told),
    )
    answer = Answer(reference="NL-1", status=201, number=NUMBER, accepted=1)
    seen = Evidence(
        answers=[Answer(reference="NL-1", status=503), answer, replace(answer, status=200)],
        posted={"NL-1": {1: filed("S-1")}},
        progress={NUMBER: (AtIntake(id=SUBJECT.entry, reference="S-1"),)},
        records=[*records, records[2]],  # a record that comes twice under one id is no second effect
        lines=[
            AtProvider(provider="north", number="IR-1", line=str(PRODUCED)),
            AtProvider(provider="north", number="IR-2", line=str(PRESERVED)),
        ],
    )
    return notified(seen, {one.agency: one.delivery for one in told})


def amended_life() -> Evidence:
    """Three suspects; a second version changes one of them, leaves one out, and says nothing new of the third."""
    line = ids.new()
    of_other = OTHER.determined("canada_unidentified")
    held = OTHER.assigned("centre", by=of_other)
    ended = AssignmentWithdrawn(
        entry=OTHER.entry,
        kind=OTHER.kind,
        referral=OTHER.referral,
        investigation=OTHER.investigation,
        assignment=held.assignment,
        holder=held.holder,
        withdrawn_at=NOW,
    )
    of_third = THIRD.determined("canada_unidentified")
    placed = SUBJECT.determined("canada", body="ice-on")
    again = SUBJECT.determined("canada", body="ice-qc", version=2)
    first, second = SUBJECT.assigned("ice-on", by=placed), SUBJECT.assigned("ice-qc", by=again)
    told = [SUBJECT.delivered(agency, notice=NOTICES[agency]) for agency in ("ice-on", "ice-qc", "centre")]
    records = numbered(
        [SUBJECT.received(), referral_amended()],
        [reported(), amended()],
        [reported(OTHER), withdrawn(OTHER)],
        [reported(THIRD)],
        [placed, first, again, SUBJECT.moved(first, second), second],
        [of_other, held, ended],
        [of_third, THIRD.assigned("centre", by=of_third)],
        [requested(OTHER), cancelled(OTHER)],
        [requested(THIRD)],
        [THIRD.drafted(line), THIRD.sent(line), THIRD.completed(line, outcome="no_record")],
        *([one] for one in told),
    )
    answer = Answer(reference="NL-1", status=201, number=NUMBER, accepted=3)
    seen = Evidence(
        answers=[answer, replace(answer, version=2, accepted=2)],
        posted={"NL-1": {1: filed("S-1", "S-2", "S-3"), 2: filed("S-1", "S-3")}},
        progress={
            NUMBER: (
                AtIntake(id=SUBJECT.entry, reference="S-1"),
                AtIntake(id=OTHER.entry, reference="S-2", withdrawn=True),
                AtIntake(id=THIRD.entry, reference="S-3"),
            )
        },
        records=records,
        lines=[AtProvider(provider="north", number="IR-1", line=str(line))],
    )
    return notified(seen, {one.agency: one.delivery for one in told})


def numbered(*topics: Sequence[Contract]) -> list[Record]:
    """The events of each subject on one topic, in their order."""
    return [record(event, number) for events in topics for number, event in enumerate(events, start=1)]


def notified(seen: Evidence, deliveries: dict[str, UUID]) -> Evidence:
    """Everybody has what they hold, or held, in their feed, and took one notice in that is about it."""
    copies: dict[UUID, list[str]] = {}
    feeds: dict[str, list[InFeed]] = {agency: [] for agency in deliveries}
    for one in {one.envelope.id: one for one in seen.records}.values():
        if not isinstance(one.event, AssignmentCreated | AssignmentMoved | AssignmentWithdrawn):
            continue
        if isinstance(one.event, AssignmentCreated):
            copies[one.event.assignment] = one.event.copies
        fed = InFeed(event=one.envelope.id, type=one.envelope.type, referral=str(one.event.referral))
        for agency in (one.event.holder, *copies[one.event.assignment]):
            feeds[agency].append(fed)
    webhooks = [
        AtAgency(
            agency=agency, webhook=str(webhook), type=ISSUED, notice=str(NOTICES[agency]), items=len(feeds[agency])
        )
        for agency, webhook in deliveries.items()
    ]
    return replace(seen, feeds=feeds, webhooks=webhooks)


def without(seen: Evidence, *models: type[Contract], only: Callable[[Any], bool] = lambda _: True) -> Evidence:
    """Without these events, and what came after them on the topic moved up."""
    kept = [one for one in seen.records if not (isinstance(one.event, models) and only(one.event))]
    counted: Counter[tuple[str, str]] = Counter()
    by_id: dict[object, int] = {}
    for one in kept:
        if one.envelope.id not in by_id:
            counted[one.topic, one.envelope.subject] += 1
            by_id[one.envelope.id] = counted[one.topic, one.envelope.subject]
    return replace(
        seen, records=[replace(one, envelope=replace(one.envelope, sequence=by_id[one.envelope.id])) for one in kept]
    )


def changed(seen: Evidence, model: type[Contract], only: Callable[[Any], bool], fields: dict[str, Any]) -> Evidence:
    """Those events of a type with other fields."""
    return replace(
        seen,
        records=[
            replace(one, event=one.event.model_copy(update=fields))
            if isinstance(one.event, model) and only(one.event)
            else one
            for one in seen.records
        ],
    )


def added(seen: Evidence, *events: Contract, fed: Sequence[str] = ()) -> Evidence:
    """With these events, each at the end of its subject; the last one in these agencies' feeds, and in notices."""
    for event in events:
        one = record(event)
        known = {
            each.envelope.id
            for each in seen.records
            if (each.topic, each.envelope.subject) == (one.topic, one.envelope.subject)
        }
        one = replace(one, envelope=replace(one.envelope, sequence=len(known) + 1))
        seen = replace(seen, records=[*seen.records, one])
    return _fed(seen, seen.records[-1], fed) if fed else seen


def _fed(seen: Evidence, one: Record, agencies: Sequence[str]) -> Evidence:
    more = InFeed(event=one.envelope.id, type=one.envelope.type, referral=str(SUBJECT.referral))
    feeds = {agency: [*feed, more] if agency in agencies else feed for agency, feed in seen.feeds.items()}
    webhooks = [replace(hook, items=hook.items + (hook.agency in agencies)) for hook in seen.webhooks]
    return replace(seen, feeds=feeds, webhooks=webhooks)


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
