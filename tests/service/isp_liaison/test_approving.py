"""What an officer submits is frozen; a legal authority carries it; a second officer approves."""

import asyncio
from typing import Any

import asyncpg
import pytest
from service.isp_liaison.conftest import (
    DEMAND,
    EXIGENT,
    ORDER,
    PRODUCTION,
    Liaison,
    authority,
    capture,
)

from isp_liaison.commands import reference
from kit.testing.databases import execute

EXIGENCY = {
    "threat": "A child is believed to be at risk of imminent harm.",
    "why_no_order": "No justice can be reached before the harm is expected.",
    "call_back": "+1 613 555 0110",
}


def problem(answer: Any) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["type"].removeprefix("urn:interlink:problem:")


async def test_submission_freezes_and_later_lines_open_a_new_draft(liaison: Liaison) -> None:
    await liaison.given(capture("70.24.10.1"))
    number = await liaison.number()
    assert (await liaison.submit(number)).status_code == 200
    await liaison.given(capture("70.24.10.2"))
    found = {one["number"]: one for one in await liaison.queue(instrument=PRODUCTION)}
    assert {(one["state"], one["line_count"]) for one in found.values()} == {("submitted", 1), ("draft", 1)}
    assert problem(await liaison.submit(number)) == (409, "request.submitted")


async def test_lines_that_arrive_while_a_draft_is_submitted_are_in_one_request_or_the_other(liaison: Liaison) -> None:
    await liaison.given(capture("70.24.10.1"))
    number = await liaison.number()
    async with asyncio.TaskGroup() as group:
        group.create_task(liaison.submit(number))
        for last in range(2, 8):
            group.create_task(liaison.given(capture(f"70.24.10.{last}")))
    await liaison.approve(number)
    await liaison.harness.work()
    (call,) = liaison.provider.calls
    found = await liaison.queue(instrument=PRODUCTION)
    assert sum(one["line_count"] for one in found) == 7
    assert next(one["line_count"] for one in found if one["number"] == number) == len(call.told["lines"])


async def test_a_request_is_not_approved_by_who_submitted_it(liaison: Liaison) -> None:
    await liaison.given()
    number = await liaison.number()
    await liaison.submit(number)
    assert problem(await liaison.approve(number, sub="officer-1")) == (422, "approval.same_person")
    assert (await liaison.shown(number))["state"] == "submitted"


async def test_a_request_is_not_approved_by_who_drafted_it_by_hand(liaison: Liaison) -> None:
    await liaison.given()
    (line,) = await liaison.lines(await liaison.number())
    drafted = await liaison.post("requests:draft", {"instrument": ORDER, "lines": [line["line"]]}, sub="officer-2")
    (made,) = drafted.json()["lines"]
    number = made["number"]
    assert (made["asked_before"], (await liaison.shown(number))["drafters"]) == (line["line"], ["officer-2"])
    assert (await liaison.submit(number, ORDER)).status_code == 200
    assert problem(await liaison.approve(number, sub="officer-2")) == (422, "approval.same_person")
    assert (await liaison.approve(number, sub="officer-3")).status_code == 200


async def drafted_by_hand(liaison: Liaison, instrument: str) -> str:
    """Officer 2 asks for every line of the production under another instrument."""
    wanted = [line["line"] for line in await liaison.lines(await liaison.number())]
    body = {"instrument": instrument, "lines": wanted}
    assert (await liaison.post("requests:draft", body, sub="officer-2")).status_code == 200
    return await liaison.number(instrument)


async def test_who_drafted_by_hand_does_not_approve_what_was_returned_and_submitted_anew(liaison: Liaison) -> None:
    await liaison.given()
    number = await drafted_by_hand(liaison, EXIGENT)
    assert (await liaison.submit(number, EXIGENT, **EXIGENCY)).status_code == 200
    assert (await liaison.post(f"requests/{number}:return", {"reason": "x"}, sub="officer-3")).status_code == 200
    anew = await liaison.number(EXIGENT, state="draft")
    assert (await liaison.submit(anew, EXIGENT, **EXIGENCY)).status_code == 200
    assert problem(await liaison.approve(anew, sub="officer-2")) == (422, "approval.same_person")
    assert (await liaison.approve(anew, sub="officer-3")).status_code == 200


