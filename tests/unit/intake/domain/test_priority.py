"""How soon somebody must look, and why."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.domain.grading import Grade
from intake.domain.offences import OffenceType
from intake.domain.priority import Assessment, Facts, Priority, Signal, assess, most_pressing, raised

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def facts(**changed: Any) -> Facts:
    plain: dict[str, Any] = {
        "offence": OffenceType.CSAEM,
        "incident_at": None,
        "urgency": None,
        "signals": frozenset(),
        "grade": Grade.A,
        "usable": True,
        "newest": None,
        "viral": False,
    }
    return Facts(**(plain | changed))


@pytest.mark.parametrize(
    ("given_facts", "expected", "factor"),
    [
        (facts(), Priority.P3, "harm.standard=P3"),
        (facts(usable=False, grade=Grade.X), Priority.P4, "harm.nothing_to_route_by=P4"),
        (facts(urgency=Priority.P0), Priority.P0, "harm.stated_by_partner=P0"),
        (facts(urgency=Priority.P4), Priority.P3, "harm.stated_by_partner=P4"),  # a partner cannot lower
        (facts(signals=frozenset({Signal.ESCALATED})), Priority.P1, "harm.escalated=P1"),
        (facts(signals=frozenset({Signal.REPEAT_SUBJECT})), Priority.P2, "harm.repeat_subject=P2"),
        (facts(offence=OffenceType.CONTACT_ABUSE), Priority.P2, "harm.contact_abuse=P2"),
        (facts(offence=OffenceType.LURING), Priority.P2, "harm.luring=P2"),
        (
            facts(offence=OffenceType.LURING, incident_at=NOW - timedelta(hours=72)),
            Priority.P1,
            "harm.luring_in_progress=P1",
        ),
        (facts(offence=OffenceType.LURING, incident_at=NOW - timedelta(days=4)), Priority.P2, "harm.luring=P2"),
        (
            facts(offence=OffenceType.CONTACT_ABUSE, incident_at=NOW),
            Priority.P2,
            "harm.contact_abuse=P2",
        ),
        (facts(newest=NOW - timedelta(days=28)), Priority.P1, "evidence.expires_within_3_days=P1"),
        (facts(newest=NOW - timedelta(days=24)), Priority.P2, "evidence.expires_within_7_days=P2"),
        (facts(newest=NOW - timedelta(days=31)), Priority.P3, "evidence.retention_may_be_over=P3"),
        (facts(newest=NOW - timedelta(days=1)), Priority.P3, "harm.standard=P3"),
        (facts(viral=True), Priority.P3, "harm.viral_bundle=P4"),
    ],
)
def test_the_most_pressing_factor_decides_and_all_are_kept(given_facts: Facts, expected: Priority, factor: str) -> None:
    assessment = assess(given_facts, NOW)
    assert assessment.priority is expected
    assert factor in [str(one) for one in assessment.factors]


@given(st.frozensets(st.sampled_from(Signal)), st.booleans(), st.sampled_from(OffenceType))
def test_a_viral_bundle_never_changes_the_priority(
    signals: frozenset[Signal], usable: bool, offence: OffenceType
) -> None:
    alone = assess(facts(signals=signals, usable=usable, offence=offence), NOW)
    bundled = assess(facts(signals=signals, usable=usable, offence=offence, viral=True), NOW)
    assert alone.priority is bundled.priority


@given(st.sampled_from(Priority), st.frozensets(st.sampled_from(Signal)))
def test_automation_only_raises(before: Priority, signals: frozenset[Signal]) -> None:
    after = raised(before, assess(facts(signals=signals), NOW))
    assert most_pressing((before, after.priority)) is after.priority


def test_what_an_amendment_would_have_lowered_is_kept_with_its_reason() -> None:
    assessed = Assessment(priority=Priority.P3, factors=())
    kept = raised(Priority.P1, assessed)
    assert kept.priority is Priority.P1
    assert [str(factor) for factor in kept.factors] == ["harm.kept_from_earlier_version=P1"]
    assert raised(Priority.P4, assessed) is assessed


def test_nothing_presses_least() -> None:
    assert most_pressing(()) is Priority.P4
