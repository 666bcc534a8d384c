"""Who held a network at the time of a capture, and who answers for it today."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isp_liaison.domain.directory import ASSUMED_RETENTION_DAYS, Directory, Network, Owner, Provider, Retention
from isp_liaison.reference.loading import read_seed

SEED = read_seed()
DIRECTORY = SEED.directory
TODAY = date(2026, 11, 22)
NORTH = (577, 601, 602, 855, 684, 7122, 6539, 36522, 812, 3602, 19835, 6327, 803, 852, 14663, 15290)
EAST = (5769, 7992, 11290, 11260, 5645, 20375, 11814, 398721, 21949, 40191, 14593, 376, 549)
LONG_AGO = date(1900, 1, 1)


def noon(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00:00+00:00")


def answering(asn: int, day: str, today: date = TODAY, *, testmode: bool = False) -> str | None:
    found = DIRECTORY.provider_at(asn, noon(day), testmode=testmode, today=today)
    return None if found is None else found.id


@pytest.mark.parametrize(
    ("asn", "day", "today", "expected"),
    [
        (6327, "2026-11-01", "2026-11-22", "rogers"),
        (6327, "2022-06-01", "2026-11-22", "rogers"),  # Shaw held it; Rogers answers
        (6327, "2022-06-01", "2022-07-01", "shaw"),
        (6327, "2023-04-02", "2023-04-02", "shaw"),
        (6327, "2023-04-02", "2023-04-03", "rogers"),
        (684, "2016-01-01", "2016-02-01", "mts"),
        (684, "2016-01-01", "2026-11-22", "bell"),
        (7122, "2026-11-01", "2026-11-22", "bell"),
        (577, "2026-11-01", "2026-11-22", "bell"),
        (36522, "2026-11-01", "2026-11-22", "bell-mobility"),
        (5645, "2026-11-01", "2026-11-22", "teksavvy"),
        (811, "2026-11-01", "2026-11-22", "shared-services-canada"),
        (64512, "2026-11-01", "2026-11-22", None),
    ],
)
def test_a_network_leads_to_who_answers_for_it(asn: int, day: str, today: str, expected: str | None) -> None:
    assert answering(asn, day, date.fromisoformat(today)) == expected


def test_freedom_mobile_is_answered_for_by_videotron_since_it_was_sold() -> None:
    before, after = (DIRECTORY.answering("freedom", date(2023, 4, day)) for day in (2, 3))
    assert before is not None
    assert after is not None
    assert (before.id, after.id) == ("freedom", "videotron")


@pytest.mark.parametrize(("asns", "provider"), [(NORTH, "provider-north"), (EAST, "provider-east")])
def test_in_test_mode_two_synthetic_providers_hold_the_networks_at_all_times(
    asns: Sequence[int], provider: str
) -> None:
    for asn in asns:
        assert answering(asn, "2016-01-01", testmode=True) == provider
        assert answering(asn, "2026-11-01", testmode=True) == provider
        assert answering(asn, "2026-11-01") not in (None, provider)


def test_test_mode_and_earnest_never_meet() -> None:
    for network in SEED.networks:
        for today in (LONG_AGO, TODAY):
            found = DIRECTORY.provider_at(network.asn, noon("2024-01-01"), testmode=network.testmode, today=today)
            assert found is None or found.testmode is network.testmode


def test_the_day_of_a_network_is_a_day_in_utc() -> None:
    evening = datetime(2023, 4, 2, 20, 30, tzinfo=timezone(timedelta(hours=-6)))
    before = Directory.of(SEED.providers, SEED.networks, (), version="v")
    held = before.provider_at(6327, evening, testmode=False, today=TODAY)
    assert held is not None
    assert held.id == "rogers"
    earlier = before.provider_at(6327, evening - timedelta(hours=3), testmode=False, today=TODAY)
    assert earlier is None  # Shaw held it, no longer answers, and without owners nobody does


def test_a_provider_is_found_by_its_id_whether_or_not_it_answers() -> None:
    shaw = DIRECTORY.provider("shaw")
    assert shaw is not None
    assert not shaw.valid(TODAY)
    assert DIRECTORY.provider("nobody") is None


def test_what_a_provider_keeps_is_published_or_assumed() -> None:
    found = {id: provider.retention for id, provider in DIRECTORY.providers.items()}
    assert found["teksavvy"] == Retention(30, assumed=False)
    assert found["bell"] == Retention(ASSUMED_RETENTION_DAYS, assumed=True)
    real = [id for id, provider in DIRECTORY.providers.items() if not provider.testmode]
    assert [id for id in real if not found[id].assumed] == ["teksavvy"]


def provider(id: str, valid_to: date | None = None) -> Provider:
    return Provider(
        id=id, name_en=id, name_fr=id, legal_entity=id, brands=(), kind="access", channel="none", needs_port=None,
        retention_days=None, retention_source="", retention_as_of=None, reply_zone=None, languages=("en",),
        max_lines=1, accepts=frozenset(), testmode=False, valid_from=LONG_AGO, valid_to=valid_to,
    )  # fmt: skip


def owned(one: str, by: str, since: date = LONG_AGO, until: date | None = None) -> Owner:
    return Owner(provider=one, owner=by, valid_from=since, valid_to=until)


def small(owners: Sequence[Owner], ids: str = "abcde") -> Directory:
    network = Network(asn=64500, provider="a", testmode=False, valid_from=LONG_AGO, valid_to=None)
    return Directory.of([provider(id) for id in ids], [network], owners, version="v")


@pytest.mark.parametrize(
    ("owners", "expected"),
    [
        ([], "a"),
        ([owned("a", "b"), owned("b", "c")], "c"),
        ([owned("a", "b", until=date(2020, 1, 1)), owned("a", "c", since=date(2020, 1, 2))], "c"),
        ([owned("a", "b", since=date(2030, 1, 1))], "a"),
        ([owned("a", "b", until=date(2020, 1, 1))], "a"),  # sold off again
        ([owned("a", "a")], None),
        ([owned("a", "b"), owned("b", "a")], None),
        ([owned("a", "b"), owned("b", "c"), owned("c", "b")], None),
        ([owned("a", "unknown")], None),
    ],
)
def test_owners_are_followed_by_date_to_the_last(owners: Sequence[Owner], expected: str | None) -> None:
    found = small(owners).provider_at(64500, noon("2026-11-01"), testmode=False, today=TODAY)
    assert (None if found is None else found.id) == expected


@given(
    st.lists(
        st.builds(
            owned,
            st.sampled_from("abcde"),
            st.sampled_from("abcde"),
            st.dates(date(2000, 1, 1), date(2030, 1, 1)),
            st.none() | st.dates(date(2000, 1, 1), date(2030, 1, 1)),
        ),
        max_size=12,
    ),
    st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds
    st.dates(date(2000, 1, 1), date(2030, 1, 1)),
)
def test_whoever_owns_whom_an_answer_is_one_that_nobody_owns_or_none(
    owners: list[Owner], at: datetime, today: date
) -> None:
    found = small(owners).provider_at(64500, at, testmode=False, today=today)
    if found is not None:
        assert not any(one.provider == found.id and one.valid(today) for one in owners)
