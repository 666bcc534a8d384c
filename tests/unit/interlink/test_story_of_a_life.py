"""The demo judges the whole life by ids: asked once, answered, determined again, told, read."""

import pytest
from rich.console import Console
from unit.interlink.happenings import NUMBER, POSTED, Subject

from contracts import ids
from contracts.events.deliveries import DeliveryFailed
from interlink.demo import view
from interlink.demo.figures import figures, summary
from interlink.demo.story import Decisions, Story

PRODUCTION, DEMAND = "production_order", "preservation_demand"


@pytest.fixture
def one() -> Subject:
    return Subject()


@pytest.fixture
def story(one: Subject) -> Story:
    """A suspect on a Canadian network, assigned to the centre, which was told and has read it."""
    story = Story(posted=[POSTED], progress={NUMBER: {one.entry: "A"}})
    story.hear(one.received(), 0.1)
    story.hear(one.determined("canada_unidentified"), 0.2)
    story.hear(one.assigned("centre"), 0.3)
    told(story, one, "centre", at=5)
    return story


def told(story: Story, one: Subject, agency: str, *, at: float, read: bool = True) -> None:
    notice = ids.new()
    story.hear(one.delivered(agency, notice=notice, at=at), at)
    if read:
        story.hear(one.acknowledged(agency, notice=notice), at + 1)


def moved(story: Story, one: Subject, to: str = "ice-on", *, at: float = 7) -> None:
    """What routing makes of an identified subscriber."""
    (entry,) = story.ours()
    first = one.assigned("centre").model_copy(update={"assignment": next(iter(entry.holders))})
    second = one.assigned(to, at=at)
    story.hear(one.determined("canada", province="CA-ON", body=to), at)
    story.hear(one.moved(first, second), at)
    story.hear(second, at)


def test_a_life_that_is_complete_has_no_problem(story: Story, one: Subject) -> None:
    production, demand = ids.new(), ids.new()
    story.hear(one.drafted(demand, DEMAND), 1.0)
    story.hear(one.drafted(production), 1.1)
    assert not story.done
    story.hear(one.sent(demand, "IR-1", DEMAND), 2.0)
    story.hear(one.sent(production, "IR-2"), 2.0)
    story.hear(one.preserved(demand), 2.5)
    assert not story.done
    story.hear(one.completed(production), 3.0)
    assert not story.done  # routing has not looked again
    moved(story, one)
    assert not story.done  # and who holds it now was not told
    told(story, one, "ice-on", at=12)
    assert story.done
    assert story.problems(0) == []

    story.decisions.add(Decisions(submitted={"IR-1", "IR-2"}, approved={"IR-2"}))
    story.decisions.add(Decisions(approved={"IR-1", "IR-2"}, checked={"a-1"}))
    said = summary(story, [])
    assert {name: said[name] for name in ("drafted", "submitted", "approved", "sent", "preserved", "checked")} == {
        "drafted": 2, "submitted": 2, "approved": 2, "sent": 2, "preserved": 1, "checked": 1
    }  # fmt: skip
    assert said["completed"] == {"subscriber_identified": 1}
    assert (said["moved"], said["notices"], said["delivered"], said["acknowledged"]) == (1, 1, 1, 1)
    assert (said["seconds"], said["seconds_to_last_notice"]) == (7, 12)


def test_nobody_asked_is_a_problem_where_a_provider_could_answer(story: Story, one: Subject) -> None:
    story.hear(one.drafted(ids.new(), DEMAND), 1.0)
    assert not story.done
    assert story.problems(0) == [f"suspect {one.entry} is on a Canadian network, and no provider was asked who it was"]


@pytest.mark.parametrize("grade", ["C", "D", "X"])
def test_what_no_order_can_ask_for_is_waited_for_by_nobody(story: Story, one: Subject, grade: str) -> None:
    story.progress = {NUMBER: {one.entry: grade}}
    assert story.done
    assert story.problems(0) == []


def test_a_line_that_no_provider_took_in_is_named(story: Story, one: Subject) -> None:
    line = ids.new()
    story.hear(one.drafted(line), 1.0)
    assert story.problems(0) == [
        f"suspect {one.entry}: no provider took in what it was asked",
        f"suspect {one.entry} waits for the answer about 1 of 1 lines",
    ]


def test_a_line_that_was_sent_in_two_requests_is_named(story: Story, one: Subject) -> None:
    line = ids.new()
    story.hear(one.drafted(line), 1.0)
    for number in ("IR-2", "IR-1", "IR-1"):  # the same event again is no second request
        story.hear(one.sent(line, number), 2.0)
    story.hear(one.completed(line, "no_record"), 3.0)
    assert story.problems(0) == [f"suspect {one.entry}: line {line} was sent 2 times: IR-1, IR-2"]


def test_a_final_negative_answer_ends_the_waiting(story: Story, one: Subject) -> None:
    first, second = ids.new(), ids.new()
    story.hear(one.drafted(first), 1.0)
    story.hear(one.drafted(second), 1.0)
    for line in (first, second):
        story.hear(one.sent(line), 2.0)
    story.hear(one.completed(first, "no_record", open_lines=1), 3.0)
    assert story.problems(0) == [f"suspect {one.entry} waits for the answer about 1 of 2 lines"]
    story.hear(one.completed(second, "cgn_ambiguous", open_lines=0), 3.0)
    assert story.done
    assert story.problems(0) == []


