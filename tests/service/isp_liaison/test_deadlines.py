"""Deadlines: reminders on business days at nine in the zone of issue, and the moment from which a day is over."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from service.isp_liaison.conftest import DEMAND, EXIGENT, ORDER, PRODUCTION, Liaison, capture
from service.isp_liaison.test_approving import EXIGENCY

from contracts.events.identifications import (
    IdentificationDeadlineApproaching,
    IdentificationDrafted,
    IdentificationExpired,
    IdentificationPreserved,
    IdentificationSent,
)


async def preserved(liaison: Liaison, instrument: str = DEMAND) -> str:
    number = await liaison.sent(instrument)
    (line,) = await liaison.lines(number)
    await liaison.answered(number, {"line": line["line"], "outcome": "preserved"})
    return number


async def run_until(liaison: Liaison, end: datetime) -> None:
    """Do every job at its time, until that moment."""
    while True:
        due = await liaison.harness.rows("SELECT min(due_at) AS at FROM isp_liaison.job WHERE due_at <= $1", end)
        if due[0]["at"] is None:
            liaison.clock.set(end)
            return
        liaison.clock.set(max(due[0]["at"], liaison.clock.now()))
        await liaison.harness.work()


async def told(liaison: Liaison, model: type[Any]) -> list[tuple[str, str, Any]]:
    found = await liaison.harness.published(model)
    return [
        (f"{one.envelope.time:%Y-%m-%dT%H:%M}", one.event.deadline, getattr(one.event, "days_left", None))
        for one in found
    ]


async def reminded_and_expired(liaison: Liaison, suspect: UUID) -> None:
    """Made on Monday 23 November, 21 days: 14 December. Seven, three (a Friday) and one day before (a Sunday)."""
    assert await told(liaison, IdentificationDeadlineApproaching) == [
        ("2026-12-07T14:00", "preservation_expiry", 7), ("2026-12-11T14:00", "preservation_expiry", 3),
    ]  # fmt: skip
    assert await told(liaison, IdentificationExpired) == [("2026-12-15T05:00", "preservation_expiry", None)]
    (expired,) = await liaison.published(IdentificationExpired, suspect)
    assert (expired.on, expired.zone, expired.instrument) == ("2026-12-14", "America/Toronto", DEMAND)


async def test_a_preservation_reminds_on_business_days_and_expires_at_the_midnight_after(liaison: Liaison) -> None:
    suspect = await liaison.given()
    await preserved(liaison)
    await run_until(liaison, datetime(2027, 1, 1, tzinfo=UTC))
    await reminded_and_expired(liaison, suspect)


async def test_a_preservation_that_nobody_answered_reminds_and_expires_too(liaison: Liaison) -> None:
    suspect = await liaison.given()
    number = await liaison.sent(DEMAND)
    await run_until(liaison, datetime(2027, 1, 1, tzinfo=UTC))
    await reminded_and_expired(liaison, suspect)
    shown = await liaison.shown(number)
    assert (shown["state"], shown["lines"][0]["state"]) == ("sent", "open")  # no second demand for the same data


async def test_an_answer_that_is_due_and_a_challenge_end_unless_it_is_answered(liaison: Liaison) -> None:
    await liaison.given()
    number = await liaison.sent(PRODUCTION, due_on="2026-12-09")
    await run_until(liaison, datetime(2026, 12, 10, 6, tzinfo=UTC))
    assert await told(liaison, IdentificationDeadlineApproaching) == [
        ("2026-12-02T14:00", "answer_due", 7), ("2026-12-04T14:00", "answer_due", 5),
        ("2026-12-08T14:00", "answer_due", 1),
    ]  # fmt: skip
    assert await told(liaison, IdentificationExpired) == [("2026-12-10T05:00", "answer_due", None)]
    (line,) = await liaison.lines(number)
    await liaison.answered(number, {"line": line["line"], "outcome": "no_record"})
    await run_until(liaison, datetime(2027, 3, 1, tzinfo=UTC))
    assert {one[1] for one in await told(liaison, IdentificationExpired)} == {"answer_due"}


async def test_a_challenge_may_be_made_on_the_next_day_that_is_no_holiday(liaison: Liaison) -> None:
    await liaison.given()
    number = await liaison.sent(PRODUCTION, made_on="2026-11-20")  # thirty days later is a Sunday
    assert (await liaison.shown(number))["authority"]["challenge_until"] == "2026-12-21"
    await run_until(liaison, datetime(2026, 12, 22, 6, tzinfo=UTC))
    assert await told(liaison, IdentificationExpired) == [("2026-12-22T05:00", "challenge_end", None)]


async def test_an_exigent_request_is_reviewed_later(liaison: Liaison) -> None:
    await liaison.given()
    (line,) = await liaison.lines(await liaison.number())
    await liaison.post("requests:draft", {"instrument": EXIGENT, "lines": [line["line"]]})
    number = await liaison.sent(EXIGENT, **EXIGENCY)
    (line,) = await liaison.lines(number)
    await liaison.answered(number, {"line": line["line"], "outcome": "no_record"})
    await run_until(liaison, datetime(2026, 12, 2, tzinfo=UTC))
    assert [one[1:] for one in await told(liaison, IdentificationDeadlineApproaching)] == [
        ("later_review", 3),
    ]  # fmt: skip
    assert await told(liaison, IdentificationExpired) == [("2026-12-01T05:00", "later_review", None)]


async def test_who_no_longer_needs_a_line_is_not_reminded(liaison: Liaison) -> None:
    gone, stays = await liaison.given(), await liaison.given()
    await preserved(liaison)
    await liaison.cancelled(gone)
    await run_until(liaison, datetime(2026, 12, 16, tzinfo=UTC))
    assert {one.entry for one in await liaison.published(IdentificationExpired)} == {stays}


@pytest.mark.parametrize(("instrument", "again"), [(ORDER, 200), (DEMAND, 422)])
async def test_only_a_repeatable_instrument_is_used_anew_after_it_expired(
    liaison: Liaison, instrument: str, again: int
) -> None:
    await liaison.given()
    (line,) = await liaison.lines(await liaison.number(DEMAND))
    drafting = "requests:draft", {"instrument": instrument, "lines": [line["line"]]}
    if instrument == ORDER:
        assert (await liaison.post(*drafting)).status_code == 200
    await preserved(liaison, instrument)
    assert (await liaison.post(*drafting)).status_code == 422
    await run_until(liaison, liaison.clock.now() + timedelta(days=95))
    assert (await liaison.post(*drafting)).status_code == again


async def test_an_order_that_nobody_answered_is_over_when_it_expired_and_may_be_made_anew(liaison: Liaison) -> None:
    await liaison.given()
    (line,) = await liaison.lines(await liaison.number(DEMAND))
    drafting = "requests:draft", {"instrument": ORDER, "lines": [line["line"]]}
    assert (await liaison.post(*drafting)).status_code == 200
    number = await liaison.sent(ORDER)
    assert (await liaison.post(*drafting)).status_code == 422
    await run_until(liaison, liaison.clock.now() + timedelta(days=95))
    assert (await liaison.post(*drafting)).status_code == 200
    shown = await liaison.shown(number)
    assert (shown["state"], shown["lines"][0]["state"]) == ("closed", "lapsed")
    assert shown["provider_status"] == "in_progress"  # as it said when it took it in; it never answered


async def test_what_nobody_waited_for_when_it_expired_is_asked_anew_too(liaison: Liaison) -> None:
    async def draft() -> httpx.Response:
        (line,) = await liaison.lines(await liaison.number(DEMAND, state="draft"))
        return await liaison.post("requests:draft", {"instrument": ORDER, "lines": [line["line"]]})

    suspect = await liaison.given()
    assert (await draft()).status_code == 200
    await preserved(liaison, ORDER)
    await liaison.cancelled(suspect)
    await run_until(liaison, liaison.clock.now() + timedelta(days=95))
    assert await liaison.published(IdentificationExpired) == []
    await liaison.given(entry=suspect)
    again = await draft()
    assert again.status_code == 200, again.text


async def test_two_answers_to_one_request_set_its_deadline_once(liaison: Liaison) -> None:
    await liaison.given(capture("70.24.10.1"), capture("70.24.10.2", item="/captures/1"))
    number = await liaison.sent(DEMAND)
    for line in await liaison.lines(number):
        await liaison.answered(number, {"line": line["line"], "outcome": "preserved"})
    await run_until(liaison, datetime(2026, 12, 16, tzinfo=UTC))
    assert len(await told(liaison, IdentificationExpired)) == 2  # a line each, not a deadline each


async def test_a_late_answer_does_not_tell_once_more_what_is_over(liaison: Liaison) -> None:
    await liaison.given(capture("70.24.10.1"), capture("70.24.10.2", item="/captures/1"))
    number = await liaison.sent(DEMAND)
    first, second = [line["line"] for line in await liaison.lines(number)]
    await liaison.answered(number, {"line": first, "outcome": "preserved"})
    await run_until(liaison, datetime(2026, 12, 18, tzinfo=UTC))
    await liaison.answered(number, {"line": second, "outcome": "preserved"})
    await run_until(liaison, datetime(2027, 1, 1, tzinfo=UTC))
    assert sorted(str(one.line) for one in await liaison.published(IdentificationExpired)) == sorted([first, second])
    assert [str(one.line) for one in await liaison.published(IdentificationPreserved)] == [first]
    assert (await liaison.shown(number))["state"] == "closed"


@pytest.mark.parametrize("answered", [True, False])
async def test_a_suspect_who_joins_a_preservation_that_is_over_is_told_so(liaison: Liaison, *, answered: bool) -> None:
    await liaison.given(capture(grade="C"))
    number = await (preserved(liaison) if answered else liaison.sent(DEMAND))
    await run_until(liaison, datetime(2026, 12, 18, tzinfo=UTC))
    late = await liaison.given(capture(grade="C"))
    told = [one.event for one in await liaison.harness.published() if getattr(one.event, "entry", None) == late]
    kept = [IdentificationPreserved] if answered else []
    assert [type(one) for one in told] == [IdentificationDrafted, IdentificationSent, *kept, IdentificationExpired]
    (line,) = await liaison.lines(number)
    assert (str(told[-1].line), told[-1].deadline, told[-1].on) == (line["line"], "preservation_expiry", "2026-12-14")


async def test_a_preservation_that_was_over_and_is_demanded_under_another_number_expires_anew(liaison: Liaison) -> None:
    suspect = await liaison.given()
    number = await liaison.sent(DEMAND)
    await run_until(liaison, datetime(2026, 12, 16, 15, tzinfo=UTC))
    async with liaison.of_provider() as client:
        said = await client.post(f"/v1/requests/{number}:acknowledge", json={"status": "rejected", "reason": "x"})
    assert said.status_code == 200
    assert (await liaison.post(f"requests/{number}:return", {"reason": "x"})).status_code == 200
    await liaison.sent(DEMAND, made_on="2026-12-16")
    await run_until(liaison, datetime(2027, 1, 8, tzinfo=UTC))
    assert [one.on for one in await liaison.published(IdentificationExpired, suspect)] == ["2026-12-14", "2027-01-06"]


async def test_what_was_preserved_expires_also_in_a_request_that_came_back(liaison: Liaison) -> None:
    await liaison.given(capture("70.24.10.1"), capture("70.24.10.2", item="/captures/1"))
    number = await liaison.sent(DEMAND)
    kept, _ = [line["line"] for line in await liaison.lines(number)]
    await liaison.answered(number, {"line": kept, "outcome": "preserved"})
    async with liaison.of_provider() as client:
        said = await client.post(f"/v1/requests/{number}:acknowledge", json={"status": "rejected", "reason": "x"})
    assert said.status_code == 200
    assert (await liaison.post(f"requests/{number}:return", {"reason": "x"})).status_code == 200
    await run_until(liaison, datetime(2026, 12, 16, tzinfo=UTC))
    assert [one[1:] for one in await told(liaison, IdentificationDeadlineApproaching)] == [
        ("preservation_expiry", 7), ("preservation_expiry", 3),
    ]  # fmt: skip
    assert [str(one.line) for one in await liaison.published(IdentificationExpired)] == [kept]
