"""Synthetic subscribers: who they are follows from the line, where they live from the IP address.

Every name and street holds one word that stands nowhere else in the suite, so that a leak can be looked for.
"""

from dataclasses import dataclass
from uuid import UUID

from sandbox.generator.canada import PROVINCES
from sandbox.generator.chance import chance, weighted
from sandbox.generator.people import Home, person

MARK = "Specimen"
"""In every subscriber's name and street."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """What a provider's records say of a connection's holder."""

    name: str
    street: str
    municipality: str
    province: str
    postal_code: str
    country: str = "CA"


def subscriber(line: UUID, ip: str) -> Subscriber:
    """The holder of the connection; the same line and IP address give the same one."""
    province = weighted(chance(0, "province", ip), {code: float(one.people) for code, one in PROVINCES.items()})
    home = Home("CA", province)
    holder = person(home, chance(0, "holder", str(line)))
    place = person(home, chance(0, "place", ip))
    number = chance(0, "street", str(line)).randrange(1, 1000)
    if place.postal_code is None:  # a person at home in Canada has one
        raise LookupError(f"no postal code in {province}")
    return Subscriber(
        name=f"{holder.name}-{MARK}",
        street=f"{number} {MARK} Road",
        municipality=place.municipality,
        province=province,
        postal_code=place.postal_code,
    )
