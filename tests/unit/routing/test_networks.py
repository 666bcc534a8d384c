"""The shipped snapshots, their tables, their building and what is refused."""

import random
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.ip_addresses import IpClass, classify
from routing.domain.attribution import CaptureAt, Confidence, Network
from routing.networks import bundle
from routing.networks.attribution import attribute
from routing.networks.known import KNOWN
from routing.networks.sampling import sample_addresses, sample_addresses_v6
from routing.networks.snapshots import SHIPPED, WARN_AFTER, Snapshots
from routing.networks.sources import RECIPES


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("networks")


@pytest.fixture(scope="session")
def snapshots(cache: Path) -> Snapshots:
    return Snapshots.load(SHIPPED, cache=cache)


def packed(ip: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in ip else socket.AF_INET, ip)


def capture(ip: str | None, at: datetime | None, ip_class: str = "public") -> CaptureAt:
    return CaptureAt(item="/suspects/0/captures/0", ip=ip, ip_class=ip_class, at=at)


def test_two_dated_snapshots_ship_with_the_service(snapshots: Snapshots) -> None:
    assert [snapshot.id for snapshot in snapshots] == ["2025-04-02", "2026-06-17"]
    assert [snapshot.taken_on for snapshot in snapshots] == [date(2025, 4, 2), date(2026, 6, 17)]


def test_the_known_addresses_are_about_a_hundred_and_all_right(snapshots: Snapshots) -> None:
    assert len(KNOWN) >= 100
    for snapshot in snapshots:
        assert [known.ip for known in KNOWN if snapshot.lookup(known.packed).asn not in known.asns] == []


def test_the_manifest_names_sources_dates_licences_and_counts() -> None:
    manifest = bundle.manifest_of(SHIPPED / "2025-04-02")
    assert manifest["licence"] == "CC-BY-SA-4.0"
    assert manifest["countries_of"] == "2026-06-25"  # the countries of 2026 serve both snapshots
    assert {"package", "version", "date", "sha256", "licence", "credit"} <= set(manifest["sources"][0])
    assert manifest["counts"]["v4_rows"] > 600_000
    assert (SHIPPED / "NOTICE").read_text("utf-8").count("CC BY-SA 4.0") >= 2


def test_the_snapshots_were_built_by_the_recipes_in_the_code() -> None:
    for recipe in RECIPES:
        manifest = bundle.manifest_of(SHIPPED / recipe.id)
        assert [source["sha256"] for source in manifest["sources"]] == [source.sha256 for source in recipe.sources]


def test_bundles_are_small_enough_for_a_repository() -> None:
    assert all((SHIPPED / recipe.id / bundle.DATA).stat().st_size < 3_000_000 for recipe in RECIPES)


def test_the_snapshots_differ_where_an_address_changed_hands(snapshots: Snapshots) -> None:
    before, after = snapshots
    assert before.lookup(packed("50.98.1.1")).asn == 852
    assert after.lookup(packed("50.98.1.1")).asn == 396338
    assert before.lookup(packed("184.151.1.1")).asn == 36522
    assert after.lookup(packed("184.151.1.1")) == Network(
        asn=577, organisation="Bell Canada", country="CA", second_country="CA", home_country="CA"
    )


def test_an_address_nobody_announced_has_no_network(snapshots: Snapshots) -> None:
    assert snapshots["2026-06-17"].lookup(packed("64.230.1.1")).asn is None
    assert snapshots["2026-06-17"].lookup(packed("2001:db8::1")).organisation is None


def test_the_ends_of_the_address_space_have_an_answer(snapshots: Snapshots) -> None:
    ends = ["0.0.0.1", "255.255.255.255", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]
    for snapshot in snapshots:
        assert all(snapshot.lookup(packed(ip)).asn is None for ip in ends)


@given(st.ip_addresses())
def test_the_answer_is_that_of_the_last_row_that_begins_at_or_before_the_address(
    snapshots: Snapshots, ip: IPv4Address | IPv6Address
) -> None:
    newest = snapshots["2026-06-17"]
    table, key = (newest.v4, int(ip)) if ip.version == 4 else (newest.v6, int(ip) >> 64)
    row = int(np.searchsorted(np.asarray(table.starts), np.uint64(key), side="right")) - 1
    found = newest.lookup(ip.packed)
    assert newest.position_of(found.asn or 0) == table.network[row]
    assert found.country == newest.countries[table.country[row]]


def test_an_as_number_without_addresses_has_no_position(snapshots: Snapshots) -> None:
    newest = snapshots["2026-06-17"]
    position = newest.position_of(577)
    assert position is not None
    assert newest.organisation(position) == "Bell Canada"
    assert newest.position_of(64500) is None
    assert newest.position_of(4_294_967_295) is None


def test_age_is_counted_from_the_newest_snapshot(snapshots: Snapshots) -> None:
    assert snapshots.age(datetime(2026, 8, 16, tzinfo=UTC)) == WARN_AFTER
    assert Snapshots([]).age(datetime(2026, 8, 16, tzinfo=UTC)) is None
    assert len(snapshots) == 2


