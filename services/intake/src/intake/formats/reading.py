"""Items as any format tells them become domain items, with what there is to say about each.

A reader of a format finds the texts; what a text means is decided here, once for all formats. The texts live for one
call, so they are not frozen: that would make each of them three times as dear.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from intake.domain.grading import Gradable, grade, in_the_future, invented
from intake.domain.handling import Handling
from intake.domain.referral import Capture, CivicAddress, Identifier, StatedLocation
from intake.formats import normal_forms
from intake.formats.findings import Findings
from kit import time
from kit.ip_addresses import IpClass, classify
from kit.values import value

LONGEST_TEXT: Final = 512
LONGEST_VALUE: Final = 4_096
"""Characters of an identifier; as in the native JSON, because one item must fit into an event."""


@value
class Frame:
    """What surrounds the items of a file: when it came, the sender's declared zone, the incident's own time."""

    received_at: datetime
    zone: str | None
    incident_time: str | None


@dataclass(slots=True, kw_only=True)
class CaptureTexts:
    """A capture as sent. `port` is None where none was sent, 0 where it could not be read."""

    item: str
    ip: str
    port: int | None = None
    time: str | None = None
    zone: str | None = None
    event: str | None = None
    possible_proxy: bool = False
    handling: Handling | None = None


def capture(texts: CaptureTexts, frame: Frame, findings: Findings) -> Capture | None:
    """The capture with its grade, or None where its address or its time is refused."""
    if too_long(texts.ip, texts.time, texts.zone, texts.event):
        findings.reject_item(texts.item, "item.too_long")
        return None
    address = classify(texts.ip.strip())
    when = time.parse(texts.time, texts.zone or frame.zone)
    refusal = _refusal(address.ip_class, when)
    if refusal is not None:
        findings.reject_item(texts.item, refusal)
        return None
    made_up = invented(event=texts.event, raw_time=texts.time, incident_time=frame.incident_time)
    ahead = in_the_future(when.at, frame.received_at)
    port = _port(texts, findings)
    _doubts(texts.item, address.ip_class, when, findings)
    if made_up:
        findings.warn_item(texts.item, "capture.time_invented")
    if ahead:
        findings.warn_item(texts.item, "capture.time_in_the_future")
    gradable = Gradable(
        ip_class=address.ip_class,
        family=address.family,
        port=port,
        at=when.at,
        precision=when.precision,
        zone_assumed=when.zone_assumed,
        doubtful=made_up or ahead,
    )
    return Capture(
        item=texts.item,
        raw_ip=texts.ip,
        ip=address.canonical,
        ip_class=address.ip_class,
        port=port,
        raw_time=texts.time,
        at=when.at,
        precision=when.precision,
        zone=when.zone,
        zone_assumed=when.zone_assumed,
        tzdata=when.tzdata,
        grade=grade(gradable),
        event=_blank_is_none(texts.event),
        possible_proxy=texts.possible_proxy,
        handling=texts.handling,
    )


def _refusal(ip_class: IpClass, when: time.ParsedTime) -> str | None:
    if ip_class is IpClass.INVALID:
        return "capture.not_an_address"
    if when.at is None and when.problem not in {"time.missing", "time.unset"}:
        return when.problem
    return None


def _port(texts: CaptureTexts, findings: Findings) -> int | None:
    if texts.port is None or 1 <= texts.port <= 65535:
        return texts.port
    findings.warn_item(texts.item, "capture.port_out_of_range")
    return None


def _doubts(item: str, ip_class: IpClass, when: time.ParsedTime, findings: Findings) -> None:
    if ip_class is IpClass.CARRIER_NAT:
        findings.warn_item(item, "capture.carrier_nat")
    elif ip_class is not IpClass.PUBLIC:
        findings.warn_item(item, "capture.not_routable")
    if when.at is None:
        findings.warn_item(item, "capture.without_time")
    elif when.problem is not None:
        findings.warn_item(item, when.problem)
    elif when.zone_assumed:
        findings.warn_item(item, "time.zone_assumed")


@dataclass(slots=True, kw_only=True)
class IdentifierTexts:
    """An identifier as sent. `dialled` is what stands for a phone number where its country code came apart."""

    item: str
    kind: str
    value: str
    service: str | None = None
    verified: bool = False
    verified_at: str | None = None
    dialled: str | None = None
    handling: Handling | None = None


def identifier(texts: IdentifierTexts, frame: Frame, findings: Findings) -> Identifier | None:
    """The identifier with its normal form, or None where it is empty or of no known kind."""
    if texts.kind not in normal_forms.KINDS:
        findings.reject_item(texts.item, "item.unknown_kind")
        return None
    if not texts.value.strip():
        findings.reject_item(texts.item, "item.empty")
        return None
    if len(texts.value) > LONGEST_VALUE or too_long(texts.service, texts.verified_at):
        findings.reject_item(texts.item, "item.too_long")
        return None
    normalised = normal_forms.identifier(texts.kind, texts.dialled or texts.value)
    if normalised is None:
        findings.warn_item(texts.item, "item.no_normal_form")
    return Identifier(
        item=texts.item,
        kind=texts.kind,
        value=texts.value,
        normalised=normalised,
        service=_blank_is_none(texts.service),
        verified=texts.verified,
        verified_at=_moment(texts.item, texts.verified_at, frame, findings),
        handling=texts.handling,
    )


def _moment(item: str, text: str | None, frame: Frame, findings: Findings) -> datetime | None:
    if _blank_is_none(text) is None:
        return None
    when = time.parse(text, frame.zone)
    if when.at is None and when.problem is not None:
        findings.warn_item(item, when.problem)
    return when.at


@dataclass(slots=True, kw_only=True)
class AddressTexts:
    """A civic address as sent."""

    item: str
    street: str | None = None
    municipality: str | None = None
    province: str | None = None
    country: str | None = None
    postal_code: str | None = None
    kind: str = "other"
    verified: bool = False
    as_of: str | None = None
    handling: Handling | None = None


def civic_address(texts: AddressTexts, findings: Findings) -> CivicAddress | None:
    """The address in normal forms, or None where it is empty."""
    parts = (texts.street, texts.municipality, texts.province, texts.country, texts.postal_code)
    if not any(_blank_is_none(part) for part in parts):
        findings.reject_item(texts.item, "item.empty")
        return None
    if too_long(*parts, texts.as_of):
        findings.reject_item(texts.item, "item.too_long")
        return None
    country = normal_forms.country(texts.country)
    if country is None and _blank_is_none(texts.country) is not None:
        findings.warn_item(texts.item, "address.country_unreadable")
    return CivicAddress(
        item=texts.item,
        street=_blank_is_none(texts.street),
        municipality=_blank_is_none(texts.municipality),
        province=normal_forms.province(texts.province, country),
        country=country,
        postal_code=normal_forms.postal_code(texts.postal_code, country),
        kind=texts.kind,
        verified=texts.verified,
        as_of=_blank_is_none(texts.as_of),
        handling=texts.handling,
    )


@dataclass(slots=True, kw_only=True)
class LocationTexts:
    """A stated location as sent."""

    municipality: str | None
    province: str | None
    country: str | None
    verified: bool


def stated_location(entry: str, texts: LocationTexts, findings: Findings) -> StatedLocation | None:
    """The location in normal forms; None where nothing is said."""
    if too_long(texts.municipality, texts.province, texts.country):
        findings.warn_entry(entry, "entry.text_too_long")
        return None
    country = normal_forms.country(texts.country)
    if country is None and _blank_is_none(texts.country) is not None:
        findings.warn_entry(entry, "entry.location_unreadable")
    municipality = _blank_is_none(texts.municipality)
    province = normal_forms.province(texts.province, country)
    if municipality is None and province is None and country is None:
        return None
    return StatedLocation(municipality=municipality, province=province, country=country, verified=texts.verified)


def too_long(*texts: str | None) -> bool:
    """Whether one of them is longer than any of our formats lets it be."""
    return max(map(len, filter(None, texts)), default=0) > LONGEST_TEXT


def _blank_is_none(text: str | None) -> str | None:
    return text if text is not None and text.strip() else None
