"""Who has jurisdiction: a table of cases beside the rules, and what must hold for any evidence."""

from dataclasses import replace
from datetime import date
from typing import Any

import orjson
import pytest
from unit.routing.facts import DIRECTORY, TODAY, decided, facts, home, network, phone, said, subscriber

from routing.domain.attribution import Confidence
from routing.domain.bodies import Directory
from routing.domain.determining import Branch, Undecided, Undetermined, determine
from routing.domain.evidence import (
    Facts,
    Role,
    Source,
    weigh,
)
from routing.domain.explaining import explain, snapshots


@pytest.mark.parametrize(
    ("told", "branch", "body", "holder", "confidence"),
    [
        (facts(networks=(network("CA"),)), "canada_unidentified", "centre", "centre", "high"),
        (facts(networks=(network("NL"),)), "abroad", "bureau-nl", "bureau-nl", "high"),
        (
            facts(civic_addresses=(home(municipality="Calgary", province="AB"),)),
            "canada",
            "police-calgary",
            "ice-ab",
            "high",
        ),
        (facts(civic_addresses=(home(municipality="Calgary"),)), "canada", "police-calgary", "ice-ab", "high"),
        (facts(civic_addresses=(home(province="AB"),)), "canada", "rcmp-k", "ice-ab", "high"),
        (facts(civic_addresses=(home(country=None, postal_code="T2P 1J9"),)), "canada", "rcmp-k", "ice-ab", "high"),
        (facts(civic_addresses=(home(province="AB", postal_code="N1G 2W1"),)), "canada", "rcmp-k", "ice-ab", "low"),
        (
            facts(civic_addresses=(home(kind="service", verified=False, province="QC"),)),
            "canada",
            "sq",
            "ice-qc",
            "medium",
        ),
        (
            facts(civic_addresses=(home(kind="billing", verified=False, province="QC"),)),
            "canada",
            "sq",
            "ice-qc",
            "medium",
        ),
        (
            facts(civic_addresses=(home(verified=False, municipality="Calgary", province="AB"),)),
            "canada",
            "police-calgary",
            "ice-ab",
            "low",
        ),
        (facts(phones=(phone("CA-AB"),)), "canada", "rcmp-k", "ice-ab", "low"),
        (facts(phones=(phone("CA-AB", verified=True),)), "canada", "rcmp-k", "ice-ab", "medium"),
        (facts(phones=(phone("CA-NS", "CA-PE"),)), "canada_unidentified", "centre", "centre", "low"),
        (facts(phones=(phone(country="NL"),)), "abroad", "bureau-nl", "bureau-nl", "low"),
        (facts(stated=(said(municipality="Windsor", country="CA"),)), "canada_unidentified", "centre", "centre", "low"),
        (
            facts(stated=(said(municipality="Atlantis", country="ca"),)),
            "canada_unidentified",
            "centre",
            "centre",
            "low",
        ),
        (facts(stated=(said(province="Ontario", verified=True),)), "canada", "opp", "ice-on", "medium"),
        (
            facts(subscribers=(subscriber(province="CA-ON", municipality="Guelph"),)),
            "canada",
            "police-guelph",
            "ice-on",
            "high",
        ),
        (facts(subscribers=(subscriber(postal_code="N1G"),)), "canada", "opp", "ice-on", "high"),
        (facts(networks=(network("CA", possible_proxy=True),)), "canada_unidentified", "centre", "centre", "low"),
        (facts(networks=(network("NL", grade="C"),)), "abroad", "bureau-nl", "bureau-nl", "medium"),
        (facts(networks=(network("NL", grade="D"),)), "abroad", "bureau-nl", "bureau-nl", "low"),
    ],
)
def test_one_piece_of_evidence_decides(told: Facts, branch: str, body: str, holder: str, confidence: str) -> None:
    outcome = decided(told)
    assert (outcome.branch, outcome.body, outcome.holder, outcome.confidence) == (branch, body, holder, confidence)


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (facts(), Undecided.NO_USABLE_EVIDENCE),
        (facts(networks=(network(None),)), Undecided.NO_USABLE_EVIDENCE),
        (facts(networks=(network("CA", ip_class="carrier_nat"),)), Undecided.NO_USABLE_EVIDENCE),
        (facts(phones=(phone(country=None),)), Undecided.NO_USABLE_EVIDENCE),
        (facts(stated=(said(municipality="Springfield"),)), Undecided.UNKNOWN_PLACE),
        (facts(stated=(said(country="ZZ"),)), Undecided.UNKNOWN_PLACE),
        (facts(stated=(said(country="EU"),)), Undecided.UNKNOWN_PLACE),
        (facts(networks=(network("A1"),)), Undecided.UNKNOWN_PLACE),
        (facts(stated=(said(province="NT"),)), Undecided.UNKNOWN_PLACE),  # Northern Territory, perhaps
        (facts(networks=(network("CA"), network("NL", "/captures/1"))), Undecided.CONFLICTING_EVIDENCE),
    ],
)
def test_what_names_no_body_goes_to_the_centre_with_its_reason(told: Facts, reason: Undecided) -> None:
    outcome = determine(told, DIRECTORY, TODAY)
    assert isinstance(outcome, Undetermined)
    assert (outcome.reason, outcome.holder) == (reason, "centre")


