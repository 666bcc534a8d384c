"""Reads a CyberTipline `<report>` as real clients send it, beyond what its schema says (domain.md §1.3-1.7).

No schema decides: fields are read from the tree, unknown elements are kept with the original and named. The
report carries no number of its own; it comes from the header or from the body's SHA-256.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]  # ships no types

from intake.domain import imagery
from intake.domain.handling import Handling
from intake.domain.offences import OffenceType, of_wording
from intake.domain.priority import Signal
from intake.domain.referral import Entry, Incident, Naming, Role, Submission
from intake.formats import cybertipline_people as people
from intake.formats import reading, xml_tree
from intake.formats.findings import Findings
from intake.formats.posted import Posted, holds_media, reference_of, urgency_of, version_of
from intake.formats.roll import UNNAMED, Roll
from intake.formats.xml_tree import Node
from kit import time
from kit.errors import Rejected

FORMAT: Final = "cybertipline"
_REPORT: Final = frozenset(
    {
        "batchedReport", "incidentSummary", "internetDetails", "lawEnforcement", "reporter",
        "personOrUserReported", "intendedRecipient", "victim", "additionalInfo", "fileDetails",
    }
)  # fmt: skip
_SUMMARY: Final = frozenset(
    {
        "incidentType", "incidentDateTime", "platform", "escalateToHighPriority", "reportAnnotations",
        "incidentDateTimeDescription",
    }
)  # fmt: skip
_ROLES: Final[Mapping[str, Role]] = {
    "personOrUserReported": Role.SUSPECT,
    "victim": Role.VICTIM,
    "intendedRecipient": Role.INTENDED_RECIPIENT,
}
_HASHES: Final = frozenset({"hash", "originalFileHash", "verificationHash"})


def read(posted: Posted) -> Submission:
    """The submission in a body. Raises `Rejected` where the file itself is refused."""
    root = xml_tree.parse(posted.body, posted.charset)
    if imagery.suspicious(posted.body):
        _refuse_media(root)
    if root.tag != "report":
        raise Rejected("xml.root", "The root of a CyberTipline report is <report>.")
    report, findings = Node(root, "/report"), Findings()
    report.warn_unknown(_REPORT, findings)
    incident, signals = _incident(report, posted, findings)
    frame = reading.Frame(received_at=posted.received_at, zone=posted.zone, incident_time=incident.raw_time)
    entries = _entries(report, frame, signals, findings)
    if not entries and not findings.rejected_entries:
        findings.warn_file("/report", "file.names_nobody")
    return Submission(
        format=FORMAT,
        reference=reference_of(posted, None),
        version=version_of(posted, None),
        incident=incident,
        urgency=urgency_of(posted),
        handling=Handling(),
        foreign_authority=None,
        offence_basis="canadian",
        viral=_batched(report, findings),
        synthetic=False,
        cross_references=(),
        entries=entries,
        verdicts=findings.verdicts(),
        rejected_entries=findings.rejected_entries,
        items=findings.count_items([item for entry in entries for item in entry.items]),
        content=hashlib.sha256(xml_tree.canonical(root)).digest(),
    )


def _refuse_media(root: etree._Element) -> None:
    tree = root.getroottree()
    for element in root.iter(etree.Element):
        declared_hash = element.tag in _HASHES or _names_a_hash(element)
        for value in (element.text, element.tail, *(str(text) for text in element.attrib.values())):
            if value is not None and imagery.suspicious_value(value, declared_hash=declared_hash):
                raise holds_media(tree.getpath(element))


def _names_a_hash(element: etree._Element) -> bool:
    """`details` of type HASH hold name-value pairs (domain.md §1.5)."""
    return element.tag == "value" and any(
        (parent.findtext("type") or parent.get("type") or "").strip().upper() == "HASH"
        for parent in element.iterancestors()
    )


def _batched(report: Node, findings: Findings) -> bool:
    batch = report.first("batchedReport")
    if batch is None:
        return False
    findings.warn_file(batch.path, "xml.batched_report")
    return True


def _incident(report: Node, posted: Posted, findings: Findings) -> tuple[Incident, frozenset[Signal]]:
    summary = report.first("incidentSummary")
    if summary is None:
        raise Rejected("xml.no_incident", "A report has an <incidentSummary>.")
    summary.warn_unknown(_SUMMARY, findings)
    annotations = summary.first("reportAnnotations")
    wording = summary.text("incidentType")
    offence = _offence(wording, annotations)
    if offence is None:
        pointer = f"{summary.path}/incidentType"
        findings.warn_file(pointer, "file.unknown_offence" if wording else "file.no_offence")
    raw_time = summary.text("incidentDateTime")
    when = time.parse(raw_time, posted.zone)
    if when.problem is not None:
        findings.warn_file(f"{summary.path}/incidentDateTime", when.problem)
    incident = Incident(
        raw_type=wording,
        offence=offence or OffenceType.OTHER_ONLINE_HARM,
        raw_time=raw_time,
        at=when.at,
        platform=summary.text("platform"),
    )
    return incident, frozenset(_signals(report, summary, annotations, findings))


def _offence(wording: str | None, annotations: Node | None) -> OffenceType | None:
    sextortion = annotations is not None and annotations.flag("sextortion")
    return of_wording(wording, sextortion=sextortion) if wording else None


def _signals(report: Node, summary: Node, annotations: Node | None, findings: Findings) -> Iterator[Signal]:
    escalation = summary.first("escalateToHighPriority")
    if escalation is not None and escalation.own_text is None:
        findings.warn_file(escalation.path, "xml.blank_escalation")
    elif escalation is not None:
        yield Signal.ESCALATED
    if annotations is not None and annotations.flag("sadisticOnlineExploitation"):
        yield Signal.SADISTIC
    for file in report.all("fileDetails"):
        marks = file.first("fileAnnotations")
        if marks is not None and marks.flag("liveStreaming"):
            yield Signal.LIVE_STREAMED
        if marks is not None and marks.flag("infant"):
            yield Signal.INFANT


def _entries(report: Node, frame: reading.Frame, signals: frozenset[Signal], findings: Findings) -> tuple[Entry, ...]:
    found = [
        (people.entry(node, role, frame, findings), f"{name}/{index}")
        for name, role in _ROLES.items()
        for index, node in enumerate(report.all(name), start=1)
    ]
    roll = Roll(findings)
    for entry, position in _with_loose_captures(report, found, frame, findings):
        roll.add(replace(entry, signals=entry.signals | signals), position)
    return roll.entries()


def _with_loose_captures(
    report: Node, found: list[tuple[Entry, str]], frame: reading.Frame, findings: Findings
) -> list[tuple[Entry, str]]:
    """Captures on files and in peer-to-peer details are the one subject's, or an entry of their own."""
    loose = [node for holder in _holders(report) for node in holder.all("ipCaptureEvent")]
    if not loose:
        return found
    subjects = [index for index, (entry, _) in enumerate(found) if entry.role is Role.SUSPECT]
    if len(subjects) > 1:
        for node in loose:
            findings.warn_file(node.path, "xml.captures_of_several")
        return found
    captures = tuple(people.captures(loose, frame, findings))
    if not captures:
        return found
    if subjects:
        entry, position = found[subjects[0]]
        found[subjects[0]] = (replace(entry, captures=(*entry.captures, *captures)), position)
        return found
    findings.warn_file("/report", "xml.captures_without_person")
    alone = Entry(role=Role.SUSPECT, reference=UNNAMED, naming=Naming.GIVEN, pointer="/report", captures=captures)
    return [*found, (alone, "captures")]


def _holders(report: Node) -> Iterator[Node]:
    for details in report.all("internetDetails"):
        yield from details.all("peer2peerIncident")
    yield from report.all("fileDetails")