def test_processes_that_start_together_share_one_unpacked_copy(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from routing.networks.snapshot import Snapshot;"
        "print(Snapshot.load(Path(sys.argv[1]), Path(sys.argv[2])).lookup(bytes([142, 165, 1, 1])).asn)"
    )
    command = [sys.executable, "-c", program, str(SHIPPED / "2026-06-17"), str(tmp_path / "cache")]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate(timeout=60)[0].strip() for process in started] == ["803"] * 3
    (unpacked,) = (tmp_path / "cache").iterdir()
    assert len(list(unpacked.iterdir())) == len(bundle.LAYOUT)


def test_a_capture_is_attributed_as_of_its_time(snapshots: Snapshots) -> None:
    sold = "50.98.1.1"
    days = [datetime(2025, 5, 1, tzinfo=UTC), datetime(2025, 11, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)]
    found = attribute(snapshots, [capture(sold, day) for day in days])
    assert [each.asn for each in found] == [852, 852, 396338]
    assert [each.confidence for each in found] == [Confidence.HIGH, Confidence.LOW, Confidence.HIGH]
    assert [each.needs_person for each in found] == [False, True, False]


def test_the_same_company_under_another_number_is_no_difference(snapshots: Snapshots) -> None:
    (found,) = attribute(snapshots, [capture("184.151.1.1", datetime(2025, 11, 1, tzinfo=UTC))])
    assert (found.asn, found.organisation, found.confidence) == (36522, "BELL MOBILITY INC.", Confidence.HIGH)


def test_saskatchewan_is_hinted_at(snapshots: Snapshots) -> None:
    (found,) = attribute(snapshots, [capture("142.165.1.1", datetime(2026, 7, 1, tzinfo=UTC))])
    assert (found.province_hint, found.confidence, found.snapshot) == ("CA-SK", Confidence.HIGH, "2026-06-17")


def test_a_legacy_block_that_one_source_puts_abroad_is_canadian_and_doubted(snapshots: Snapshots) -> None:
    (found,) = attribute(snapshots, [capture("154.5.0.1", datetime(2026, 7, 1, tzinfo=UTC))])
    assert (found.country, found.second_country, found.confidence) == ("CA", "MU", Confidence.LOW)
    assert found.needs_person


def test_a_foreign_block_listed_under_a_canadian_provider_is_doubted(snapshots: Snapshots) -> None:
    (found,) = attribute(snapshots, [capture("2a0a:9f00::1", datetime(2026, 7, 1, tzinfo=UTC))])
    assert (found.asn, found.country, found.confidence, found.needs_person) == (812, "PL", Confidence.LOW, True)


def test_classes_come_before_any_lookup(snapshots: Snapshots) -> None:
    at = datetime(2026, 7, 1, tzinfo=UTC)
    asked = [
        capture("100.64.3.4", at, "carrier_nat"),
        capture("192.168.1.1", at, "private"),
        capture(None, at, "invalid"),
        capture("198.51.100.7", at, "public"),  # classed wrongly at the door
    ]
    found = attribute(snapshots, asked)
    assert [each.ip_class for each in found] == ["carrier_nat", "private", "invalid", "documentation"]
    assert {each.snapshot for each in found} == {None}


def test_order_and_items_are_kept_in_a_batch(snapshots: Snapshots) -> None:
    at = datetime(2026, 7, 1, tzinfo=UTC)
    asked = [
        replace(capture(known.ip, at + timedelta(days=index)), item=f"/{index}") for index, known in enumerate(KNOWN)
    ]
    found = attribute(snapshots, asked)
    assert [each.item for each in found] == [each.item for each in asked]
    assert all(each.asn in known.asns for each, known in zip(found, KNOWN, strict=True))
    assert attribute(snapshots, []) == []


def test_a_local_evening_counts_by_its_utc_date(snapshots: Snapshots) -> None:
    (found,) = attribute(snapshots, [capture("50.98.1.1", datetime.fromisoformat("2026-06-16T22:00:00-06:00"))])
    assert found.snapshot == "2026-06-17"


@pytest.mark.parametrize("of", [577, 803, "CA", "NL"])
def test_sampled_addresses_are_announced_public_and_repeatable(snapshots: Snapshots, of: int | str) -> None:
    newest = snapshots["2026-06-17"]
    for sample in (sample_addresses, sample_addresses_v6):
        drawn = sample(newest, of, random.Random(7), 50)
        assert drawn == sample(newest, of, random.Random(7), 50)
        addresses = [classify(text) for text in drawn]
        assert len(addresses) == 50
        assert {address.ip_class for address in addresses} == {IpClass.PUBLIC}
        answers = [newest.lookup(address.packed or b"") for address in addresses]
        assert all(of in (answer.asn, answer.country) and answer.asn for answer in answers)


def test_nothing_is_sampled_from_an_unknown_network_or_country(snapshots: Snapshots) -> None:
    assert sample_addresses(snapshots["2026-06-17"], 64500, random.Random(7), 3) == []
    assert sample_addresses(snapshots["2026-06-17"], "ZZ", random.Random(7), 3) == []
