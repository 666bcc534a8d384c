"""Who has jurisdiction over one entry: a branch, a body and how it is reached, with the whole reasoning.

    canada               a place in Canada: its police service, through the province's ICE unit
    canada_unidentified  only that it is Canada: the centre holds it, and the provider is asked
    abroad               the bureau of that country
    extraterritorial     a Canadian citizen abroad, travel offence (Criminal Code s. 7(4.1))
    victim               a child victim or intended recipient: police hold, child protection is told beside
    centre               nothing names a body; a person decides

Pure: the directory, the network facts and the day come in. Never a municipal force from an IP address alone: a
network names a country and nothing narrower. Not promised: that the body agrees.
"""

from datetime import date
from enum import StrEnum
from typing import Final, TypeAlias

from kit.values import value
from routing.domain.attribution import Confidence
from routing.domain.bodies import Body, BodyId, Directory
from routing.domain.evidence import Evidence, Facts, Role, weigh
from routing.domain.places import CANADA, Place
from routing.domain.weighing import ORDER, Usable, Weighed, weigh_up

RULES: Final = "2026-11"
"""Version of these rules, stored with every determination."""

TRAVEL: Final = "travel_exploitation"


class Branch(StrEnum):
    """Which road an entry takes; the words are those of the contracts."""

    CANADA = "canada"
    CANADA_UNIDENTIFIED = "canada_unidentified"
    ABROAD = "abroad"
    EXTRATERRITORIAL = "extraterritorial"
    VICTIM = "victim"
    CENTRE = "centre"


class Undecided(StrEnum):
    """Why nothing was determined; the words are those of the contracts."""

    NO_USABLE_EVIDENCE = "no_usable_evidence"
    CONFLICTING_EVIDENCE = "conflicting_evidence"
    UNKNOWN_PLACE = "unknown_place"
    TOO_MANY_HOPS = "too_many_hops"


@value
class Candidate:
    """A body that some evidence names and that was not chosen, and the code of why it lost."""

    body: BodyId
    evidence: str
    lost: str


@value
class Reasoning:
    """Everything a person needs to check the outcome. `unusable` evidence is kept with its reasons."""

    as_of: date
    directory: str
    evidence: tuple[Evidence, ...]
    weighed: Weighed | None
    candidates: tuple[Candidate, ...]


@value
class Determined:
    """A body has jurisdiction. `ask` are the captures (items) whose subscriber must be identified."""

    branch: Branch
    body: BodyId
    first_hop: BodyId | None
    copies: tuple[BodyId, ...]
    rule: str
    confidence: Confidence
    place: Place
    province_hint: str | None
    ask: tuple[str, ...]
    civic_address_known: bool
    reasoning: Reasoning

    @property
    def holder(self) -> BodyId:
        """Who gets the assignment: the first hop if the body has one."""
        return self.first_hop or self.body


@value
class Undetermined:
    """No body: the centre holds the entry."""

    reason: Undecided
    centre: BodyId
    ask: tuple[str, ...]
    reasoning: Reasoning
    civic_address_known: bool = False

    @property
    def holder(self) -> BodyId:
        """Who gets the assignment."""
        return self.centre


Determination: TypeAlias = Determined | Undetermined


def determine(facts: Facts, directory: Directory, as_of: date) -> Determination:
    """The outcome for one entry with the bodies that are valid on `as_of`."""
    evidence = weigh(facts, directory)
    usable = [
        Usable(evidence=one, place=one.place, body=body)
        for one in evidence
        if one.place is not None and (body := _named(one.place, directory, as_of)) is not None
    ]
    weighed = weigh_up(usable)
    if weighed is None or _countries_tie(weighed):
        return _undetermined(evidence, weighed, directory, as_of)
    return _determined(facts, usable, evidence, weighed, directory, as_of)


def _determined(
    facts: Facts,
    usable: list[Usable],
    evidence: tuple[Evidence, ...],
    weighed: Weighed,
    directory: Directory,
    as_of: date,
) -> Determined:
    place = weighed.place
    branch = _branch(facts, place)
    body = _body(branch, weighed, directory)
    return Determined(
        branch=branch,
        body=body.id,
        first_hop=directory.first_hop(body, as_of),
        copies=_copies(branch, place, directory, as_of),
        rule=_rule(weighed),
        confidence=weighed.confidence,
        place=place,
        province_hint=_hint(place, usable),
        ask=_ask(evidence) if place.country == CANADA else (),
        civic_address_known=_civic_address_known(evidence),
        reasoning=Reasoning(
            as_of=as_of,
            directory=directory.version,
            evidence=evidence,
            weighed=weighed,
            candidates=_candidates(body, weighed, usable, directory, as_of),
        ),
    )


