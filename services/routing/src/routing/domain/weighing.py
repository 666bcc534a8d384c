"""Which piece of evidence decides, and which others agree with it, refine it or contradict it.

The strongest rank that names a known place decides. Within a rank: the surest, then the best supported, the
newest, the best corroborated by weaker ranks, the most specific. A conflict inside the deciding rank makes the
outcome low; a country contradicted by a weaker rank makes it one step lower.
Not promised: that weak evidence is wrong.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, TypeAlias

from kit.values import value
from routing.domain.attribution import Confidence, weakest
from routing.domain.bodies import Body
from routing.domain.evidence import Evidence, Source
from routing.domain.places import Place


@value
class Usable:
    """Evidence that names a place, and the body which covers it."""

    evidence: Evidence
    place: Place
    body: Body


@value
class Weighed:
    """The place that the evidence supports and its body; `refined_by` is what made it narrower."""

    place: Place
    body: Body
    candidates: tuple[str, ...]
    deciding: Evidence
    refined_by: Evidence | None
    confidence: Confidence
    conflicting: tuple["Lost", ...]
    contradicting: tuple[Usable, ...]

    @property
    def needs_person(self) -> bool:
        """Whether a person must look: the evidence conflicts, or its network snapshots or sources differ."""
        network = self.deciding.network
        return bool(self.conflicting) or (network is not None and network.attribution.needs_person)


@value
class Lost:
    """Evidence of the deciding rank that says otherwise, and the code of the first thing it was weaker in."""

    usable: Usable
    by: str


_Score: TypeAlias = tuple[int, int, int, int, int]
_Provinces: TypeAlias = tuple[str, ...]
_Claim: TypeAlias = tuple[str, str | None, _Provinces]
"""Country, municipality and provinces that a piece of evidence names."""
_Named: TypeAlias = str | tuple[str, str | None]
"""A country with whatever municipality, or with that one or none."""
_Tally: TypeAlias = dict[_Named, dict[_Provinces, int]]

_MERITS: Final = ("less_sure", "less_supported", "older", "less_corroborated", "less_specific")
ORDER: Final = "later_in_entry"
"""Nothing but the order of the entry decided."""

_NONE: Final[Mapping[_Provinces, int]] = {}
_SURENESS: Final = (Confidence.NONE, Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH)


def weigh_up(usable: Sequence[Usable]) -> Weighed | None:
    """The outcome of the usable evidence, strongest rank first; None where there is none."""
    if not usable:
        return None
    rank = usable[0].evidence.source
    peers = [one for one in usable if one.evidence.source is rank]
    weaker = [one for one in usable if one.evidence.source is not rank]
    deciding, conflicting = _best(peers, weaker)
    contradicting = tuple(one for one in weaker if _contradicts(one, deciding))
    refined = _refinement(deciding, usable)
    final = refined or deciding
    return Weighed(
        place=final.place,
        body=final.body,
        candidates=final.evidence.candidates,
        deciding=deciding.evidence,
        refined_by=None if refined is None else refined.evidence,
        confidence=_confidence(deciding, final, disputed=bool(conflicting), doubted=bool(contradicting)),
        conflicting=conflicting,
        contradicting=contradicting,
    )


def _best(peers: Sequence[Usable], weaker: Sequence[Usable]) -> tuple[Usable, tuple[Lost, ...]]:
    """What decides of one rank, and what of it says otherwise."""
    if len(peers) == 1:
        return peers[0], ()
    claims = [_claim(one) for one in peers]
    supported = _agreeing(claims, claims)
    corroborated = _agreeing(claims, [_claim(one) for one in weaker])
    scores = [_score(one, supported[claim], corroborated[claim]) for one, claim in zip(peers, claims, strict=True)]
    best = max(scores)
    deciding = peers[scores.index(best)]
    return deciding, tuple(
        Lost(usable=one, by=_weaker_in(score, best))
        for one, score in zip(peers, scores, strict=True)
        if not agree(one, deciding)
    )


def agree(one: Usable, other: Usable) -> bool:
    """Whether both can be true: nothing that both name differs."""
    country, named, provinces = _claim(one)
    other_country, also, others = _claim(other)
    return country == other_country and (named is None or also is None or named == also) and _overlap(provinces, others)


def _claim(one: Usable) -> _Claim:
    place = one.place
    return place.country, place.municipality, one.evidence.provinces


def _overlap(provinces: _Provinces, others: _Provinces) -> bool:
    return not provinces or not others or provinces == others or not set(provinces).isdisjoint(others)


def _agreeing(claims: Sequence[_Claim], others: Sequence[_Claim]) -> dict[_Claim, int]:
    """With how many others each claim agrees. Counted, not compared in pairs: an entry may make thousands."""
    if not others:
        return dict.fromkeys(claims, 0)
    tally: _Tally = {}
    for country, municipality, provinces in others:
        for named in ((country, municipality), country):
            counts = tally.setdefault(named, {})
            counts[provinces] = counts.get(provinces, 0) + 1
    return {claim: _count(claim, tally) for claim in set(claims)}


def _count(claim: _Claim, tally: _Tally) -> int:
    country, municipality, provinces = claim
    named: Sequence[_Named] = (country,) if municipality is None else ((country, None), (country, municipality))
    return sum(
        [count for one in named for others, count in tally.get(one, _NONE).items() if _overlap(provinces, others)]
    )


def _score(one: Usable, supported: int, corroborated: int) -> _Score:
    return (
        _SURENESS.index(one.evidence.confidence),
        supported,
        (one.evidence.on or date.min).toordinal(),
        corroborated,
        _specificity(one),
    )


def _weaker_in(score: _Score, best: _Score) -> str:
    return next((merit for merit, own, top in zip(_MERITS, score, best, strict=True) if own < top), ORDER)


def _specificity(one: Usable) -> int:
    return (one.place.province is not None) + (one.place.municipality is not None)


def _contradicts(weaker: Usable, deciding: Usable) -> bool:
    """What is merely self-declared contradicts nothing."""
    if weaker.evidence.source is Source.SELF_DECLARED:
        return False
    return weaker.place.country != deciding.place.country


def _refinement(deciding: Usable, usable: Sequence[Usable]) -> Usable | None:
    """A narrower place that agrees, from stronger evidence than a network (902: two provinces, Halifax: one)."""
    finer = [
        one
        for one in usable
        if one.evidence.source.rank < Source.NETWORK.rank
        and agree(one, deciding)
        and _specificity(one) > _specificity(deciding)
    ]
    return max(finer, key=_specificity, default=None)


def _confidence(deciding: Usable, final: Usable, *, disputed: bool, doubted: bool) -> Confidence:
    sure = weakest(deciding.evidence.confidence, final.evidence.confidence)
    if disputed:
        return weakest(sure, Confidence.LOW)
    if doubted and sure is Confidence.HIGH:
        return Confidence.MEDIUM
    return weakest(sure, Confidence.LOW) if doubted else sure
