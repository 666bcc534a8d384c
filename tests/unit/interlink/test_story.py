"""The demo judges by ids: every accepted entry has exactly one current assignment, and nobody else has any."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from contracts import ids
from contracts.events.jurisdictions import AssignmentCreated, AssignmentMoved, JurisdictionDetermined
from contracts.events.referrals import ReferralReceived
from interlink.demo.story import Posted, Refusal, Story

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
NUMBER = "IL-2026-000001"
POSTED = Posted(
    partner="bureau-nl",
    reference="NL-1",
    number=NUMBER,
    accepted=1,
    rejected=0,
    expected_accepted=1,
    expected_rejected=0,
    refusals=(),
    expected_refusals=(),
)


def received(referral: UUID) -> ReferralReceived:
    return ReferralReceived(
        referral=referral,
        number=NUMBER,
        partner="bureau-nl",
        format="native",
        version=1,
        received_at=NOW,
        suspects=1,
        victims=0,
    )


def assigned(referral: UUID, entry: UUID) -> AssignmentCreated:
    return AssignmentCreated(
        entry=entry,
        kind="suspect",
        referral=referral,
        investigation=ids.new(),
        assignment=ids.new(),
        holder="ice-on",
        determination=ids.new(),
        body="opp",
        hop=0,
        assigned_at=NOW,
        due_at=NOW + timedelta(days=3),
    )


def told(*assignments: AssignmentCreated, referral: UUID) -> Story:
    story = Story(posted=[POSTED])
    story.hear(received(referral), 0.1)
    for assignment in assignments:
        story.hear(assignment, 1.5)
    return story


def test_one_assignment_for_the_accepted_entry_is_as_it_must_be() -> None:
    referral, entry = ids.new(), ids.new()
    story = told(assigned(referral, entry), referral=referral)
    assert story.done
    assert story.last_assignment == 1.5
    assert story.problems({NUMBER: {entry}}, 0) == []


def test_an_accepted_entry_that_nobody_holds_is_named() -> None:
    referral, entry = ids.new(), ids.new()
    story = told(referral=referral)
    assert not story.done
    assert story.problems({NUMBER: {entry}}, 0) == [f"{entry} was accepted and is assigned to nobody"]


def test_two_current_assignments_of_one_entry_are_a_fault() -> None:
    referral, entry = ids.new(), ids.new()
    story = told(assigned(referral, entry), assigned(referral, entry), referral=referral)
    assert story.problems({NUMBER: {entry}}, 0) == [f"suspect {entry} has 2 current assignments, not one"]


def test_a_moved_assignment_leaves_its_successor_alone() -> None:
    referral, entry = ids.new(), ids.new()
    first, second = assigned(referral, entry), assigned(referral, entry)
    story = told(first, second, referral=referral)
    moved = AssignmentMoved(
        entry=entry,
        kind="suspect",
        referral=referral,
        investigation=ids.new(),
        assignment=first.assignment,
        holder="ice-on",
        reason="new_evidence",
        moved_at=NOW,
        successor=second.assignment,
    )
    story.hear(moved, 2.0)
    assert story.problems({NUMBER: {entry}}, 0) == []


def test_an_assignment_that_no_receipt_knows_is_named() -> None:
    referral, entry, stranger = ids.new(), ids.new(), ids.new()
    story = told(assigned(referral, entry), assigned(referral, stranger), referral=referral)
    assert story.problems({NUMBER: {entry}}, 0) == [f"{stranger} is assigned, but no receipt knows it"]


def test_referrals_of_others_are_left_out() -> None:
    referral, entry = ids.new(), ids.new()
    story = told(assigned(referral, entry), assigned(ids.new(), ids.new()), referral=referral)
    assert story.problems({NUMBER: {entry}}, 0) == []


def test_victims_come_first() -> None:
    referral = ids.new()
    victim = assigned(referral, ids.new()).model_copy(update={"kind": "victim"})
    story = told(assigned(referral, ids.new()), victim, referral=referral)
    assert [entry.kind for entry in story.ours()] == ["victim", "suspect"]


def test_rejections_are_compared_with_what_was_broken_on_purpose() -> None:
    refusal = Refusal(
        reference="NL-1", level="item", pointer="/suspects/0/captures/0", code="ip.unreadable", message="x"
    )
    posted = replace(POSTED, refusals=(refusal,), expected_refusals=(("/suspects/0/captures/0", "time.ambiguous"),))
    assert Story(posted=[posted, replace(POSTED, rejected=2)]).problems({}, 3)[:4] == [
        "NL-1: /suspects/0/captures/0 was not rejected as time.ambiguous",
        "NL-1: /suspects/0/captures/0 was rejected as ip.unreadable, which nobody expected",
        "NL-1: 1 entries accepted and 2 rejected, expected 1 and 0",
        "Receipts say 2 entries were accepted, progress knows 0",
    ]


def test_network_and_country_are_kept_for_the_picture() -> None:
    referral, entry = ids.new(), ids.new()
    story = told(assigned(referral, entry), referral=referral)
    story.hear(
        JurisdictionDetermined(
            entry=entry,
            kind="suspect",
            referral=referral,
            investigation=ids.new(),
            determination=ids.new(),
            version=1,
            branch="canada",
            body="opp",
            rule="civic_address",
            confidence="high",
            country="CA",
            province="CA-ON",
            directory="2026-11",
            determined_at=NOW,
        ),
        1.0,
    )
    (followed,) = story.ours()
    assert (followed.country, followed.province, followed.body) == ("CA", "CA-ON", "opp")
