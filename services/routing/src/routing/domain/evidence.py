"""What an entry says of where somebody is, weighed by who says it.

Ranks: the subscriber's service civic address, a verified civic address, the victim's location, phone or
billing, the stated location, the network's country, what is merely self-declared (spec §5.2). Every fact
becomes exactly one `Evidence`, usable or with the reason why not: an explanation can show what was not used.

Only known places leave this module: a municipality that no directory or gazetteer knows is dropped, because the
field may hold a street or a name. Not promised: that a subscriber is the person (a connection, not a person).
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Final

from kit.values import value
from routing.domain.attribution import PUBLIC, Attribution, Confidence, weakest
from routing.domain.bodies import Directory
from routing.domain.places import (
    CANADA,
    Place,
    country_of,
    fold,
    is_canadian,
    province_of,
    province_of_postal_code,
)

NOWHERE: Final[Mapping[str, str]] = {}


class Source(StrEnum):
    """Who says it, strongest first: the order of the members is the rank."""

    SUBSCRIBER = "subscriber_service_address"
    VERIFIED_ADDRESS = "verified_civic_address"
    VICTIM_LOCATION = "victim_location"
    PHONE_OR_BILLING = "phone_or_billing"
    STATED = "stated_location"
    NETWORK = "network"
    SELF_DECLARED = "self_declared"

    @property
    def rank(self) -> int:
        """1 is the strongest."""
        return _RANKS[self]


_RANKS: Final = {source: rank for rank, source in enumerate(Source, start=1)}


class Role(StrEnum):
    """What the entry's person is in the referral."""

    SUSPECT = "suspect"
    VICTIM = "victim"
    INTENDED_RECIPIENT = "intended_recipient"


@value
class Named:
    """A place as somebody wrote it."""

    municipality: str | None = None
    province: str | None = None
    country: str | None = None
    postal_code: str | None = None


@value
class CivicAddressFact:
    """A civic address of the entry, without its street."""

    item: str
    named: Named
    kind: str
    verified: bool
    on: date | None = None


@value
class PhoneFact:
    """A phone number, told by the country and the provinces its area code belongs to, never by its digits."""

    item: str
    country: str | None
    provinces: tuple[str, ...]
    verified: bool


@value
class StatedFact:
    """Where the account says, or the platform estimates, that the person is."""

    item: str
    named: Named
    verified: bool


@value
class NetworkFact:
    """A capture with its network."""

    attribution: Attribution
    grade: str
    possible_proxy: bool
    on: date | None


@value
class SubscriberFact:
    """A provider's checked answer: where the line is installed. `item` names the line of the request."""

    item: str
    named: Named
    on: date


@value
class Facts:
    """All that the rules may know of one entry."""

    role: Role
    offence_type: str
    citizenship: str | None = None
    subscribers: tuple[SubscriberFact, ...] = ()
    civic_addresses: tuple[CivicAddressFact, ...] = ()
    phones: tuple[PhoneFact, ...] = ()
    stated: tuple[StatedFact, ...] = ()
    networks: tuple[NetworkFact, ...] = ()


@value
class Evidence:
    """One fact, weighed. `place` is None where it is unusable; `reason` is the code of that, or of a doubt.

    `candidates` are provinces of which one is meant; `civic` marks a civic address that somebody vouches for.
    """

    source: Source
    item: str
    place: Place | None
    confidence: Confidence
    candidates: tuple[str, ...] = ()
    reason: str | None = None
    on: date | None = None
    civic: bool = False
    network: NetworkFact | None = None

    @property
    def provinces(self) -> tuple[str, ...]:
        """The province, or the provinces of which one is meant."""
        if self.place is None or self.place.province is None:
            return self.candidates
        return (self.place.province,)


def weigh(facts: Facts, directory: Directory) -> tuple[Evidence, ...]:
    """Every fact as evidence, strongest rank first and in the order of the entry within a rank."""
    found = [
        *(_subscriber(fact, directory) for fact in facts.subscribers),
        *(_civic_address(fact, facts.role, directory) for fact in facts.civic_addresses),
        *(_phone(fact) for fact in facts.phones),
        *(_stated(fact, facts.role, directory) for fact in facts.stated),
        *(_network(fact) for fact in facts.networks),
    ]
    return tuple(sorted(found, key=lambda evidence: evidence.source.rank))


@value
class _Found:
    place: Place | None
    candidates: tuple[str, ...] = ()
    reason: str | None = None


def _subscriber(fact: SubscriberFact, directory: Directory) -> Evidence:
    return _located(
        Source.SUBSCRIBER,
        fact.item,
        locate(fact.named, directory),
        Confidence.HIGH,
        on=fact.on,
        civic=True,
    )


def _civic_address(fact: CivicAddressFact, role: Role, directory: Directory) -> Evidence:
    source, confidence = _standing(fact, role)
    found = locate(fact.named, directory)
    civic = source is not Source.SELF_DECLARED
    return _located(source, fact.item, found, confidence, on=fact.on, civic=civic)