async def test_who_drafted_by_hand_does_not_approve_what_was_too_much_at_once(liaison: Liaison) -> None:
    await at_most(liaison, 1)
    await liaison.given(capture("70.24.10.1"), capture("70.24.10.2", item="/captures/1"))
    assert (await liaison.submit(await drafted_by_hand(liaison, ORDER), ORDER)).status_code == 200
    rest = await liaison.number(ORDER, state="draft")
    assert (await liaison.submit(rest, ORDER)).status_code == 200
    assert problem(await liaison.approve(rest, sub="officer-2")) == (422, "approval.same_person")


async def test_the_database_itself_holds_that_two_people_are_needed(liaison: Liaison) -> None:
    await liaison.given()
    number = await liaison.number()
    await liaison.submit(number)
    with pytest.raises(asyncpg.CheckViolationError):
        await liaison.harness.rows(
            "UPDATE isp_liaison.request SET approved_by = 'officer-1' WHERE number = $1 RETURNING id", number
        )


async def test_production_without_authority_is_refused(liaison: Liaison) -> None:
    await liaison.given()
    number = await liaison.number()
    for body in ({}, {"authority": None}, {"authority": authority(reference="  ")}):
        assert problem(await liaison.post(f"requests/{number}:submit", body)) == (422, "authority.missing")
    assert problem(await liaison.approve(number)) == (409, "request.draft")
    assert liaison.provider.calls == []


@pytest.mark.parametrize(
    ("instrument", "changed", "code"),
    [
        (PRODUCTION, {"basis": "foreign"}, "authority.foreign_offence"),
        (PRODUCTION, {"kind": DEMAND}, "authority.other_kind"),
        (PRODUCTION, {"offence": ""}, "authority.offence_missing"),
        (PRODUCTION, {"officer": ""}, "authority.officer_missing"),
        (PRODUCTION, {"grounds": " "}, "authority.grounds_missing"),
        (PRODUCTION, {"made_on": "2026-11-24"}, "authority.future"),
        (PRODUCTION, {"made_on": "2026-11-20", "due_on": "2026-11-22"}, "authority.expired"),
        (PRODUCTION, {"due_on": "2026-11-22"}, "authority.due_before_made"),
        (PRODUCTION, {"made_on": "1999-01-01"}, "instrument.not_in_force"),
        (PRODUCTION, {"zone": "America/Atlantis"}, "authority.zone_unknown"),
        (DEMAND, {"basis": "foreign"}, "authority.no_foreign_investigation"),
        (DEMAND, {"made_on": "2026-11-01"}, "authority.expired"),
    ],
)
async def test_an_authority_that_carries_nothing_is_refused(
    liaison: Liaison, instrument: str, changed: dict[str, Any], code: str
) -> None:
    await liaison.given()
    number = await liaison.number(instrument)
    assert problem(await liaison.submit(number, instrument, **changed)) == (422, code)
    assert (await liaison.shown(number))["state"] == "draft"


async def test_the_foreign_clock_runs_where_a_foreign_authority_investigates(liaison: Liaison) -> None:
    await liaison.given(foreign=True)
    number = await liaison.sent(DEMAND, basis="foreign")
    assert (await liaison.shown(number))["authority"]["expires_on"] == "2027-02-21"  # 90 days, not 21


async def test_the_foreign_clock_does_not_run_for_lines_that_nobody_abroad_investigates(liaison: Liaison) -> None:
    await liaison.given(capture("70.24.10.1"), foreign=True)
    await liaison.given(capture("70.24.10.2"))
    number = await liaison.number(DEMAND)
    refused = await liaison.submit(number, DEMAND, basis="foreign")
    assert problem(refused) == (422, "authority.no_foreign_investigation")


