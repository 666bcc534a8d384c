"""An endpoint's health, secrets, subscriptions and URL."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import ids
from notifications.domain import wording
from notifications.domain.deliveries import Delivery
from notifications.domain.endpoints import (
    FAILING_FOR,
    GRACE,
    LANES,
    MOST_ENDPOINTS,
    REST,
    RESTS_AFTER,
    Endpoint,
    EndpointId,
    Health,
    Secrets,
    after_failure,
    is_given_up,
    lane,
    one_more,
    rotate,
    signing_versions,
)
from notifications.domain.recipients import Recipient
from notifications.domain.subscriptions import Audience, EventType, Subscription, chosen, missed, of_audience, wants
from notifications.domain.urls import LONGEST, check

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
CREATED, OVERDUE, DISABLED = EventType.ASSIGNMENT_CREATED, EventType.ASSIGNMENT_OVERDUE, EventType.ENDPOINT_DISABLED


def subscription(*types: str, least: str = "P4", audience: Audience = Audience.OFFICER) -> Subscription:
    return Subscription(types=frozenset(types), least_priority=least, audience=audience)


@dataclass(frozen=True)
class Listener:
    subscription: Subscription


@pytest.mark.parametrize(
    ("subscribed", "types", "priority", "wanted"),
    [
        (subscription(), {CREATED}, "P4", True),
        (subscription(CREATED), {CREATED, OVERDUE}, "P4", True),
        (subscription(CREATED), {OVERDUE}, "P0", False),
        (subscription(least="P1"), {CREATED}, "P1", True),
        (subscription(least="P1"), {CREATED}, "P2", False),
        (subscription(CREATED, least="P0"), {DISABLED}, "P2", True),  # its agency has to know that
    ],
)
def test_an_endpoint_gets_what_it_subscribed_to(
    subscribed: Subscription, types: set[str], priority: str, wanted: bool
) -> None:
    assert wants(subscribed, types=types, priority=priority) is wanted


def test_officers_hear_first_and_the_unit_where_no_officer_would() -> None:
    officer, unit = Listener(subscription(OVERDUE)), Listener(subscription(audience=Audience.UNIT))
    both = [unit, officer]
    assert chosen(both, types={OVERDUE}, priority="P3") == [officer]
    assert chosen(both, types={CREATED}, priority="P3") == [unit]
    assert chosen([officer], types={CREATED}, priority="P3") == []
    assert of_audience(both, Audience.UNIT) == [unit]


def test_that_an_endpoint_was_disabled_is_for_officers_and_the_unit() -> None:
    officer, unit = Listener(subscription(OVERDUE)), Listener(subscription(CREATED, audience=Audience.UNIT))
    assert chosen([unit, officer], types={DISABLED}, priority="P2") == [unit, officer]


@pytest.mark.parametrize(
    ("audience", "type_", "with_officers", "is_missed"),
    [
        (Audience.OFFICER, CREATED, True, True),  # another officer's
        (Audience.OFFICER, OVERDUE, False, False),  # does not want it
        (Audience.UNIT, CREATED, False, True),
        (Audience.UNIT, CREATED, True, False),
        (Audience.UNIT, OVERDUE, False, False),
        (Audience.UNIT, DISABLED, True, True),
    ],
)
def test_an_endpoint_has_missed_what_it_would_have_been_sent(
    audience: Audience, type_: str, with_officers: bool, is_missed: bool
) -> None:
    wanting = subscription(CREATED, audience=audience)
    assert missed(wanting, types={type_}, priority="P3", with_officers=with_officers) is is_missed


def test_an_endpoint_rests_after_three_failures_in_a_row() -> None:
    health = Health()
    for number in range(1, RESTS_AFTER + 2):
        health = after_failure(health, NOW)
        assert health.failures == number
        assert health.rest_until == (NOW + REST if number >= RESTS_AFTER else None)


@given(st.lists(st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(hours=30)), max_size=12))
def test_it_is_given_up_after_days_of_nothing_but_failures_however_many(waits: list[timedelta]) -> None:
    health, at = after_failure(Health(), NOW), NOW
    assert not is_given_up(Health(), NOW)
    for wait in waits:
        at += wait
        health = after_failure(health, at)
        assert health.failing_since == NOW
        assert is_given_up(health, at) is (at - NOW >= FAILING_FOR)


def test_a_rotation_keeps_the_secret_before_for_a_day() -> None:
    first = Secrets()
    assert signing_versions(first, NOW) == (1,)
    second = rotate(first, NOW)
    assert signing_versions(second, NOW + GRACE - timedelta(seconds=1)) == (2, 1)
    assert signing_versions(second, NOW + GRACE) == (2,)
    assert signing_versions(rotate(second, NOW), NOW) == (3, 2)  # the first is forgotten at once


@given(st.uuids())
def test_a_delivery_has_one_lane(delivery: UUID) -> None:
    assert 0 <= lane(delivery) < LANES
    assert lane(delivery) == lane(UUID(str(delivery)))


def test_deliveries_spread_over_all_lanes() -> None:
    assert {lane(ids.new()) for _ in range(200)} == set(range(LANES))


def test_an_agency_has_so_many_endpoints() -> None:
    assert one_more(MOST_ENDPOINTS - 1) is None
    refused = one_more(MOST_ENDPOINTS)
    assert refused is not None
    assert refused.code == "endpoint.too_many"


@pytest.mark.parametrize(("state", "enabled", "deleted"), [("enabled", 1, 0), ("disabled", 0, 0), ("deleted", 0, 1)])
def test_only_an_enabled_endpoint_gets_anything(state: str, enabled: int, deleted: int) -> None:
    endpoint = Endpoint(
        id=EndpointId(ids.new()), owner=Recipient("ice-on", "agency:ice-on"), testmode=True, url="https://x.example/",
        subscription=subscription(), created_at=NOW, state=state,
    )  # fmt: skip
    assert (endpoint.enabled, endpoint.deleted) == (bool(enabled), bool(deleted))
    assert (endpoint.health, endpoint.secrets) == (Health(), Secrets())


def test_a_new_delivery_waits_for_its_first_attempt() -> None:
    made = Delivery(
        id=ids.new(), tenant="agency:ice-on", testmode=True, endpoint=ids.new(), lane=0, kind="test", notice=None,
        referral=None, agency="ice-on", priority="P4", origin="centre", handling="NONE", body="{}", due_at=NOW,
        created_at=NOW,
    )  # fmt: skip
    assert (made.state, made.tries, made.attempts) == ("pending", 0, 0)


@pytest.mark.parametrize("url", ["https://hooks.example.org/a?b=c", "https://[2606:4700::1111]:8443/", "HTTPS://x.ca"])
def test_an_https_url_is_fine(url: str) -> None:
    assert check(url, sandbox=False) is None
    assert check(url, sandbox=True) is None


def test_only_a_sandbox_may_be_without_tls() -> None:
    assert check("http://127.0.0.1:18086/hooks", sandbox=True) is None
    refused = check("http://127.0.0.1:18086/hooks", sandbox=False)
    assert refused is not None
    assert refused.code == "endpoint.scheme"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "endpoint.url"),
        ("https://x.ca/" + "a" * LONGEST, "endpoint.url"),
        ("https://x.ca/a b", "endpoint.url"),
        ("https://x.ca/\0", "endpoint.url"),
        ("https://é.ca/", "endpoint.url"),
        ("https://", "endpoint.url"),
        ("https:///path", "endpoint.url"),
        ("https://[::1/", "endpoint.url"),
        ("https://x.ca:0/", "endpoint.url"),
        ("https://x.ca:99999/", "endpoint.url"),
        ("https://x.ca:port/", "endpoint.url"),
        ("https://user@x.ca/", "endpoint.url"),
        ("https://:pw@x.ca/", "endpoint.url"),
        ("https://x.ca/#part", "endpoint.url"),
        ("https://x.ca/#", "endpoint.url"),
        ("ftp://x.ca/", "endpoint.scheme"),
        ("file://x.ca/etc/passwd", "endpoint.scheme"),
    ],
)
def test_what_is_no_url_for_a_webhook_is_refused(url: str, code: str) -> None:
    refused = check(url, sandbox=True)
    assert refused is not None
    assert refused.code == code


@given(st.text(max_size=80))
def test_no_text_is_our_fault(text: str) -> None:
    refused = check(text, sandbox=False)
    assert refused is None or refused.detail


def test_people_read_how_much_how_urgent_and_until_when_in_both_languages() -> None:
    until = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
    assert wording.issued(1, "P0", until) == {
        "en": "Interlink: 1 item concerning one referral, priority P0. Acknowledge by 2026-11-23 10:15 UTC.",
        "fr": "Interlink : 1 élément au sujet d’un même signalement, priorité P0."
        " Accuser réception avant le 2026-11-23 10:15 UTC.",
    }
    several = wording.issued(12, "P3", None)
    assert several["en"].endswith("12 items concerning one referral, priority P3.")
    assert "12 éléments" in several["fr"]
    assert "2026-11-23" in wording.escalated("P1", until)["fr"]
    assert set(wording.test()) == {"en", "fr"}