def test_a_redirect_is_followed_to_the_provider_it_names(story: Story, one: Subject) -> None:
    first, second = ids.new(), ids.new()
    story.hear(one.drafted(first), 1.0)
    story.hear(one.sent(first), 2.0)
    story.hear(one.completed(first, "redirect", open_lines=1), 3.0)
    assert not story.done
    assert story.problems(0) == [f"suspect {one.entry} waits for the answer about 1 of 1 lines"]
    story.hear(one.drafted(second), 3.1)
    story.hear(one.sent(second, "IR-2"), 4.0)
    story.hear(one.completed(second, "no_record", open_lines=None), 5.0)
    assert story.done


def test_once_a_subscriber_is_known_the_other_lines_are_waited_for_no_more(story: Story, one: Subject) -> None:
    first, second = ids.new(), ids.new()
    story.hear(one.drafted(first), 1.0)
    story.hear(one.drafted(second), 1.0)
    story.hear(one.sent(first), 2.0)
    story.hear(one.completed(first, open_lines=1), 3.0)
    assert story.problems(0) == [
        f"suspect {one.entry}: its subscriber was identified, and routing has not determined it again"
    ]
    moved(story, one)
    told(story, one, "ice-on", at=12)
    assert story.done


def test_an_answer_that_was_there_before_the_suspect_counts(story: Story, one: Subject) -> None:
    story.hear(one.completed(ids.new(), "no_record"), 1.0)
    assert story.done
    assert story.problems(0) == []


def test_a_victims_lines_are_shown_and_hold_nobody_up(story: Story, one: Subject) -> None:
    story.progress = {NUMBER: {one.entry: "X"}}
    victim = Subject(referral=one.referral, kind="victim")
    story.hear(victim.drafted(ids.new()), 1.0)
    assert figures(story).drafted == 1
    assert not any("waits" in words for words in story.problems(0))


def test_lines_are_collected_when_all_are_assigned_and_no_new_one_comes(story: Story, one: Subject) -> None:
    assert not story.collected(9.0)
    story.hear(one.drafted(ids.new(), DEMAND), 1.0)
    assert not story.collected(9.0)  # there is one to come for the production
    story.hear(one.drafted(ids.new()), 1.2)
    assert not story.collected(1.6)
    assert story.collected(1.8)
    (entry,) = story.ours()
    entry.holders.clear()
    assert not story.collected(1.8)


def test_a_line_that_serves_two_suspects_is_counted_once(story: Story, one: Subject) -> None:
    line, twin = ids.new(), Subject(referral=one.referral)
    for subject in (one, twin):
        story.hear(subject.drafted(line), 1.0)
        story.hear(subject.sent(line), 2.0)
    story.hear(twin.completed(line, "no_record"), 3.0)
    now = figures(story)
    assert (now.drafted, now.sent, now.completed) == (1, 1, {"no_record": 1})


def test_who_holds_something_must_be_told_since_they_hold_it(story: Story, one: Subject) -> None:
    story.progress = {NUMBER: {one.entry: "X"}}
    told(story, one, "ice-on", at=6)
    moved(story, one, at=7)
    late = f"ice-on holds entries of referral {one.referral} and was delivered no notice of it"
    assert story.problems(0) == [late]
    told(story, one, "ice-on", at=8, read=False)
    assert story.notices.unread() == {"ice-on"}
    assert story.problems(0) == [f"ice-on has not acknowledged its notice of referral {one.referral}"]
    told(story, one, "ice-on", at=9)
    assert story.problems(0) == []


def test_who_gets_a_copy_must_be_told_too(story: Story, one: Subject) -> None:
    victim = Subject(referral=one.referral, kind="victim")
    story.hear(victim.assigned("centre", copies=("cps-on",)), 0.4)
    assert set(story.must_be_told()) == {("centre", one.referral), ("cps-on", one.referral)}


def test_why_a_notice_could_not_be_delivered_is_said(story: Story, one: Subject) -> None:
    story.progress = {NUMBER: {one.entry: "X"}}
    moved(story, one)
    story.hear(
        DeliveryFailed(
            notice=ids.new(),
            agency="ice-on",
            referral=one.referral,
            delivery=ids.new(),
            endpoint=ids.new(),
            attempts=1,
            reason="endpoint_gone",
            failed_at=one.received().received_at,
        ),
        8.0,
    )
    assert story.problems(0) == [
        f"ice-on holds entries of referral {one.referral} and was delivered no notice of it (endpoint_gone)"
    ]


def test_the_picture_shows_the_whole_life(story: Story, one: Subject) -> None:
    line = ids.new()
    story.hear(one.drafted(line), 1.0)
    story.hear(one.sent(line), 2.0)
    story.hear(one.completed(line), 3.0)
    screen = Console(width=140)
    with screen.capture() as shown:
        screen.print(view.live(story, 3.0))
        screen.print(view.final(story))
    for words in ("assigned", "taken in by providers", "subscriber identified 1", "notices acknowledged", "centre"):
        assert words in shown.get()
    assert "From the first post to the last notice: 5.00 s" in shown.get()
