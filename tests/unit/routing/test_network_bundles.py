"""How a snapshot is merged, built and packed, and which bundles are refused."""

import io
import json
import lzma
import shutil
import socket
import tarfile
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.domain.attribution import Network
from routing.networks import bundle
from routing.networks.build import build, write
from routing.networks.merge import TOP_V4, TOP_V6, flatten, merge, ranges, ranges_of_64
from routing.networks.snapshot import Snapshot
from routing.networks.snapshots import SHIPPED, Snapshots
from routing.networks.sources import Recipe, Source, SourceChanged, fetch, lines


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bundles")


def packed(ip: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in ip else socket.AF_INET, ip)


def test_a_narrower_range_wins_and_the_wider_one_goes_on_after_it() -> None:
    table = flatten(ranges([(10, 99, 1), (20, 29, 2), (25, 25, 3)]), TOP_V4)
    assert table.starts.tolist() == [0, 10, 20, 25, 26, 30, 100]
    assert table.values[0].tolist() == [0, 1, 2, 3, 2, 1, 0]


def test_a_range_to_the_very_end_leaves_no_row_behind_it() -> None:
    table = flatten(ranges([(TOP_V4 - 1, TOP_V4, 5)]), TOP_V4)
    assert (table.starts.tolist(), table.values[0].tolist()) == ([0, TOP_V4 - 1], [0, 5])
    assert flatten(ranges([]), TOP_V6).starts.tolist() == [0]


def test_neighbours_with_the_same_answer_are_one_row() -> None:
    merged = merge([flatten(ranges([(0, 9, 1), (10, 19, 1)]), TOP_V4), flatten(ranges([(5, 14, 2)]), TOP_V4)])
    assert merged.starts.tolist() == [0, 5, 15, 20]
    assert [column.tolist() for column in merged.values] == [[1, 1, 1, 0], [0, 2, 0, 0]]


def test_ranges_below_a_64_are_left_out_and_counted() -> None:
    network = 0x2607_FEA8_0000_0001 << 64
    rows = [(network, network + (1 << 64) - 1, 1), (network + 5, network + 5, 2)]
    found = ranges_of_64(rows)
    assert (found.first.tolist(), found.last.tolist(), found.left_out) == ([network >> 64], [network >> 64], 1)


def test_a_64_cut_by_two_wider_ranges_goes_to_the_narrower() -> None:
    unit = 1 << 64
    cut = 10 * unit + 1000
    wide, narrow = (0, cut - 1, 1), (cut, 12 * unit - 1, 2)
    table = flatten(ranges_of_64([wide, narrow]), TOP_V6)
    assert (table.starts.tolist(), table.values[0].tolist()) == ([0, 10, 12], [1, 2, 0])


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20), st.integers(1, 4)), max_size=12))
def test_flattening_answers_every_key_with_the_narrowest_range_over_it(drawn: list[tuple[int, int, int]]) -> None:
    rows = [(first, first + width, value) for first, width, value in drawn]
    table = flatten(ranges(rows), TOP_V4)
    for key in range(90):
        over = [
            (last - first, -position, value)
            for position, (first, last, value) in enumerate(rows)
            if first <= key <= last
        ]
        expected = min(over)[2] if over else 0
        assert table.values[0][np.searchsorted(table.starts, key, side="right") - 1] == expected


def copied(recipe: str, into: Path) -> Path:
    return Path(shutil.copytree(SHIPPED / recipe, into / recipe))


def edit(folder: Path, **changes: object) -> None:
    manifest = json.loads((folder / bundle.MANIFEST).read_text("utf-8"))
    (folder / bundle.MANIFEST).write_text(json.dumps(manifest | changes), "utf-8")


def test_a_bundle_read_back_holds_the_same_columns() -> None:
    data = bundle.data_of(SHIPPED / "2026-06-17", bundle.manifest_of(SHIPPED / "2026-06-17")["sha256"])
    columns = bundle.unpack(data)
    assert all(before < after for before, after in pairwise(columns["v4_starts"]))
    small = {name: columns[name][:100] for name in bundle.LAYOUT}
    assert bundle.unpack(bundle.pack(small)) == small


def test_an_imported_bundle_joins_the_shipped_ones_and_a_copy_counts_once(cache: Path, tmp_path: Path) -> None:
    copied("2026-06-17", tmp_path)
    assert len(Snapshots.load(SHIPPED, tmp_path, cache=cache)) == 2


def test_data_that_is_not_what_the_manifest_says_is_refused(cache: Path, tmp_path: Path) -> None:
    folder = copied("2026-06-17", tmp_path)
    (folder / bundle.DATA).write_bytes((folder / bundle.DATA).read_bytes()[:-1])
    with pytest.raises(bundle.UnusableBundle, match="sha256"):
        Snapshots.load(tmp_path, cache=cache)


def test_two_different_bundles_of_one_name_are_refused(cache: Path, tmp_path: Path) -> None:
    edit(copied("2026-06-17", tmp_path), sha256="0" * 64)
    with pytest.raises(bundle.UnusableBundle, match="differ"):
        Snapshots.load(SHIPPED, tmp_path, cache=cache)


