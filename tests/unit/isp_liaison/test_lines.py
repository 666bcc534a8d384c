"""Which provider a capture is asked of, under which instruments, and in which draft."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isp_liaison.domain.entries import About, EntryId, Provenance
from isp_liaison.domain.lines import (
    CaptureFacts,
    LineId,
    Placed,
    Unplaced,
    Why,
    automatic,
    draft_key,
    perishes_at,
    place,
    split,
    urgency,
)
from isp_liaison.reference.loading import read_seed

SEED = read_seed()
TODAY = date(2026, 11, 23)
AT = datetime(2026, 11, 10, 12, tzinfo=UTC)
CAPTURE = CaptureFacts(item="/captures/0", grade="A", asn=577, country="CA", at=AT)
OF = Provenance(
    entry=EntryId(UUID(int=1)),
    kind="suspect",
    referral=UUID(int=2),
    investigation=UUID(int=3),
    tenant="partner:bureau-nl",
    testmode=True,
    priority="P2",
    handling="H1",
    foreign_investigating=False,
)
NORTH = SEED.directory.providers["provider-north"]


@pytest.mark.parametrize(
    ("grade", "instruments"),
    [
        ("A", ["preservation_demand", "production_order"]),
        ("B", ["preservation_demand", "production_order"]),
        ("C", ["preservation_demand"]),
        ("D", ["preservation_demand"]),
    ],
)
def test_only_grades_a_and_b_are_produced_and_any_usable_one_is_preserved(grade: str, instruments: list[str]) -> None:
    placed = place(replace(CAPTURE, grade=grade), SEED.directory, SEED.instruments, testmode=True, today=TODAY)
    assert isinstance(placed, Placed)
    assert (placed.provider.id, [one.id for one in placed.instruments]) == ("provider-north", instruments)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"grade": "X"}, Why.UNUSABLE),
        ({"at": None}, Why.TIME_MISSING),
        ({"asn": None}, Why.NETWORK_UNKNOWN),
        ({"asn": 64500}, Why.PROVIDER_UNKNOWN),
        ({"asn": 64500, "country": None}, Why.PROVIDER_UNKNOWN),
        ({"asn": 64500, "country": "NL"}, Why.ABROAD),
        ({"grade": "Z"}, Why.NO_INSTRUMENT),
    ],
)
def test_what_cannot_be_asked_says_why(changed: dict[str, object], why: Why) -> None:
    found = place(replace(CAPTURE, **changed), SEED.directory, SEED.instruments, testmode=True, today=TODAY)
    assert found == Unplaced(why)


def test_an_instrument_that_the_provider_does_not_accept_or_that_is_not_law_is_not_used() -> None:
    only = replace(NORTH, accepts=frozenset({"production_order"}))
    assert [one.id for one in automatic(SEED.instruments, only, "A", TODAY)] == ["production_order"]
    assert list(automatic(SEED.instruments, NORTH, "A", date(2000, 1, 1))) == []


@pytest.mark.parametrize(
    ("priority", "instrument", "expected"),
    [
        ("P0", "production_order", "urgent"),
        ("P1", "production_order", "urgent"),
        ("P2", "production_order", "routine"),
        ("P4", "exigent_request", "urgent"),
    ],
)
def test_urgency_follows_the_priority_and_an_exigent_request_is_urgent(
    priority: str, instrument: str, expected: str
) -> None:
    assert urgency(priority, instrument) == expected


@given(
    kinds=st.tuples(*[st.sampled_from(["suspect", "victim", "intended_recipient"])] * 2),
    priorities=st.tuples(*[st.sampled_from(["P0", "P1", "P2", "P3", "P4"])] * 2),
    handlings=st.tuples(*[st.sampled_from(["H1", "H2"])] * 2),
)
def test_two_entries_share_a_draft_only_where_all_of_it_is_the_same(
    kinds: tuple[str, str], priorities: tuple[str, str], handlings: tuple[str, str]
) -> None:
    first, second = (
        replace(OF, kind=kind, priority=priority, handling=handling)
        for kind, priority, handling in zip(kinds, priorities, handlings, strict=True)
    )
    shared = draft_key(first, "bell", "production_order") == draft_key(second, "bell", "production_order")
    urgent = [urgency(one.priority, "production_order") for one in (first, second)]
    assert shared == (first.about == second.about and first.handling == second.handling and urgent[0] == urgent[1])
    assert (first.about is About.SUSPECTS) == (first.kind == "suspect")


def test_what_is_asked_perishes_when_the_provider_is_expected_to_delete_it() -> None:
    assert perishes_at(AT, NORTH) == AT + timedelta(days=180)
    assert perishes_at(AT, replace(NORTH, retention_days=None)) == AT + timedelta(days=30)


@given(days=st.lists(st.integers(0, 50), max_size=20), most=st.integers(1, 8))
def test_what_perishes_first_goes_and_nothing_is_lost(days: list[int], most: int) -> None:
    perishing = {LineId(UUID(int=number)): AT + timedelta(days=day) for number, day in enumerate(days)}
    found = split(perishing, most=most)
    assert sorted((*found.goes, *found.stays)) == sorted(perishing)
    assert len(found.goes) == min(most, len(days))
    if found.stays:
        assert max(perishing[one] for one in found.goes) <= min(perishing[one] for one in found.stays)
