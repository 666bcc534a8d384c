"""Where a provider named a reseller, whoever is asked for there too, and for whom nobody has to be asked."""

from typing import Any

from service.isp_liaison.conftest import EAST, ORDER, PRODUCTION, Liaison, capture


async def drafts(liaison: Liaison) -> list[dict[str, Any]]:
    """Productions that are drafts."""
    return await liaison.queue(instrument=PRODUCTION, state="draft")


async def test_a_redirect_for_which_nobody_waits_asks_nobody(liaison: Liaison) -> None:
    suspect = await liaison.given(capture(asn=EAST))
    number = await liaison.sent()
    (line,) = await liaison.lines(number)
    await liaison.cancelled(suspect)
    told = {"line": line["line"], "outcome": "redirect", "redirect_to": "provider-north"}
    await liaison.answered(number, told, by="east", zone="America/Halifax")
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