def test_a_table_that_shrank_by_more_than_a_tenth_is_refused(cache: Path, tmp_path: Path) -> None:
    edit(copied("2026-06-17", tmp_path), id="2026-07-01", date="2026-07-01", counts={"v4_rows": 600_000, "v6_rows": 1})
    with pytest.raises(bundle.UnusableBundle, match="v4_rows went from"):
        Snapshots.load(SHIPPED, tmp_path, cache=cache)


def test_counts_that_the_data_does_not_hold_are_refused(cache: Path, tmp_path: Path) -> None:
    counts = {"v4_rows": 714_000, "v6_rows": 422_494}
    edit(copied("2026-06-17", tmp_path), counts=counts)
    with pytest.raises(bundle.UnusableBundle, match="its manifest says"):
        Snapshots.load(tmp_path, cache=cache)


@pytest.mark.parametrize("text", ["", "{", '{"format": 2}'])
def test_a_manifest_that_cannot_be_read_is_refused(cache: Path, tmp_path: Path, text: str) -> None:
    folder = copied("2026-06-17", tmp_path)
    (folder / bundle.MANIFEST).write_text(text, "utf-8")
    with pytest.raises(bundle.UnusableBundle):
        Snapshots.load(tmp_path, cache=cache)


def test_bytes_of_another_format_are_refused() -> None:
    small = dict.fromkeys(bundle.LAYOUT, [0] * 4)
    plain = lzma.decompress(bundle.pack(small))
    spoilt = [plain[:-1], plain + b"\0", plain[1:]]
    for data in [b"not xz", *map(lzma.compress, spoilt)]:
        with pytest.raises(bundle.UnusableBundle):
            bundle.unpack(data)


def archive(folder: Path, file: str, contents: dict[str, str]) -> None:
    with tarfile.open(folder / file, "w:gz") as stream:
        for name, text in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            stream.addfile(member, io.BytesIO(text.encode()))


def source(file: str) -> Source:
    return Source(
        package=file, version="1", file=file, sha256="", dated=date(2026, 10, 1), licence="CC0-1.0", credit="test"
    )


@pytest.fixture
def small_recipe(tmp_path: Path) -> Recipe:
    start = int.from_bytes(packed("2607:fea8::"), "big")
    archive(
        tmp_path,
        "networks.tgz",
        {
            "package/asn-ipv4-num.csv": '167772160,167772415,64500,"North, Access"\n167772300,167772301,64501,Éclair\n',
            "package/asn-ipv6-num.csv": f'{start},{start + (1 << 96) - 1},64500,"North, Access"\n',
        },
    )
    archive(
        tmp_path,
        "country.tgz",
        {
            "usr/share/tor/geoip": "# comment\n167772160,167772287,CA\n167772288,167772415,UK\n1,5,??\n",
            "usr/share/tor/geoip6": "# comment\n2607:fea8::,2607:fea8:ffff:ffff:ffff:ffff:ffff:ffff,CA\n",
        },
    )
    archive(
        tmp_path,
        "second.tgz",
        {
            "package/geo-whois-asn-country-ipv4-num.csv": "167772160,167772415,CA\n10,20,EU\n",
            "package/geo-whois-asn-country-ipv6-num.csv": f"{start},{start + 1},US\n",
        },
    )
    return Recipe(networks=source("networks.tgz"), country=source("country.tgz"), second_country=source("second.tgz"))


def test_a_snapshot_is_built_from_its_sources(small_recipe: Recipe, tmp_path: Path) -> None:
    built = build(small_recipe, tmp_path)
    folder = write(small_recipe, built, tmp_path / "out")
    snapshot = Snapshot.load(folder, tmp_path / "cache")
    assert snapshot.taken_on == date(2026, 10, 1)
    north = Network(asn=64500, organisation="North, Access", country="CA", second_country="CA", home_country="CA")
    assert snapshot.lookup(packed("10.0.0.0")) == north
    assert snapshot.lookup(packed("10.0.0.200")) == replace(north, country="GB")
    assert snapshot.lookup(packed("10.0.0.140")).organisation == "Éclair"
    assert snapshot.lookup(packed("10.0.1.0")).asn is None
    assert snapshot.lookup(packed("2607:fea8::1")) == replace(north, second_country=None)
    assert built.counts["v6_ranges_below_64_left_out"] == 1


def test_a_snapshot_wrong_about_known_addresses_is_refused(small_recipe: Recipe, tmp_path: Path) -> None:
    write(small_recipe, build(small_recipe, tmp_path), tmp_path / "out")
    with pytest.raises(bundle.UnusableBundle, match="known addresses are wrong"):
        Snapshots.load(tmp_path / "out", cache=tmp_path / "cache")


def test_a_source_that_is_not_the_pinned_one_is_refused(small_recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(SourceChanged, match="pinned"):
        fetch(small_recipe.networks, tmp_path)


def test_a_source_without_an_expected_file_is_refused(small_recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        list(lines(small_recipe.networks, tmp_path, "package/none.csv"))
