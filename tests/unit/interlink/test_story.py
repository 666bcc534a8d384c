"""The demo judges by ids: every accepted entry has exactly one current assignment, and nobody else has any."""

from dataclasses import replace
from uuid import UUID

from unit.interlink.happenings import NUMBER, POSTED, Subject

from contracts import ids
from contracts.events.jurisdictions import AssignmentCreated, AssignmentWithdrawn, JurisdictionUndetermined
from interlink.demo.story import Refusal, Story


def told(*assignments: AssignmentCreated, one: Subject, accepted: UUID | None = None) -> Story:
    """The assignments happened, and whoever holds something was told of it and has read it."""
    story = Story(posted=[POSTED], progress={NUMBER: {accepted or one.entry: "X"}})
    story.hear(one.received(), 0.1)
    for assignment in assignments:
        story.hear(assignment, 1.5)
        read(story, one, assignment.holder)
    return story


def read(story: Story, one: Subject, agency: str = "ice-on") -> None:
    notice = ids.new()
    story.hear(one.delivered(agency, notice=notice), 6.0)
    story.hear(one.acknowledged(agency, notice=notice), 6.5)


def test_one_assignment_for_the_accepted_entry_is_as_it_must_be() -> None:
    one = Subject()
    story = told(one.assigned(), one=one)
    assert story.assigned
    assert story.done
    assert (story.last_assignment, story.last_notice) == (1.5, 6.0)
    assert story.problems(0) == []


def test_an_accepted_entry_that_nobody_holds_is_named() -> None:
    one = Subject()
    story = told(one=one)
    assert not story.assigned
    assert not story.done
    assert story.problems(0) == [f"{one.entry} was accepted and is assigned to nobody"]


def test_two_current_assignments_of_one_entry_are_a_fault() -> None:
    one = Subject()
    story = told(one.assigned(), one.assigned(), one=one)
    assert story.problems(0) == [f"suspect {one.entry} has 2 current assignments, not one"]


def test_a_moved_assignment_leaves_its_successor_alone() -> None:
    one = Subject()
    first, second = one.assigned("centre"), one.assigned()
    story = told(first, second, one=one)
    for _ in range(2):  # an event may come twice
        story.hear(one.moved(first, second), 2.0)
    assert story.problems(0) == []
    assert [entry.moves for entry in story.ours()] == [1]


def test_a_withdrawn_entry_has_no_assignment() -> None:
    one = Subject()
    assignment = one.assigned()
    story = told(assignment, one=one)
    fields = assignment.model_dump(include={"entry", "kind", "referral", "investigation", "assignment", "holder"})
    story.hear(AssignmentWithdrawn(**fields, withdrawn_at=assignment.assigned_at), 2.0)
    assert [(entry.withdrawn, entry.assigned) for entry in story.ours()] == [(True, False)]


def test_an_assignment_that_no_receipt_knows_is_named() -> None:
    one = Subject()
    stranger = Subject(referral=one.referral)
    story = told(one.assigned(), stranger.assigned(), one=one)
    assert story.problems(0) == [f"{stranger.entry} is assigned, but no receipt knows it"]


def test_referrals_of_others_are_left_out() -> None:
    one = Subject()
    story = told(one.assigned(), one=one)
    other = Subject()
    story.hear(other.assigned("opp"), 2.0)
    story.hear(other.delivered("opp", notice=ids.new()), 9.0)
    assert story.problems(0) == []
    assert story.last_notice == 6.0


def test_victims_come_first() -> None:
    one = Subject()
    victim = Subject(referral=one.referral, kind="victim")
    story = told(one.assigned(), victim.assigned(), one=one)
    assert [entry.kind for entry in story.ours()] == ["victim", "suspect"]


def test_rejections_are_compared_with_what_was_broken_on_purpose() -> None:
    refusal = Refusal(
        reference="NL-1", level="item", pointer="/suspects/0/captures/0", code="ip.unreadable", message="x"
    )
    posted = replace(POSTED, refusals=(refusal,), expected_refusals=(("/suspects/0/captures/0", "time.ambiguous"),))
    assert Story(posted=[posted, replace(POSTED, rejected=2)]).problems(3) == [
        "NL-1: /suspects/0/captures/0 was not rejected as time.ambiguous",
        "NL-1: /suspects/0/captures/0 was rejected as ip.unreadable, which nobody expected",
        "NL-1: 1 entries accepted and 2 rejected, expected 1 and 0",
        "Receipts say 2 entries were accepted, progress knows 0",
        "3 dead letters: interlink dlq list",
    ]


def test_network_and_country_are_kept_for_the_picture() -> None:
    one = Subject()
    story = told(one.assigned(), one=one)
    story.hear(one.determined("canada", province="CA-ON", body="opp"), 1.0)
    (followed,) = story.ours()
    assert (followed.country, followed.province, followed.body) == ("CA", "CA-ON", "opp")


def test_the_newest_word_on_jurisdiction_counts() -> None:
    one = Subject()
    story = told(one.assigned(), one=one)
    (followed,) = story.ours()
    known = one.determined("canada", body="opp")
    fields = known.model_dump(include=set(JurisdictionUndetermined.model_fields) - {"reason"})
    story.hear(known, 1.0)
    story.hear(JurisdictionUndetermined(**fields, reason="conflicting_evidence"), 2.0)
    assert (followed.branch, followed.undetermined) == ("", "conflicting_evidence")
    story.hear(known, 3.0)
    assert (followed.branch, followed.undetermined) == ("canada", None)
