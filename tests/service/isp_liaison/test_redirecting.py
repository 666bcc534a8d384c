"""Where a provider named a reseller, whoever is asked for there too, and for whom nobody has to be asked."""

from typing import Any
from uuid import UUID

import pytest
from service.isp_liaison.conftest import EAST, ORDER, PRODUCTION, Liaison, capture, identified

from contracts.events.identifications import IdentificationCompleted

BY = {"east": "America/Halifax", "north": "America/Toronto"}


async def redirected(liaison: Liaison, by: str, to: str) -> str:
    """The only production that is a draft is sent, and redirected; its line."""
    number = await liaison.sent()
    (line,) = await liaison.lines(number)
    told = {"line": line["line"], "outcome": "redirect", "redirect_to": f"provider-{to}"}
    assert (await liaison.answered(number, told, by=by, zone=BY[by])).status_code == 200
    await liaison.confirmed()
    return line["line"]


async def outcomes(liaison: Liaison, suspect: UUID) -> list[tuple[str, int]]:
    """What was told of a suspect, and how many of its lines were open then."""
    return [(one.outcome, one.open_lines) for one in await liaison.published(IdentificationCompleted, suspect)]


async def drafts(liaison: Liaison) -> list[dict[str, Any]]:
    """Productions that are drafts."""
    return await liaison.queue(instrument=PRODUCTION, state="draft")


async def test_a_later_suspect_of_a_line_that_was_redirected_is_asked_for_at_the_reseller(liaison: Liaison) -> None:
    await liaison.given(capture(asn=EAST))
    await redirected(liaison, "east", "north")
    late = await liaison.given(capture(asn=EAST))
    assert await outcomes(liaison, late) == [("redirect", 1)]
    number = await liaison.sent()
    (line,) = await liaison.lines(number)
    await liaison.answered(number, identified(line["line"]))
    await liaison.confirmed()
    assert await outcomes(liaison, late) == [("redirect", 1), ("subscriber_identified", 0)]

    latest = await liaison.given(capture(asn=EAST))  # the reseller has answered
    assert sorted(await outcomes(liaison, latest)) == [("redirect", 0), ("subscriber_identified", 0)]


async def test_a_reseller_that_nobody_had_to_ask_any_more_is_asked_for_a_later_suspect(liaison: Liaison) -> None:
    suspect = await liaison.given(capture(asn=EAST))
    line = await redirected(liaison, "east", "north")
    await liaison.cancelled(suspect)
    assert await drafts(liaison) == []
    late = await liaison.given(capture(asn=EAST))
    (draft,) = await drafts(liaison)
    (opened,) = await liaison.lines(draft["number"])
    assert (draft["provider"], opened["redirected_from"], opened["entries"]) == ("provider-north", line, [str(late)])


async def test_a_later_suspect_of_lines_that_name_each_other_is_asked_for_at_both(liaison: Liaison) -> None:
    await liaison.given(capture(asn=EAST))
    await redirected(liaison, "east", "north")
    await redirected(liaison, "north", "east")
    late = await liaison.given(capture(asn=EAST))
    assert await outcomes(liaison, late) == [("redirect", 0), ("redirect", 0)]
    assert await drafts(liaison) == []


async def test_a_redirect_for_which_nobody_waits_asks_nobody(liaison: Liaison) -> None:
    suspect = await liaison.given(capture(asn=EAST))
    number = await liaison.sent()
    (line,) = await liaison.lines(number)
    await liaison.cancelled(suspect)
    told = {"line": line["line"], "outcome": "redirect", "redirect_to": "provider-north"}
    await liaison.answered(number, told, by="east", zone=BY["east"])
    await liaison.confirmed()
    assert await drafts(liaison) == []
    flags = await liaison.harness.rows("SELECT flags::text AS flags FROM isp_liaison.answer")
    assert [row["flags"] for row in flags] == ["[]"]


async def test_what_nobody_waits_for_is_not_asked_otherwise(liaison: Liaison) -> None:
    suspect = await liaison.given()
    number = await liaison.sent()
    (line,) = await liaison.lines(number)
    await liaison.cancelled(suspect)
    answer = await liaison.post("requests:draft", {"instrument": ORDER, "lines": [line["line"]]})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "line.not_needed")
    assert await liaison.queue(instrument=ORDER) == []


@pytest.mark.parametrize(
    ("to", "code"),
    [("mts", "redirect.unknown"), ("bell", "redirect.itself"), ("provider-east", "redirect.unknown"), ("shaw", None)],
)
async def test_a_redirect_leads_to_somebody_else_who_answers_today(liaison: Liaison, to: str, code: str | None) -> None:
    """Bell answers for what MTS knew: to ask it again would be to ask nobody. Rogers answers for what Shaw knew."""
    await liaison.told(liaison.requested(capture()), testmode=False)
    number = await liaison.sent()
    (line,) = await liaison.lines(number)
    told = {"line": line["line"], "outcome": "redirect", "redirect_to": to}
    answer = await liaison.post(f"requests/{number}:answer", {"zone": "America/Toronto", "lines": [told]})
    assert [one["code"] for one in answer.json().get("errors", [])] == ([code] if code else [])
    assert answer.status_code == (422 if code else 200)
    assert len(await liaison.pending()) == (0 if code else 1)
