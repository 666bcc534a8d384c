"""Handing over: whatever the provider's channel does, the same number and the same bytes, until it is clear."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from service.isp_liaison.conftest import DEMAND, NOW, PRODUCTION, SECRET, Liaison, capture, identified
from service.isp_liaison.provider import Behaviour, serving
from service.isp_liaison.test_approving import problem

from contracts.events.identifications import IdentificationSent
from contracts.personal import AttributedCapture
from isp_liaison.service import service
from kit.jobs import Job
from kit.testing.databases import TestDatabase
from kit.testing.harness import running
from kit.time import SettableClock
from kit.worker import LEASE

SHORT, LONG = 3.0, 30.0
"""How long a provider may take: hanging is waited for; whoever is only slow, on a busy machine, does not hang."""
FAILING = {
    "500": Behaviour(status="500 Internal Server Error", body=b""),
    "hanging": Behaviour(hangs=True),
    "closing mid-body": Behaviour(closes_after=4),
    "not JSON": Behaviour(body=b"<html>welcome</html>"),
    "too long": Behaviour(body=b" " * 20_000),
    "502": Behaviour(status="502 Bad Gateway", body=b""),
}


async def approved(liaison: Liaison) -> str:
    await liaison.given()
    number = await liaison.number()
    await liaison.submit(number)
    await liaison.approve(number)
    return number


@pytest.mark.parametrize(
    ("behaviour", "channel_seconds"), [(one, SHORT if one.hangs else LONG) for one in FAILING.values()], ids=FAILING
)
async def test_what_may_have_arrived_is_sent_again_with_the_same_number_and_bytes(
    liaison: Liaison, behaviour: Behaviour
) -> None:
    number = await approved(liaison)
    liaison.provider.will(behaviour, behaviour)
    await liaison.harness.work()
    shown = await liaison.shown(number)
    assert (shown["state"], shown["attempts"], shown["channel_refused"]) == ("approved", 1, False)
    assert shown["channel_error"]

    assert await liaison.harness.work() == 0  # not before its time
    for wait in (5, 30):
        liaison.clock.advance(timedelta(seconds=wait))
        assert await liaison.harness.work() == 1
    assert len({(call.headers["idempotency-key"], call.body) for call in liaison.provider.calls}) == 1
    assert len(liaison.provider.calls) == 3
    shown = await liaison.shown(number)
    assert (shown["state"], shown["provider_status"], shown["provider_reference"]) == ("sent", "in_progress", "P-1")
    assert (shown["channel_error"], len(await liaison.published(IdentificationSent))) == (None, 1)


@pytest.mark.parametrize("status", ["410 Gone", "400 Bad Request", "409 Conflict", "302 Found", "401 Unauthorized"])
async def test_a_refusal_waits_for_a_person_who_has_it_sent_again(liaison: Liaison, status: str) -> None:
    number = await approved(liaison)
    liaison.provider.will(Behaviour(status=status, headers={"Location": "/elsewhere"}))
    await liaison.harness.work()
    liaison.clock.advance(timedelta(days=2))
    assert len(liaison.provider.calls) == 1
    shown = await liaison.shown(number)
    assert (shown["state"], shown["channel_refused"]) == ("approved", True)
    assert shown["channel_error"] == f"status_{status[:3]}"

    assert (await liaison.post(f"requests/{number}:send", sub="officer-2")).status_code == 200
    await liaison.harness.work()
    assert (await liaison.shown(number))["state"] == "sent"
    first, second = liaison.provider.calls
    assert (first.headers["idempotency-key"], first.body) == (second.headers["idempotency-key"], second.body)
    again = await liaison.post(f"requests/{number}:send", sub="officer-2")
    assert again.status_code == 409


@pytest.mark.parametrize("times", [1, 2])
async def test_a_request_whose_every_attempt_was_refused_can_be_returned(liaison: Liaison, times: int) -> None:
    number = await approved(liaison)
    liaison.provider.will(*[Behaviour(status="410 Gone")] * times)
    await liaison.harness.work()
    for _ in range(times - 1):
        assert (await liaison.post(f"requests/{number}:send")).status_code == 200
        await liaison.harness.work()
    assert (await liaison.post(f"requests/{number}:return", {"reason": "Another form."})).status_code == 200
    assert (await liaison.queue(instrument=PRODUCTION, state="draft"))[0]["line_count"] == 1


@pytest.mark.parametrize("channel_seconds", [SHORT])
@pytest.mark.parametrize("status", ["409 Conflict", "401 Unauthorized"])
async def test_a_refused_request_is_not_returned_where_an_earlier_attempt_may_have_arrived(
    liaison: Liaison, status: str
) -> None:
    number = await approved(liaison)
    liaison.provider.will(Behaviour(hangs=True), Behaviour(status=status))
    await liaison.harness.work()
    liaison.clock.advance(timedelta(seconds=5))
    await liaison.harness.work()
    assert (await liaison.shown(number))["channel_refused"] is True
    returning = f"requests/{number}:return", {"reason": "Refused."}
    assert problem(await liaison.post(*returning)) == (409, "request.may_have_arrived")
    assert await liaison.queue(instrument=PRODUCTION, state="draft") == []

    assert (await liaison.post(f"requests/{number}:send")).status_code == 200
    await liaison.harness.work()
    assert (await liaison.shown(number))["state"] == "sent"
    assert len({(call.headers["idempotency-key"], call.body) for call in liaison.provider.calls}) == 1


async def test_a_refused_request_is_not_returned_where_a_call_died_before_its_result(liaison: Liaison) -> None:
    number = await approved(liaison)
    worker = liaison.harness.process.worker
    (claimed,) = await worker._claim()
    await worker._called(worker._types[claimed.kind], claimed)  # and dies here
    liaison.provider.will(Behaviour(status="410 Gone"))
    liaison.clock.advance(LEASE)
    await liaison.harness.work()
    returning = f"requests/{number}:return", {"reason": "Refused."}
    assert problem(await liaison.post(*returning)) == (409, "request.may_have_arrived")

    async with liaison.of_provider() as client:
        said = await client.post(f"/v1/requests/{number}:acknowledge", json={"status": "rejected"})
        assert said.status_code == 200
    assert (await liaison.post(*returning)).status_code == 200


async def refused(liaison: Liaison, *captures: AttributedCapture) -> str:
    """The provider sees it, though its channel has refused it; its number."""
    await liaison.given(*captures)
    liaison.provider.will(Behaviour(status="410 Gone"))
    number = await liaison.sent()
    assert (await liaison.shown(number))["channel_refused"] is True
    return number


async def returned(liaison: Liaison, number: str) -> httpx.Response:
    return await liaison.post(f"requests/{number}:return", {"reason": "Refused."})


async def acknowledged(liaison: Liaison, number: str, status: str) -> None:
    async with liaison.of_provider() as client:
        said = await client.post(f"/v1/requests/{number}:acknowledge", json={"status": status})
    assert said.status_code == 200


@pytest.mark.parametrize("status", ["received", "in_progress", "clarification_requested", "challenged"])
async def test_a_request_that_its_provider_says_it_has_is_sent_and_not_asked_anew(
    liaison: Liaison, status: str
) -> None:
    number = await refused(liaison)
    await acknowledged(liaison, number, status)
    assert problem(await returned(liaison, number)) == (409, "request.with_provider")
    assert await liaison.queue(instrument=PRODUCTION, state="draft") == []

    await liaison.harness.work()
    shown = await liaison.shown(number)
    assert (shown["state"], shown["provider_status"]) == ("sent", status)
    assert len(await liaison.published(IdentificationSent)) == 1
    deadlines = await liaison.harness.rows("SELECT FROM isp_liaison.job WHERE kind = 'deadline.expire'")
    assert len(deadlines) == 1  # until when it may be challenged


async def test_a_request_of_which_the_centre_knows_before_its_channel_refuses_it_is_sent(liaison: Liaison) -> None:
    """The provider said so by telephone; nothing else would ever tell that its days run."""
    number = await approved(liaison)
    said = await liaison.post(f"requests/{number}:acknowledge", {"status": "in_progress"})
    assert said.status_code == 200
    liaison.provider.will(Behaviour(status="410 Gone"))
    await liaison.harness.work()
    assert (await liaison.shown(number))["state"] == "sent"
    assert len(await liaison.published(IdentificationSent)) == 1


async def test_a_request_that_its_provider_rejects_though_its_channel_refused_it_counts_as_not_sent(
    liaison: Liaison,
) -> None:
    number = await refused(liaison)
    await acknowledged(liaison, number, "rejected")
    await liaison.harness.work()
    assert (await liaison.shown(number))["state"] == "approved"
    assert (await returned(liaison, number)).status_code == 200


async def test_a_request_of_which_a_line_is_answered_is_not_asked_anew(liaison: Liaison) -> None:
    number = await refused(liaison, capture("70.24.10.1"), capture("70.24.10.2", item="/captures/1"))
    line, _ = await liaison.lines(number)
    async with liaison.of_provider() as client:
        told = {"zone": "America/Toronto", "lines": [identified(line["line"])]}
        assert (await client.post(f"/v1/requests/{number}:answer", json=told)).status_code == 200
    assert problem(await returned(liaison, number)) == (409, "request.with_provider")

    await liaison.harness.work()
    shown = await liaison.shown(number)
    assert (shown["state"], shown["provider_status"], shown["line_count"]) == ("sent", "in_progress", 2)
    assert len(await liaison.published(IdentificationSent)) == 2


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
@pytest.mark.parametrize("as_date", [False, True], ids=["seconds", "date"])
async def test_a_provider_that_asks_to_wait_is_not_called_before(
    liaison: Liaison, status: str, *, as_date: bool
) -> None:
    number = await approved(liaison)
    after = format_datetime(NOW + timedelta(minutes=7), usegmt=True) if as_date else "420"
    liaison.provider.will(Behaviour(status=status, headers={"Retry-After": after}))
    await liaison.harness.work()
    assert (await liaison.shown(number))["next_attempt_at"] == "2026-11-23T15:07:00Z"
    liaison.clock.advance(timedelta(minutes=6, seconds=59))
    assert await liaison.harness.work() == 0
    liaison.clock.advance(timedelta(seconds=1))
    assert await liaison.harness.work() == 1
    assert (await liaison.shown(number))["state"] == "sent"


@pytest.mark.parametrize("after", ["soon", "1", "99999999999999999999"])
async def test_a_wait_that_makes_no_sense_is_bounded(liaison: Liaison, after: str) -> None:
    number = await approved(liaison)
    liaison.provider.will(Behaviour(status="429 Too Many Requests", headers={"Retry-After": after}))
    await liaison.harness.work()
    shown = await liaison.shown(number)
    assert "2026-11-23T15:00:05Z" <= shown["next_attempt_at"] <= "2026-11-24T15:00:00Z"


async def test_a_crash_between_call_and_result_repeats_the_same_bytes(liaison: Liaison) -> None:
    number = await approved(liaison)
    worker = liaison.harness.process.worker
    (claimed,) = await worker._claim()
    assert isinstance(claimed, Job)
    await worker._called(worker._types[claimed.kind], claimed)  # and dies here
    assert (await liaison.shown(number))["state"] == "approved"
    assert await liaison.harness.work() == 0
    liaison.clock.advance(LEASE)
    assert await liaison.harness.work() == 1
    first, second = liaison.provider.calls
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert (await liaison.shown(number))["state"] == "sent"
    assert len(await liaison.published(IdentificationSent)) == 1


async def test_an_answer_that_is_faster_than_the_receipt_proves_that_the_request_arrived(liaison: Liaison) -> None:
    suspect = await liaison.given()
    number = await liaison.number()
    await liaison.submit(number)
    await liaison.approve(number)
    worker = liaison.harness.process.worker
    (claimed,) = await worker._claim()
    await worker._called(worker._types[claimed.kind], claimed)
    (line,) = await liaison.lines(number)
    assert (await liaison.answered(number, identified(line["line"]))).status_code == 200
    assert (await liaison.shown(number))["state"] == "answered"
    liaison.clock.advance(LEASE)
    await liaison.harness.work()
    shown = await liaison.shown(number)
    assert (shown["state"], shown["provider_status"]) == ("answered", "answered")
    assert len(await liaison.published(IdentificationSent, suspect)) == 1


LAST_MOMENT = datetime(2026, 12, 15, 4, 59, tzinfo=UTC)  # of 14 December in Toronto
OVER = LAST_MOMENT + timedelta(minutes=1)


async def approved_demand(liaison: Liaison) -> str:
    """Made on 23 November: it preserves for 21 days, and carries nothing after them."""
    await liaison.given()
    number = await liaison.number(DEMAND)
    await liaison.submit(number, DEMAND)
    await liaison.approve(number)
    return number


@pytest.mark.parametrize(
    ("at", "state", "error", "calls"),
    [(LAST_MOMENT, "sent", None, 2), (OVER, "approved", "authority_expired", 1)],
    ids=["last moment", "over"],
)
async def test_a_request_is_not_sent_again_once_its_authority_expired(
    liaison: Liaison, at: datetime, state: str, error: str | None, calls: int
) -> None:
    number = await approved_demand(liaison)
    liaison.provider.will(FAILING["500"])
    await liaison.harness.work()
    liaison.clock.set(at)
    await liaison.harness.work()
    shown = await liaison.shown(number)
    assert (shown["state"], shown["channel_error"], shown["channel_refused"]) == (state, error, error is not None)
    assert len(liaison.provider.calls) == calls


async def test_what_may_have_arrived_before_its_authority_expired_is_neither_sent_nor_asked_anew(
    liaison: Liaison,
) -> None:
    number = await approved_demand(liaison)
    liaison.provider.will(FAILING["500"])
    await liaison.harness.work()
    liaison.clock.set(OVER)
    await liaison.harness.work()
    assert problem(await liaison.post(f"requests/{number}:send")) == (422, "authority.expired")
    assert problem(await returned(liaison, number)) == (409, "request.may_have_arrived")
    await acknowledged(liaison, number, "rejected")
    assert (await returned(liaison, number)).status_code == 200


async def test_a_request_whose_authority_expired_before_its_first_attempt_is_never_seen_by_its_provider(
    liaison: Liaison,
) -> None:
    number = await approved_demand(liaison)
    liaison.clock.set(OVER)
    await liaison.harness.work()
    shown = await liaison.shown(number)
    assert (shown["channel_error"], shown["channel_refused"], liaison.provider.calls) == ("authority_expired", True, [])
    async with liaison.of_provider() as client:
        assert (await client.get(f"/v1/requests/{number}")).status_code == 404
    assert (await returned(liaison, number)).status_code == 200


async def test_a_refused_request_is_not_sent_again_once_its_authority_expired(liaison: Liaison) -> None:
    number = await approved_demand(liaison)
    liaison.provider.will(Behaviour(status="410 Gone"))
    await liaison.harness.work()
    liaison.clock.set(OVER)
    assert problem(await liaison.post(f"requests/{number}:send")) == (422, "authority.expired")
    assert (await returned(liaison, number)).status_code == 200


async def test_a_provider_sees_a_request_only_once_it_is_offered_to_it(liaison: Liaison) -> None:
    number = await approved(liaison)
    async with liaison.of_provider() as client, liaison.of_provider("east") as other:
        before = await client.get(f"/v1/requests/{number}")
        assert before.status_code == 404
        assert (await client.get("/v1/requests")).json()["items"] == []
        await liaison.harness.work()
        assert [one["number"] for one in (await client.get("/v1/requests")).json()["items"]] == [number]
        assert (await other.get("/v1/requests")).json()["items"] == []
        stranger = await other.get(f"/v1/requests/{number}")
        assert {**stranger.json(), "request_id": None} == {**before.json(), "request_id": None}


async def test_a_private_host_that_nobody_allowed_is_not_called(database: TestDatabase) -> None:
    async with serving() as provider:
        settings = {"sandbox_channels": provider.channels, "channel_secrets": f"provider-north={SECRET}"}
        async with running(service, database, SettableClock(NOW), **settings) as harness:
            liaison = Liaison(harness, await harness.process.keyring.new_key(), provider)
            number = await approved(liaison)
            await harness.work()
            shown = await liaison.shown(number)
    assert (shown["channel_error"], shown["channel_refused"]) == ("address_refused", True)
    assert provider.calls == []


async def test_a_real_request_never_reaches_a_sandbox_channel(liaison: Liaison) -> None:
    await liaison.told(liaison.requested(capture()), testmode=False)
    number = await liaison.sent()
    shown = await liaison.shown(number)
    assert (shown["provider"], shown["channel_error"], shown["channel_refused"]) == ("bell", "no_channel", True)
    assert liaison.provider.calls == []


async def test_a_request_waits_an_hour_at_most_between_attempts_and_is_never_given_up(liaison: Liaison) -> None:
    number = await approved(liaison)
    liaison.provider.will(*[FAILING["500"]] * 20)
    for _ in range(20):
        assert await liaison.harness.work() == 1
        liaison.clock.advance(timedelta(hours=1))
    assert (await liaison.shown(number))["attempts"] == 20
    await liaison.harness.work()
    assert (await liaison.shown(number))["state"] == "sent"
    assert len({call.body for call in liaison.provider.calls}) == 1


async def test_what_was_erased_after_approval_is_not_sent(liaison: Liaison) -> None:
    number = await approved(liaison)
    await liaison.erase()
    await liaison.harness.work()
    shown = await liaison.shown(number)
    assert (shown["channel_error"], shown["lines"][0]["ip"], liaison.provider.calls) == ("erased", None, [])


async def test_who_was_left_out_of_what_was_sent_is_not_told_that_it_was(liaison: Liaison) -> None:
    await liaison.given(capture("70.24.10.1"))
    erased, liaison.key = liaison.key, await liaison.harness.process.keyring.new_key()
    stays = await liaison.given(capture("70.24.10.2"))
    liaison.key = erased
    await liaison.erase()
    number = await liaison.sent()
    assert len(await liaison.lines(number)) == 1
    assert [one.entry for one in await liaison.published(IdentificationSent)] == [stays]
