"""A domain entry as the registered plaintext `EntryItems`, in parts that fit into an event (spec §4, size)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from contracts.personal import Account, Capture, CivicAddress, EntryItems, Identifier, StatedLocation
from intake.domain import referral as domain

MOST_ITEMS: Final = 200
MOST_BYTES: Final = 128 * 1024
_HEAD_BYTES: Final = 32 * 1024  # reference, name, account and location at their longest, every letter escaped

Item: TypeAlias = Capture | Identifier | CivicAddress


@dataclass(frozen=True, slots=True)
class Plaintext:
    """One part and the bytes that are sealed."""

    items: EntryItems
    text: bytes


def parts(entry: domain.Entry) -> list[Plaintext]:
    """The entry's plaintexts; every part names the entry, the items are spread over them in order."""
    items = list(_items(entry))
    if len(items) <= MOST_ITEMS:
        whole = _plaintext(entry, items)
        if len(whole.text) <= MOST_BYTES:
            return [whole]
    return [_plaintext(entry, chunk) for chunk in _chunks(items)]


def _plaintext(entry: domain.Entry, items: list[Item]) -> Plaintext:
    part = _part(entry, items)
    return Plaintext(part, part.model_dump_json(exclude_none=True).encode())


def _items(entry: domain.Entry) -> Iterator[Item]:
    yield from (_capture(capture) for capture in entry.captures)
    yield from (_identifier(identifier) for identifier in entry.identifiers)
    yield from (_civic_address(address) for address in entry.civic_addresses)


def _chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    chunk: list[Item] = []
    size = 0
    for item in items:
        weight = len(item.model_dump_json().encode())
        if chunk and (len(chunk) >= MOST_ITEMS or size + weight > MOST_BYTES - _HEAD_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(item)
        size += weight
    yield chunk


def _part(entry: domain.Entry, items: list[Item]) -> EntryItems:
    place, account = entry.stated_location, entry.account
    return EntryItems(
        reference=entry.reference,
        name=entry.name,
        account=Account(service=account.service, id=account.id) if account else None,
        citizenship=entry.citizenship,
        captures=[item for item in items if isinstance(item, Capture)],
        identifiers=[item for item in items if isinstance(item, Identifier)],
        civic_addresses=[item for item in items if isinstance(item, CivicAddress)],
        stated_location=StatedLocation(
            municipality=place.municipality,
            province=place.province,
            country=place.country,
            verified=place.verified,
        )
        if place
        else None,
    )


def _capture(capture: domain.Capture) -> Capture:
    return Capture(
        item=capture.item,
        raw_ip=capture.raw_ip,
        ip=capture.ip,
        ip_class=capture.ip_class,
        port=capture.port,
        raw_time=capture.raw_time,
        at=capture.at,
        precision=capture.precision,
        zone=capture.zone,
        zone_assumed=capture.zone_assumed,
        tzdata=capture.tzdata,
        grade=capture.grade,
        event=capture.event,
        possible_proxy=capture.possible_proxy,
    )


def _identifier(identifier: domain.Identifier) -> Identifier:
    return Identifier(
        item=identifier.item,
        kind=identifier.kind,
        value=identifier.value,
        normalised=identifier.normalised,
        service=identifier.service,
        verified=identifier.verified,
        verified_at=identifier.verified_at,
    )


def _civic_address(address: domain.CivicAddress) -> CivicAddress:
    return CivicAddress(
        item=address.item,
        street=address.street,
        municipality=address.municipality,
        province=address.province,
        country=address.country,
        postal_code=address.postal_code,
        kind=address.kind,
        verified=address.verified,
        as_of=address.as_of,
    )
