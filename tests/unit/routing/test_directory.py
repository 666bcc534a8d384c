"""The committed directory: complete, consistent, and answering as of a date."""

from datetime import date
from pathlib import Path

import pytest

from routing.directory.loading import DirectoryError, load
from routing.domain.bodies import Body, BodyId, BodyKind, Directory
from routing.domain.places import PROVINCES, PSEUDO_COUNTRIES, Place

LOADED = load()
DIRECTORY = LOADED.directory
TODAY = date(2026, 11, 22)


def place(province: str, municipality: str | None = None) -> Place:
    return Place(country="CA", province=province, municipality=municipality)


@pytest.mark.parametrize("province", PROVINCES)
def test_every_province_has_police_an_ice_unit_and_child_protection(province: str) -> None:
    police = DIRECTORY.police(place(province), TODAY)
    office = DIRECTORY.child_protection(place(province), TODAY)
    assert police is not None
    assert DIRECTORY.first_hop(police, TODAY) == f"ice-{province[-2:].lower()}"
    assert office is not None
    assert office.id == f"cfs-{province[-2:].lower()}"


@pytest.mark.parametrize(
    ("province", "municipality", "expected"),
    [
        ("CA-ON", "Mississauga", "police-peel"),
        ("CA-ON", "Vaughan", "police-york"),
        ("CA-ON", "Sudbury", "police-greater-sudbury"),
        ("CA-ON", "Sault Sainte Marie", "police-sault-ste-marie"),
        ("CA-ON", "Woodstock", "police-woodstock"),
        ("CA-NB", "Woodstock", "police-woodstock-nb"),
        ("CA-QC", "montreal", "police-montreal"),
        ("CA-QC", "Brossard", "police-longueuil"),
        ("CA-NL", "St. John's", "rnc"),
        ("CA-NL", "Gander", "rcmp-b"),
        ("CA-NB", "Moncton", "rcmp-j"),
        ("CA-ON", "Kenora", "opp"),
        ("CA-QC", "Amos", "sq"),
        ("CA-YT", "Whitehorse", "rcmp-m"),
    ],
)
def test_a_municipality_has_its_service_or_the_provinces(province: str, municipality: str, expected: str) -> None:
    police = DIRECTORY.police(place(province, municipality), TODAY)
    assert police is not None
    assert police.id == expected


def test_surrey_changed_its_police() -> None:
    surrey = place("CA-BC", "Surrey")
    before, after = (DIRECTORY.police(surrey, day) for day in (date(2024, 11, 28), date(2024, 11, 29)))
    assert before is not None
    assert after is not None
    assert (before.id, after.id) == ("rcmp-e", "police-surrey")


def test_every_country_abroad_has_a_bureau_and_no_pseudo_code_has() -> None:
    bureaus = [one for one in DIRECTORY.bodies.values() if one.kind is BodyKind.FOREIGN_BUREAU]
    assert len(bureaus) == 248
    netherlands = DIRECTORY.bureau("NL", TODAY)
    assert netherlands is not None
    assert netherlands.id == "bureau-nl"
    assert DIRECTORY.bureau("CA", TODAY) is None
    assert [code for code in PSEUDO_COUNTRIES if DIRECTORY.bureau(code, TODAY)] == []


def test_every_body_is_named_in_both_languages_with_its_source() -> None:
    for listed in LOADED.listed.values():
        assert listed.name_en
        assert listed.name_fr
        assert listed.source
    assert "Pays-Bas" in LOADED.listed[BodyId("bureau-nl")].name_fr


def test_the_holder_is_the_first_hop_else_the_body_else_the_centre() -> None:
    assert DIRECTORY.holder(BodyId("police-calgary"), TODAY) == "ice-ab"
    assert DIRECTORY.holder(BodyId("bureau-nl"), TODAY) == "bureau-nl"
    assert DIRECTORY.holder(BodyId("nobody"), TODAY) == "centre"
    assert DIRECTORY.holder(BodyId("police-surrey"), date(2020, 1, 1)) == "centre"


def test_a_body_is_valid_from_its_first_to_its_last_day() -> None:
    body = Body(
        id=BodyId("x"),
        kind=BodyKind.MUNICIPAL,
        coverage=(),
        first_hop=BodyId("gone"),
        accepts_direct=True,
        valid_from=date(2026, 1, 1),
        valid_to=date(2026, 1, 31),
    )
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1)]
    assert [body.valid(day) for day in days] == [False, True, True, False]
    directory = Directory.of([body], version="v", centre=BodyId("x"), extraterritorial=BodyId("x"))
    assert directory.first_hop(body, days[1]) is None


def test_the_version_is_a_hash_of_the_data() -> None:
    assert load().directory.version == DIRECTORY.version
    assert len(DIRECTORY.version) == 12


def copied(tmp_path: Path, name: str, old: str, new: str) -> Path:
    source = Path(__file__).parents[3] / "services/routing/src/routing/directory/data"
    for file in source.iterdir():
        text = file.read_text(encoding="utf-8")
        (tmp_path / file.name).write_text(text.replace(old, new) if file.name == name else text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("bodies.csv", "opp,provincial,", "opp,provinciale,", "opp"),
        ("bodies.csv", "police-taber,", "police-tabor,", "police-taber"),
        ("manifest.json", "rcmp-national", "rcmp-nowhere", "rcmp-nowhere"),
    ],
)
def test_data_that_contradict_themselves_are_refused(tmp_path: Path, name: str, old: str, new: str, told: str) -> None:
    with pytest.raises(DirectoryError, match=told):
        load(copied(tmp_path, name, old, new))


def test_other_data_is_another_version(tmp_path: Path) -> None:
    loaded = load(copied(tmp_path, "bodies.csv", "Taber Police Service", "Taber Police"))
    assert loaded.directory.version != DIRECTORY.version


def test_a_town_on_the_border_of_two_provinces_is_in_both() -> None:
    gazetteer = load().directory.gazetteer
    assert set(gazetteer.having("Lloydminster")) == {"CA-AB", "CA-SK"}
    assert set(gazetteer.having("Flin Flon")) == {"CA-MB", "CA-SK"}
