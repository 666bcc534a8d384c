"""Sealed evidence is opened, its captures are attributed, and what is left is plain facts for the rules.

Here, and nowhere below, personal data is readable: what goes on has no IP address, name, street, number or text of
an identifier. A destroyed key (the referral was erased) leaves an entry without evidence.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Final
from uuid import UUID

import phonenumbers

from contracts.personal import AttributedCapture, Capture, CivicAddress, EntryItems, Identifier, StatedLocation
from kit import telemetry
from kit.encryption import DataKey, Sealed
from kit.keyring import Keyring
from kit.values import value
from routing.domain.assigning import EntryId
from routing.domain.attribution import Attribution, CaptureAt
from routing.domain.entries import Answer, Part
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
from routing.domain.places import CANADA, provinces_of_phone
from routing.networks import attribution
from routing.networks.snapshots import Snapshots

IDENTIFIED = "subscriber_identified"
STATED_ITEM = "/stated_location"
NORTH_AMERICA = 1
ROLES: Final[Mapping[str, Role]] = {role.value: role for role in Role}

log = telemetry.logger(__name__)


class UnknownKey(Exception):
    """A data key was never in this keyring: what it sealed is not without evidence, we only cannot read it."""


@value
class Opened:
    """The plaintext of an entry's parts, and the key they were sealed with; a preview has none."""

    key: DataKey | None
    items: tuple[EntryItems, ...]


@value
class Evidence:
    """What one entry says: every part together, and each capture with its network. Erased: no key, no items."""

    key: DataKey | None = None
    items: tuple[EntryItems, ...] = ()
    captures: tuple[tuple[Capture, Attribution], ...] = ()


async def read(keyring: Keyring, snapshots: Snapshots, parts: Sequence[Part]) -> dict[EntryId, Evidence]:
    """The evidence of a batch of complete entries: one look-up of keys, one attribution. Raises as `unseal`."""
    return attribute(snapshots, await unseal(keyring, parts))


async def unseal(keyring: Keyring, parts: Sequence[Part]) -> dict[EntryId, Opened]:
    """The plaintext of sealed parts, each entry's in their order; one look-up of keys for all.

    Absent: its key was destroyed.

    Raises:
        UnknownKey: the keyring never had a part's key, so it is not the keyring that intake used.
        Unreadable: a part was changed, or belongs elsewhere.
        ValidationError: a part's plaintext has another form.
    """
    keys = await _keys(keyring, {part.key for part in parts})
    opened: dict[EntryId, Opened] = {}
    for part in parts:
        key = keys.get(part.key)
        if key is None:
            continue
        context = f"{part.entry}:{part.version}:{part.part}".encode()
        items = EntryItems.model_validate_json(key.decrypt(Sealed(part.nonce, part.data), context))
        before = opened.get(part.entry)
        opened[part.entry] = Opened(key=key, items=(items,) if before is None else (*before.items, items))
    return opened


async def _keys(keyring: Keyring, wanted: set[UUID]) -> Mapping[UUID, DataKey]:
    keys = await keyring.open(wanted)
    absent = wanted - keys.keys()
    if absent:
        destroyed = await keyring.destroyed(absent)
        if absent - destroyed:
            raise UnknownKey(f"{len(absent - destroyed)} data keys are not in the keyring")
        log.warning("evidence.erased", keys=len(destroyed))
    return keys


def attribute(snapshots: Snapshots, opened: Mapping[EntryId, Opened]) -> dict[EntryId, Evidence]:
    """The networks of every capture of a batch, in one look-up per snapshot."""
    captures = {entry: [one for part in told.items for one in part.captures] for entry, told in opened.items()}
    asked = [
        CaptureAt(item=one.item, ip=one.ip, ip_class=one.ip_class, at=one.at)
        for several in captures.values()
        for one in several
    ]
    answers = iter(attribution.attribute(snapshots, asked))
    return {
        entry: Evidence(key=told.key, items=told.items, captures=tuple(zip(captures[entry], answers, strict=False)))
        for entry, told in opened.items()
    }


