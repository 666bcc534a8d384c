"""Reads the native JSON: a good file in one validation, a bad one part by part.

A fault at the top refuses the file, a fault in an entry refuses the entry, a fault in an item refuses the item.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

import orjson
from pydantic import TypeAdapter, ValidationError

from intake.domain import imagery
from intake.domain.handling import Handling
from intake.domain.offences import OffenceType, of_word
from intake.domain.priority import Priority, most_pressing
from intake.domain.referral import ForeignAuthority, Incident, Submission
from intake.formats import native_entries, normal_forms, reading
from intake.formats.findings import Findings
from intake.formats.native_entries import Told
from intake.formats.native_model import (
    CaptureBody,
    CivicAddressBody,
    DeviceBody,
    EntryBody,
    EntryHead,
    HashBody,
    IdentifierBody,
    IncidentBody,
    PhoneBody,
    ReferralBody,
    ReferralHead,
    Short,
)
from intake.formats.posted import Posted, holds_media, malformed, reference_of, urgency_of, version_of
from intake.formats.roll import Roll
from kit import time
from kit.errors import Problem, Rejected

FORMAT: Final = "native"
_LISTS: Final[Mapping[str, TypeAdapter[Any]]] = {
    "captures": TypeAdapter(CaptureBody),
    "identifiers": TypeAdapter(IdentifierBody),
    "civic_addresses": TypeAdapter(CivicAddressBody),
    "phones": TypeAdapter(PhoneBody | Short),
    "devices": TypeAdapter(DeviceBody),
    "hashes": TypeAdapter(HashBody),
}
_ENTRY_LISTS: Final = ("suspects", "victims")

Entries: TypeAlias = Iterable[Told]


def read(posted: Posted) -> Submission:
    """The submission in a body. Raises `Rejected` where the file itself is refused."""
    findings = Findings()
    document = _document(posted)
    canonical = _canonical(document)
    content = hashlib.sha256(canonical).digest()
    refuse_repeated_names(posted.body, canonical)
    if imagery.suspicious(posted.body):
        refuse_media(document)
    try:
        body: ReferralHead = ReferralBody.model_validate_json(posted.body)
    except ValidationError:
        head, entries = _in_parts(document, findings)
        return _submission(posted, head, entries, content, findings)
    assert isinstance(body, ReferralBody)  # noqa: S101 - narrows what the line above returned
    return _submission(posted, body, _whole(body), content, findings)


def read_head(posted: Posted, findings: Findings) -> Submission:
    """A submission whose entries come later: the first line of a batch. Raises `Rejected`."""
    document = _document(posted)
    canonical = _canonical(document)
    content = hashlib.sha256(canonical).digest()
    refuse_repeated_names(posted.body, canonical)
    if imagery.suspicious(posted.body):
        refuse_media(document)
    try:
        head = ReferralHead.model_validate_json(posted.body)
    except ValidationError as error:
        reason = "The first line is the referral without its entries."
        raise Rejected("body.invalid", reason, errors=_problems(error)) from None
    return _submission(posted, head, (), content, findings)


def _document(posted: Posted) -> dict[str, Any]:
    if posted.charset not in {None, "utf-8", "utf8", "us-ascii"}:
        raise Rejected("body.charset", "JSON is UTF-8 (RFC 8259 §8.1).", status=415)
    try:
        document = orjson.loads(posted.body)
    except orjson.JSONDecodeError as error:
        where = f"at line {error.lineno}, column {error.colno}"
        raise malformed(where, "This is not JSON.") from None
    if not isinstance(document, dict):
        raise Rejected("body.not_an_object", "A referral is a JSON object.")
    return document


def _canonical(document: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        raise Rejected("body.too_deep", "The body is nested deeper than any referral.") from None


def refuse_repeated_names(body: bytes, canonical: bytes) -> None:
    """Of two members of one name every reader takes another one: a whole list of suspects could be lost.

    `canonical` is the body read and written again. A colon stands behind a name or inside a text, so a lost member is
    a lost colon; where none is missing, the slow look is saved. Only the escape `\\u003a` could make another one.
    """
    if body.count(b":") != canonical.count(b":") or b"\\u003" in body:
        _MEMBERS.decode(body.decode())


def _unique(members: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in members}) != len(members):
        raise Rejected("body.repeated_name", "An object names a member twice (RFC 8259 §4).")


_MEMBERS: Final = json.JSONDecoder(object_pairs_hook=_unique)


def refuse_media(document: object, within: str = "") -> None:
    """Raises `Rejected` with the place of the first text that is media; `within` is the document's own."""
    for pointer, value, declared_hash in _texts(document, within, declared_hash=False):
        if imagery.suspicious_value(value, declared_hash=declared_hash):
            raise holds_media(pointer)