LADDER = [
    {"subscribers": (subscriber(province="CA-ON"),)},
    {"civic_addresses": (home(province="CA-QC"),)},
    {"phones": (phone("CA-AB"),)},
    {"stated": (said(province="CA-BC"),)},
    {"networks": (network("NL"),)},
    {"civic_addresses": (home(province="CA-SK", verified=False),)},
]


@pytest.mark.parametrize("stronger", range(len(LADDER)))
def test_a_stronger_rank_outranks_every_weaker_one(stronger: int) -> None:
    told: dict[str, Any] = {}
    for rung in reversed(LADDER[stronger:]):
        for name, value in rung.items():
            told[name] = (*value, *told.get(name, ()))
    alone = decided(facts(**LADDER[stronger]))
    assert decided(facts(**told)).body == alone.body


def test_the_victims_location_ranks_below_a_verified_civic_address_and_above_a_phone() -> None:
    told = facts(role=Role.VICTIM, phones=(phone("CA-AB"),), stated=(said(province="CA-BC"),))
    assert decided(told).rule == "victim_location"
    assert decided(replace(told, civic_addresses=(home(province="CA-QC"),))).rule == "verified_civic_address"
    unverified = replace(told, civic_addresses=(home(province="CA-QC", verified=False),))
    assert [one.source for one in weigh(unverified, DIRECTORY)][:2] == [Source.VICTIM_LOCATION] * 2


@pytest.mark.parametrize("role", [Role.VICTIM, Role.INTENDED_RECIPIENT])
def test_victims_have_their_own_branch(role: Role) -> None:
    outcome = decided(facts(role=role, stated=(said(municipality="Halifax", country="CA"),)))
    assert (outcome.branch, outcome.holder, outcome.copies) == (Branch.VICTIM, "ice-ns", ("cfs-ns",))
    abroad = decided(facts(role=role, networks=(network("NL"),)))
    assert (abroad.branch, abroad.holder, abroad.copies) == (Branch.VICTIM, "bureau-nl", ())
    somewhere = decided(facts(role=role, networks=(network("CA"),)))
    assert (somewhere.branch, somewhere.holder, somewhere.ask) == (Branch.VICTIM, "centre", ("/captures/0",))
    assert isinstance(determine(facts(role=role), DIRECTORY, TODAY), Undetermined)


def test_a_canadian_abroad_is_extraterritorial_only_for_travel_offences() -> None:
    told = facts(citizenship="CA", offence_type="travel_exploitation", networks=(network("TH"),))
    outcome = decided(told)
    assert (outcome.branch, outcome.body) == (Branch.EXTRATERRITORIAL, "rcmp-national")
    assert [(one.body, one.lost) for one in outcome.reasoning.candidates] == [("bureau-th", "extraterritorial")]
    assert decided(replace(told, offence_type="csaem")).branch is Branch.ABROAD
    assert decided(replace(told, citizenship="NL")).branch is Branch.ABROAD
    assert decided(replace(told, networks=(network("CA"),))).branch is Branch.CANADA_UNIDENTIFIED
    without = replace(DIRECTORY, bodies={k: v for k, v in DIRECTORY.bodies.items() if k != "rcmp-national"})
    assert decided(told, without).body == "centre"


