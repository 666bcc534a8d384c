"""What each instrument needs of its authority, and which days follow from it."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isp_liaison.domain.authorities import Authority, Claimed, Days, Grounds, examine, outdated
from isp_liaison.domain.instruments import Instrument, in_force
from isp_liaison.domain.refusals import Refusal
from isp_liaison.reference.loading import read_seed

TODAY = date(2026, 11, 23)
INSTRUMENTS = read_seed().instruments
GROUNDS = Grounds(officer="Sgt. Example", grounds="as set out", threat="harm", why_no_order="none", call_back="+1")


def instrument(id: str) -> Instrument:
    found = in_force(INSTRUMENTS, id, TODAY)
    assert isinstance(found, Instrument)
    return found


def claimed(id: str, **changed: object) -> Claimed:
    told = Claimed(
        kind=id,
        basis="canadian",
        offence="163.1(3)",
        made_on=TODAY,
        zone="America/Toronto",
        reference="26-1042",
        court=None,
        due_on=None,
        document_sha256=None,
        grounds=GROUNDS,
    )
    return replace(told, **changed)


def code(id: str, told: Claimed | None, *, investigating: bool = False) -> str | None:
    outcome = examine(instrument(id), told, foreign_investigating=investigating, today=TODAY)
    return outcome.code if isinstance(outcome, Refusal) else None


@pytest.mark.parametrize(
    ("id", "basis", "expires", "challenge", "review"),
    [
        ("preservation_demand", "canadian", date(2026, 12, 14), None, None),
        ("preservation_demand", "foreign", date(2027, 2, 21), None, None),
        ("preservation_order", "canadian", date(2027, 2, 21), None, None),
        ("production_order", "canadian", None, date(2026, 12, 23), None),
        ("exigent_request", "canadian", None, None, date(2026, 11, 30)),
    ],
)
def test_the_days_of_each_instrument(
    id: str, basis: str, expires: date | None, challenge: date | None, review: date | None
) -> None:
    found = examine(instrument(id), claimed(id, basis=basis), foreign_investigating=True, today=TODAY)
    assert isinstance(found, Authority)
    assert (found.days.expires_on, found.days.challenge_until, found.days.review_on) == (expires, challenge, review)


@pytest.mark.parametrize(
    ("id", "changed", "expected"),
    [
        ("production_order", {"reference": ""}, "authority.missing"),
        ("production_order", {"kind": "preservation_order"}, "authority.other_kind"),
        ("production_order", {"offence": ""}, "authority.offence_missing"),
        ("production_order", {"grounds": replace(GROUNDS, officer="")}, "authority.officer_missing"),
        ("exigent_request", {"grounds": replace(GROUNDS, officer="")}, "authority.officer_missing"),
        ("exigent_request", {"grounds": replace(GROUNDS, grounds="")}, "authority.grounds_missing"),
        ("exigent_request", {"grounds": replace(GROUNDS, threat="")}, "authority.exigency_incomplete"),
        ("exigent_request", {"grounds": replace(GROUNDS, why_no_order="")}, "authority.exigency_incomplete"),
        ("exigent_request", {"grounds": replace(GROUNDS, call_back="")}, "authority.exigency_incomplete"),
        ("production_order", {"basis": "foreign"}, "authority.foreign_offence"),
        ("preservation_demand", {"basis": "foreign"}, "authority.no_foreign_investigation"),
        ("preservation_demand", {"made_on": TODAY - timedelta(days=22)}, "authority.expired"),
        ("production_order", {"made_on": TODAY + timedelta(days=1)}, "authority.future"),
        ("production_order", {"due_on": TODAY - timedelta(days=1)}, "authority.due_before_made"),
    ],
)
def test_what_is_lacking_has_a_code_of_its_own(id: str, changed: dict[str, object], expected: str) -> None:
    assert code(id, claimed(id, **changed)) == expected


def test_no_authority_is_no_request() -> None:
    assert code("production_order", None) == "authority.missing"


def test_production_needs_no_exigency() -> None:
    bare = Grounds(officer="Sgt. Example", grounds="as set out")
    assert code("production_order", claimed("production_order", grounds=bare)) is None


@given(later=st.integers(0, 60))
def test_a_demand_carries_until_its_last_day_and_not_a_day_longer(later: int) -> None:
    days = Days(made_on=TODAY, due_on=None, expires_on=TODAY + timedelta(days=21), challenge_until=None, review_on=None)
    assert (outdated(days, TODAY + timedelta(days=later)) is None) == (later <= 21)