def _texts(value: object, pointer: str, *, declared_hash: bool) -> Iterator[tuple[str, str, bool]]:
    pending: list[tuple[object, str, bool]] = [(value, pointer, declared_hash)]
    while pending:
        found, at, exempt = pending.pop()
        match found:
            case str():
                yield at, found, exempt
            case dict():
                hashes = exempt or found.get("kind") == "hash"
                pending.extend(
                    (part, f"{at}/{_escaped(key)}", hashes or key == "hashes") for key, part in found.items()
                )
                pending.extend((key, at, False) for key in found)
            case list():
                pending.extend((part, f"{at}/{index}", exempt) for index, part in enumerate(found))
            case _:
                pass


def _escaped(key: str) -> str:
    """RFC 6901 §3; a key too long to be one of ours is not repeated."""
    return key[:64].replace("~", "~0").replace("/", "~1")


def _whole(body: ReferralBody) -> Entries:
    for name, entries in (("suspects", body.suspects), ("victims", body.victims)):
        for index, entry in enumerate(entries):
            yield Told(list=name, index=index, body=entry)


def _in_parts(document: dict[str, Any], findings: Findings) -> tuple[ReferralHead, Entries]:
    head = {key: value for key, value in document.items() if key not in _ENTRY_LISTS}
    problems = [
        Problem(f"/{name}", "body.not_a_list", "A list is expected.")
        for name in _ENTRY_LISTS
        if not isinstance(document.get(name, []), list)
    ]
    try:
        read_head = ReferralHead.model_validate_json(orjson.dumps(head))
    except ValidationError as error:
        problems.extend(_problems(error))
        raise Rejected("body.invalid", "The referral itself breaks the format.", errors=problems) from None
    if problems:
        raise Rejected("body.invalid", "The referral itself breaks the format.", errors=problems)
    return read_head, _entries_in_parts(document, findings)


def _problems(error: ValidationError) -> list[Problem]:
    return [
        Problem(
            "".join(f"/{_escaped(str(part))}" for part in fault["loc"]),
            "body.unknown_field" if fault["type"] == "extra_forbidden" else "body.invalid_field",
            fault["msg"] if fault["type"] != "value_error" else "The value is not allowed here.",
        )
        for fault in error.errors(include_url=False, include_context=False, include_input=False)[:100]
    ]


def _entries_in_parts(document: dict[str, Any], findings: Findings) -> Entries:
    for name in _ENTRY_LISTS:
        for index, raw in enumerate(document.get(name, [])):
            pointer = f"/{name}/{index}"
            found = entry_in_parts(raw, pointer, findings)
            if found is not None:
                body, places = found
                yield Told(list=name, index=index, body=body, places=places)


def entry_in_parts(raw: Any, pointer: str, findings: Findings) -> tuple[EntryBody, dict[str, tuple[int, ...]]] | None:
    """What can be read of an entry, and where its items stood; None where it cannot be accepted."""
    head = _entry_head(raw, pointer, findings)
    if head is None:
        return None
    kept: dict[str, list[Any]] = {}
    places: dict[str, tuple[int, ...]] = {}
    for items in _LISTS:
        read_items = _items(raw.get(items, []), items, pointer, findings)
        kept[items] = [item for _, item in read_items]
        places[items] = tuple(place for place, _ in read_items)
    return EntryBody.model_construct(None, **_fields(head), **kept), places


def _fields(head: EntryHead) -> dict[str, Any]:
    return {name: getattr(head, name) for name in EntryHead.model_fields}