def facts(role: str, offence_type: str, evidence: Evidence, answers: Sequence[Answer] = ()) -> Facts:
    """What the rules may know of an entry."""
    citizenship: str | None = None
    addresses: list[CivicAddressFact] = []
    phones: list[PhoneFact] = []
    stated: list[StatedFact] = []
    for part in evidence.items:
        citizenship = citizenship or _upper(part.citizenship)
        addresses += [_civic_address(one) for one in part.civic_addresses]
        phones += [_phone(one) for one in part.identifiers if one.kind == "phone"]
        stated += [] if part.stated_location is None else [_stated(part.stated_location)]
    return Facts(
        role=ROLES.get(role, Role.SUSPECT),  # one of a later minor version: only a suspect has no branch of its own
        offence_type=offence_type,
        citizenship=citizenship,
        subscribers=tuple([_subscriber(one) for one in answers if one.outcome == IDENTIFIED]),
        civic_addresses=tuple(addresses),
        phones=tuple(phones),
        stated=tuple(stated),
        networks=tuple([_network(capture, attribution) for capture, attribution in evidence.captures]),
    )


def attributed(evidence: Evidence, items: Iterable[str]) -> list[AttributedCapture]:
    """The captures of those items with their networks, as liaison is told them."""
    wanted = set(items)
    return [
        AttributedCapture(
            capture=capture,
            asn=network.asn,
            organisation=network.organisation,
            country=network.country,
            confidence=network.confidence.value,
            snapshot=network.snapshot,
        )
        for capture, network in evidence.captures
        if capture.item in wanted
    ]


def _network(capture: Capture, attribution: Attribution) -> NetworkFact:
    return NetworkFact(
        attribution=attribution,
        grade=capture.grade,
        possible_proxy=capture.possible_proxy,
        on=capture.at.date() if capture.at else None,
    )


def _civic_address(one: CivicAddress) -> CivicAddressFact:
    return CivicAddressFact(
        item=one.item,
        named=Named(
            municipality=one.municipality,
            province=one.province,
            country=one.country,
            postal_code=one.postal_code,
        ),
        kind=one.kind,
        verified=one.verified,
        on=_day(one.as_of),
    )


def _stated(said: StatedLocation) -> StatedFact:
    return StatedFact(
        item=STATED_ITEM,
        named=Named(municipality=said.municipality, province=said.province, country=said.country),
        verified=said.verified,
    )


def _subscriber(answer: Answer) -> SubscriberFact:
    return SubscriberFact(
        item=f"line:{answer.line}",
        named=Named(
            municipality=answer.municipality,
            province=answer.province,
            country=answer.country,
            postal_code=answer.postal_area,
        ),
        on=answer.completed_at.date(),
    )


def _phone(identifier: Identifier) -> PhoneFact:
    number = identifier.normalised or identifier.value
    provinces = provinces_of_phone(number)
    return PhoneFact(
        item=identifier.item,
        country=CANADA if provinces else _country_of_phone(number),
        provinces=provinces,
        verified=identifier.verified,
    )


def _country_of_phone(number: str) -> str | None:
    """By its calling code; None for codes of no country, and for +1 without a Canadian area code."""
    with suppress(phonenumbers.NumberParseException):
        parsed = phonenumbers.parse(number, None)
        regions = phonenumbers.region_codes_for_country_code(parsed.country_code or 0)
        # Several countries share a code (+44): the number's own form then tells, if it can.
        region = regions[0] if len(regions) == 1 else phonenumbers.region_code_for_number(parsed)
        if parsed.country_code != NORTH_AMERICA and region is not None and region.isalpha():
            return region
    return None


def _day(text: str | None) -> date | None:
    with suppress(ValueError):
        return date.fromisoformat((text or "")[:10])
    return None


def _upper(text: str | None) -> str | None:
    return text.strip().upper() if text else None
