"""Whether a posted file is new, the same again, a later version, or a contradiction (spec §5.1).

An idempotency key stands for the body's bytes; (partner, reference, version) stands for the canonical content.
"""

from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from kit.values import value


@value
class Posted:
    """What identifies a file. `content` is the SHA-256 of its canonical form, `body` of its bytes."""

    key: str | None
    reference: str
    version: int
    body: bytes
    content: bytes


@value
class UnderKey:
    """What was accepted under the same idempotency key."""

    referral: UUID
    version: int
    body: bytes


@value
class UnderReference:
    """What is known under the same reference. `content` is None where that version was never posted."""

    referral: UUID
    current: int
    content: bytes | None


@dataclass(frozen=True, slots=True)
class New:
    """Never seen."""


@value
class Again:
    """The same file: the same answer."""

    referral: UUID
    version: int
    remember_key: bool


@value
class Amends:
    """A later version of a known file."""

    referral: UUID


@value
class Contradiction:
    """The same name for another content, or a version older than what is known."""

    code: str
    detail: str
    outdated: bool = False


Verdict: TypeAlias = New | Again | Amends | Contradiction

OTHER_BODY = Contradiction(code="idempotency.other_content", detail="This Idempotency-Key was used for another body.")
OTHER_CONTENT = Contradiction(
    code="reference.other_content", detail="This reference and version were used for another content."
)
OUTDATED = Contradiction(
    code="version.outdated", detail="A later version of this reference is already known.", outdated=True
)


def judge(posted: Posted, key: UnderKey | None, known: UnderReference | None) -> Verdict:
    """Decides by the key first, then by the reference."""
    if key is not None:
        if key.body != posted.body:
            return OTHER_BODY
        return Again(referral=key.referral, version=key.version, remember_key=False)
    if known is None:
        return New()
    if known.content is not None:
        if known.content != posted.content:
            return OTHER_CONTENT
        return Again(referral=known.referral, version=posted.version, remember_key=posted.key is not None)
    return Amends(referral=known.referral) if posted.version > known.current else OUTDATED
