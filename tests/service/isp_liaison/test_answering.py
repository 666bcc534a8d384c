"""Answers by line: taken, known already, or refused; read in their declared zone; checked by a second person."""

from typing import Any

import pytest
from service.isp_liaison.conftest import DEMAND, EAST, PRODUCTION, Liaison, authority, capture, identified
from service.isp_liaison.test_approving import problem

from contracts import ids
from contracts.events.identifications import IdentificationCompleted, IdentificationDrafted, IdentificationPreserved


async def asked(liaison: Liaison, instrument: str = PRODUCTION, **changed: Any) -> tuple[str, str]:
    """A request with one line that the provider has: its number and the line."""
    await liaison.given(capture(**changed))
    number = await liaison.sent(instrument)
    (line,) = await liaison.lines(number)
    return number, line["line"]


async def test_an_answer_for_an_unknown_line_is_refused_and_the_others_are_taken(liaison: Liaison) -> None:
    number, line = await asked(liaison)
    stranger = str(ids.new())
    alone = await liaison.answered(number, identified(stranger))
    assert problem(alone) == (422, "answer.refused")
    assert [(one["pointer"], one["code"]) for one in alone.json()["errors"]] == [("/lines/0", "line.unknown")]
    both = await liaison.answered(number, identified(stranger), identified(line))
    assert [(one["verdict"], one["code"]) for one in both.json()["lines"]] == [
        ("refused", "line.unknown"), ("taken", None),
    ]  # fmt: skip


async def test_a_line_of_another_request_is_unknown(liaison: Liaison) -> None:
    number, _ = await asked(liaison)
    _, other = await asked(liaison, ip="70.24.10.2")
    assert problem(await liaison.answered(number, identified(other))) == (422, "answer.refused")


async def test_the_same_answer_twice_is_one_answer(liaison: Liaison) -> None:
    number, line = await asked(liaison)
    first = await liaison.answered(number, identified(line))
    again = await liaison.answered(number, identified(line))
    assert [one.json()["lines"][0]["verdict"] for one in (first, again)] == ["taken", "repeated"]
    twice = await liaison.answered(number, identified(line), identified(line))
    assert [one["verdict"] for one in twice.json()["lines"]] == ["repeated", "repeated"]
    assert len(await liaison.pending()) == 1
    await liaison.confirmed()
    closed = await liaison.answered(number, identified(line))
    assert closed.json()["lines"][0]["verdict"] == "repeated"
    assert len(await liaison.published(IdentificationCompleted)) == 1


async def test_a_line_that_is_told_twice_in_one_answer_counts_once(liaison: Liaison) -> None:
    number, line = await asked(liaison)
    answer = await liaison.answered(number, identified(line), {"line": line, "outcome": "no_record"})
    assert [one["code"] for one in answer.json()["lines"]] == [None, "answer.differs"]


async def test_another_answer_to_an_answered_line_is_refused(liaison: Liaison) -> None:
    number, line = await asked(liaison)
    await liaison.answered(number, identified(line))
    for other in (
        {"line": line, "outcome": "no_record"},
        identified(line, assigned_to="2026-11-10T09:00:01"),
    ):
        answer = await liaison.answered(number, other)
        assert [one["code"] for one in answer.json()["errors"]] == ["answer.differs"]
    elsewhere = await liaison.answered(number, identified(line), zone="America/Halifax")
    assert [one["code"] for one in elsewhere.json()["errors"]] == ["answer.differs"]