@pytest.mark.parametrize(
    ("without", "code"),
    [
        ("officer", "authority.officer_missing"),
        ("grounds", "authority.grounds_missing"),
        ("threat", "authority.exigency_incomplete"),
        ("why_no_order", "authority.exigency_incomplete"),
        ("call_back", "authority.exigency_incomplete"),
    ],
)
async def test_an_exigent_request_needs_officer_grounds_and_exigency(liaison: Liaison, without: str, code: str) -> None:
    await liaison.given()
    (line,) = await liaison.lines(await liaison.number())
    drafted = await liaison.post("requests:draft", {"instrument": EXIGENT, "lines": [line["line"]]})
    number = drafted.json()["lines"][0]["number"]
    assert problem(await liaison.submit(number, EXIGENT, **{**EXIGENCY, without: ""})) == (422, code)
    assert (await liaison.submit(number, EXIGENT, **EXIGENCY)).status_code == 200
    shown = await liaison.shown(number)
    assert (shown["urgency"], shown["authority"]["review_on"]) == ("urgent", "2026-11-30")


async def test_only_the_centre_reads_what_officers_wrote(liaison: Liaison) -> None:
    await liaison.given()
    number = await liaison.sent()
    written = (await liaison.shown(number))["authority"]
    assert written["officer"] == "Sgt. A. Example"
    async with liaison.of_provider() as client:
        seen = (await client.get(f"/v1/requests/{number}")).json()
    assert seen["lines"][0]["ip"] == "70.24.10.1"
    assert (seen["authority"]["reference"], seen["authority"]["grounds"]) == ("26-1042", None)
    assert (seen["approved_by"], seen["lines"][0]["entries"]) == (None, [])
    assert "Reasonable grounds" not in str(seen)


async def test_a_returned_request_gives_its_lines_back_to_the_draft(liaison: Liaison) -> None:
    await liaison.given(capture("70.24.10.1"))
    number = await liaison.number()
    await liaison.submit(number)
    await liaison.given(capture("70.24.10.2"))
    returned = await liaison.post(f"requests/{number}:return", {"reason": "The offence is another one."}, sub="o-2")
    assert returned.json()["state"] == "returned"
    (draft,) = await liaison.queue(instrument=PRODUCTION)
    assert (draft["state"], draft["line_count"]) == ("draft", 2)
    assert (await liaison.shown(number))["notes"] == ["The offence is another one."]
    assert problem(await liaison.approve(number)) == (409, "request.returned")


async def test_a_returned_request_gives_back_no_line_that_nobody_waits_for_any_more(liaison: Liaison) -> None:
    moot = await liaison.given(capture("70.24.10.1"))
    await liaison.given(capture("70.24.10.2"))
    number = await liaison.number()
    await liaison.submit(number)
    await liaison.cancelled(moot)
    assert (await liaison.post(f"requests/{number}:return", {"reason": "x"}, sub="o-2")).status_code == 200
    (draft,) = await liaison.queue(instrument=PRODUCTION)
    assert [line["ip"] for line in await liaison.lines(draft["number"])] == ["70.24.10.2"]


async def test_a_request_that_is_being_sent_or_with_its_provider_is_not_returned(liaison: Liaison) -> None:
    await liaison.given()
    number = await liaison.number()
    await liaison.submit(number)
    await liaison.approve(number)
    returning = f"requests/{number}:return", {"reason": "x"}
    assert problem(await liaison.post(*returning)) == (409, "request.being_sent")
    await liaison.harness.work()
    assert problem(await liaison.post(*returning)) == (409, "request.with_provider")
    async with liaison.of_provider() as client:
        said = await client.post(
            f"/v1/requests/{number}:acknowledge",
            json={"status": "rejected", "reason": "Not our form.", "reference": "P-9"},
        )
    assert said.json()["provider_status"] == "rejected"
    assert (await liaison.post(*returning)).status_code == 200
    shown = await liaison.shown(number)
    assert (shown["provider_reference"], sorted(shown["notes"])) == ("P-9", ["Not our form.", "x"])


