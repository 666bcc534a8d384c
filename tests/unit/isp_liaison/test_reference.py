"""The committed reference data are complete and agree; data that do not are refused with the place of the mistake."""

from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from isp_liaison.domain.instruments import Instrument, in_force
from isp_liaison.reference.loading import SeedError, read_seed

SEED = read_seed()
TODAY = date(2026, 11, 22)
DOCUMENTED = {
    577, 601, 602, 855, 684, 7122, 6539, 36522, 812, 3602, 19835, 6327, 852, 14663, 5769, 7992, 11290, 11260, 803,
    5645, 20375, 11814, 398721, 15290, 21949, 40191, 14593, 376, 549, 566, 806, 810, 811, 820, 16276,
}  # fmt: skip


def test_every_documented_network_has_a_holder_today() -> None:
    held = {network.asn for network in SEED.networks if not network.testmode and network.valid(TODAY)}
    assert held == DOCUMENTED


def test_we_know_how_to_reach_only_the_synthetic_providers() -> None:
    reached = {provider.id: provider.reply_zone for provider in SEED.providers if provider.channel != "none"}
    assert reached == {"provider-north": "America/Toronto", "provider-east": "America/Halifax"}
    assert {provider.id for provider in SEED.providers if provider.testmode} == set(reached)


def test_every_provider_is_named_in_both_languages_and_accepts_the_law() -> None:
    ids = {instrument.id for instrument in SEED.instruments}
    for provider in SEED.providers:
        assert provider.name_en
        assert provider.name_fr
        assert provider.accepts == ids


def test_every_row_says_where_it_is_from_and_how_sure_we_are() -> None:
    for row in (*SEED.providers, *SEED.networks, *SEED.owners, *SEED.instruments):
        assert row.source
        assert row.confidence in {"H", "M", "K", "D"}
    assert {one.confidence for one in SEED.owners if one.provider == "mts"} == {"K"}
    retention = {one.id: (one.retention_source, one.retention_as_of) for one in SEED.providers}
    assert retention["teksavvy"] == ("domain.md 4.3: cartt.ca 2020", date(2019, 12, 31))
    assert retention["bell"] == ("", None)


def test_every_instrument_is_law_today() -> None:
    assert all(isinstance(in_force(SEED.instruments, one.id, TODAY), Instrument) for one in SEED.instruments)


def copied(tmp_path: Path, name: str, old: str, new: str) -> Path:
    source = files("isp_liaison.reference")
    for each in ("providers.csv", "networks.csv", "owners.csv", "instruments.csv"):
        text = (source / each).read_text(encoding="utf-8")
        if each == name:
            assert old in text
            text = text.replace(old, new, 1)
        (tmp_path / each).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_version_is_a_hash_of_the_data(tmp_path: Path) -> None:
    assert len(SEED.version) == 12
    assert read_seed().version == SEED.version == SEED.directory.version
    assert read_seed(copied(tmp_path, "providers.csv", "EastLink", "Eastlink")).version != SEED.version


SHAW = "shaw,rogers,2023-04-03,,"


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("providers.csv", "id,name_en", "id,name", "providers.csv: the columns must be id,name_en,"),
        ("providers.csv", "\nbell,", "\n,", "providers.csv, line 2: id is empty"),
        ("providers.csv", "\nbell-mobility,", "\nbell,", "providers.csv: bell is there twice"),
        ("providers.csv", ",access,", ",acces,", "line 2: kind must be one of access,"),
        ("providers.csv", ",none,", ",fax,", "line 2: channel must be one of http, none"),
        ("providers.csv", ",no,180,", ",maybe,180,", "needs_port must be one of no, yes"),
        ("providers.csv", ",180,synthetic,", ",-1,synthetic,", "retention_days must be a positive number"),
        ("providers.csv", ",180,synthetic,", ",180,,", "retention_source is empty"),
        ("providers.csv", ",180,synthetic,2026-01-01,", ",180,synthetic,,", "retention_as_of must be a date"),
        ("providers.csv", "America/Halifax", "America/Montréal", "no zone of that name"),
        ("providers.csv", ",en fr,", ",en de,", "line 2: languages must be of en, fr"),
        ("providers.csv", ",500,", ",0,", "line 2: max_lines must be a positive number"),
        ("providers.csv", "production_order", "subpoena", "accepts what is not in instruments.csv: subpoena"),
        ("providers.csv", "\nteksavvy,", "\ntechsavvy,", "named, but not in providers.csv: teksavvy"),
        ("providers.csv", ",H\n", "\n", "providers.csv, line 2: too many or too few columns"),
        ("providers.csv", "Bell Canada", '"Bell Canada', "providers.csv: unexpected end of data"),
        ("networks.csv", "566,shared-services-canada,", "566,provider-north,", "566 and provider-north differ"),
        ("networks.csv", "577,bell,", "4294967296,bell,", "line 2: asn 4294967296 is too large"),
        ("networks.csv", "577,bell,", "AS577,bell,", "line 2: asn must be a positive number"),
        ("networks.csv", "601,bell,", "577,bell,", r"577 \(testmode False\) has two rows for 1900-01-01"),
        ("networks.csv", "2017-03-16", "2017-03-17", "has two rows for 2017-03-17"),
        ("networks.csv", "2017-03-16", "1899-03-16", "valid_to is before valid_from"),
        ("networks.csv", "1900-01-01", "01/01/1900", "line 2: valid_from must be a date"),
        ("networks.csv", ",H\n", ",certain\n", "line 2: confidence must be one of D, H, K, M"),
        ("networks.csv", "H\n", "H,more\n", "line 2: too many or too few columns"),
        ("owners.csv", SHAW, "shaw,provider-north,2023-04-03,,", "shaw and provider-north differ in test mode"),
        ("owners.csv", SHAW, f"{SHAW}x,M\n{SHAW}", "owners.csv: shaw has two rows for 2023-04-03"),
        ("owners.csv", SHAW, f"rogers,shaw,2024-01-01,,x,M\n{SHAW}", "rogers owns itself on 2024-01-01"),
        ("owners.csv", "freedom,videotron", "freedom,freedom", "freedom owns itself on 2023-04-03"),
        ("instruments.csv", ",preserves,", ",keeps,", "instruments.csv, line 2: 'keeps' is not a valid Effect"),
        ("instruments.csv", ",officer,", ",mayor,", "line 2: issuer must be one of court, officer"),
        ("instruments.csv", ",suspect,", ",hunch,", "line 2: threshold must be one of"),
        ("instruments.csv", "A B C D", "A B C D X", "line 2: grades must be of A, B, C, D"),
        ("instruments.csv", "preservation_order", "preservation_demand", "preservation_demand has two rows"),
    ],
)  # fmt: skip
def test_data_that_are_wrong_are_refused_with_their_place(
    tmp_path: Path, name: str, old: str, new: str, told: str
) -> None:
    with pytest.raises(SeedError, match=told):
        read_seed(copied(tmp_path, name, old, new))


def test_owners_that_change_back_are_no_circle(tmp_path: Path) -> None:
    rows = "shaw,rogers,2023-04-03,2024-12-31,x,M\nrogers,shaw,2025-01-01,,x,M\nshaw,bell,2025-01-01,,"
    assert len(read_seed(copied(tmp_path, "owners.csv", SHAW, rows)).owners) == len(SEED.owners) + 2


def test_data_that_are_not_utf_8_are_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path, "owners.csv", SHAW, SHAW)
    (folder / "owners.csv").write_bytes(b"provider,owner\xff\n")
    with pytest.raises(SeedError, match=r"owners\.csv"):
        read_seed(folder)
