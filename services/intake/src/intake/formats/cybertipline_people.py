"""One reported person, victim or intended recipient of a CyberTipline report becomes a domain entry.

Children go by their local names; each item's pointer is its XPath. An associated account is the same person's,
unless it is a parent's or guardian's: that is somebody else and stays in the original.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from intake.domain.priority import Signal
from intake.domain.referral import Account, Capture, Entry, Naming, Role, StatedLocation
from intake.formats import reading
from intake.formats.findings import Findings
from intake.formats.roll import UNNAMED
from intake.formats.xml_tree import Node

_RECORD: Final = frozenset(
    {
        "vehicleDescription", "espIdentifier", "espService", "compromisedAccount", "screenName", "displayName",
        "profileUrl", "profileBio", "ipCaptureEvent", "deviceId", "thirdPartyUserReported", "priorCTReports",
        "priorCTReport", "groupIdentifier", "accountTemporarilyDisabled", "accountPermanentlyDisabled",
        "estimatedLocation", "allEmailsReported", "associatedAccount", "additionalInfo", "schoolName",
        "firstName", "middleName", "lastName", "phone", "email", "address", "age", "approximateAge",
        "dateOfBirth",
    }
)  # fmt: skip
_RELATED: Final = frozenset({"parent/guardian", "parent", "guardian"})
_ADDRESS_KINDS: Final = {
    "home": "home",
    "business": "business",
    "billing": "billing",
    "shipping": "shipping",
}


def entry(node: Node, role: Role, frame: reading.Frame, findings: Findings) -> Entry:
    """The entry, with what there is to say of it and of its items."""
    records = [node, *_associated(node, findings)]
    for record in records:
        record.warn_unknown(_RECORD, findings)
    return Entry(
        role=role,
        reference=UNNAMED,
        naming=Naming.GIVEN,
        pointer=node.path,
        name=_name(node, findings),
        account=_account(node, findings),
        captures=tuple(
            capture for record in records for capture in captures(record.all("ipCaptureEvent"), frame, findings)
        ),
        identifiers=tuple(
            found
            for texts in _identifier_texts(node, records)
            if (found := reading.identifier(texts, frame, findings)) is not None
        ),
        civic_addresses=tuple(
            found for texts in _addresses(node, records) if (found := reading.civic_address(texts, findings))
        ),
        stated_location=_location(node, findings),
        signals=frozenset(_signals(node, findings)),
    )


def captures(nodes: Iterable[Node], frame: reading.Frame, findings: Findings) -> Iterator[Capture]:
    """The readable ones of some `<ipCaptureEvent>`."""
    for node in nodes:
        texts = reading.CaptureTexts(
            item=node.path,
            ip=node.text("ipAddress") or "",
            port=_port(node.text("port")),
            time=node.text("dateTime"),
            event=node.text("eventName"),
            possible_proxy=node.flag("possibleProxy"),
        )
        found = reading.capture(texts, frame, findings)
        if found is not None:
            yield found


def _port(text: str | None) -> int | None:
    if text is None:
        return None
    digits = text.strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 5 else 0


def _associated(node: Node, findings: Findings) -> Iterator[Node]:
    for account in node.all("associatedAccount"):
        kind = (account.attribute("type", "accountType") or "").strip().casefold()
        if kind in _RELATED:
            findings.warn_entry(account.path, "entry.related_person")
        else:
            yield account


def _described(record: Node) -> list[Node]:
    """Where a record's name, phones, e-mails and addresses stand: in its person, or flat beside it."""
    person = record.person()
    return [record] if person is None else [person, record]


def _name(record: Node, findings: Findings) -> str | None:
    return _readable(record.path, _full_name(record), findings)


def _readable(entry: str, text: str | None, findings: Findings) -> str | None:
    if not reading.too_long(text):
        return text
    findings.warn_entry(entry, "entry.text_too_long")
    return None


def _full_name(record: Node) -> str | None:
    for place in _described(record):
        parts = (place.text("firstName"), place.text("middleName"), place.text("lastName"))
        name = " ".join(part.strip() for part in parts if part is not None)
        if name:
            return name
    return None


def _account(record: Node, findings: Findings) -> Account | None:
    service, number = (_readable(record.path, record.text(name), findings) for name in ("espService", "espIdentifier"))
    if service is None and number is None:
        return None
    return Account(service=service, id=number)


