"""The generator's people are coherent, synthetic and repeatable, and a morning holds what it promises."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from socket import AF_INET, inet_pton
from typing import Any

import orjson
import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from kit.ip_addresses import IpClass, classify
from kit.time import parse, zone
from sandbox.generator.abroad import COUNTRIES
from sandbox.generator.canada import PROVINCES, SHARED_AREA_CODES
from sandbox.generator.entries import Draft
from sandbox.generator.files import files
from sandbox.generator.flaws import FLAWS
from sandbox.generator.morning import Morning, morning
from sandbox.generator.networks import ListedAddresses, SnapshotAddresses, announced
from sandbox.generator.people import Home, homes, person

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
LETTERS = {
    "CA-NL": "A", "CA-NS": "B", "CA-PE": "C", "CA-NB": "E", "CA-QC": "GHJ", "CA-ON": "KLMNP",
    "CA-MB": "R", "CA-SK": "S", "CA-AB": "T", "CA-BC": "V",
}  # fmt: skip
AREA_CODES = {
    "CA-NL": {709, 879}, "CA-NS": {902, 782}, "CA-PE": {902, 782}, "CA-NB": {506, 428},
    "CA-QC": {418, 581, 367, 514, 438, 450, 579, 819, 873, 263, 354, 468},
    "CA-ON": {416, 647, 437, 905, 289, 365, 613, 343, 519, 226, 548, 705, 249, 807, 742, 753, 683, 382, 942},
    "CA-MB": {204, 431, 584}, "CA-SK": {306, 639, 474}, "CA-AB": {403, 587, 780, 825, 368},
    "CA-BC": {604, 778, 236, 672, 250, 257},
}  # fmt: skip
FICTION = re.compile(
    r"\+1\d{3}55501\d\d|\+441134960\d{3}|\+6125550\d{4}|\+3319900\d{4}"  # NANPA, Ofcom, ACMA, ARCEP
)
MAIL = re.compile(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)")


class Everywhere:
    """A public address per network: unit tests of people need no snapshot."""

    def address(self, asn: int, country: str, random: Random) -> str:
        return f"24.{asn % 251}.{ord(country[0])}.{random.randrange(1, 255)}"


@pytest.fixture(scope="module")
def made() -> Morning:
    return morning(7, now=NOW, addresses=Everywhere())


@pytest.fixture(scope="module")
def document(made: Morning) -> dict[str, Any]:
    return orjson.loads(made.file)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> SnapshotAddresses:
    return announced(tmp_path_factory.mktemp("networks"))


def drafts_of(made: Morning, because: str) -> Draft:
    return next(draft for draft in made.native.drafts if draft.expected.because == because)


def test_the_same_seed_and_time_give_the_same_bytes(made: Morning) -> None:
    again = morning(7, now=NOW, addresses=Everywhere())
    assert again.file == made.file
    assert [report.body for report in again.reports] == [report.body for report in made.reports]


def test_another_seed_gives_other_people(made: Morning) -> None:
    assert morning(8, now=NOW, addresses=Everywhere()).file != made.file


def test_a_morning_holds_what_the_centre_is_promised(made: Morning, document: dict[str, Any]) -> None:
    assert (len(document["suspects"]), len(document["victims"]), len(made.reports)) == (120, 4, 12)
    living = [draft.person for draft in made.native.drafts if draft.expected.kind == "suspect"]
    assert len({one.province for one in living if one.province}) >= 8
    assert len({one.country for one in living}) >= 10


def test_every_flaw_stands_in_one_entry_and_never_takes_a_province_away(made: Morning) -> None:
    found = Counter(entry.because for entry in made.native.expectation.entries.values())
    assert found.pop("sound") == 124 - len(FLAWS)
    assert found == {flaw.name: 1 for flaw in FLAWS}
    sound = {draft.person.province for draft in made.native.drafts if draft.expected.because == "sound"}
    assert set(PROVINCES) <= sound


def test_only_the_entry_with_an_unknown_field_is_to_be_refused(made: Morning) -> None:
    expected = made.native.expectation
    refused = [entry for entry in expected.entries.values() if not entry.accepted]
    assert [(entry.because, entry.refused_for) for entry in refused] == [("unknown_field", "entry.unknown_field")]
    assert (expected.accepted, expected.rejected) == (123, 1)
    assert made.suspects == 119 + 12


def test_refused_items_are_pointed_at(made: Morning, document: dict[str, Any]) -> None:
    told = {item.code for item in made.native.expectation.rejected_items}
    assert told == {"time.ambiguous_day_month", "capture.not_an_address"}
    for item in made.native.expectation.rejected_items:
        part: Any = document
        for step in item.pointer.split("/")[1:]:
            part = part[int(step)] if isinstance(part, list) else part[step]
        refused = parse(part["time"], None).problem or classify(part["ip"]).ip_class
        assert refused in {"time.ambiguous_day_month", IpClass.INVALID}


def test_a_small_file_is_mostly_sound() -> None:
    small = morning(3, suspects=5, victims=1, now=NOW, addresses=Everywhere())
    assert small.native.expectation.accepted == 6


@given(seed=st.integers(0, 10_000), code=st.sampled_from(sorted(PROVINCES)))
@settings(max_examples=60)
def test_the_parts_of_a_canadian_agree(seed: int, code: str) -> None:
    one = person(Home("CA", code), Random(seed))
    place = next(place for place in PROVINCES[code].places if place.name == one.municipality)
    assert one.postal_code is not None
    assert one.postal_code[0] in LETTERS[code]
    assert one.postal_code[:3] in place.postal_areas
    assert re.fullmatch(r"[A-CEGHJ-NPR-TVXY]\d[A-CEGHJ-NPR-TV-Z] \d[A-CEGHJ-NPR-TV-Z]\d", one.postal_code)
    assert one.phone is not None
    assert int(one.phone[2:5]) in AREA_CODES[code]
    assert phonenumbers.is_valid_number(phonenumbers.parse(one.phone))
    assert one.carrier in [carrier for carrier, _ in PROVINCES[code].shares]
    assert zone(one.zone)


def test_every_country_abroad_can_be_lived_in() -> None:
    for code, country in COUNTRIES.items():
        one = person(Home(code), Random(1))
        assert (one.country, one.province, one.carrier) == (code, None, country.carrier)
        assert zone(one.zone)
        assert one.phone is None or phonenumbers.region_code_for_number(phonenumbers.parse(one.phone)) == code


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20)
def test_a_file_of_thirty_shows_eight_provinces_and_ten_countries(seed: int) -> None:
    living = homes(seed, 30)
    assert len(living) == 30
    assert len({home.province for home in living if home.province}) >= 8
    assert len({home.country for home in living}) >= 10


def test_nobody_can_be_called_or_written_to(made: Morning) -> None:
    text = made.file.decode() + "".join(report.body.decode() for report in made.reports)
    domains = set(MAIL.findall(text))
    assert domains
    assert domains <= {"example.com", "example.org", "example.net"}
    phones = re.findall(r"\+\d{10,15}", text)
    assert phones
    assert all(FICTION.fullmatch(phone) for phone in phones)
    assert all(FICTION.fullmatch(draft.person.phone) for draft in made.native.drafts if draft.person.phone)


def test_everything_is_marked_synthetic(made: Morning, document: dict[str, Any]) -> None:
    assert document["synthetic"] is True
    assert all(b"synthetic: true" in report.body for report in made.reports)


def test_captures_of_sound_entries_lie_in_the_last_sixty_days(made: Morning) -> None:
    for draft in made.native.drafts:
        if draft.expected.because != "sound":
            continue
        for capture in draft.body.get("captures", []):
            at = parse(capture["time"], capture["zone"])
            assert at.problem is None
            assert at.at is not None
            assert timedelta(0) < NOW - at.at <= timedelta(days=60)


def test_a_network_that_shares_addresses_usually_told_its_port(made: Morning) -> None:
    shared = [
        capture
        for draft in made.native.drafts
        if draft.expected.because == "sound" and draft.person.carrier.shares_addresses
        for capture in draft.body.get("captures", [])
    ]
    assert sum("port" in capture for capture in shared) > 0.7 * len(shared)


def test_two_reports_name_accounts_of_the_file(made: Morning, document: dict[str, Any]) -> None:
    named = {f"{one['account']['service']}/{one['account'].get('id')}" for one in document["suspects"]}
    shared = [report for report in made.reports if named & set(report.expectation.entries)]
    assert len(shared) == 2


def test_each_report_is_xml_that_names_one_person(made: Morning) -> None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    for report in made.reports:
        root = etree.fromstring(report.body, parser)
        assert root.tag == "report"
        assert len(root.findall("personOrUserReported")) == 1
        assert report.body.startswith(b"<")


def test_reports_differ_as_those_of_real_clients_do(made: Morning) -> None:
    bodies = [report.body.decode() for report in made.reports]
    times = [time for body in bodies for time in re.findall(r"<dateTime>([^<]*)<", body)]
    for form in (r"\S+Z", r"\S+[+-]\d\d:\d\d", r"\S+\.\d{3}Z", r"\S+\.\d{9}\S+", r"\s+\S+\s+", r"[\d-]+T[\d:]+"):
        assert any(re.fullmatch(form, time) for time in times), form
    assert sum("<escalateToHighPriority>The " in body for body in bodies) == 1
    assert sum("<ageAssertionDiscrepancy>" in body for body in bodies) == 1
    assert sum(not body.startswith("<?xml") for body in bodies) == 1
    assert len({report.media_type for report in made.reports}) >= 4


def test_a_province_is_expected_only_where_better_evidence_than_a_network_tells_it(made: Morning) -> None:
    for draft in made.native.drafts:
        expected, body = draft.expected, draft.body
        if expected.because != "sound" or expected.country != "CA":
            continue
        told = {"civic_addresses", "stated_location"} & set(body)
        dialled = [phone["value"] for phone in body.get("phones", [])]
        area = any(int(phone[2:5]) not in SHARED_AREA_CODES for phone in dialled)
        assert (expected.province is not None) == bool(told or area)


def test_flaws_are_what_their_names_say(made: Morning) -> None:
    assert drafts_of(made, "port_zero").body["captures"][-1]["port"] == 0
    assert drafts_of(made, "ipv4_mapped_ip_address").body["captures"][0]["ip"].startswith("::ffff:")
    assert "zone" not in drafts_of(made, "time_without_zone").body["captures"][0]
    captures = drafts_of(made, "duplicate_capture").body["captures"]
    assert captures[-1] == captures[0]
    assert classify(drafts_of(made, "private_ip_address").body["captures"][0]["ip"]).ip_class is IpClass.PRIVATE
    nat = drafts_of(made, "carrier_nat_ip_address").body["captures"][0]["ip"]
    assert classify(nat).ip_class is IpClass.CARRIER_NAT
    with pytest.raises(OSError, match="illegal IP address"):
        inet_pton(AF_INET, drafts_of(made, "unreadable_ip_address").body["captures"][-1]["ip"])
    assert set(drafts_of(made, "ambiguous_place_name").body["stated_location"]) == {"municipality", "country"}


def test_files_come_one_at_a_time_and_differ() -> None:
    stream = files(5, 1_000_000, 10, now=NOW, addresses=Everywhere())
    first, second = islice(stream, 2)
    assert (first.reference, second.reference) == ("NL-20261122080000-5-00001", "NL-20261122080000-5-00002")
    assert first.body != second.body
    assert first.expectation.accepted == 10


def test_addresses_were_announced_by_the_provider_and_lie_in_its_country(snapshot: SnapshotAddresses) -> None:
    networks = {
        *((carrier.asn, "CA") for province in PROVINCES.values() for carrier, _ in province.shares),
        *((country.carrier.asn, country.code) for country in COUNTRIES.values()),
    }
    random = Random(1)
    for asn, country in networks:
        for _ in range(20):
            text = snapshot.address(asn, country, random)
            found = snapshot.snapshot.lookup(inet_pton(AF_INET, text))
            assert (found.asn, found.country, found.second_country) == (asn, country, country)
            assert classify(text).ip_class is IpClass.PUBLIC


def test_a_network_without_addresses_there_is_said_so(snapshot: SnapshotAddresses) -> None:
    for addresses, asn in ((snapshot, 4_200_000_000), (snapshot, 803), (ListedAddresses({}), 577)):
        with pytest.raises(LookupError):
            addresses.address(asn, "JP", Random(1))
