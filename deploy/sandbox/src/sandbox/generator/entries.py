"""One person becomes one entry of a native file, with what must become of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

from kit.time import zone
from sandbox.generator import native
from sandbox.generator.canada import SHARED_AREA_CODES
from sandbox.generator.chance import weighted
from sandbox.generator.expectation import ExpectedEntry
from sandbox.generator.native import Json
from sandbox.generator.networks import Addresses
from sandbox.generator.people import Person

OLDEST = timedelta(days=60)
_NEWEST = timedelta(hours=2)
_SERVICES = ("chat.example.com", "forum.example.org", "share.example.net")
_EVENTS = {"Login": 5.0, "Upload": 3.0, "Registration": 1.0}
_EVIDENCE = {"network": 45.0, "phone": 22.0, "address": 25.0, "stated": 8.0}
_HOSTING = (24940, "DE")  # Hetzner: a proxy that says nothing of where its user is


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What entries are drawn from."""

    random: Random
    now: datetime
    addresses: Addresses


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An entry before it stands in a file; pointers in `expected` are relative to it."""

    person: Person
    body: Json
    expected: ExpectedEntry


def moments(world: World, count: int) -> list[datetime]:
    """So many times of the last 60 days, to the second and in order."""
    span = int((OLDEST - _NEWEST).total_seconds())
    ages = sorted((world.random.randrange(span) for _ in range(count)), reverse=True)
    return [(world.now - _NEWEST - timedelta(seconds=age)).replace(microsecond=0) for age in ages]


def address_of(world: World, person: Person) -> str:
    """An IP address that the person's provider announced."""
    return world.addresses.address(person.carrier.asn, person.country, world.random)


def told(at: datetime, zone_name: str, random: Random) -> tuple[str, str]:
    """A moment as partners write it, with the zone they declare: UTC, with an offset, or local time."""
    local = at.astimezone(zone(zone_name))
    utc = (f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z", "UTC")
    offset = (local.isoformat(timespec="seconds"), zone_name)
    # In the night of a clock change a wall time can mean two moments; nobody writes sound data with it.
    wall = (f"{local:%Y-%m-%dT%H:%M:%S}", zone_name) if local.hour >= 4 else utc
    fraction = (f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{random.randrange(1000):03}Z", "UTC")
    return random.choices((utc, offset, wall, fraction), (5, 2, 2, 1))[0]


def captures(world: World, person: Person) -> list[Json]:
    """One to four captures from the person's network; the port is there where many share an address."""
    random = world.random
    found: list[Json] = []
    for at in moments(world, random.choices((1, 2, 3, 4), (4, 3, 2, 1))[0]):
        time, zone_name = told(at, person.zone, random)
        has_port = random.random() < (0.9 if person.carrier.shares_addresses else 0.5)
        found.append(
            native.capture(
                address_of(world, person),
                time=time,
                zone=zone_name,
                port=random.randrange(1024, 65_536) if has_port else None,
                event=weighted(random, _EVENTS),
            )
        )
    return found


def suspect(reference: str, person: Person, world: World) -> Draft:
    """A sound entry of a reported account."""
    random = world.random
    service = random.choice(_SERVICES)
    body = native.suspect(
        reference,
        account={"service": service, "id": person.username},
        captures=captures(world, person),
        identifiers=_identifiers(person, service, random),
        devices=_devices(random),
    )
    expected = ExpectedEntry(
        reference=reference,
        kind="suspect",
        grade=grade_of(body["captures"]),
        country=person.country,
        holder="centre" if person.country == "CA" else "bureau",
    )
    return _with_evidence(Draft(person=person, body=body, expected=expected), world)


def grade_of(found: Sequence[Json]) -> str:
    """Grade of captures that are sound but for the port."""
    return "A" if any("port" in capture for capture in found) else "B"


def _identifiers(person: Person, service: str, random: Random) -> list[Json]:
    found = [native.identifier("username", person.username, service=service)]
    if random.random() < 0.7:
        found.append(native.identifier("email", person.email, verified=random.random() < 0.6))
    return found


def _devices(random: Random) -> list[Json] | None:
    if random.random() > 0.2:
        return None
    return [{"type": "installation", "value": f"SYN-{random.getrandbits(40):010x}"}]


def _with_evidence(draft: Draft, world: World) -> Draft:
    """Something that says more of where the person is than a network does, for about half of them."""
    match weighted(world.random, _EVIDENCE):
        case "phone":
            return _with_phone(draft, world)
        case "address":
            return with_address(draft)
        case "stated":
            return _with_stated_location(draft)
        case _:
            return draft


def _with_phone(draft: Draft, world: World) -> Draft:
    person = draft.person
    if person.phone is None:
        return draft
    body = draft.body | {"phones": [{"value": person.phone, "verified": True}]}
    if world.random.random() < 0.15:
        body["captures"] = [*body["captures"], _proxied(world)]
    province = province_of_phone(person)
    holder = "agency" if province is not None else draft.expected.holder
    grade = grade_of(body["captures"])
    expected = replace(draft.expected, province=province, holder=holder, grade=grade)
    return replace(draft, body=body, expected=expected)


def province_of_phone(person: Person) -> str | None:
    """The province that the area code names; None abroad and for a code of two provinces."""
    if person.phone is None or person.province is None or int(person.phone[2:5]) in SHARED_AREA_CODES:
        return None
    return person.province


def _proxied(world: World) -> Json:
    """A capture through somebody's proxy: it must not outweigh a verified phone."""
    at = moments(world, 1)[0]
    return native.capture(
        world.addresses.address(*_HOSTING, world.random),
        time=f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z",
        port=443,
        possible_proxy=True,
    )


def with_address(draft: Draft) -> Draft:
    """A verified civic address: in Canada enough for an agency."""
    person = draft.person
    address = native.civic_address(
        person.municipality,
        province=person.province,
        country=person.country,
        kind="billing",
        street=person.street,
        postal_code=person.postal_code,
        verified=True,
    )
    holder = "agency" if person.country == "CA" else "bureau"
    expected = replace(draft.expected, province=person.province, holder=holder)
    return replace(draft, body=draft.body | {"name": person.name, "civic_addresses": [address]}, expected=expected)


def _with_stated_location(draft: Draft) -> Draft:
    person = draft.person
    stated = {"municipality": person.municipality, "country": person.country}
    if person.province is not None:
        stated["province"] = person.province
    holder = "agency" if person.province is not None else draft.expected.holder
    expected = replace(draft.expected, province=person.province, holder=holder)
    return replace(draft, body=draft.body | {"stated_location": stated}, expected=expected)


def victim(reference: str, person: Person, world: World) -> Draft:
    """A child victim with a location: a home, a school, or where the account says it is. No name is given."""
    random = world.random
    kind = random.choice(("home", "school", "stated"))
    body = native.victim(
        reference, account={"service": random.choice(_SERVICES), "id": f"child-{random.getrandbits(32):08x}"}
    )
    if kind == "stated":
        stated = {"municipality": person.municipality, "country": person.country, "verified": True}
        body["stated_location"] = stated | ({"province": person.province} if person.province else {})
    else:
        body["civic_addresses"] = [
            native.civic_address(
                person.municipality,
                province=person.province,
                country=person.country,
                kind=kind,
                postal_code=person.postal_code,
                verified=kind == "home",
            )
        ]
    expected = ExpectedEntry(
        reference=reference,
        kind="victim",
        country=person.country,
        province=person.province,
        holder="agency" if person.country == "CA" else "bureau",
    )
    return Draft(person=person, body=body, expected=expected)