def test_captures_are_asked_about_until_a_civic_address_is_vouched_for() -> None:
    captures = (
        network("CA"),
        network("CA", "/captures/1", grade="X"),
        network("CA", "/captures/2", grade="D", possible_proxy=True),
    )
    assert decided(facts(networks=captures)).ask == ("/captures/0", "/captures/2")
    assert decided(facts(networks=captures, phones=(phone("CA-AB"),))).ask == ("/captures/0", "/captures/2")
    known = decided(facts(networks=captures, civic_addresses=(home(province="AB"),)))
    assert (known.ask, known.civic_address_known) == ((), True)
    declared = decided(facts(networks=captures, civic_addresses=(home(province="AB", verified=False),)))
    assert (declared.branch, declared.province_hint, declared.ask) == (
        Branch.CANADA_UNIDENTIFIED, "CA-AB", ("/captures/0", "/captures/2"),
    )  # fmt: skip
    abroad = decided(facts(networks=captures, phones=(phone(country="NL"),)))
    assert abroad.ask == ()


def test_a_capture_without_its_time_names_no_country() -> None:
    outcome = determine(facts(networks=(network("NL", grade="X"),)), DIRECTORY, TODAY)
    assert isinstance(outcome, Undetermined)
    assert outcome.reason is Undecided.NO_USABLE_EVIDENCE
    assert outcome.reasoning.evidence[0].reason == "network.unusable_capture"
    timed = facts(networks=(network("NL", grade="X"), network("BE", "/captures/1", grade="D")))
    assert decided(timed).body == "bureau-be"


@pytest.mark.parametrize("code", ["E1W", "N1C", "W1A", "S1A"])
def test_half_a_postal_code_alone_is_not_canada(code: str) -> None:
    outcome = determine(facts(civic_addresses=(home(country=None, postal_code=code),)), DIRECTORY, TODAY)
    assert isinstance(outcome, Undetermined)


def test_the_province_of_a_network_is_only_a_hint() -> None:
    outcome = decided(facts(networks=(network("CA"), network("CA", "/captures/1", hint="CA-SK"))))
    assert (outcome.place.province, outcome.province_hint, outcome.body) == (None, "CA-SK", "centre")


def test_equal_evidence_that_differs_lowers_the_confidence_and_the_newer_decides() -> None:
    told = facts(
        civic_addresses=(
            home(province="AB", on=date(2020, 1, 1)),
            home("/civic_addresses/1", province="ON", on=date(2026, 1, 1)),
            home("/civic_addresses/2", province="QC"),
        )
    )
    outcome = decided(told)
    assert (outcome.body, outcome.confidence) == ("opp", Confidence.LOW)
    assert [(one.body, one.lost) for one in outcome.reasoning.candidates] == [("rcmp-k", "older"), ("sq", "older")]


def test_a_weaker_rank_breaks_a_tie() -> None:
    told = facts(phones=(phone("CA-AB"), replace(phone("CA-ON"), item="/phones/1")), stated=(said(province="Ontario"),))
    outcome = decided(told)
    assert (outcome.body, outcome.confidence) == ("opp", Confidence.LOW)


def test_places_of_one_country_that_tie_leave_the_first_with_low_confidence() -> None:
    told = facts(phones=(phone("CA-AB"), replace(phone("CA-ON"), item="/phones/1")))
    assert (decided(told).body, decided(told).confidence) == ("rcmp-k", Confidence.LOW)


