"""Who is told of what."""

from datetime import date

import pytest

from notifications.domain.bodies import Agency, Retired
from notifications.domain.recipients import (
    CENTRE,
    Recipient,
    of_assignment,
    of_decline,
    of_entry,
    of_overdue,
    recipient,
)

KINDS = {"ice-on": "ice_unit", "bureau-nl": "foreign_bureau", "bureau-of-us": "provincial"}
HOLDER, COPY = Recipient("ice-on", "agency:ice-on"), Recipient("cfs-on", "agency:cfs-on")


@pytest.mark.parametrize(
    ("slug", "tenant"),
    [
        ("ice-on", "agency:ice-on"),
        ("bureau-nl", "partner:bureau-nl"),
        ("centre", "centre"),
        ("police-new", "agency:police-new"),  # not in the directory yet
        ("bureau-xx", "partner:bureau-xx"),  # neither
        ("bureau-of-us", "agency:bureau-of-us"),  # what the directory says counts more than the name
    ],
)
def test_a_body_is_read_for_by_its_tenant(slug: str, tenant: str) -> None:
    assert recipient(slug, KINDS) == Recipient(slug, tenant)


def test_only_the_centre_is_the_centre() -> None:
    assert CENTRE.of_centre
    assert not HOLDER.of_centre


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (of_assignment(HOLDER, []), (HOLDER,)),
        (of_assignment(HOLDER, [COPY, HOLDER, COPY]), (HOLDER, COPY)),
        (of_decline(HOLDER, []), ()),
        (of_decline(HOLDER, [COPY, HOLDER, COPY]), (COPY,)),
        (of_overdue(HOLDER), (HOLDER, CENTRE)),
        (of_overdue(CENTRE), (CENTRE,)),
        (of_entry(HOLDER), (HOLDER,)),
        (of_entry(None), (CENTRE,)),
    ],
)
def test_nobody_is_left_out_and_nobody_hears_twice(
    told: tuple[Recipient, ...], expected: tuple[Recipient, ...]
) -> None:
    assert told == expected


def test_a_body_belongs_to_nobody_and_is_retired_only_when_it_is_said() -> None:
    known = Agency(id="ice-on", kind="ice_unit", name_en="a", name_fr="b", directory="1", sequence=1)
    assert (known.tenant, known.retired_on) == ("centre", None)
    assert Retired(id="ice-on", retired_on=date(2026, 11, 23), sequence=2).sequence > known.sequence
