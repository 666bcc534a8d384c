"""The ranking and its explanation are those of comparing each with each, without doing so for thousands."""

import sys
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.routing.facts import DIRECTORY, TODAY, facts, home, network

from routing.domain.attribution import Confidence
from routing.domain.determining import Reasoning, Undecided, Undetermined, determine
from routing.domain.evidence import Evidence, Facts, Source
from routing.domain.explaining import explain
from routing.domain.places import Place
from routing.domain.weighing import ORDER, Usable, weigh_up

MANY = 2_000
CALLS_EACH = 150
PLACES = st.builds(
    Place,
    country=st.sampled_from(["CA", "NL"]),
    province=st.sampled_from([None, "CA-NS", "CA-PE", "CA-AB"]),
    municipality=st.sampled_from([None, "Halifax", "Calgary"]),
)
EVIDENCE = st.builds(
    Evidence,
    source=st.sampled_from([Source.PHONE_OR_BILLING, Source.NETWORK, Source.SELF_DECLARED]),
    item=st.just("/captures/0"),
    place=PLACES,
    confidence=st.sampled_from([Confidence.LOW, Confidence.HIGH]),
    candidates=st.sampled_from([(), ("CA-NS", "CA-PE"), ("CA-AB", "CA-NS")]),
    on=st.sampled_from([None, TODAY, TODAY - timedelta(days=1)]),
)
RANKED = st.lists(EVIDENCE, min_size=1, max_size=9).map(
    lambda found: tuple(sorted(found, key=lambda one: one.source.rank))
)
MERITS = ("less_sure", "less_supported", "older", "less_corroborated", "less_specific")


def usable(evidence: Sequence[Evidence]) -> list[Usable]:
    body = DIRECTORY.bodies[DIRECTORY.centre]
    return [Usable(evidence=one, place=one.place, body=body) for one in evidence if one.place is not None]


def agree(one: Usable, other: Usable) -> bool:
    if one.place.country != other.place.country:
        return False
    provinces, others = one.evidence.provinces, other.evidence.provinces
    if provinces and others and not set(provinces) & set(others):
        return False
    named, also = one.place.municipality, other.place.municipality
    return named is None or also is None or named == also


def score(one: Usable, peers: Sequence[Usable], weaker: Sequence[Usable]) -> tuple[int, ...]:
    return (
        [Confidence.LOW, Confidence.HIGH].index(one.evidence.confidence),
        sum(agree(one, peer) for peer in peers),
        (one.evidence.on or date.min).toordinal(),
        sum(agree(one, other) for other in weaker),
        (one.place.province is not None) + (one.place.municipality is not None),
    )


def lost(own: tuple[int, ...], best: tuple[int, ...]) -> str:
    return next((merit for merit, less, more in zip(MERITS, own, best, strict=True) if less < more), ORDER)


@given(RANKED)
def test_the_ranking_is_that_of_comparing_each_with_each(evidence: tuple[Evidence, ...]) -> None:
    given_, rank = usable(evidence), evidence[0].source
    peers = [one for one in given_ if one.evidence.source is rank]
    weaker = [one for one in given_ if one.evidence.source is not rank]
    scores = [score(one, peers, weaker) for one in peers]
    best = peers[scores.index(max(scores))]
    weighed = weigh_up(given_)
    assert weighed is not None
    assert weighed.deciding is best.evidence
    assert [(id(one.usable), one.by) for one in weighed.conflicting] == [
        (id(one), lost(own, max(scores))) for one, own in zip(peers, scores, strict=True) if not agree(one, best)
    ]


@given(RANKED)
def test_each_piece_of_evidence_says_how_it_was_used(evidence: tuple[Evidence, ...]) -> None:
    weighed = weigh_up(usable(evidence))
    assert weighed is not None
    reasoning = Reasoning(as_of=TODAY, directory="1", evidence=evidence, weighed=weighed, candidates=())
    outcome = Undetermined(reason=Undecided.CONFLICTING_EVIDENCE, centre="centre", ask=(), reasoning=reasoning)  # type: ignore[arg-type]

    def used(one: Evidence) -> str:
        if one is weighed.deciding or one is weighed.refined_by:
            return "decides" if one is weighed.deciding else "refines"
        if any(conflict.usable.evidence is one for conflict in weighed.conflicting):
            return "conflicts"
        if any(other.evidence is one for other in weighed.contradicting):
            return "contradicts"
        return "outranked" if one.source is not weighed.deciding.source else "supports"

    explained: Any = explain(outcome, tzdata="2026.6")
    assert [one["used"] for one in explained["evidence"]] == [used(one) for one in evidence]


def of_a_few_networks() -> Facts:
    countries = ("CA", "NL", "US")
    return facts(networks=tuple(network(countries[at % 3], f"/captures/{at}") for at in range(MANY)))


def of_many_municipalities() -> Facts:
    named = [(name, province) for homes in DIRECTORY.gazetteer.names.values() for province, name in homes.items()]
    return facts(
        civic_addresses=tuple(
            home(f"/civic_addresses/{at}", municipality=name, province=province)
            for at, (name, province) in enumerate(islice(named, MANY))
        ),
        networks=tuple(network("NL", f"/captures/{at}") for at in range(MANY)),
    )


@pytest.mark.parametrize("told", [of_a_few_networks(), of_many_municipalities()])
def test_an_entry_of_thousands_of_items_costs_as_many_times_one_item(told: Facts) -> None:
    items = len(told.networks) + len(told.civic_addresses)
    within(items * CALLS_EACH, lambda: explain(determine(told, DIRECTORY, TODAY), tzdata="2026.6"))


def within(most: int, act: Callable[[], object]) -> None:
    """Run it, and give up at the first call of a Python function beyond `most`."""
    left = most

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal left
        left -= event == "call"
        if left < 0:
            raise AssertionError(f"more than {most} calls")

    sys.setprofile(count)
    try:
        act()
    finally:
        sys.setprofile(None)