def test_most_networks_agree_on_the_country() -> None:
    captures = (network("NL"), network("CA", "/captures/1"), network("CA", "/captures/2"))
    outcome = decided(facts(networks=captures))
    assert (outcome.place.country, outcome.confidence) == ("CA", Confidence.LOW)
    assert explain(outcome, tzdata="2026.6")["confidence"]["needs_person"] is True  # type: ignore[index, call-overload]


def test_a_country_contradicted_by_a_weaker_rank_is_less_sure() -> None:
    sure = facts(civic_addresses=(home(province="AB"),), networks=(network("NL"),))
    assert decided(sure).confidence is Confidence.MEDIUM
    unsure = facts(stated=(said(province="Alberta", verified=True),), networks=(network("NL"),))
    assert decided(unsure).confidence is Confidence.LOW
    declared = facts(networks=(network("NL"),), civic_addresses=(home(province="AB", verified=False),))
    assert decided(declared).confidence is Confidence.HIGH


def test_weaker_evidence_that_agrees_makes_the_place_narrower() -> None:
    told = facts(phones=(phone("CA-NS", "CA-PE"),), stated=(said(municipality="Halifax", country="CA"),))
    outcome = decided(told)
    assert (outcome.body, outcome.rule) == ("police-halifax", "phone_or_billing+stated_location")
    assert [(one.body, one.lost) for one in outcome.reasoning.candidates] == [
        ("rcmp-h", "one_of_several_provinces"), ("rcmp-l", "one_of_several_provinces"),
    ]  # fmt: skip
    code = facts(
        civic_addresses=(home(postal_code="T2P"),), stated=(said(municipality="Calgary", province="AB", country="CA"),)
    )
    assert [(one.body, one.lost) for one in decided(code).reasoning.candidates] == [("rcmp-k", "less_specific")]
    other = facts(
        civic_addresses=(home(municipality="Calgary", province="AB"),),
        stated=(said(municipality="Edmonton", province="AB", country="CA"),),
    )
    assert decided(other).body == "police-calgary"


def test_a_directory_without_a_province_leaves_it_to_the_centre() -> None:
    bare = Directory.of(
        [DIRECTORY.bodies[DIRECTORY.centre]],
        version="v",
        centre=DIRECTORY.centre,
        extraterritorial=DIRECTORY.centre,
    )
    assert decided(facts(civic_addresses=(home(province="AB"),)), bare).body == "centre"


def test_a_municipality_that_nobody_knows_is_dropped_because_the_field_may_hold_anything() -> None:
    outcome = decided(facts(civic_addresses=(home(municipality="12 Synthetic Street", province="AB"),)))
    assert outcome.body == "rcmp-k"
    assert "Synthetic" not in orjson.dumps(explain(outcome, tzdata="2026.6")).decode()
    assert outcome.reasoning.evidence[0].reason == "place.municipality_unknown"


def test_an_explanation_says_what_was_used_and_what_was_not() -> None:
    told = facts(
        civic_addresses=(
            home(municipality="Calgary", province="AB"),
            home("/civic_addresses/1", province="AB"),
            home("/civic_addresses/2", province="QC"),
        ),
        phones=(phone(country=None), phone("CA-ON")),
        networks=(network("NL"), network("CA", "/captures/1", snapshot=None)),
    )
    outcome = determine(told, DIRECTORY, TODAY)
    explained = explain(outcome, tzdata="2026.6")
    used = [one["used"] for one in explained["evidence"]]  # type: ignore[index]
    assert used == ["decides", "supports", "conflicts", "unusable", "outranked", "contradicts", "outranked"]
    assert snapshots(outcome) == ("2026-06-17",)
    refined = explain(
        determine(
            facts(phones=(phone("CA-NS", "CA-PE"),), stated=(said(municipality="Halifax", country="CA"),)),
            DIRECTORY,
            TODAY,
        ),
        tzdata="2026.6",
    )
    assert [one["used"] for one in refined["evidence"]] == ["decides", "refines"]  # type: ignore[index]
    nothing = explain(determine(facts(stated=(said(country="ZZ"),)), DIRECTORY, TODAY), tzdata="2026.6")
    assert [one["used"] for one in nothing["evidence"]] == ["undecided"]  # type: ignore[index]
