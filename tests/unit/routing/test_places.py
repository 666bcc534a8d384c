"""Where texts point in Canada, and where they say too little."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.domain.places import (
    AREA_CODES,
    PROVINCES,
    Gazetteer,
    country_of,
    fold,
    province_of,
    province_of_postal_code,
    provinces_of_phone,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CA-ON", "CA-ON"),
        ("on", "CA-ON"),
        (" Ontario ", "CA-ON"),
        ("Québec", "CA-QC"),
        ("Île-du-Prince-Édouard", "CA-PE"),
        ("Terre-Neuve-et-Labrador", "CA-NL"),
        ("N.B.", "CA-NB"),
        ("Colombie-Britannique", "CA-BC"),
        ("Texas", None),
        ("", None),
        (None, None),
    ],
)
def test_a_province_is_known_by_code_abbreviation_or_name(text: str | None, expected: str | None) -> None:
    assert province_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("N1G 2W1", "CA-ON"),
        ("n1g-2w1", "CA-ON"),
        ("N1G", "CA-ON"),
        ("H0H 0H0", "CA-QC"),
        ("X0A 0H0", "CA-NU"),
        ("X0B", "CA-NU"),
        ("X0C", "CA-NU"),
        ("X1A 1A1", "CA-NT"),
        ("A1B 2C3", "CA-NL"),
        ("K1A 0A9", None),  # federal offices: says nothing about residence
        ("D1A 1A1", None),
        ("W1A 1A1", None),
        ("90210", None),
        (None, None),
    ],
)
def test_a_postal_code_gives_its_province_and_nothing_more(text: str | None, expected: str | None) -> None:
    assert province_of_postal_code(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+14165550100", ("CA-ON",)),
        ("(403) 555-0100", ("CA-AB",)),
        ("1.902.555.0100", ("CA-NS", "CA-PE")),
        ("+1 867 555 0100", ("CA-NT", "CA-NU", "CA-YT")),
        ("+12125550100", ()),
        ("+31201234567", ()),
        ("+4745550100", ()),  # Norway; 474 is of Saskatchewan
        ("+6475550100", ()),  # New Zealand; 647 is of Ontario
        ("+3688555010", ()),  # Hungary; 368 is of Alberta
        ("+5145550100", ()),  # Peru; 514 is of Quebec
        ("not a number", ()),
    ],
)
def test_an_area_code_gives_its_provinces(text: str, expected: tuple[str, ...]) -> None:
    assert provinces_of_phone(text) == expected


def test_there_are_55_area_codes_and_13_provinces() -> None:
    assert len(AREA_CODES) == 55
    assert set(PROVINCES) == {code for codes in AREA_CODES.values() for code in codes}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Montréal", "MONTREAL"),
        ("St. Catharines", "Saint Catharines"),
        ("Ste. Anne", "Sainte-Anne"),
        ("City of Guelph", "guelph"),
        ("Ville de Québec", "Quebec"),
        ("L’Ancienne-Lorette", "L'Ancienne Lorette"),
        ("Trois-Rivières", "trois rivieres"),
        ("Sacré-Cœur", "Sacre-Coeur"),
    ],
)
def test_names_are_compared_without_accents_case_and_punctuation(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_two_different_cities_stay_different() -> None:
    assert fold("Saint John") != fold("St. John's")


@given(st.text())
def test_folding_is_stable(text: str) -> None:
    assert fold(fold(text)) == fold(text) or fold(text).startswith(("city", "town", "ville", "the"))


@given(st.text(max_size=12))
def test_a_postal_code_never_names_a_place_abroad(text: str) -> None:
    assert province_of_postal_code(text) in {None, *PROVINCES}


def test_a_name_of_several_provinces_gives_them_all() -> None:
    gazetteer = Gazetteer.of([("CA-ON", "Windsor"), ("CA-QC", "Windsor"), ("CA-ON", "WINDSOR")])
    assert gazetteer.having("windsor") == {"CA-ON": "Windsor", "CA-QC": "Windsor"}
    assert gazetteer.having("Atlantis") == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ca", "CA"),
        ("Canada", "CA"),
        ("CAN", "CA"),
        (" nl ", "NL"),
        ("A1", None),
        ("eu", None),
        ("N\0", None),
        ("12 Example Street", None),
        ("", None),
        (None, None),
    ],
)
def test_a_country_is_a_code_and_a_pseudo_code_is_none(text: str | None, expected: str | None) -> None:
    assert country_of(text) == expected