def _standing(fact: CivicAddressFact, role: Role) -> tuple[Source, Confidence]:
    # A service civic address is a provider's own record of where a line is installed.
    if fact.kind == "service":
        return Source.SUBSCRIBER, Confidence.HIGH if fact.verified else Confidence.MEDIUM
    if fact.verified:
        return Source.VERIFIED_ADDRESS, Confidence.HIGH
    if role is not Role.SUSPECT:
        return Source.VICTIM_LOCATION, Confidence.MEDIUM
    if fact.kind == "billing":
        return Source.PHONE_OR_BILLING, Confidence.MEDIUM
    return Source.SELF_DECLARED, Confidence.LOW


def _phone(fact: PhoneFact) -> Evidence:
    confidence = Confidence.MEDIUM if fact.verified else Confidence.LOW
    found = _Found(place=None, reason="phone.no_country")
    if len(fact.provinces) == 1:
        found = _Found(place=Place(country=CANADA, province=fact.provinces[0]))
    elif fact.provinces:
        found = _Found(place=Place(country=CANADA), candidates=fact.provinces, reason="phone.area_of_several_provinces")
    elif fact.country is not None:
        found = _Found(place=Place(country=fact.country))
    return _located(Source.PHONE_OR_BILLING, fact.item, found, confidence)


def _stated(fact: StatedFact, role: Role, directory: Directory) -> Evidence:
    source = Source.STATED if role is Role.SUSPECT else Source.VICTIM_LOCATION
    confidence = Confidence.MEDIUM if fact.verified else Confidence.LOW
    return _located(source, fact.item, locate(fact.named, directory), confidence)


_GRADE_CAP: Final = {
    "A": Confidence.HIGH,
    "B": Confidence.HIGH,  # without a port the line is shared, the network's country is not
    "C": Confidence.MEDIUM,
}


UNUSABLE: Final = "X"
"""The grade of a capture that says nothing: without its time an IP address leads to nobody."""


def _network(fact: NetworkFact) -> Evidence:
    attribution = fact.attribution
    place = None if attribution.country is None else Place(country=attribution.country)
    reason = None
    if attribution.ip_class != PUBLIC:
        place, reason = None, f"network.{attribution.ip_class}"
    elif fact.grade == UNUSABLE:
        place, reason = None, "network.unusable_capture"
    elif place is None:
        reason = "network.no_country"
    elif fact.possible_proxy:
        reason = "network.possible_proxy"
    confidence = weakest(
        attribution.confidence,
        _GRADE_CAP.get(fact.grade, Confidence.LOW),
        Confidence.LOW if fact.possible_proxy else Confidence.HIGH,
    )
    return Evidence(
        source=Source.NETWORK,
        item=attribution.item,
        place=place,
        confidence=confidence,
        reason=reason,
        on=fact.on,
        network=fact,
    )


def _located(
    source: Source,
    item: str,
    found: _Found,
    confidence: Confidence,
    *,
    on: date | None = None,
    civic: bool = False,
) -> Evidence:
    doubtful = found.reason == "place.postal_code_of_another_province"
    return Evidence(
        source=source,
        item=item,
        place=found.place,
        confidence=Confidence.LOW if doubtful else confidence,
        candidates=found.candidates,
        reason=found.reason,
        on=on,
        civic=civic,
    )


def locate(named: Named, directory: Directory) -> _Found:
    """The territory that a written place means, as far as it is sure; a name of several provinces is open."""
    country = country_of(named.country)
    stated, postal = province_of(named.province), province_of_postal_code(named.postal_code)
    if country is None and (is_canadian(named.postal_code) or _says_canada(named.province, stated)):
        country = CANADA
    if country is None:
        return _Found(place=None, reason="place.no_country")
    if country != CANADA:
        return _Found(place=Place(country=country))
    return _in_canada(named.municipality, stated, postal, directory)


def _says_canada(text: str | None, province: str | None) -> bool:
    """Two letters alone may be a state of another country (NT, NL, PE); `CA-NT` or a full name may not."""
    return province is not None and text is not None and len(text.strip()) > 2


def _in_canada(municipality: str | None, stated: str | None, postal: str | None, directory: Directory) -> _Found:
    province = stated or postal
    homes = directory.gazetteer.having(municipality) if municipality else NOWHERE
    if province is None:
        return _without_province(homes)
    reason = None
    if stated is not None and postal is not None and stated != postal:
        reason = "place.postal_code_of_another_province"
    elif municipality and fold(municipality) and province not in homes:
        reason = "place.municipality_unknown"
    return _Found(place=Place(country=CANADA, province=province, municipality=homes.get(province)), reason=reason)


def _without_province(homes: Mapping[str, str]) -> _Found:
    match len(homes):
        case 0:
            return _Found(place=Place(country=CANADA))
        case 1:
            ((province, municipality),) = homes.items()
            return _Found(place=Place(country=CANADA, province=province, municipality=municipality))
        case _:
            return _Found(
                place=Place(country=CANADA),
                candidates=tuple(sorted(homes)),
                reason="place.municipality_of_several_provinces",
            )