def _entry_head(raw: object, pointer: str, findings: Findings) -> EntryHead | None:
    if not isinstance(raw, dict) or not all(isinstance(raw.get(name, []), list) for name in _LISTS):
        findings.reject_entry(pointer, "entry.unreadable")
        return None
    try:
        return EntryHead.model_validate_json(
            orjson.dumps({key: value for key, value in raw.items() if key not in _LISTS})
        )
    except ValidationError as error:
        for problem in _problems(error):
            unknown = problem.code == "body.unknown_field"
            code = "entry.unknown_field" if unknown else "entry.unreadable"
            findings.reject_entry(pointer, code, at=pointer + problem.pointer)
        return None


def _items(raw: list[Any], name: str, pointer: str, findings: Findings) -> list[tuple[int, Any]]:
    adapter = _LISTS[name]
    kept: list[tuple[int, Any]] = []
    for place, item in enumerate(raw):
        try:
            kept.append((place, adapter.validate_json(orjson.dumps(item))))
        except ValidationError as error:
            unknown = any(fault["type"] == "extra_forbidden" for fault in error.errors(include_url=False))
            findings.reject_item(f"{pointer}/{name}/{place}", "item.unknown_field" if unknown else "item.unreadable")
    return kept


def _submission(posted: Posted, head: ReferralHead, entries: Entries, content: bytes, findings: Findings) -> Submission:
    incident = _incident(head.incident or IncidentBody(), posted, findings)
    frame = reading.Frame(received_at=posted.received_at, zone=posted.zone, incident_time=incident.raw_time)
    roll = Roll(findings)
    for told in entries:
        roll.add(native_entries.entry(told, frame, findings), told.position)
    accepted = roll.entries()
    handling = native_entries.handling(head.handling) or Handling()
    if handling.unexplained:
        findings.warn_file("/handling", "handling.h3_without_text")
    return Submission(
        format=FORMAT,
        reference=reference_of(posted, head.reference),
        version=version_of(posted, head.version),
        incident=incident,
        urgency=_urgency(posted, head),
        stated=Priority(head.urgency) if head.urgency else None,
        handling=handling,
        foreign_authority=_authority(head, findings),
        offence_basis=head.offence_basis or ("foreign" if _investigated_abroad(head) else "canadian"),
        viral=head.bundle is not None and head.bundle.kind == "viral",
        synthetic=head.synthetic,
        cross_references=tuple(f"{other.system}:{other.number}" for other in head.cross_references),
        entries=accepted,
        verdicts=findings.verdicts(),
        rejected_entries=findings.rejected_entries,
        items=findings.count_items([item for entry in accepted for item in entry.items]),
        content=content,
    )


def _urgency(posted: Posted, head: ReferralHead) -> Priority | None:
    asked = [urgency_of(posted), Priority(head.urgency) if head.urgency else None]
    named = [urgency for urgency in asked if urgency is not None]
    return most_pressing(named) if named else None


def _incident(body: IncidentBody, posted: Posted, findings: Findings) -> Incident:
    offence = of_word(body.type) if body.type is not None else None
    if offence is None:
        findings.warn_file("/incident/type", "file.no_offence" if body.type is None else "file.unknown_offence")
    when = time.parse(body.occurred_at, posted.zone)
    if body.occurred_at is not None and when.problem is not None:
        findings.warn_file("/incident/occurred_at", when.problem)
    return Incident(
        raw_type=body.type,
        offence=offence or OffenceType.OTHER_ONLINE_HARM,
        raw_time=body.occurred_at,
        at=when.at,
        platform=body.platform,
    )


def _investigated_abroad(head: ReferralHead) -> bool:
    authority = head.foreign_authority
    return authority is not None and authority.investigating


def _authority(head: ReferralHead, findings: Findings) -> ForeignAuthority | None:
    body = head.foreign_authority
    if body is None:
        return None
    country = normal_forms.country(body.country)
    if country is None:
        findings.warn_file("/foreign_authority/country", "file.country_unreadable")
        return None
    return ForeignAuthority(
        country=country, agency=body.agency, case_number=body.case_number, investigating=body.investigating
    )