async def test_an_answer_in_another_zone_is_converted_flagged_and_confirmed_explicitly(liaison: Liaison) -> None:
    number, line = await asked(liaison)
    told = identified(line, assigned_from="2026-11-10T03:00:00", assigned_to="2026-11-10T05:00:00")
    answer = await liaison.answered(number, told, zone="America/Vancouver")
    assert answer.json()["lines"][0] == {
        "line": line, "verdict": "taken", "code": None, "detail": "zone_differs",
    }  # fmt: skip
    (pending,) = await liaison.pending()
    assert (pending["zone"], pending["raw_from"], pending["assigned_from"], pending["flags"]) == (
        "America/Vancouver", "2026-11-10T03:00:00", "2026-11-10T10:00:00Z", ["zone_differs"],
    )  # fmt: skip  # seven hours: British Columbia stays on daylight time since 2026
    assert problem(await liaison.check(pending["id"])) == (422, "check.zone_unconfirmed")
    assert (await liaison.check(pending["id"], zone_confirmed=True)).json()["state"] == "confirmed"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"assigned_from": "2026-11-10T08:00:00"}, "answer.time_outside_request"),
        ({"assigned_to": "2026-11-10T06:59:59"}, "answer.time_outside_request"),
        ({"assigned_from": "2026-11-10T09:30:00"}, "answer.time_reversed"),
        ({"assigned_from": None}, "answer.time_missing"),
        ({"assigned_from": "10/11/2026 06:00"}, "answer.time_unreadable"),
        ({"assigned_to": "2026-11-31T06:00:00"}, "answer.time_unreadable"),
        ({"subscriber": None}, "subscriber.missing"),
        ({"outcome": "no_record"}, "subscriber.unexpected"),
        ({"outcome": "found_him"}, "outcome.unknown"),
        ({"outcome": "preserved", "subscriber": None}, "outcome.unknown"),
        ({"redirect_to": "provider-east"}, "redirect.unexpected"),
        ({"outcome": "redirect", "subscriber": None}, "redirect.unknown"),
        ({"outcome": "redirect", "subscriber": None, "redirect_to": "bell"}, "redirect.unknown"),
        ({"outcome": "redirect", "subscriber": None, "redirect_to": "provider-north"}, "redirect.itself"),
    ],
)
async def test_an_answer_that_cannot_be_right_is_refused_with_its_reason(
    liaison: Liaison, changed: dict[str, Any], code: str
) -> None:
    number, line = await asked(liaison)
    answer = await liaison.answered(number, identified(line, **changed))
    assert [one["code"] for one in answer.json()["errors"]] == [code]
    assert await liaison.pending() == []
    assert (await liaison.answered(number, identified(line))).status_code == 200


@pytest.mark.parametrize("zone", ["Mars/Olympus", "EST5EDT4", "+25:00"])
async def test_a_zone_that_nobody_knows_is_refused(liaison: Liaison, zone: str) -> None:
    number, line = await asked(liaison)
    answer = await liaison.answered(number, identified(line), zone=zone)
    assert [one["code"] for one in answer.json()["errors"]] == ["answer.zone_unknown"]


async def test_an_offset_that_the_text_tells_wins_over_the_declared_zone_and_is_flagged(liaison: Liaison) -> None:
    number, line = await asked(liaison)
    told = identified(line, assigned_from="2026-11-10T11:00:00+00:00", assigned_to="2026-11-10T14:00:00+01:00")
    await liaison.answered(number, told)
    (pending,) = await liaison.pending()
    assert (pending["assigned_from"], pending["assigned_to"]) == ("2026-11-10T11:00:00Z", "2026-11-10T13:00:00Z")
    assert pending["flags"] == ["zone_differs"]


async def test_an_answer_is_not_checked_by_who_entered_it(liaison: Liaison) -> None:
    number, line = await asked(liaison)
    answer = await liaison.post(
        f"requests/{number}:answer", {"zone": "America/Toronto", "lines": [identified(line)]}, sub="officer-2"
    )
    assert answer.status_code == 200
    (pending,) = await liaison.pending()
    assert problem(await liaison.check(pending["id"], sub="officer-2")) == (422, "check.same_person")
    assert (await liaison.check(pending["id"], sub="officer-1")).status_code == 200


