"""New, the same again, a later version, or a contradiction."""

from typing import Any
from uuid import UUID

from intake.domain.repeating import (
    OTHER_BODY,
    OTHER_CONTENT,
    OUTDATED,
    Again,
    Amends,
    New,
    Posted,
    UnderKey,
    UnderReference,
    judge,
)

REFERRAL = UUID(int=7)


def posted(**changed: Any) -> Posted:
    fields: dict[str, Any] = {"key": "k", "reference": "R", "version": 2, "body": b"b", "content": b"c"}
    return Posted(**(fields | changed))


def under_key(body: bytes = b"b") -> UnderKey:
    return UnderKey(referral=REFERRAL, version=1, body=body)


def under_reference(current: int, content: bytes | None) -> UnderReference:
    return UnderReference(referral=REFERRAL, current=current, content=content)


def test_what_nobody_posted_before_is_new() -> None:
    assert judge(posted(), None, None) == New()


def test_a_known_key_stands_for_its_bytes() -> None:
    again = Again(referral=REFERRAL, version=1, remember_key=False)
    assert judge(posted(), under_key(), None) == again
    assert judge(posted(), under_key(b"other"), under_reference(2, b"c")) == OTHER_BODY


def test_a_known_version_stands_for_its_content_however_it_is_spelt() -> None:
    again = judge(posted(body=b"spelt otherwise"), None, under_reference(2, b"c"))
    assert again == Again(referral=REFERRAL, version=2, remember_key=True)
    assert judge(posted(key=None), None, under_reference(2, b"c")) == Again(
        referral=REFERRAL, version=2, remember_key=False
    )
    assert judge(posted(), None, under_reference(2, b"other")) == OTHER_CONTENT


def test_a_higher_version_amends_and_a_lower_one_is_outdated() -> None:
    assert judge(posted(version=3), None, under_reference(2, None)) == Amends(referral=REFERRAL)
    assert judge(posted(version=1), None, under_reference(2, None)) == OUTDATED
