"""What the checker finds where a second version amends and withdraws, each planted alone in evidence that is sound."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from unit.interlink.evidences import (
    OTHER,
    PRODUCED,
    SUBJECT,
    THIRD,
    added,
    again,
    amended,
    amended_life,
    cancelled,
    changed,
    filed,
    life,
    requested,
    withdrawn,
    without,
)

from contracts import ids
from contracts.events.entries import SuspectReported, SuspectWithdrawn
from contracts.events.identifications import (
    IdentificationCancelled,
    IdentificationDrafted,
    IdentificationRequested,
)
from contracts.events.jurisdictions import (
    AssignmentCreated,
    AssignmentMoved,
    AssignmentWithdrawn,
    JurisdictionDetermined,
    JurisdictionUndetermined,
)
from contracts.events.referrals import ReferralAmended
from interlink.faults.checker import check
from interlink.faults.evidence import AtIntake, Evidence
from interlink.faults.problems import Kind


def standing(seen: Evidence, *entries: AtIntake) -> Evidence:
    """What intake tells of the referral's entries instead."""
    (number,) = seen.progress
    return replace(seen, progress={number: entries})


def one_lost_one_doubled(seen: Evidence) -> Evidence:
    """As many as the receipt says, and not those that were posted."""
    first, gone, _ = next(iter(seen.progress.values()))
    return standing(seen, first, gone, AtIntake(id=THIRD.entry, reference="S-1"))


def not_withdrawn(seen: Evidence) -> Evidence:
    return standing(seen, *(replace(one, withdrawn=False) for one in next(iter(seen.progress.values()))))


def still_held(seen: Evidence) -> Evidence:
    return without(seen, AssignmentWithdrawn)


def fed_less(seen: Evidence) -> Evidence:
    """The agency has a notice of the referral, and not of everything in it."""
    return replace(seen, feeds=seen.feeds | {"centre": seen.feeds["centre"][:-1]})


def fed_again(seen: Evidence) -> Evidence:
    return replace(seen, feeds=seen.feeds | {"centre": [*seen.feeds["centre"], seen.feeds["centre"][0]]})


def noticed(seen: Evidence, more: int) -> Evidence:
    """The first notice is about more or fewer events than it should be."""
    first, *others = seen.webhooks
    return replace(seen, webhooks=[replace(first, items=first.items + more), *others])


def otherwise_keyed(seen: Evidence) -> Evidence:
    first, *others = seen.records
    return replace(seen, records=[replace(first, key=str(ids.new())), *others])


def held_by_another(seen: Evidence) -> Evidence:
    return changed(seen, AssignmentCreated, lambda event: event.holder == "ice-on", {"holder": "ice-bc"})


def body_of_another(seen: Evidence) -> Evidence:
    both = {"holder": "ice-bc", "body": "ice-bc"}
    return changed(seen, AssignmentCreated, lambda event: event.holder == "ice-on", both)


def not_moved(seen: Evidence) -> Evidence:
    """New evidence spoke for another body, and the first one still holds it."""
    return without(without(seen, AssignmentMoved), AssignmentCreated, only=lambda event: event.holder == "ice-qc")


def undetermined(seen: Evidence) -> Evidence:
    return without(seen, JurisdictionDetermined, only=lambda event: event.entry == THIRD.entry)


def once_more_for_the_same(seen: Evidence) -> Evidence:
    return added(seen, SUBJECT.determined("canada", body="ice-qc", version=3))


def a_version_twice(seen: Evidence) -> Evidence:
    return added(seen, SUBJECT.determined("canada", body="ice-qc", version=2))


def of_third(seen: Evidence, model: type, *others: type) -> Evidence:
    return without(seen, model, *others, only=lambda event: event.entry == THIRD.entry)


def unread(seen: Evidence) -> Evidence:
    """The second version has an entry that nobody could read, which may be the one that it leaves out."""
    (versions,) = seen.posted.values()
    return replace(seen, posted={"NL-1": versions | {2: replace(versions[2], unread=True)}})