async def test_a_refused_answer_leaves_nothing_personal_and_the_line_waits_for_another(liaison: Liaison) -> None:
    number, line = await asked(liaison)
    await liaison.answered(number, identified(line))
    (pending,) = await liaison.pending()
    assert (await liaison.check(pending["id"], decision="refuse", reason="other_port")).json()["state"] == "refused"
    (row,) = await liaison.harness.rows("SELECT data, municipality FROM isp_liaison.subscriber_record")
    assert (row["data"], row["municipality"]) == (None, None)
    assert (await liaison.shown(number))["state"] == "sent"
    assert problem(await liaison.check(pending["id"])) == (409, "answer.not_pending")
    assert (await liaison.answered(number, identified(line))).json()["lines"][0]["verdict"] == "taken"
    await liaison.confirmed()
    assert len(await liaison.published(IdentificationCompleted)) == 1


async def test_a_line_whose_answer_is_refused_after_its_request_came_back_collects_anew(liaison: Liaison) -> None:
    await liaison.given(capture("70.24.10.1"), capture("70.24.10.2", item="/captures/1"))
    number = await liaison.sent()
    first, second = [line["line"] for line in await liaison.lines(number)]
    await liaison.answered(number, identified(first))
    async with liaison.of_provider() as client:
        said = await client.post(f"/v1/requests/{number}:acknowledge", json={"status": "rejected"})
        assert said.status_code == 200
    assert (await liaison.post(f"requests/{number}:return", {"reason": "Rejected."})).status_code == 200
    (draft,) = await liaison.queue(instrument=PRODUCTION, state="draft")
    assert [line["line"] for line in await liaison.lines(draft["number"])] == [second]

    (pending,) = await liaison.pending()
    assert (await liaison.check(pending["id"], decision="refuse", reason="other_port")).status_code == 200
    (draft,) = await liaison.queue(instrument=PRODUCTION, state="draft")
    assert {line["line"] for line in await liaison.lines(draft["number"])} == {first, second}
    assert await liaison.lines(number) == []


async def test_partial_answers_count_line_by_line(liaison: Liaison) -> None:
    suspect = await liaison.given(capture("70.24.10.1"), capture("70.24.10.2", item="/captures/1"))
    number = await liaison.sent()
    first, second = [line["line"] for line in await liaison.lines(number)]
    await liaison.answered(number, identified(first))
    assert (await liaison.shown(number))["state"] == "sent"
    await liaison.confirmed()
    await liaison.answered(number, {"line": second, "outcome": "no_record"})
    await liaison.confirmed()
    told = await liaison.published(IdentificationCompleted, suspect)
    assert [(one.outcome, one.open_lines) for one in told] == [("subscriber_identified", 1), ("no_record", 0)]
    assert (told[1].record, told[1].municipality) == (None, None)


async def test_a_redirect_opens_a_line_at_the_reseller(liaison: Liaison) -> None:
    suspect = await liaison.given(capture(asn=EAST))
    number = await liaison.sent()
    (line,) = await liaison.lines(number)
    told = {"line": line["line"], "outcome": "redirect", "redirect_to": "provider-north"}
    await liaison.answered(number, told, by="east", zone="America/Halifax")
    await liaison.confirmed()
    (completed,) = await liaison.published(IdentificationCompleted, suspect)
    assert (completed.outcome, completed.open_lines) == ("redirect", 1)
    (draft,) = await liaison.queue(instrument=PRODUCTION, state="draft")
    assert draft["provider"] == "provider-north"
    (opened,) = await liaison.lines(draft["number"])
    assert (opened["redirected_from"], opened["ip"], opened["entries"]) == (line["line"], line["ip"], [str(suspect)])
    assert {one.provider for one in await liaison.published(IdentificationDrafted, suspect)} == {
        "provider-east", "provider-north",
    }  # fmt: skip

    await liaison.sent()
    await liaison.answered(draft["number"], identified(opened["line"]))
    await liaison.confirmed()
    assert (await liaison.published(IdentificationCompleted, suspect))[-1].outcome == "subscriber_identified"


