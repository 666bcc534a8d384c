"""Reads a batch (newline-delimited JSON) line by line, so that no more than some lines of it are ever in memory.

The first line is the referral without its entries; each further one is `{"suspect": {…}}` or `{"victim": {…}}`.
A line that cannot be read rejects its entry; media anywhere refuses the file. A pointer begins with its line's
number, counted from 0. The canonical content is that of the lines, in their order.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from typing import Any, Final

import orjson
from pydantic import ValidationError

from intake.domain import imagery
from intake.domain.referral import Entry, Naming, Submission
from intake.domain.verdicts import Count
from intake.formats import native, native_entries, reading
from intake.formats.findings import Findings
from intake.formats.native_entries import Told
from intake.formats.native_model import EntryLine
from intake.formats.posted import Posted, holds_media
from kit.errors import Problem, Rejected
from kit.values import value

MEDIA_TYPE: Final = "application/x-ndjson"
LARGEST_BODY: Final = 1024 * 1024 * 1024
LONGEST_LINE: Final = 1024 * 1024
_LISTS: Final = {"suspect": "suspects", "victim": "victims"}
_WARNED: Final = {
    Naming.ACCOUNT: "entry.reference_from_account",
    Naming.POSITION: "entry.reference_from_position",
}


class Lines:
    """Pieces of a body become lines, each with its end. Raises `Rejected` for one that is too long to be read."""

    def __init__(self) -> None:
        """Nothing came yet."""
        self._rest = b""
        self._count = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """The lines that this piece completes."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in (*lines, self._rest):
            if len(line) > LONGEST_LINE:
                raise self._too_long()
            self._count += 1
        self._count -= 1  # the rest is counted once it is complete
        return [line + b"\n" for line in lines]

    def end(self) -> list[bytes]:
        """The last line, where the body does not end with one."""
        rest, self._rest = self._rest, b""
        return [rest] if rest else []

    def _too_long(self) -> Rejected:
        code, detail = "body.line_too_long", f"A line has at most {LONGEST_LINE} bytes."
        return Rejected(code, detail, errors=[Problem(f"/{self._count}", code, detail)])


@value
class Part:
    """Some lines as read: entries with what they are called where nothing names them, and what there is to say."""

    entries: tuple[tuple[str, Entry], ...]
    findings: Findings = field(default_factory=Findings)

    def accept(self, named: Sequence[Entry | None]) -> list[Entry]:
        """Those that got a name. None stands for one whose name another entry has."""
        accepted: list[Entry] = []
        for (_, read), entry in zip(self.entries, named, strict=True):
            if entry is None:
                self.findings.reject_entry(read.pointer, "entry.duplicate_reference")
                continue
            if entry.naming is not Naming.GIVEN:
                self.findings.warn_entry(entry.pointer, _WARNED[entry.naming])
            if not entry.usable:
                self.findings.warn_entry(entry.pointer, "entry.no_usable_item")
            accepted.append(entry)
        return accepted


class Batch:
    """One batch while it is read. `posted` has what its request's headers say; its body is read elsewhere."""

    def __init__(self, posted: Posted) -> None:
        """Nothing was read yet."""
        self._posted = posted
        self._findings = Findings()
        self._content = hashlib.sha256(b"application/x-ndjson\n")
        self._line = -1
        self._seen: Counter[str] = Counter()
        self._accepted = self._rejected = 0
        self._items = Count(accepted=0, rejected=0)
        self._head: Submission | None = None
        self._named = False

    @property
    def head(self) -> Submission:
        """The submission without its entries. Raises `Rejected` where no line was read."""
        if self._head is None:
            raise Rejected("body.empty", "The body is empty.")
        return self._head

    @property
    def reference(self) -> str | None:
        """The partner's number, if the head or a header names one."""
        return self.head.reference if self._named else None

    def read(self, lines: Sequence[bytes]) -> Part:
        """The next lines; the first one that is not blank is the head. Raises `Rejected` where the file is refused."""
        findings = Findings()
        return Part(entries=tuple(self._entries(lines, findings)), findings=findings)

    def count(self, part: Part, accepted: Sequence[Entry]) -> None:
        """Add up what became of a part."""
        items = part.findings.count_items([item for entry in accepted for item in entry.items])
        self._findings.go_on_with(part.findings)
        self._accepted += len(accepted)
        self._rejected += part.findings.rejected_entries
        self._items = Count(
            accepted=self._items.accepted + items.accepted,
            rejected=self._items.rejected + items.rejected,
            warned=self._items.warned + items.warned,
        )

    def submission(self, body_sha256: bytes) -> Submission:
        """The whole file as read; its entries are counted and are elsewhere."""
        return replace(
            self.head,
            reference=self.reference or body_sha256.hex(),
            verdicts=self._findings.verdicts(),
            rejected_entries=self._rejected,
            items=self._items,
            content=self._content.digest(),
            streamed=self._accepted,
        )

    def _entries(self, lines: Sequence[bytes], findings: Findings) -> Iterator[tuple[str, Entry]]:
        for raw in lines:
            self._line += 1
            if not raw.strip():
                continue
            if self._head is None:
                self._begin(raw)
                continue
            told = self._told(raw, findings)
            if told is not None:
                entry = native_entries.entry(told, self._frame, findings)
                yield told.position, entry

    def _begin(self, raw: bytes) -> None:
        posted = replace(self._posted, body=raw)
        self._head = native.read_head(posted, self._findings)
        # What names nothing is called by its hash: the whole body's, which nobody knows yet.
        self._named = self._head.reference != posted.sha256
        self._frame = reading.Frame(
            received_at=posted.received_at, zone=posted.zone, incident_time=self._head.incident.raw_time
        )
        self._content.update(self._head.content)

    def _told(self, raw: bytes, findings: Findings) -> Told | None:
        line = f"/{self._line}"
        document = self._document(raw, line, findings)
        if document is None:
            return None
        match document:
            case {"suspect": dict()} | {"victim": dict()} if len(document) == 1:
                [(kind, entry)] = document.items()
            case _:
                findings.reject_entry(line, "entry.of_no_kind")
                return None
        pointer, index = f"{line}/{kind}", self._seen[kind]
        self._seen[kind] += 1
        try:
            read = EntryLine.model_validate_json(raw)
        except ValidationError:
            found = native.entry_in_parts(entry, pointer, findings)
            if found is None:
                return None
            return Told(list=_LISTS[kind], index=index, body=found[0], places=found[1], line=pointer)
        body = read.suspect or read.victim
        assert body is not None  # noqa: S101 - the document has one of the two
        return Told(list=_LISTS[kind], index=index, body=body, line=pointer)

    def _document(self, raw: bytes, line: str, findings: Findings) -> Any:
        """The line as JSON, or None where its entry is rejected; nothing that looks like media is kept unread."""
        suspicious = imagery.suspicious(raw)
        try:
            document = orjson.loads(raw)
            canonical = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
        except (orjson.JSONDecodeError, orjson.JSONEncodeError):
            if suspicious or imagery.is_media(raw[:512]):
                raise holds_media(line) from None
            self._content.update(hashlib.sha256(raw.strip()).digest())
            findings.reject_entry(line, "entry.not_json")
            return None
        self._content.update(hashlib.sha256(canonical).digest())
        if suspicious:
            native.refuse_media(document, line)
        if _repeats_names(raw, canonical):
            findings.reject_entry(line, "entry.repeated_name")
            return None
        return document


def _repeats_names(raw: bytes, canonical: bytes) -> bool:
    try:
        native.refuse_repeated_names(raw, canonical)
    except Rejected:
        return True
    return False