def _undetermined(
    evidence: tuple[Evidence, ...], weighed: Weighed | None, directory: Directory, as_of: date
) -> Undetermined:
    reasoning = Reasoning(as_of=as_of, directory=directory.version, evidence=evidence, weighed=weighed, candidates=())
    return Undetermined(
        reason=_undecided(evidence, weighed), centre=directory.centre, ask=_ask(evidence), reasoning=reasoning
    )


def _undecided(evidence: tuple[Evidence, ...], weighed: Weighed | None) -> Undecided:
    if weighed is not None:
        return Undecided.CONFLICTING_EVIDENCE
    if any(one.place is not None or one.reason == "place.no_country" for one in evidence):
        return Undecided.UNKNOWN_PLACE
    return Undecided.NO_USABLE_EVIDENCE


def _countries_tie(weighed: Weighed) -> bool:
    """Two countries with equal claims are no answer; two places of one country are one of low confidence."""
    return any(lost.by == ORDER and lost.usable.place.country != weighed.place.country for lost in weighed.conflicting)


def _named(place: Place, directory: Directory, as_of: date) -> Body | None:
    """The body that a place alone names; the centre for a Canada without a province; None: nobody covers it."""
    if place.country != CANADA:
        return directory.bureau(place.country, as_of)
    police = directory.police(place, as_of) if place.province is not None else None
    return police or directory.bodies[directory.centre]


def _branch(facts: Facts, place: Place) -> Branch:
    abroad = place.country != CANADA
    if facts.role is not Role.SUSPECT:
        return Branch.VICTIM
    if abroad and facts.citizenship == CANADA and facts.offence_type == TRAVEL:
        return Branch.EXTRATERRITORIAL
    if abroad:
        return Branch.ABROAD
    return Branch.CANADA if place.province is not None else Branch.CANADA_UNIDENTIFIED


def _body(branch: Branch, weighed: Weighed, directory: Directory) -> Body:
    if branch is Branch.EXTRATERRITORIAL:
        return directory.bodies.get(directory.extraterritorial, directory.bodies[directory.centre])
    return weighed.body


def _copies(branch: Branch, place: Place, directory: Directory, as_of: date) -> tuple[BodyId, ...]:
    office = directory.child_protection(place, as_of) if branch is Branch.VICTIM else None
    return () if office is None or place.province is None else (office.id,)


def _rule(weighed: Weighed) -> str:
    if weighed.refined_by is None:
        return weighed.deciding.source.value
    return f"{weighed.deciding.source.value}+{weighed.refined_by.source.value}"


def _hint(place: Place, usable: list[Usable]) -> str | None:
    """The province that is probably meant where none was determined."""
    if place.country != CANADA or place.province is not None:
        return None
    sure = (one.evidence.provinces[0] for one in usable if len(one.evidence.provinces) == 1)
    networks = (one.evidence.network.attribution.province_hint for one in usable if one.evidence.network is not None)
    return next(sure, None) or next((hint for hint in networks if hint is not None), None)


def _civic_address_known(evidence: tuple[Evidence, ...]) -> bool:
    return any(one.civic and one.place is not None and one.place.province is not None for one in evidence)


def _ask(evidence: tuple[Evidence, ...]) -> tuple[str, ...]:
    """Captures on Canadian networks, unless a civic address in Canada is vouched for already."""
    if _civic_address_known(evidence):
        return ()
    return tuple(
        one.item
        for one in evidence
        if one.network is not None and one.place is not None and one.place.country == CANADA
    )


def _candidates(
    chosen: Body, weighed: Weighed, usable: list[Usable], directory: Directory, as_of: date
) -> tuple[Candidate, ...]:
    lost_by = {id(lost.usable): lost.by for lost in weighed.conflicting}
    found: dict[BodyId, Candidate] = {}
    for one in usable:
        why = lost_by.get(id(one), f"outranked_by.{weighed.deciding.source.value}")
        for place, body in _bodies(one, directory, as_of):
            if body is None or body.id in (chosen.id, directory.centre):
                continue
            lost = _lost_itself(one, place) if one.evidence is weighed.deciding else why
            found.setdefault(body.id, Candidate(body=body.id, evidence=one.evidence.source.value, lost=lost))
    return tuple(found.values())


def _lost_itself(one: Usable, place: Place) -> str:
    """Why a body named by the deciding evidence is not the one: it was too wide, or another branch holds."""
    if one.evidence.candidates:
        return "one_of_several_provinces"
    return "extraterritorial" if place.country != CANADA else "less_specific"


def _bodies(one: Usable, directory: Directory, as_of: date) -> list[tuple[Place, Body | None]]:
    if not one.evidence.candidates:
        return [(one.place, one.body)]
    places = [Place(country=CANADA, province=province) for province in one.evidence.candidates]
    return [(place, _named(place, directory, as_of)) for place in places]