async def test_a_redirect_does_not_loop(liaison: Liaison) -> None:
    suspect = await liaison.given(capture(asn=EAST))
    first = await liaison.sent()
    (line,) = await liaison.lines(first)
    there = {"line": line["line"], "outcome": "redirect", "redirect_to": "provider-north"}
    await liaison.answered(first, there, by="east", zone="America/Halifax")
    await liaison.confirmed()
    second = await liaison.sent()
    (line,) = await liaison.lines(second)
    await liaison.answered(second, {"line": line["line"], "outcome": "redirect", "redirect_to": "provider-east"})
    await liaison.confirmed()
    assert await liaison.queue(instrument=PRODUCTION, state="draft") == []
    told = await liaison.published(IdentificationCompleted, suspect)
    assert [(one.outcome, one.open_lines) for one in told] == [("redirect", 1), ("redirect", 0)]
    flags = await liaison.harness.rows("SELECT flags::text AS flags FROM isp_liaison.answer ORDER BY id")
    assert [row["flags"] for row in flags] == ["[]", '["redirect_known"]']


async def test_a_preservation_that_is_redirected_asks_the_reseller_without_a_check(liaison: Liaison) -> None:
    number, line = await asked(liaison, DEMAND, asn=EAST)
    told = {"line": line, "outcome": "redirect", "redirect_to": "provider-north"}
    await liaison.answered(number, told, by="east", zone="America/Halifax")
    assert await liaison.pending() == []
    found = {(one["provider"], one["state"]) for one in await liaison.queue(instrument=DEMAND)}
    assert found == {("provider-north", "draft")}


async def test_a_preservation_answered_twice_is_told_once(liaison: Liaison) -> None:
    number, line = await asked(liaison, DEMAND)
    told = {"line": line, "outcome": "preserved"}
    for verdict in ("taken", "repeated"):
        assert (await liaison.answered(number, told)).json()["lines"][0]["verdict"] == verdict
    assert len(await liaison.published(IdentificationPreserved)) == 1


async def test_a_provider_says_where_a_request_stands_with_it(liaison: Liaison) -> None:
    number, _ = await asked(liaison)
    async with liaison.of_provider() as client:
        said = await client.post(
            f"/v1/requests/{number}:acknowledge",
            json={"status": "challenged", "reference": "P-77", "reason": "Notice under s. 487.0193."},
        )
        assert said.json() == {"number": number, "provider_status": "challenged"}
        odd = await client.post(f"/v1/requests/{number}:acknowledge", json={"status": "answered"})
    assert odd.status_code == 422
    shown = await liaison.shown(number)
    assert (shown["state"], shown["provider_status"], shown["provider_reference"], shown["notes"]) == (
        "sent", "challenged", "P-77", ["Notice under s. 487.0193."],
    )  # fmt: skip


async def test_a_provider_answers_only_what_was_offered_to_it(liaison: Liaison) -> None:
    number, line = await asked(liaison)
    assert (await liaison.answered(number, identified(line), by="east")).status_code == 404
    await liaison.given(capture("70.24.10.7"))
    draft = await liaison.number(state="draft")
    assert (await liaison.answered(draft, identified(line))).status_code == 404
    returned = await liaison.post(f"requests/{draft}:submit", {"authority": authority()})
    assert returned.status_code == 200
    await liaison.post(f"requests/{draft}:return", {"reason": "x"})
    answer = await liaison.post(f"requests/{draft}:answer", {"zone": "Z", "lines": [identified(line)]})
    assert problem(answer) == (409, "request.not_with_provider")


async def test_who_is_not_of_the_centre_checks_nothing(liaison: Liaison) -> None:
    number, line = await asked(liaison)
    await liaison.answered(number, identified(line))
    (pending,) = await liaison.pending()
    for tenant in ("provider:provider-north", "agency:ice-on"):
        async with liaison.harness.client(tenant, "answers:check", Interlink_Purpose="x") as client:
            assert (await client.get("/v1/answers")).status_code == 404
            answer = await client.post(f"/v1/answers/{pending['id']}:check", json={"decision": "confirm"})
            assert answer.status_code == 404
    async with liaison.officer() as client:
        missing = await client.post(f"/v1/answers/{ids.new()}:check", json={"decision": "confirm"})
    assert missing.status_code == 404
