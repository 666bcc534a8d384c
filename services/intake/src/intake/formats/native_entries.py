"""One entry of the native JSON, already of the right types, becomes a domain entry."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import TypeVar

from intake.domain.handling import Code, Handling, Tlp
from intake.domain.referral import Account, Entry, Naming, Role, StatedLocation
from intake.formats import normal_forms, reading
from intake.formats.findings import Findings
from intake.formats.native_model import (
    CaptureBody,
    CivicAddressBody,
    EntryBody,
    HandlingBody,
    PhoneBody,
    StatedLocationBody,
)
from intake.formats.roll import UNNAMED
from kit.values import value

_DEFAULT_ROLE = {"suspects": Role.SUSPECT, "victims": Role.VICTIM}
T = TypeVar("T")


@value
class Told:
    """An entry at its place. `places` has, per list, where the items stood that were left after bad ones.

    `line` is its pointer where it is a line of its own and stands in no list.
    """

    list: str
    index: int
    body: EntryBody
    places: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    line: str | None = None

    @property
    def pointer(self) -> str:
        """JSON Pointer of the entry."""
        return self.line or f"/{self.list}/{self.index}"

    @property
    def position(self) -> str:
        """What it is called where nothing else names it; counted from 1, as people count."""
        return f"{self.list}/{self.index + 1}"


def handling(body: HandlingBody | None) -> Handling | None:
    """The handling that a body asks for."""
    if body is None:
        return None
    return Handling(
        codes=frozenset(Code(code) for code in body.codes),
        tlp=Tlp(body.tlp) if body.tlp else None,
        note=body.note,
    )


def entry(told: Told, frame: reading.Frame, findings: Findings) -> Entry:
    """The entry, with what there is to say of it and of its items."""
    body, places = told.body, told.places
    pointer = told.pointer
    captures = (
        reading.capture(_capture_texts(item, at), frame, findings)
        for at, item in _placed(pointer, "captures", body.captures, places)
    )
    identifiers = (reading.identifier(texts, frame, findings) for texts in _identifier_texts(pointer, body, places))
    addresses = (
        reading.civic_address(_address_texts(item, at), findings)
        for at, item in _placed(pointer, "civic_addresses", body.civic_addresses, places)
    )
    role = Role(body.role) if body.role else _DEFAULT_ROLE[told.list]
    asked = handling(body.handling)
    if asked is not None and asked.unexplained:
        findings.warn_entry(f"{pointer}/handling", "handling.h3_without_text")
    return Entry(
        role=role,
        reference=body.reference or UNNAMED,
        naming=Naming.GIVEN,
        pointer=pointer,
        name=body.name,
        account=Account(service=body.account.service, id=body.account.id) if body.account else None,
        citizenship=_citizenship(body.citizenship, pointer, findings),
        captures=tuple(capture for capture in captures if capture is not None),
        identifiers=tuple(item for item in identifiers if item is not None),
        civic_addresses=tuple(address for address in addresses if address is not None),
        stated_location=_location(body.stated_location, pointer, findings),
        handling=asked,
    )


def _location(body: StatedLocationBody | None, pointer: str, findings: Findings) -> StatedLocation | None:
    if body is None:
        return None
    texts = reading.LocationTexts(
        municipality=body.municipality, province=body.province, country=body.country, verified=body.verified
    )
    return reading.stated_location(pointer, texts, findings)


def _citizenship(text: str | None, pointer: str, findings: Findings) -> str | None:
    country = normal_forms.country(text)
    if country is None and text is not None:
        findings.warn_entry(f"{pointer}/citizenship", "entry.location_unreadable")
    return country


def _placed(
    pointer: str, name: str, items: Iterable[T], places: Mapping[str, tuple[int, ...]]
) -> Iterator[tuple[str, T]]:
    """Items with their pointers; `places` has the positions of those that were left after bad ones."""
    left = places.get(name)
    for index, item in enumerate(items):
        yield f"{pointer}/{name}/{index if left is None else left[index]}", item


def _capture_texts(body: CaptureBody, at: str) -> reading.CaptureTexts:
    return reading.CaptureTexts(
        item=at,
        ip=body.ip,
        port=body.port,
        time=body.time,
        zone=body.zone,
        event=body.event,
        possible_proxy=body.possible_proxy,
        handling=handling(body.handling),
    )


def _address_texts(body: CivicAddressBody, at: str) -> reading.AddressTexts:
    return reading.AddressTexts(
        item=at,
        street=body.street,
        municipality=body.municipality,
        province=body.province,
        country=body.country,
        postal_code=body.postal_code,
        kind=body.kind,
        verified=body.verified,
        as_of=body.as_of,
        handling=handling(body.handling),
    )


def _identifier_texts(
    pointer: str, body: EntryBody, places: Mapping[str, tuple[int, ...]]
) -> Iterator[reading.IdentifierTexts]:
    for at, item in _placed(pointer, "identifiers", body.identifiers, places):
        yield reading.IdentifierTexts(
            item=at,
            kind=item.kind,
            value=item.value,
            service=item.service,
            verified=item.verified,
            verified_at=item.verified_at,
            handling=handling(item.handling),
        )
    for at, phone in _placed(pointer, "phones", body.phones, places):
        told = PhoneBody(value=phone) if isinstance(phone, str) else phone
        yield reading.IdentifierTexts(
            item=at,
            kind="phone",
            value=told.value,
            verified=told.verified,
            verified_at=told.verified_at,
            handling=handling(told.handling),
        )
    for at, device in _placed(pointer, "devices", body.devices, places):
        yield reading.IdentifierTexts(
            item=at,
            kind="device",
            value=device.value,
            service=device.type,
            handling=handling(device.handling),
        )
    for at, told in _placed(pointer, "hashes", body.hashes, places):
        yield reading.IdentifierTexts(
            item=at, kind="hash", value=told.value, service=told.algorithm, handling=handling(told.handling)
        )
