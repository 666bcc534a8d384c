"""Evidence for tests of the rules: short names for what a referral may say."""

from datetime import date
from typing import Any

from routing.directory.loading import load
from routing.domain.attribution import Attribution, Confidence
from routing.domain.bodies import Directory
from routing.domain.determining import Determined, determine
from routing.domain.evidence import (
    CivicAddressFact,
    Facts,
    Named,
    NetworkFact,
    PhoneFact,
    Role,
    StatedFact,
    SubscriberFact,
)

DIRECTORY = load().directory
TODAY = date(2026, 11, 22)


def facts(**told: Any) -> Facts:
    return Facts(**{"role": Role.SUSPECT, "offence_type": "csaem", **told})


def network(country: str | None, item: str = "/captures/0", **told: Any) -> NetworkFact:
    attribution = Attribution(
        item=item,
        ip_class=told.pop("ip_class", "public"),
        asn=577,
        organisation="Example Network",
        country=country,
        second_country=country,
        confidence=told.pop("confidence", Confidence.HIGH),
        needs_person=False,
        snapshot=told.pop("snapshot", "2026-06-17"),
        province_hint=told.pop("hint", None),
        reasons=(),
    )
    return NetworkFact(
        **{"attribution": attribution, "grade": "A", "possible_proxy": False, "on": date(2026, 6, 1), **told}
    )


def home(
    item: str = "/civic_addresses/0", *, kind: str = "home", verified: bool = True, **named: Any
) -> CivicAddressFact:
    on = named.pop("on", None)
    return CivicAddressFact(item=item, named=Named(**{"country": "CA", **named}), kind=kind, verified=verified, on=on)


def said(*, verified: bool = False, **named: Any) -> StatedFact:
    return StatedFact(item="/stated_location", named=Named(**named), verified=verified)


def phone(*provinces: str, country: str | None = "CA", verified: bool = False) -> PhoneFact:
    return PhoneFact(item="/phones/0", country=country, provinces=provinces, verified=verified)


def subscriber(**named: Any) -> SubscriberFact:
    return SubscriberFact(item="line:1", named=Named(**{"country": "CA", **named}), on=TODAY)


def decided(told: Facts, directory: Directory = DIRECTORY) -> Determined:
    outcome = determine(told, directory, TODAY)
    assert isinstance(outcome, Determined)
    return outcome