async def at_most(liaison: Liaison, lines: int) -> None:
    """Provider North takes so many at once."""
    await execute(
        liaison.harness.database.superuser_url,
        [f"UPDATE isp_liaison.provider SET max_lines = {lines} WHERE id = 'provider-north'"],
    )
    liaison.clock.advance(reference.KEPT)  # what was read a minute ago is read again


async def test_a_provider_takes_so_many_lines_at_once_and_the_rest_waits_in_the_next_draft(liaison: Liaison) -> None:
    await at_most(liaison, 2)
    for day in (12, 10, 11):
        await liaison.given(capture(f"70.24.10.{day}", at=capture().capture.at.replace(day=day)))
    number = await liaison.number()
    assert (await liaison.submit(number)).status_code == 200
    found = {one["state"]: one for one in await liaison.queue(instrument=PRODUCTION)}
    assert (found["submitted"]["line_count"], found["draft"]["line_count"]) == (2, 1)
    assert {line["at"][:10] for line in await liaison.lines(number)} == {"2026-11-10", "2026-11-11"}


@pytest.mark.parametrize(
    ("instrument", "grade", "code"),
    [(PRODUCTION, "C", "grade.not_allowed"), (DEMAND, "A", "line.asked_already"), ("smoke_signal", "A", None)],
)
async def test_what_cannot_be_asked_under_an_instrument_is_refused_line_by_line(
    liaison: Liaison, instrument: str, grade: str, code: str | None
) -> None:
    await liaison.given(capture(grade=grade))
    (line,) = await liaison.lines(await liaison.number(DEMAND))
    answer = await liaison.post("requests:draft", {"instrument": instrument, "lines": [line["line"]]})
    assert problem(answer) == (422, code or "instrument.unknown")
    assert [one["pointer"] for one in answer.json().get("errors", [])] == (["/lines/0"] if code else [])


async def test_who_is_not_of_the_centre_submits_and_approves_nothing(liaison: Liaison) -> None:
    await liaison.given()
    number = await liaison.sent()
    scopes = ("requests:draft", "requests:approve")
    async with liaison.harness.client("provider:provider-north", *scopes, roles=["provider"]) as client:
        for verb, body in (("submit", {}), ("approve", None), ("return", {"reason": "x"}), ("send", None)):
            answer = await client.post(f"/v1/requests/{number}:{verb}", json=body)
            assert problem(answer) == (404, "not-found"), verb
        (line,) = await liaison.lines(number)
        body = {"instrument": ORDER, "lines": [line["line"]]}
        assert (await client.post("/v1/requests:draft", json=body)).status_code == 404


async def test_what_people_decide_is_in_the_audit(liaison: Liaison) -> None:
    await liaison.given()
    number = await liaison.sent()
    rows = await liaison.harness.rows(
        "SELECT action, actor, detail::text FROM isp_liaison.audit_entry WHERE subject = $1 ORDER BY id", number
    )
    assert [(row["action"], row["actor"]) for row in rows] == [
        ("request.submitted", "officer-1"), ("request.approved", "officer-2"),
    ]  # fmt: skip


async def test_what_was_erased_leaves_its_request_which_is_not_stuck(liaison: Liaison) -> None:
    await liaison.given(capture("70.24.10.1"))
    erased = liaison.key
    liaison.key = await liaison.harness.process.keyring.new_key()
    await liaison.given(capture("70.24.10.2"))
    number = await liaison.number()
    await liaison.submit(number)
    liaison.key, kept = erased, liaison.key
    await liaison.erase()
    liaison.key = kept
    assert problem(await liaison.approve(number)) == (422, "line.erased")
    returned = await liaison.post(f"requests/{number}:return", {"reason": "One referral was erased."})
    assert returned.status_code == 200
    sent = await liaison.sent()
    assert [line["ip"] for line in await liaison.lines(sent)] == ["70.24.10.2"]
    demand = await liaison.sent(DEMAND)
    assert [line["ip"] for line in await liaison.lines(demand)] == ["70.24.10.2"]
