"""Refusals as values become exceptions at the command."""

from dataclasses import dataclass, replace

import pytest

from kit.access import Principal
from kit.errors import NotFound, Rejected, or_reject


@dataclass(frozen=True)
class Refusal:
    code: str
    detail: str = ""


@dataclass(frozen=True)
class Accepted:
    by: str


def principal(tenant: str) -> Principal:
    return Principal(
        subject="s", client="c", tenant=tenant, roles=frozenset({"officer"}), scopes=frozenset({"suspects:read"})
    )


def test_a_success_passes() -> None:
    assert or_reject(Accepted("ice-on")) == Accepted("ice-on")


def test_a_refusal_is_raised_with_its_code() -> None:
    with pytest.raises(Rejected) as caught:
        or_reject(Refusal("assignment.not_open", "It is closed."))
    assert (caught.value.code, caught.value.detail, caught.value.status) == (
        "assignment.not_open", "It is closed.", 422,
    )  # fmt: skip


def test_not_found_never_says_why() -> None:
    assert NotFound().args == NotFound().args


def test_a_principal_knows_its_kind_of_tenant() -> None:
    assert replace(principal("centre"), roles=frozenset({"coordinator"})).of_centre
    assert not principal("agency:ice-on").of_centre
    assert not replace(principal("centre"), roles=frozenset({"researcher"})).of_centre
    assert principal("agency:ice-on").slug == "ice-on"
    assert principal("centre").has_role("coordinator", "officer")
    assert not principal("centre").has_role("auditor")
    assert principal("centre").has_scopes("suspects:read")
    assert not principal("centre").has_scopes("suspects:read", "operations")
