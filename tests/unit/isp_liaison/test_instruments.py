"""The rows of instruments.csv answer as the Criminal Code does, each on the days on which it is law."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isp_liaison.domain.instruments import Effect, Instrument, in_force, period
from isp_liaison.domain.refusals import Refusal
from isp_liaison.reference.loading import read_seed

INSTRUMENTS = read_seed().instruments
TODAY = date(2026, 11, 22)
IDS = ("preservation_demand", "preservation_order", "production_order", "exigent_request")


def instrument(id: str) -> Instrument:
    found = in_force(INSTRUMENTS, id, TODAY)
    assert isinstance(found, Instrument)
    return found


@pytest.mark.parametrize(
    ("id", "basis", "investigating", "expected"),
    [
        ("preservation_demand", "canadian", False, 21),
        ("preservation_demand", "canadian", True, 21),
        ("preservation_demand", "foreign", True, 90),
        ("preservation_demand", "foreign", False, "authority.no_foreign_investigation"),
        ("preservation_order", "canadian", False, 90),
        ("preservation_order", "foreign", True, 90),
        ("preservation_order", "foreign", False, "authority.no_foreign_investigation"),
        ("production_order", "canadian", False, None),
        ("production_order", "foreign", True, "authority.foreign_offence"),
        ("exigent_request", "canadian", False, None),
        ("exigent_request", "foreign", True, "authority.foreign_offence"),
        ("preservation_demand", "provincial", True, "authority.basis_unknown"),
    ],
)
def test_a_period_follows_from_whose_offence_it_is(
    id: str, basis: str, investigating: bool, expected: int | str | None
) -> None:
    found = period(instrument(id), basis=basis, foreign_investigating=investigating)
    if isinstance(found, Refusal):
        assert found.detail
        assert found.code == expected
    else:
        assert found == expected


@pytest.mark.parametrize(
    ("id", "section", "form", "issuer", "threshold", "effect", "grades"),
    [
        ("preservation_demand", "487.012", "5.001", "officer", "suspect", Effect.PRESERVES, "ABCD"),
        ("preservation_order", "487.013", "5.003", "court", "suspect", Effect.PRESERVES, "ABCD"),
        ("production_order", "487.014", "5.005", "court", "believe", Effect.PRODUCES, "AB"),
        ("exigent_request", "487.11, 487.0195", "", "officer", "exigent", Effect.PRODUCES, "AB"),
    ],
)
def test_an_instrument_names_its_section_form_issuer_and_threshold(
    id: str, section: str, form: str, issuer: str, threshold: str, effect: Effect, grades: str
) -> None:
    one = instrument(id)
    assert (one.section, one.form, one.issuer, one.threshold) == (section, form, issuer, threshold)
    assert one.effect is effect
    assert one.grades == set(grades)


def test_only_a_demand_is_never_repeated() -> None:
    assert [id for id in IDS if not instrument(id).repeatable] == ["preservation_demand"]


def test_only_a_production_order_is_challenged_and_only_an_exigent_request_reviewed() -> None:
    assert {id: instrument(id).challenge_days for id in IDS if instrument(id).challenge_days} == {
        "production_order": 30
    }
    assert [id for id in IDS if instrument(id).review_days] == ["exigent_request"]


def test_an_instrument_is_law_from_its_first_to_its_last_day() -> None:
    demand = instrument("preservation_demand")
    changed = date(2027, 3, 1)
    rows = [
        replace(demand, valid_to=changed - timedelta(days=1)),
        replace(demand, valid_from=changed, days_canadian=30),
    ]
    found = [in_force(rows, demand.id, changed + timedelta(days=n)) for n in (-1, 0)]
    assert [one.days_canadian for one in found if isinstance(one, Instrument)] == [21, 30]
    before = in_force(rows, demand.id, date(2015, 3, 8))
    assert isinstance(before, Refusal)
    assert before.code == "instrument.not_in_force"


def test_an_instrument_that_is_not_there_is_refused() -> None:
    assert in_force(INSTRUMENTS, "subpoena", TODAY) == Refusal("instrument.unknown", "There is no such instrument.")


@given(st.sampled_from(INSTRUMENTS), st.sampled_from(("canadian", "foreign", "")), st.booleans())
def test_a_foreign_clock_never_runs_without_a_foreign_investigation(
    one: Instrument, basis: str, investigating: bool
) -> None:
    found = period(one, basis=basis, foreign_investigating=investigating)
    if basis != "canadian" and not (investigating and one.reaches_foreign_offence and basis):
        assert isinstance(found, Refusal)
    else:
        assert not isinstance(found, Refusal)