PLANTED: dict[str, tuple[Callable[[Evidence], Evidence], Kind, str]] = {
    "one lost and one doubled": (one_lost_one_doubled, Kind.LOST, "S-3 of IL-2026-000001 is not among its current"),
    "the doubled one": (one_lost_one_doubled, Kind.DOUBLED, "S-1 of IL-2026-000001 is 2 times among its current"),
    "not withdrawn": (not_withdrawn, Kind.LOST, "S-2 of IL-2026-000001 is not among its withdrawn"),
    "withdrawn where something was unread": (unread, Kind.LOST, "S-2 of IL-2026-000001 is not among its current"),
    "a second version on no topic": (
        lambda seen: without(seen, ReferralAmended),
        Kind.LOST,
        "Version 2 of IL-2026-000001 was answered",
    ),
    "a second version twice": (lambda seen: again(seen, ReferralAmended), Kind.DOUBLED, "happened 2 times"),
    "a receipt that counts otherwise": (
        lambda seen: replace(seen, answers=[replace(one, accepted=7) for one in seen.answers]),
        Kind.LOST,
        "its receipt says 7",
    ),
    "an amendment told twice": (
        lambda seen: added(seen, amended(SUBJECT)),
        Kind.DOUBLED,
        "Version 2, part 1",
    ),
    "a withdrawal told twice": (lambda seen: again(seen, SuspectWithdrawn), Kind.DOUBLED, "was told 2 times"),
    "amended and withdrawn in one version": (
        lambda seen: added(seen, withdrawn(SUBJECT)),
        Kind.DOUBLED,
        "was told 2 times",
    ),
    "a current entry that was told as withdrawn": (
        lambda seen: added(seen, withdrawn(SUBJECT, version=3)),
        Kind.LOST,
        "was told as withdrawn last",
    ),
    "a withdrawal nobody was told of": (
        lambda seen: without(seen, SuspectWithdrawn),
        Kind.LOST,
        "was withdrawn and never told so",
    ),
    "a withdrawn entry that is held": (still_held, Kind.LOST, "was withdrawn and still has"),
    "an assignment withdrawn without a withdrawal": (
        lambda seen: without(seen, SuspectWithdrawn),
        Kind.DOUBLED,
        "was withdrawn 0 times, its assignments 1 times",
    ),
    "never determined": (undetermined, Kind.LOST, "was never determined"),
    "a determination twice": (a_version_twice, Kind.DOUBLED, "has determinations 1, 2, 2"),
    "two determinations for the same evidence": (once_more_for_the_same, Kind.DOUBLED, "3 times, for 2 pieces"),
    "another holder": (held_by_another, Kind.WRONG, "its determination"),
    "another body": (body_of_another, Kind.WRONG, "its determination"),
    "new evidence that moved nothing": (not_moved, Kind.WRONG, "its newest determination says ice-qc"),
    "an assignment of no determination": (undetermined, Kind.LOST, "stands on no topic"),
    "a key of something else": (otherwise_keyed, Kind.REORDERED, "stands under"),
    "never asked for": (lambda seen: of_third(seen, IdentificationRequested), Kind.LOST, "was never asked for"),
    "asked for and not drafted": (
        lambda seen: of_third(seen, IdentificationDrafted),
        Kind.LOST,
        "no line was drafted",
    ),
    "needed and cancelled": (lambda seen: added(seen, cancelled(THIRD)), Kind.LOST, "what was asked is cancelled"),
    "asked for twice": (lambda seen: added(seen, requested(THIRD)), Kind.DOUBLED, "asked for 2 times"),
    "cancelled twice": (lambda seen: again(seen, IdentificationCancelled), Kind.DOUBLED, "was cancelled twice"),
    "not told of one of its suspects": (fed_less, Kind.UNTOLD, "centre was not told of"),
    "told twice of a suspect": (fed_again, Kind.DOUBLED, "2 times in its feed"),
    "a notice without one of its suspects": (lambda seen: noticed(seen, -1), Kind.UNTOLD, "its notices are about"),
    "a notice of one suspect too many": (lambda seen: noticed(seen, 1), Kind.DOUBLED, "its notices are about"),
}


def test_nothing_is_wrong_with_a_second_version_as_it_should_be() -> None:
    assert check(amended_life()) == []


@pytest.mark.parametrize("planted", PLANTED)
def test_what_is_planted_is_found(planted: str) -> None:
    plant, kind, words = PLANTED[planted]
    found = check(plant(amended_life()))
    assert [one for one in found if one.kind is kind and words in one.words], found


def test_a_second_version_without_an_answer_may_exist_or_not() -> None:
    seen = amended_life()
    unanswered = replace(seen, answers=seen.answers[:1])
    assert check(unanswered) == []
    assert check(replace(life(), posted={"NL-1": {1: filed("S-1"), 2: filed("S-1", "S-2")}})) == []


def test_an_entry_of_a_referral_without_an_answer_needs_a_holder_too() -> None:
    seen = replace(life(), answers=[], progress={})
    assert check(seen) == []
    (problem,) = [one for one in check(without(seen, AssignmentCreated)) if "current assignment" in one.words]
    assert problem.kind is Kind.LOST


def test_what_was_handed_back_is_with_another_body_than_was_determined() -> None:
    seen = life()
    assert check(handed_back(seen)) == []


def handed_back(seen: Evidence) -> Evidence:
    """The agency hands it back, and the centre has it."""
    first = next(
        one.event for one in seen.records if isinstance(one.event, AssignmentCreated) and one.event.holder == "ice-on"
    )
    centre = SUBJECT.assigned("centre", hop=2, copies=tuple(first.copies)).model_copy(
        update={"determination": first.determination}
    )
    return added(seen, SUBJECT.declined(first, centre), centre, fed=("centre", "cps-toronto"))


def test_what_was_asked_for_again_is_told_again() -> None:
    """Withdrawn, told again, and asked for again: the same lines are drafted anew for the same suspect."""
    seen = life()
    seen = replace(seen, answers=[], progress={}, posted={"NL-1": {}})
    seen = added(seen, cancelled(SUBJECT), amended(SUBJECT), requested(SUBJECT), SUBJECT.drafted(PRODUCED))
    assert check(seen) == []
    lost = [one.words for one in check(without(seen, SuspectReported)) if "asked for" in one.words]
    assert lost, "asked for twice in one version"


def test_an_entry_without_evidence_is_with_the_centre() -> None:
    made = JurisdictionUndetermined(
        entry=OTHER.entry,
        kind=OTHER.kind,
        referral=OTHER.referral,
        investigation=OTHER.investigation,
        determination=ids.new(),
        version=1,
        reason="no_usable_evidence",
        directory="2026-11",
        determined_at=SUBJECT.received().received_at,
    )
    held = OTHER.assigned("centre").model_copy(update={"determination": made.determination})
    assert [one for one in check(added(Evidence(), made, held)) if one.kind is Kind.WRONG] == []
    elsewhere = held.model_copy(update={"holder": "ice-on", "body": "ice-on"})
    assert [one for one in check(added(Evidence(), made, elsewhere)) if one.kind is Kind.WRONG]
