"""Reports in the CyberTipline format, as real clients write them (`domain.md` §1.3, §1.7).

A builder for tests and for the generator: element order follows the schema, everything optional may be left
out, and texts are written as given, so that odd ones can be. Nothing is validated here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from xml.etree.ElementTree import Element, SubElement, tostring

Attributes: TypeAlias = dict[str, str]

INCIDENT_TYPE = "Child Pornography (possession, manufacture, and distribution)"
"""A source wording of the format (`domain.md` §1.3); our own words never say it so."""
SUMMARY = "Account reported by its service for suspected CSAEM distribution."
SYNTHETIC = "synthetic: true"
"""The format has no field for it, so every report says it in its free text."""
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_SCHEMA_HINT = {
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xsi:noNamespaceSchemaLocation": "https://schema.example.org/cybertipline.xsd",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IpCapture:
    """An `ipCaptureEvent`; `time` is written as given, None leaves the element out."""

    ip: str
    time: str | None = "2026-11-03T21:14:05Z"
    event: str | None = "Login"
    port: int | None = None
    possible_proxy: str | None = None
    """The text of the flag; empty text writes the empty element, which means true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """An `estimatedLocation`."""

    city: str | None = None
    region: str | None = None
    country: str | None = None
    verified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A `personOrUserReported`, `intendedRecipient` or `victim`; all of it is optional, as in the format."""

    account: str | None = None
    service: str | None = "chat.example.com"
    screen_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    address: tuple[tuple[str, str], ...] = ()
    """Elements of a civic address, in order: `address`, `city`, `zipCode`, `nonUsaState`, `country`."""
    captures: Sequence[IpCapture] = ()
    location: Location | None = None
    newer: tuple[tuple[str, str], ...] = ()
    """Elements that the published schema does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dress:
    """How a client writes its XML, whatever it says."""

    declaration: bool = True
    schema_hint: bool = False
    blank_annotations: bool = False
    """One client always sends an empty `reportAnnotations`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportText:
    """Everything a report says."""

    reported: Reported | None
    occurred_at: str = "2026-11-03T21:14:05Z"
    incident_type: str = INCIDENT_TYPE
    escalation: str | None = None
    recipients: Sequence[Reported] = ()
    victims: Sequence[Reported] = ()
    newer: tuple[tuple[str, str], ...] = ()
    """Elements of the report that the published schema does not have."""
    dress: Dress = field(default_factory=Dress)


def cybertipline_report(text: ReportText) -> bytes:
    """The document as posted, in UTF-8."""
    root = Element("report", _SCHEMA_HINT if text.dress.schema_hint else {})
    _incident(root, text)
    chat = SubElement(SubElement(root, "internetDetails"), "chatImIncident")
    _text(chat, "chatClient", text.reported.service if text.reported is not None else "chat.example.com")
    reporter = SubElement(SubElement(root, "reporter"), "reportingPerson")
    _text(reporter, "email", "trust-and-safety@example.com")
    if text.reported is not None:
        _person(root, "personOrUserReported", text.reported)
    for recipient in text.recipients:
        _person(root, "intendedRecipient", recipient)
    for child in text.victims:
        _person(root, "victim", child)
    for name, value in text.newer:
        _text(root, name, value)
    _text(root, "additionalInfo", f"{SUMMARY} {SYNTHETIC}")
    document = tostring(root, encoding="UTF-8", xml_declaration=False)
    return DECLARATION + document if text.dress.declaration else document


def _incident(root: Element, text: ReportText) -> None:
    incident = SubElement(root, "incidentSummary")
    _text(incident, "incidentType", text.incident_type)
    _text(incident, "escalateToHighPriority", text.escalation)
    if text.dress.blank_annotations:
        SubElement(incident, "reportAnnotations")
    _text(incident, "incidentDateTime", text.occurred_at)


def _person(root: Element, role: str, who: Reported) -> None:
    parent = SubElement(root, role)
    if who.first_name or who.last_name or who.email or who.phone or who.address:
        inner = SubElement(parent, f"{role}Person")
        _text(inner, "firstName", who.first_name)
        _text(inner, "lastName", who.last_name)
        _text(inner, "phone", who.phone, {"type": "Mobile", "verified": "true"})
        _text(inner, "email", who.email, {"type": "Home", "verified": "false"})
        if who.address:
            address = SubElement(inner, "address", {"type": "Home"})
            for name, value in who.address:
                _text(address, name, value)
    _text(parent, "espIdentifier", who.account)
    _text(parent, "espService", who.service if who.account is not None else None)
    _text(parent, "screenName", who.screen_name)
    for capture in who.captures:
        _capture(parent, capture)
    if who.location is not None:
        _location(parent, who.location)
    for name, value in who.newer:
        _text(parent, name, value)


def _capture(parent: Element, capture: IpCapture) -> None:
    event = SubElement(parent, "ipCaptureEvent")
    _text(event, "ipAddress", capture.ip)
    _text(event, "eventName", capture.event)
    _text(event, "dateTime", capture.time)
    _text(event, "possibleProxy", capture.possible_proxy)
    _text(event, "port", None if capture.port is None else str(capture.port))


def _location(parent: Element, location: Location) -> None:
    element = SubElement(parent, "estimatedLocation", {"verified": "true"} if location.verified else {})
    _text(element, "city", location.city)
    _text(element, "region", location.region)
    _text(element, "countryCode", location.country)


def _text(parent: Element, name: str, text: str | None, attributes: Attributes | None = None) -> None:
    if text is None:
        return
    SubElement(parent, name, attributes or {}).text = text
