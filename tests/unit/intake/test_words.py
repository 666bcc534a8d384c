"""The words of the domain are the words of the contracts: the domain imports none, so a test holds them together."""

from enum import StrEnum
from typing import Any

import pytest

from contracts.events.entries import EntryState
from contracts.events.referrals import ReferralReceived
from contracts.personal import Capture, CivicAddress, Identifier
from intake.domain.grading import LOOKED_UP, Grade
from intake.domain.offences import OffenceType
from intake.domain.priority import Priority
from intake.domain.referral import Role
from intake.formats import cybertipline, native, normal_forms, wording
from kit.ip_addresses import IpClass
from kit.time import Precision


def known(model: Any, field: str) -> set[str]:
    """The known values of a field, as the schema lists them."""
    return set(model.model_json_schema()["properties"][field]["x-known-values"])


@pytest.mark.parametrize(
    ("words", "model", "field"),
    [
        (Grade, EntryState, "grade"),
        (OffenceType, EntryState, "offence_type"),
        (Role, EntryState, "role"),
        (IpClass, Capture, "ip_class"),
        (Precision, Capture, "precision"),
    ],
)
def test_an_enumeration_is_the_contracts(words: type[StrEnum], model: Any, field: str) -> None:
    assert {word.value for word in words} == known(model, field)


def test_kinds_formats_and_classes_are_the_contracts() -> None:
    assert known(Identifier, "kind") == normal_forms.KINDS
    assert {native.FORMAT, cybertipline.FORMAT} <= known(ReferralReceived, "format")
    assert known(Capture, "ip_class") >= LOOKED_UP
    assert {"home", "school", "billing", "business", "shipping", "other"} <= known(CivicAddress, "kind")
    assert [priority.value for priority in Priority] == ["P0", "P1", "P2", "P3", "P4"]


def test_every_verdict_code_has_one_sentence() -> None:
    assert all(code.count(".") == 1 and text.endswith(".") for code, text in wording.SENTENCES.items())
    assert len(set(wording.SENTENCES.values())) == len(wording.SENTENCES)
    with pytest.raises(KeyError):
        wording.sentence("no.such_code")
