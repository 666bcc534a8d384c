"""The rule "as of its time", case by case."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.domain.attribution import (
    SINGLE_PROVINCE_NETWORKS,
    Attribution,
    Basis,
    CheckedBy,
    Confidence,
    Network,
    SingleProvinceNetwork,
    SnapshotDate,
    agree,
    attribute,
    choose,
    weakest,
)

SPRING = SnapshotDate(snapshot="2025-04-02", taken_on=date(2025, 4, 2))
SUMMER = SnapshotDate(snapshot="2026-06-17", taken_on=date(2026, 6, 17))
BOTH = [SUMMER, SPRING]

IN_TIME = date(2026, 7, 1)
BETWEEN = date(2025, 12, 1)
AFTER = date(2026, 11, 22)


def network(
    asn: int | None = 64500,
    *,
    organisation: str | None = "North Access",
    country: str | None = "CA",
    second_country: str | None = "CA",
    home_country: str | None = "CA",
) -> Network:
    return Network(
        asn=asn,
        organisation=organisation,
        country=country,
        second_country=second_country,
        home_country=home_country,
    )


def attributed(on: date | None, answer: Network, later: Network | None = None) -> Attribution:
    choice = choose(on, BOTH)
    assert choice is not None
    answers = dict(zip(choice.asked, (answer, later or answer), strict=False))
    return attribute("/suspects/0/captures/0", "public", choice, answers)


@pytest.mark.parametrize(
    ("on", "answers", "basis"),
    [
        (date(2025, 4, 2), SPRING, Basis.AS_OF),
        (date(2025, 6, 1), SPRING, Basis.AS_OF),  # 60 days
        (date(2025, 6, 2), SPRING, CheckedBy(snapshot="2026-06-17")),  # 61
        (date(2026, 6, 16), SPRING, CheckedBy(snapshot="2026-06-17")),
        (date(2026, 6, 17), SUMMER, Basis.AS_OF),
        (date(2026, 8, 16), SUMMER, Basis.AS_OF),
        (date(2026, 8, 17), SUMMER, Basis.NO_LATER),
        (date(2025, 4, 1), SPRING, Basis.OLDER_THAN_EVERY),
        (None, SUMMER, Basis.NO_TIME),
    ],
)
def test_the_newest_snapshot_not_later_than_the_capture_answers(
    on: date | None, answers: SnapshotDate, basis: Basis | CheckedBy
) -> None:
    choice = choose(on, BOTH)
    assert choice is not None
    assert (choice.answers, choice.basis) == (answers.snapshot, basis)


def test_of_several_later_snapshots_the_next_one_confirms() -> None:
    last = SnapshotDate(snapshot="2026-09-01", taken_on=date(2026, 9, 1))
    choice = choose(BETWEEN, [last, *BOTH])
    assert choice is not None
    assert choice.asked == ("2025-04-02", "2026-06-17")


@given(st.dates(), st.sets(st.dates(), min_size=1))
def test_a_later_snapshot_never_answers_unless_every_one_is_later(on: date, days: set[date]) -> None:
    snapshots = {day.isoformat(): SnapshotDate(snapshot=day.isoformat(), taken_on=day) for day in days}
    choice = choose(on, list(snapshots.values()))
    assert choice is not None
    answering = snapshots[choice.answers].taken_on
    if choice.basis is Basis.OLDER_THAN_EVERY:
        assert answering == min(days) > on
    else:
        assert answering == max(day for day in days if day <= on)


@pytest.mark.parametrize(
    ("on", "confidence", "reason"),
    [
        (IN_TIME, Confidence.HIGH, "snapshot.as_of"),
        (BETWEEN, Confidence.HIGH, "snapshot.later_agrees 2026-06-17"),
        (AFTER, Confidence.MEDIUM, "snapshot.no_later"),
        (date(2024, 1, 1), Confidence.LOW, "snapshot.older_than_every"),
        (None, Confidence.LOW, "snapshot.capture_without_time"),
    ],
)
def test_confidence_follows_the_age_of_the_snapshot(on: date | None, confidence: Confidence, reason: str) -> None:
    found = attributed(on, network())
    assert (found.confidence, found.reasons[0], found.needs_person) == (confidence, reason, False)


@pytest.mark.parametrize(
    ("later", "told"),
    [
        (network(64501, organisation="South Access"), "AS64501 CA"),
        (network(country="US", second_country="US"), "AS64500 US"),
        (
            network(None, organisation=None, country=None, second_country=None, home_country=None),
            "unannounced nowhere",
        ),
    ],
)
def test_a_later_snapshot_that_differs_asks_for_a_person(later: Network, told: str) -> None:
    found = attributed(BETWEEN, network(), later)
    assert (found.confidence, found.needs_person) == (Confidence.LOW, True)
    assert (found.asn, found.snapshot) == (64500, "2025-04-02")
    assert found.reasons[0] == f"snapshot.later_differs 2026-06-17 {told}"


def test_the_same_organisation_under_another_number_agrees() -> None:
    assert agree(network(64500, organisation="North Access"), network(64501, organisation="North Access"))
    assert agree(network(36522, organisation="BELL MOBILITY INC."), network(577, organisation="Bell Canada"))
    assert not agree(network(36522, organisation="BELL MOBILITY INC."), network(812, organisation="Rogers"))
    assert not agree(network(1, organisation=None), network(2, organisation=None))


def test_where_the_countries_differ_the_providers_home_wins_and_a_person_looks() -> None:
    found = attributed(IN_TIME, network(64500, country="MU", second_country="CA", home_country="CA"))
    assert (found.country, found.confidence, found.needs_person) == ("CA", Confidence.LOW, True)
    assert "country.sources_differ MU CA" in found.reasons


def test_where_neither_country_is_the_providers_home_the_primary_source_stands() -> None:
    found = attributed(IN_TIME, network(64500, country="MU", second_country="ZA", home_country=None))
    assert (found.country, found.second_country, found.confidence) == ("MU", "ZA", Confidence.LOW)


def test_the_home_of_a_canadian_access_provider_is_canada_whatever_the_table_says() -> None:
    found = attributed(IN_TIME, network(852, country="MU", second_country="CA", home_country="MU"))
    assert found.country == "CA"


def test_a_canadian_access_provider_abroad_is_doubted() -> None:
    found = attributed(IN_TIME, network(812, country="PL", second_country="PL"))
    assert (found.country, found.confidence, found.needs_person) == ("PL", Confidence.LOW, True)
    assert found.reasons[-1] == "country.not_the_providers_home CA"


@pytest.mark.parametrize(
    ("country", "second_country", "decided", "confidence"),
    [
        ("CA", None, "CA", Confidence.MEDIUM),
        (None, "CA", "CA", Confidence.MEDIUM),
        (None, None, None, Confidence.LOW),
    ],
)
def test_a_silent_country_source_lowers_confidence(
    country: str | None, second_country: str | None, decided: str | None, confidence: Confidence
) -> None:
    found = attributed(IN_TIME, network(812, country=country, second_country=second_country))
    assert (found.country, found.confidence, found.needs_person) == (decided, confidence, False)


def test_space_nobody_announced_is_of_low_confidence() -> None:
    found = attributed(IN_TIME, network(None, organisation=None, home_country=None))
    assert (found.asn, found.country, found.confidence) == (None, "CA", Confidence.LOW)
    assert "network.unannounced" in found.reasons


@pytest.mark.parametrize("ip_class", ["carrier_nat", "private", "documentation", "invalid", "class_of_tomorrow"])
def test_what_is_not_public_keeps_its_class_and_is_not_looked_up(ip_class: str) -> None:
    found = attribute("/0", ip_class, choose(IN_TIME, BOTH), {})
    assert (found.ip_class, found.asn, found.snapshot, found.confidence) == (ip_class, None, None, Confidence.NONE)
    assert found.reasons == (f"class.{ip_class}",)


def test_without_any_snapshot_nothing_is_attributed() -> None:
    assert choose(IN_TIME, []) is None
    found = attribute("/0", "public", None, {})
    assert (found.confidence, found.reasons) == (Confidence.NONE, ("snapshot.none",))


@pytest.mark.parametrize(
    ("asn", "country", "hint"),
    [(803, "CA", "CA-SK"), (7122, "CA", "CA-MB"), (577, "CA", None), (803, "US", None), (None, "CA", None)],
)
def test_a_single_province_network_hints_at_its_province_in_canada_only(
    asn: int | None, country: str, hint: str | None
) -> None:
    assert attributed(IN_TIME, network(asn, country=country, second_country=country)).province_hint == hint


def test_a_province_hint_holds_for_its_dates() -> None:
    hint = SingleProvinceNetwork(
        asn=64500, province="CA-MB", source="test", since=date(2025, 1, 1), until=date(2026, 1, 1)
    )
    days = [date(2024, 12, 31), date(2025, 1, 1), date(2025, 12, 31), date(2026, 1, 1), None]
    assert [hint.holds_on(day) for day in days] == [False, True, True, False, False]
    assert SINGLE_PROVINCE_NETWORKS[0].holds_on(None)


def test_an_as_number_has_one_province_hint() -> None:
    asns = [known.asn for known in SINGLE_PROVINCE_NETWORKS]
    assert len(asns) == len(set(asns))


@given(st.lists(st.sampled_from(list(Confidence)), min_size=1))
def test_a_chain_is_as_sure_as_its_weakest_link(confidences: list[Confidence]) -> None:
    order = ["none", "low", "medium", "high"]
    assert weakest(*confidences) == min(confidences, key=order.index)


COUNTRIES = st.sampled_from([None, "CA", "US", "PL"])


@given(
    st.one_of(st.none(), st.dates()),
    st.builds(network, asn=st.sampled_from([None, 812, 64500]), country=COUNTRIES, second_country=COUNTRIES),
    st.builds(network, asn=st.sampled_from([None, 812, 64500]), country=COUNTRIES, second_country=COUNTRIES),
)
def test_a_person_is_asked_only_about_what_is_unsure(on: date | None, answer: Network, later: Network) -> None:
    found = attributed(on, answer, later)
    if found.needs_person:
        assert found.confidence is Confidence.LOW
    assert found.country in {answer.country, answer.second_country}
