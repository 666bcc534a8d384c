"""Hardened XML: no document type, no entity, no network, no other encoding than a superset of ASCII.

lxml with every protection on still keeps an internal subset in silence (data-sources.md §7), so a DOCTYPE is
refused before parsing by its place, and once more after. A node knows its XPath, for verdicts.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]  # ships no types

from intake.formats.findings import Findings
from intake.formats.posted import malformed
from kit.errors import Rejected

_PROLOG: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:(?:<\?(?:[^?]|\?(?!>))*\?>|<!--(?:[^-]|-(?!->))*-->)\s*)*")
_DECLARED: Final = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_ENCODINGS: Final = frozenset({"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "windows-1252"})


def parse(body: bytes, charset: str | None) -> etree._Element:
    """The root, without namespaces. Raises `Rejected`: malformed (says where), DOCTYPE, encoding."""
    _refuse_encoding(body, charset)
    prolog = _PROLOG.match(body)
    if prolog is not None and body[prolog.end() : prolog.end() + 9].upper() == b"<!DOCTYPE":
        raise _doctype()
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=False,
    )
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise malformed(f"at line {line}, column {column}", "This is not well-formed XML.") from None
    if root.getroottree().docinfo.doctype or root.getroottree().docinfo.internalDTD is not None:
        raise _doctype()
    for element in root.iter(etree.Element):
        element.tag = etree.QName(element).localname
    return root


def canonical(root: etree._Element) -> bytes:
    """One form for all spellings of a document: C14N 2.0, white space around text left out."""
    return etree.tostring(root, method="c14n2", strip_text=True)


def _refuse_encoding(body: bytes, charset: str | None) -> None:
    declared = _DECLARED.match(body.removeprefix(b"\xef\xbb\xbf").lstrip()[:200])
    named = {charset, declared[1].decode().lower() if declared else None} - {None}
    if body[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\x00" in body[:4] or not named <= _ENCODINGS:
        raise Rejected("body.charset", "XML is taken in UTF-8, ASCII, ISO 8859-1 or Windows-1252.", status=415)


def _doctype() -> Rejected:
    return Rejected("xml.doctype", "A document type declaration is not taken.")


@dataclass(frozen=True, slots=True)
class Node:
    """An element and its place."""

    element: etree._Element
    path: str

    @property
    def name(self) -> str:
        """Its local name."""
        return str(self.element.tag)

    def all(self, name: str) -> Iterator["Node"]:
        """Children of a name, in order."""
        for index, child in enumerate(self.element.iterchildren(name), start=1):
            yield Node(child, f"{self.path}/{name}[{index}]")

    def first(self, name: str) -> "Node | None":
        """The first child of a name."""
        return next(self.all(name), None)

    def person(self) -> "Node | None":
        """The child that describes the person: its name differs by role, but for its end."""
        for child in self.element.iterchildren(etree.Element):
            if str(child.tag).lower().endswith("person"):
                return Node(child, f"{self.path}/{child.tag}")
        return None

    def text(self, name: str) -> str | None:
        """The text of a child as written, None where it is absent or blank."""
        child = self.first(name)
        return None if child is None else child.own_text

    @property
    def own_text(self) -> str | None:
        """Its own text as written, None where it is blank."""
        text = "".join(self.element.itertext())
        return text if text.strip() else None

    def flag(self, name: str) -> bool:
        """`<x/>`, `true` and `1` are yes; absent, `false` and `0` are no (domain.md §1.7)."""
        child = self.first(name)
        if child is None:
            return False
        return (child.own_text or "true").strip().lower() not in {"false", "0"}

    def attribute(self, *names: str) -> str | None:
        """The first of several attributes that is not blank."""
        for name in names:
            value = self.element.get(name)
            if value is not None and value.strip():
                return value
        return None

    def yes(self, name: str) -> bool:
        """Whether a boolean attribute says yes."""
        return (self.element.get(name) or "").strip().lower() in {"true", "1"}

    def warn_unknown(self, known: Collection[str], findings: Findings) -> None:
        """Children of other names are kept with the original, and the sender is told."""
        told: set[str] = set()
        for child in self.element.iterchildren(etree.Element):
            name = str(child.tag)
            if name not in known and not name.lower().endswith("person") and name not in told:
                told.add(name)
                findings.warn_file(f"{self.path}/{name[:64]}", "xml.unknown_element")
