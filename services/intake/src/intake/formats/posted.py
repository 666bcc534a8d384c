"""What came through the door, before anybody read it."""

import hashlib
import re
from datetime import datetime
from typing import Final

from intake.domain.priority import URGENT, Priority
from kit.errors import Problem, Rejected
from kit.values import value

REFERENCE: Final = re.compile(r"[^\x00-\x1f\x7f]{1,255}")
HIGHEST_VERSION: Final = 2**31 - 1


@value
class Posted:
    """One request's body and what its headers say. `zone` is the sender's declared zone, if its profile has one."""

    body: bytes
    media_type: str
    charset: str | None
    received_at: datetime
    reference: str | None = None
    version: str | None = None
    urgency: str | None = None
    zone: str | None = None

    @property
    def sha256(self) -> str:
        """Of the body as received, hexadecimal."""
        return hashlib.sha256(self.body).hexdigest()


def reference_of(posted: Posted, own: str | None) -> str:
    """The partner's number: the document's own, else the header's, else the body's SHA-256."""
    header = posted.reference.strip() if posted.reference and posted.reference.strip() else None
    if own is not None and header is not None and own != header:
        raise Rejected("reference.differs", "Header Interlink-Reference and the document name two references.")
    reference = own or header or posted.sha256
    if REFERENCE.fullmatch(reference) is None:
        raise Rejected("reference.unreadable", "A reference has 1 to 255 printable characters.")
    return reference


def version_of(posted: Posted, own: int | None) -> int:
    """The version: the document's own, else the header's, else 1."""
    header = _number(posted.version)
    if own is not None and header is not None and own != header:
        raise Rejected("version.differs", "Header Interlink-Version and the document name two versions.")
    return own or header or 1


def _number(text: str | None) -> int | None:
    if text is None or not text.strip():
        return None
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 10 and 1 <= int(digits) <= HIGHEST_VERSION):
        raise Rejected("version.unreadable", "Header Interlink-Version is a number from 1.")
    return int(digits)


def urgency_of(posted: Posted) -> Priority | None:
    """What header `Interlink-Urgency` asks for."""
    text = (posted.urgency or "").strip().upper()
    if not text:
        return None
    if text not in set(Priority):
        raise Rejected("urgency.unreadable", "Header Interlink-Urgency is one of P0, P1, P2, P3, P4.")
    return Priority(text)


def says_urgent(header: str | None) -> bool:
    """Whether header `Interlink-Urgency` asks to be taken before everything else."""
    return (header or "").strip().upper() in URGENT


def malformed(where: str, problem: str) -> Rejected:
    """The body cannot be parsed; `where` is a position, never a piece of the text."""
    return Rejected(
        "body.malformed", f"The body cannot be parsed {where}.", errors=[Problem("", "body.malformed", problem)]
    )


def holds_media(pointer: str) -> Rejected:
    """Somebody tried to hand over media; nothing of it is kept."""
    return Rejected(
        "media.embedded",
        "The body holds media or an archive. Only metadata and hashes are taken.",
        errors=[Problem(pointer, "media.embedded", "Media or an archive.")],
    )
