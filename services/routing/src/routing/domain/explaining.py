"""A determination's reasoning as plain data: what a person reads and what is stored.

Coarse facts only: country, province, known municipality, network organisation, the pointer and grade of a
capture. Never an IP address, a name, a street, a phone number or an e-mail; they do not reach this module.
"""

from collections.abc import Mapping
from typing import TypeAlias, assert_never

from routing.domain.determining import RULES, Determination, Determined, Reasoning, Undetermined
from routing.domain.evidence import Evidence, NetworkFact
from routing.domain.places import Place
from routing.domain.weighing import Weighed

Plain: TypeAlias = "dict[str, Plain] | list[Plain] | str | int | bool | None"


def explain(outcome: Determination, *, tzdata: str) -> dict[str, Plain]:
    """The whole reasoning of an outcome; `tzdata` is the version of the zone rules behind its times."""
    reasoning = outcome.reasoning
    uses = _uses(reasoning.weighed)
    return {
        "outcome": _outcome(outcome),
        "as_of": reasoning.as_of.isoformat(),
        "evidence": [_evidence(one, _use(one, reasoning.weighed, uses)) for one in reasoning.evidence],
        "captures": [_capture(one.network) for one in reasoning.evidence if one.network is not None],
        "candidates": [{"body": one.body, "evidence": one.evidence, "lost": one.lost} for one in reasoning.candidates],
        "confidence": _confidence(reasoning),
        "identification": list(outcome.ask),
        "versions": {
            "rules": RULES,
            "directory": reasoning.directory,
            "snapshots": list(snapshots(outcome)),
            "tzdata": tzdata,
        },
    }


def snapshots(outcome: Determination) -> tuple[str, ...]:
    """The network snapshots behind the outcome, sorted."""
    found = {
        one.network.attribution.snapshot
        for one in outcome.reasoning.evidence
        if one.network is not None and one.network.attribution.snapshot is not None
    }
    return tuple(sorted(found))


def _outcome(outcome: Determination) -> dict[str, Plain]:
    match outcome:
        case Determined():
            return {
                "branch": outcome.branch.value,
                "body": outcome.body,
                "first_hop": outcome.first_hop,
                "copies": list(outcome.copies),
                "rule": outcome.rule,
                "place": _place(outcome.place),
                "province_hint": outcome.province_hint,
            }
        case Undetermined():
            return {"branch": "centre", "body": outcome.centre, "reason": outcome.reason.value}
        case _:
            assert_never(outcome)


def _evidence(one: Evidence, used: str) -> dict[str, Plain]:
    return {
        "rank": one.source.rank,
        "source": one.source.value,
        "item": one.item,
        "place": None if one.place is None else _place(one.place),
        "candidates": list(one.candidates),
        "confidence": one.confidence.value,
        "note": one.reason,
        "used": used,
    }


def _uses(weighed: Weighed | None) -> dict[int, str]:
    """What each piece of evidence that stands out was used for, by `id`: an equal one may be used for another thing."""
    uses: dict[int, str] = {}
    if weighed is None:
        return uses
    for one in weighed.contradicting:
        uses[id(one.evidence)] = "contradicts"
    for lost in weighed.conflicting:
        uses[id(lost.usable.evidence)] = "conflicts"
    if weighed.refined_by is not None:
        uses[id(weighed.refined_by)] = "refines"
    uses[id(weighed.deciding)] = "decides"
    return uses


def _use(one: Evidence, weighed: Weighed | None, uses: Mapping[int, str]) -> str:
    if one.place is None or weighed is None:
        return "unusable" if one.place is None else "undecided"
    return uses.get(id(one)) or ("outranked" if one.source is not weighed.deciding.source else "supports")


def _capture(fact: NetworkFact) -> dict[str, Plain]:
    found = fact.attribution
    return {
        "item": found.item,
        "grade": fact.grade,
        "ip_class": found.ip_class,
        "network": found.asn,
        "organisation": found.organisation,
        "country": found.country,
        "second_country": found.second_country,
        "province_hint": found.province_hint,
        "confidence": found.confidence.value,
        "needs_person": found.needs_person,
        "snapshot": found.snapshot,
        "reasons": list(found.reasons),
    }


def _confidence(reasoning: Reasoning) -> dict[str, Plain]:
    weighed = reasoning.weighed
    if weighed is None:
        return {"value": "none", "needs_person": True, "conflicts": [], "contradicted_by": []}
    return {
        "value": weighed.confidence.value,
        "needs_person": weighed.needs_person,
        "conflicts": [
            {"item": lost.usable.evidence.item, "place": _place(lost.usable.place), "lost": lost.by}
            for lost in weighed.conflicting
        ],
        "contradicted_by": [one.evidence.item for one in weighed.contradicting],
    }


def _place(place: Place) -> dict[str, Plain]:
    return {"country": place.country, "province": place.province, "municipality": place.municipality}
