"""What holds for any evidence, and how captures are graded."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.routing.facts import DIRECTORY, TODAY, network, phone

from routing.domain.determining import Branch, Determined, determine
from routing.domain.evidence import CivicAddressFact, Facts, Named, Role, StatedFact, SubscriberFact
from routing.domain.explaining import explain
from routing.domain.grading import grade

COUNTRIES = st.sampled_from(["CA", "NL", "US", "ZZ", "A1", "", None])
NAMES = st.sampled_from(["Calgary", "Windsor", "Halifax", "Atlantis", "", None])
REGIONS = st.sampled_from(["AB", "CA-ON", "Québec", "NT", "XX", "", None])
NAMED = st.builds(
    Named,
    municipality=NAMES,
    province=REGIONS,
    country=COUNTRIES,
    postal_code=st.sampled_from(["T2P 1J9", "X0A", "K1A 0A9", None]),
)
FACTS = st.builds(
    Facts,
    role=st.sampled_from(Role),
    offence_type=st.sampled_from(["csaem", "travel_exploitation"]),
    citizenship=st.sampled_from(["CA", "NL", None]),
    subscribers=st.lists(
        st.builds(SubscriberFact, item=st.just("line"), named=NAMED, on=st.just(TODAY)), max_size=1
    ).map(tuple),
    civic_addresses=st.lists(
        st.builds(
            CivicAddressFact,
            item=st.just("a"),
            named=NAMED,
            kind=st.sampled_from(["home", "billing", "service"]),
            verified=st.booleans(),
            on=st.sampled_from([None, TODAY]),
        ),
        max_size=3,
    ).map(tuple),
    phones=st.lists(
        st.builds(phone, st.sampled_from(["CA-AB", "CA-ON"]), country=st.just("CA"), verified=st.booleans()), max_size=2
    ).map(tuple),
    stated=st.lists(st.builds(StatedFact, item=st.just("s"), named=NAMED, verified=st.booleans()), max_size=1).map(
        tuple
    ),
    networks=st.lists(
        st.builds(
            network, COUNTRIES, grade=st.sampled_from("ABCDX"), possible_proxy=st.booleans(), hint=st.just("CA-SK")
        ),
        max_size=3,
    ).map(tuple),
)


@given(FACTS)
def test_any_evidence_has_exactly_one_holder_that_is_in_the_directory(told: Facts) -> None:
    outcome = determine(told, DIRECTORY, TODAY)
    assert outcome.holder in DIRECTORY.bodies
    assert len(outcome.reasoning.evidence) == sum(
        map(len, (told.subscribers, told.civic_addresses, told.phones, told.stated, told.networks))
    )
    orjson.dumps(explain(outcome, tzdata="2026.6"))


@given(FACTS)
def test_an_ip_address_alone_never_names_a_local_service(told: Facts) -> None:
    alone = Facts(role=told.role, offence_type=told.offence_type, networks=told.networks)
    outcome = determine(alone, DIRECTORY, TODAY)
    assert outcome.holder == "centre" or outcome.holder.startswith(("bureau-", "rcmp-national"))
    if isinstance(outcome, Determined):
        assert outcome.place.municipality is None
        assert outcome.place.province is None


@given(FACTS)
def test_victims_never_take_a_suspects_branch(told: Facts) -> None:
    outcome = determine(told, DIRECTORY, TODAY)
    if isinstance(outcome, Determined):
        assert (outcome.branch is Branch.VICTIM) == (told.role is not Role.SUSPECT)
        assert outcome.branch is Branch.VICTIM or outcome.copies == ()


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, "A"),
        ({"has_port": False}, "B"),
        ({"has_port": False, "family": 6}, "A"),
        ({"precision": "minute"}, "C"),
        ({"zone_assumed": True}, "C"),
        ({"precision": "hour"}, "D"),
        ({"precision": "day"}, "D"),
        ({"precision": "none"}, "X"),
        ({"ip_class": "private"}, "X"),
        ({"ip_class": "carrier_nat"}, "A"),
    ],
)
def test_a_capture_is_graded_by_what_a_provider_can_answer(told: dict[str, Any], expected: str) -> None:
    given_capture = {"ip_class": "public", "family": 4, "has_port": True, "precision": "second", "zone_assumed": False}
    assert grade(**{**given_capture, **told}) == expected
