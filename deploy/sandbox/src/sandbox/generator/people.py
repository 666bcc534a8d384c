"""Synthetic people whose parts agree: province, place, postal area, area code, provider, zone and names.

Nobody of these lives: names come from Faker, phones and e-mail addresses only from what is kept for examples
(NPA-555-0100 to 0199; RFC 2606 domains), streets are invented.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from faker import Faker

from sandbox.generator.abroad import COUNTRIES, Country
from sandbox.generator.canada import PROVINCES, Carrier, Place, Province
from sandbox.generator.chance import chance, weighted

_MAIL_DOMAINS = ("example.com", "example.org", "example.net")  # RFC 2606 §3
_SECOND_PART_LETTERS = "ABCEGHJKLMNPRSTVWXYZ"  # D F I O Q U are never used
_CANADIAN_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class Home:
    """Where a person lives. A spare one may be given flaws: its province is not the only one of its kind."""

    country: str
    province: str | None = None
    spare: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One synthetic account holder."""

    name: str
    username: str
    email: str
    phone: str | None
    country: str
    province: str | None
    municipality: str
    street: str
    postal_code: str | None
    zone: str
    carrier: Carrier


def homes(seed: int, count: int, canadian: float = _CANADIAN_SHARE) -> list[Home]:
    """Where `count` people live: every province and country once, then by population and weight, shuffled.

    From 12 people on there are 8 provinces, from 30 on 10 countries.
    """
    random = chance(seed, "homes")
    at_home = round(count * canadian)
    provinces, countries = list(PROVINCES), list(COUNTRIES)
    by_people = {code: float(province.people) for code, province in PROVINCES.items()}
    by_weight = {code: float(country.weight) for code, country in COUNTRIES.items()}
    found = [Home("CA", code) for code in provinces[:at_home]]
    found += [Home("CA", weighted(random, by_people), spare=True) for _ in range(at_home - len(found))]
    abroad = [Home(code) for code in countries[: count - at_home]]
    abroad += [Home(weighted(random, by_weight)) for _ in range(count - at_home - len(abroad))]
    found += abroad
    random.shuffle(found)
    return found


def person(home: Home, random: Random) -> Person:
    """Somebody who could live there."""
    if home.province is None:
        return _abroad(COUNTRIES[home.country], random)
    return _canadian(PROVINCES[home.province], random)


def _canadian(province: Province, random: Random) -> Person:
    place = weighted(random, {place: float(place.thousands) for place in province.places})
    french = random.random() < province.french
    name = _name("fr_CA" if french else "en_CA", random)
    number = random.randrange(1, 1000)
    username = _username(name, random)
    return Person(
        name=name,
        username=username,
        email=_email(username, random),
        phone=_phone(place, random),
        country="CA",
        province=province.code,
        municipality=place.name,
        street=f"{number}, rue de l'Exemple" if french else f"{number} Sample Street",
        postal_code=_postal_code(place.postal_areas, random),
        zone=place.zone,
        carrier=weighted(random, dict(province.shares)),
    )


def _abroad(country: Country, random: Random) -> Person:
    name = _name(country.locale, random)
    username = _username(name, random)
    return Person(
        name=name,
        username=username,
        email=_email(username, random),
        phone=_filled(country.phone, random),
        country=country.code,
        province=None,
        municipality=random.choice(country.cities),
        street=f"{random.randrange(1, 200)} Sample Street",
        postal_code=None,
        zone=country.zone,
        carrier=country.carrier,
    )


@lru_cache(maxsize=len(COUNTRIES) + 2)
def _faker(locale: str) -> Faker:
    return Faker(locale)


def _name(locale: str, random: Random) -> str:
    faker = _faker(locale)
    faker.seed_instance(random.getrandbits(64))
    return f"{faker.first_name()} {faker.last_name()}"


def _username(name: str, random: Random) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    letters = "".join(letter for letter in plain if letter.isalpha())[:14]
    return f"{letters or 'holder'}{random.randrange(10, 10_000)}"


def _email(username: str, random: Random) -> str:
    return f"{username}@{random.choice(_MAIL_DOMAINS)}"


def _phone(place: Place, random: Random) -> str:
    return f"+1{random.choice(place.area_codes)}55501{random.randrange(100):02}"


def _filled(pattern: str | None, random: Random) -> str | None:
    if pattern is None:
        return None
    return "".join(str(random.randrange(10)) if sign == "#" else sign for sign in pattern)


def _postal_code(areas: Sequence[str], random: Random) -> str:
    letter = random.choice(_SECOND_PART_LETTERS)
    return f"{random.choice(areas)} {random.randrange(10)}{letter}{random.randrange(10)}"