def _identifier_texts(node: Node, records: list[Node]) -> Iterator[reading.IdentifierTexts]:
    for record in records:
        yield from _names_and_pages(record)
        yield from _devices(record)
        for place in _described(record):
            yield from _emails(place)
            yield from _phones(place)
        if record is not node:
            yield from _account_of_associated(record)


def _account_of_associated(record: Node) -> Iterator[reading.IdentifierTexts]:
    number = record.first("espIdentifier")
    if number is not None and number.own_text:
        yield reading.IdentifierTexts(
            item=number.path, kind="account", value=number.own_text, service=record.text("espService")
        )


def _names_and_pages(record: Node) -> Iterator[reading.IdentifierTexts]:
    service = record.text("espService")
    for name, kind in (("screenName", "username"), ("displayName", "username"), ("profileUrl", "url")):
        for node in record.all(name):
            if node.own_text:
                yield reading.IdentifierTexts(
                    item=node.path,
                    kind=kind,
                    value=node.own_text,
                    service=service if kind == "username" else None,
                )


def _devices(record: Node) -> Iterator[reading.IdentifierTexts]:
    for node in record.all("deviceId"):
        yield reading.IdentifierTexts(
            item=node.path, kind="device", value=node.text("idValue") or "", service=node.text("idType")
        )


def _emails(place: Node) -> Iterator[reading.IdentifierTexts]:
    for node in place.all("email"):
        if node.own_text:
            yield reading.IdentifierTexts(
                item=node.path,
                kind="email",
                value=node.own_text,
                verified=node.yes("verified"),
                verified_at=node.attribute("verificationDate"),
            )


def _phones(place: Node) -> Iterator[reading.IdentifierTexts]:
    for node in place.all("phone"):
        if not node.own_text:
            continue
        code, number = node.attribute("countryCallingCode"), node.own_text.strip()
        yield reading.IdentifierTexts(
            item=node.path,
            kind="phone",
            value=node.own_text,
            verified=node.yes("verified"),
            verified_at=node.attribute("verificationDate"),
            dialled=f"{code.strip()}{number}" if code and not number.startswith("+") else None,
        )


def _addresses(node: Node, records: list[Node]) -> Iterator[reading.AddressTexts]:
    for record in records:
        for place in _described(record):
            for address in place.all("address"):
                yield _address(address)
    school = node.first("schoolName")
    if school is not None and school.own_text:
        yield reading.AddressTexts(item=school.path, street=school.own_text, kind="school")


def _address(node: Node) -> reading.AddressTexts:
    """`state` is a state of the US (`CA` is California), `nonUsaState` one of anywhere else (domain.md §1.7)."""
    state, country = node.text("state"), node.text("country")
    if state is not None and (country or "US").strip().upper() == "US":
        country = "US"
    kind = (node.attribute("type") or "").strip().casefold()
    return reading.AddressTexts(
        item=node.path,
        street=node.text("address"),
        municipality=node.text("city"),
        province=node.text("nonUsaState") or state,
        country=country,
        postal_code=node.text("zipCode"),
        kind=_ADDRESS_KINDS.get(kind, "other"),
    )


def _location(node: Node, findings: Findings) -> StatedLocation | None:
    place = node.first("estimatedLocation")
    if place is None:
        return None
    texts = reading.LocationTexts(
        municipality=place.text("city"),
        province=place.text("region"),
        country=place.text("countryCode"),
        verified=place.yes("verified"),
    )
    return reading.stated_location(place.path, texts, findings)


def _signals(node: Node, findings: Findings) -> Iterator[Signal]:
    if node.flag("compromisedAccount"):
        findings.warn_entry(node.path, "entry.account_compromised")
    if node.flag("thirdPartyUserReported"):
        findings.warn_entry(node.path, "entry.reported_by_third_party")
    if node.text("priorCTReports") or node.text("priorCTReport"):
        yield Signal.REPEAT_SUBJECT
    for name in ("accountTemporarilyDisabled", "accountPermanentlyDisabled"):
        disabled = node.first(name)
        if disabled is not None and disabled.yes("userNotified"):
            yield Signal.TOLD_BY_PROVIDER
