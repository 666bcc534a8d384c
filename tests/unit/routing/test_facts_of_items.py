"""What personal data becomes before the rules see it: countries and provinces, no texts of identifiers."""

from datetime import UTC, date, datetime

import pytest

from contracts import ids
from contracts.personal import CivicAddress, EntryItems, Identifier, StatedLocation
from routing.commands.reading import Evidence, facts
from routing.domain.assigning import EntryId
from routing.domain.determinations import Stored
from routing.domain.entries import Answer, Entry, Kind
from routing.domain.evidence import Role

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def phone(value: str) -> EntryItems:
    return EntryItems(reference="S-1", identifiers=[Identifier(item="/phones/0", kind="phone", value=value)])


@pytest.mark.parametrize(
    ("number", "country", "provinces"),
    [
        ("+14035550100", "CA", ("CA-AB",)),
        ("+19025550100", "CA", ("CA-NS", "CA-PE")),
        ("+12125550100", None, ()),
        ("+31201234567", "NL", ()),
        ("+442079460100", "GB", ()),
        ("+80012345678", None, ()),
        ("+4745550100", "NO", ()),
        ("0201234567", None, ()),
        ("call me", None, ()),
    ],
)
def test_a_phone_number_is_told_by_country_and_provinces(
    number: str, country: str | None, provinces: tuple[str, ...]
) -> None:
    (told,) = facts("suspect", "csaem", Evidence(items=(phone(number),))).phones
    assert (told.country, told.provinces) == (country, provinces)
    assert number not in repr(told)


def test_only_phones_among_the_identifiers_say_where_somebody_is() -> None:
    other = EntryItems(reference="S-1", identifiers=[Identifier(item="/i/0", kind="email", value="a@example.com")])
    assert facts("suspect", "csaem", Evidence(items=(other,))).phones == ()


def test_every_part_of_an_entry_counts() -> None:
    address = CivicAddress(item="/a/0", street="12 Synthetic Street", province="ON", as_of="2026-01-02T10:00:00Z")
    undated = CivicAddress(item="/a/1", province="QC", as_of="last year")
    parts = (
        EntryItems(reference="S-1", civic_addresses=[address], citizenship="ca"),
        EntryItems(reference="S-1", civic_addresses=[undated], stated_location=StatedLocation(country="CA")),
    )
    told = facts("victim", "csaem", Evidence(items=parts))
    assert [one.on for one in told.civic_addresses] == [date(2026, 1, 2), None]
    assert (told.role, told.citizenship, len(told.stated)) == (Role.VICTIM, "CA", 1)
    assert "Synthetic" not in repr(told)


def test_a_role_of_a_later_version_is_a_suspects() -> None:
    assert facts("witness", "csaem", Evidence()).role is Role.SUSPECT


def test_only_an_identified_subscriber_is_evidence() -> None:
    entry = EntryId(ids.new())
    answers = [
        Answer(
            entry=entry,
            line=ids.new(),
            request=ids.new(),
            outcome=outcome,
            completed_at=NOW,
            country="CA",
            province="CA-ON",
            municipality=None,
            postal_area="N1G",
            record=None,
        )
        for outcome in ("subscriber_identified", "no_record", "something_new")
    ]
    (told,) = facts("suspect", "csaem", Evidence(), answers).subscribers
    assert (told.named.province, told.named.postal_code, told.on) == ("CA-ON", "N1G", NOW.date())


def test_what_is_about_an_entry_inherits_from_it() -> None:
    entry = Entry(
        id=EntryId(ids.new()),
        tenant="partner:bureau-nl",
        testmode=True,
        kind=Kind.VICTIM,
        role="victim",
        referral=ids.new(),
        number="IL-2026-000001",
        investigation=ids.new(),
        version=1,
        priority="P1",
        handling="H1;TLP:AMBER",
        grade="A",
        offence_type="csaem",
        offence_basis="canadian",
        foreign_authority=None,
        incident_at=None,
        received_at=NOW,
        factors=(),
    )
    of = entry.provenance
    assert (of.entry, of.kind, of.tenant, of.testmode, of.priority) == (
        entry.id, Kind.VICTIM, "partner:bureau-nl", True, "P1",
    )  # fmt: skip
    assert {"tenant", "testmode"} <= set(Stored.__dataclass_fields__)
