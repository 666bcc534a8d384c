"""The life of a notice and the ladder of an urgent one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import ids
from notifications.domain.escalating import Escalated, NotYet, escalate
from notifications.domain.notices import (
    ACKNOWLEDGED_WITHIN,
    COLLECTS_FOR,
    Acknowledged,
    Collecting,
    Frozen,
    NoticeId,
    Rung,
    Terms,
    acknowledge,
    acknowledge_by,
    freeze,
    freezes_at,
    is_urgent,
)
from notifications.domain.recipients import CENTRE, Recipient
from notifications.domain.refusals import Refusal

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
AGENCY = Recipient("ice-on", "agency:ice-on")
PRIORITIES = ["P0", "P1", "P2", "P3", "P4"]


def terms(priority: str = "P0", recipient: Recipient = AGENCY) -> Terms:
    return Terms(
        id=NoticeId(ids.new()), recipient=recipient, referral=ids.new(), testmode=True, priority=priority,
        origin="partner:bureau-nl", handling="NONE", opened_at=NOW,
    )  # fmt: skip


def frozen(priority: str = "P0", rung: Rung = Rung.OFFICER, recipient: Recipient = AGENCY) -> Frozen:
    until = acknowledge_by(priority, NOW)
    return Frozen(terms=terms(priority, recipient), frozen_at=NOW, acknowledge_by=until, rung=rung)


def acknowledged() -> Acknowledged:
    return Acknowledged(frozen=frozen(), acknowledged_at=NOW, acknowledged_by="officer-ice-on")


@pytest.mark.parametrize(
    ("priority", "urgent", "within"),
    [
        ("P0", True, timedelta(minutes=15)),
        ("P1", True, timedelta(hours=4)),
        ("P2", False, None),
        ("P3", False, None),
        ("P4", False, None),
        ("P9", False, None),
    ],
)
def test_what_is_urgent_goes_at_once_and_must_be_acknowledged(
    priority: str, urgent: bool, within: timedelta | None
) -> None:
    later = NOW + timedelta(seconds=3)
    assert is_urgent(priority) is urgent
    assert freezes_at(priority, opened_at=NOW, now=later) == (later if urgent else NOW + COLLECTS_FOR)
    assert acknowledge_by(priority, NOW) == (None if within is None else NOW + within)


def test_a_notice_is_frozen_once() -> None:
    collecting = Collecting(terms=terms())
    out = freeze(collecting, NOW)
    assert out == Frozen(terms=collecting.terms, frozen_at=NOW, acknowledge_by=NOW + timedelta(minutes=15))
    assert freeze(frozen(), NOW) is None
    assert freeze(acknowledged(), NOW) is None


def test_whom_it_is_for_acknowledges_it_and_a_second_time_changes_nothing() -> None:
    notice = frozen()
    first = acknowledge(notice, tenant="agency:ice-on", by="a", now=NOW)
    assert first == Acknowledged(frozen=notice, acknowledged_at=NOW, acknowledged_by="a")
    assert isinstance(first, Acknowledged)
    assert first.terms == notice.terms
    assert acknowledge(first, tenant="agency:ice-on", by="b", now=NOW + timedelta(hours=1)) is first


@pytest.mark.parametrize("notice", [frozen(), acknowledged()])
def test_nobody_else_acknowledges_it(notice: Frozen | Acknowledged) -> None:
    refused = acknowledge(notice, tenant="agency:ice-qc", by="a", now=NOW)
    assert isinstance(refused, Refusal)
    assert refused.code == "notice.of_another_agency"


LATE = NOW + timedelta(minutes=15)


@pytest.mark.parametrize(
    ("rung", "unit_listens", "recipient", "expected"),
    [
        (Rung.OFFICER, True, AGENCY, Rung.UNIT),
        (Rung.OFFICER, False, AGENCY, Rung.CENTRE),
        (Rung.UNIT, True, AGENCY, Rung.CENTRE),
        (Rung.UNIT, False, AGENCY, Rung.CENTRE),
        (Rung.CENTRE, True, AGENCY, None),
        (Rung.OFFICER, True, CENTRE, Rung.UNIT),
        (Rung.OFFICER, False, CENTRE, None),
        (Rung.UNIT, True, CENTRE, None),
    ],
)
def test_each_rung_leads_to_the_next_where_somebody_listens(
    rung: Rung, unit_listens: bool, recipient: Recipient, expected: Rung | None
) -> None:
    climbed = escalate(frozen(rung=rung, recipient=recipient), LATE, unit_listens=unit_listens)
    assert (climbed.notice.rung if isinstance(climbed, Escalated) else None) == expected


def test_a_rung_has_the_time_of_its_priority() -> None:
    early = LATE - timedelta(seconds=1)
    assert escalate(frozen(), early, unit_listens=True) == NotYet(LATE)
    climbed = escalate(frozen(), LATE, unit_listens=True)
    assert isinstance(climbed, Escalated)
    assert climbed.again_at == climbed.notice.acknowledge_by == LATE + timedelta(minutes=15)


@pytest.mark.parametrize("notice", [Collecting(terms=terms()), acknowledged(), replace(frozen(), acknowledge_by=None)])
def test_what_nobody_has_to_acknowledge_does_not_climb(notice: Collecting | Frozen | Acknowledged) -> None:
    assert escalate(notice, NOW + timedelta(days=9), unit_listens=True) is None


@given(st.sampled_from(sorted(ACKNOWLEDGED_WITHIN)), st.lists(st.booleans(), min_size=4, max_size=4))
def test_whoever_listens_the_climb_ends_at_the_centre_within_two_steps(priority: str, listening: list[bool]) -> None:
    notice, now, steps = frozen(priority), NOW, 0
    for listens in listening:
        now += ACKNOWLEDGED_WITHIN[priority]
        climbed = escalate(notice, now, unit_listens=listens)
        if climbed is None:
            break
        assert isinstance(climbed, Escalated)
        notice, steps = climbed.notice, steps + 1
    assert (notice.rung, steps <= 2) == (Rung.CENTRE, True)
