"""A domain entry as the registered plaintext `EntryItems`, in parts that fit into an event (spec §4, size).

Written without the contract's models: they would check once more what the domain's types already say, and take
longer for it than all the rest of an entry. That the model reads every part, and would write the same bytes, is tested.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson

from intake.domain import referral as domain

MOST_ITEMS: Final = 200
MOST_BYTES: Final = 128 * 1024
_HEAD_BYTES: Final = 32 * 1024  # reference, name, account and location at their longest, every letter escaped

Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plaintext:
    """One part: the bytes that are sealed, and all it says of the person, for comparison.

    Left out are the places in the file and the reference: whoever only moved or was renamed is told in the same words.
    """

    text: bytes
    told: bytes


@dataclass(slots=True)
class _Item:
    """One item of one of the lists: what it says, and the same as it is written."""

    list: str
    told: Json
    text: Json


def parts(entry: domain.Entry) -> list[Plaintext]:
    """The entry's plaintexts; every part names the entry, the items are spread over them in order."""
    items = list(_items(entry))
    if len(items) <= MOST_ITEMS:
        whole = _plaintext(entry, items)
        if len(whole.text) <= MOST_BYTES:
            return [whole]
    return [_plaintext(entry, chunk) for chunk in _chunks(items)]


def _plaintext(entry: domain.Entry, items: Sequence[_Item]) -> Plaintext:
    place, account = entry.stated_location, entry.account
    told: Json = {
        "name": entry.name,
        "account": {"service": account.service, "id": account.id} if account else None,
        "citizenship": entry.citizenship,
        "captures": [item.told for item in items if item.list == "captures"],
        "identifiers": [item.told for item in items if item.list == "identifiers"],
        "civic_addresses": [item.told for item in items if item.list == "civic_addresses"],
        "stated_location": {
            "municipality": place.municipality,
            "province": place.province,
            "country": place.country,
            "verified": place.verified,
        }
        if place
        else None,
    }
    return Plaintext(text=_bytes(_written(entry.reference, told, items)), told=_bytes(told))


def _written(reference: str, told: Json, items: Sequence[_Item]) -> Json:
    """What is said, at all levels; the items with their places."""
    written: Json = {"reference": reference} | _said(told)
    for name in ("account", "stated_location"):
        if name in written:
            written[name] = _said(written[name])
    for name in ("captures", "identifiers", "civic_addresses"):
        written[name] = [item.text for item in items if item.list == name]
    return written


def _said(fields: Mapping[str, Any]) -> Json:
    return {name: value for name, value in fields.items() if value is not None}


def _bytes(value: Json) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)


def _items(entry: domain.Entry) -> Iterator[_Item]:
    for capture in entry.captures:
        yield _item("captures", capture.item, _capture(capture))
    for identifier in entry.identifiers:
        yield _item("identifiers", identifier.item, _identifier(identifier))
    for address in entry.civic_addresses:
        yield _item("civic_addresses", address.item, _civic_address(address))


def _item(name: str, place: str, told: Json) -> _Item:
    return _Item(name, told, {"item": place} | _said(told))


def _chunks(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    chunk: list[_Item] = []
    size = 0
    for item in items:
        weight = len(_bytes(item.text)) + 1  # the comma
        if chunk and (len(chunk) >= MOST_ITEMS or size + weight > MOST_BYTES - _HEAD_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(item)
        size += weight
    yield chunk


def _capture(capture: domain.Capture) -> Json:
    return {
        "raw_ip": capture.raw_ip,
        "ip": capture.ip,
        "ip_class": str(capture.ip_class),  # as text: of an enumeration's member, orjson asks Python for the value
        "port": capture.port,
        "raw_time": capture.raw_time,
        "at": capture.at,
        "precision": str(capture.precision),
        "zone": capture.zone,
        "zone_assumed": capture.zone_assumed,
        "tzdata": capture.tzdata,
        "grade": str(capture.grade),
        "event": capture.event,
        "possible_proxy": capture.possible_proxy,
    }


def _identifier(identifier: domain.Identifier) -> Json:
    return {
        "kind": identifier.kind,
        "value": identifier.value,
        "normalised": identifier.normalised,
        "service": identifier.service,
        "verified": identifier.verified,
        "verified_at": identifier.verified_at,
    }


def _civic_address(address: domain.CivicAddress) -> Json:
    return {
        "street": address.street,
        "municipality": address.municipality,
        "province": address.province,
        "country": address.country,
        "postal_code": address.postal_code,
        "kind": address.kind,
        "verified": address.verified,
        "as_of": address.as_of,
    }
