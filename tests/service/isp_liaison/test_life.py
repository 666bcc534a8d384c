"""The life of a request: collected, submitted, approved by a second officer, sent, answered, checked."""

import json
from datetime import UTC, datetime

from service.isp_liaison.conftest import DEMAND, PRODUCTION, SECRET, Liaison, capture, identified
from standardwebhooks import Webhook

from contracts.events.identifications import (
    IdentificationCompleted,
    IdentificationDrafted,
    IdentificationPreserved,
    IdentificationSent,
)


async def test_from_what_routing_wants_to_a_subscriber_that_is_identified(liaison: Liaison) -> None:
    suspect = await liaison.given(capture())

    drafted = await liaison.published(IdentificationDrafted, suspect)
    assert {one.instrument for one in drafted} == {DEMAND, PRODUCTION}
    number = await liaison.number(PRODUCTION)
    assert (await liaison.submit(number)).json() == {"number": number, "state": "submitted"}
    assert (await liaison.approve(number)).json() == {"number": number, "state": "approved"}
    assert await liaison.harness.work() == 1

    (call,) = liaison.provider.calls
    assert call.path == "/north/requests"
    assert call.headers["idempotency-key"] == call.headers["webhook-id"] == number
    at = datetime.fromtimestamp(int(call.headers["webhook-timestamp"]), UTC)
    assert Webhook(SECRET).sign(number, at, call.body.decode()) == call.headers["webhook-signature"]
    told = json.loads(call.body)
    (line,) = told["lines"]
    assert (line["ip"], line["port"], line["at"]) == ("70.24.10.1", 50123, "2026-11-10T12:00:00Z")
    assert told["synthetic"] is True
    assert "grounds" not in call.body.decode()
    (sent,) = await liaison.published(IdentificationSent, suspect)
    assert sent.number == number

    answer = await liaison.answered(number, identified(line["line"]))
    assert answer.json()["lines"] == [{"line": line["line"], "verdict": "taken", "code": None, "detail": None}]
    assert await liaison.published(IdentificationCompleted) == []
    shown = await liaison.shown(number)
    assert (shown["state"], shown["provider_status"]) == ("answered", "answered")

    (pending,) = await liaison.pending()
    assert pending["subscriber"]["name"] == "Synthetic Name"
    assert (pending["asked"]["ip"], pending["assigned_from"]) == ("70.24.10.1", "2026-11-10T11:00:00Z")
    assert (await liaison.check(pending["id"])).status_code == 200

    (completed,) = await liaison.published(IdentificationCompleted, suspect)
    assert (completed.outcome, completed.country, completed.province) == ("subscriber_identified", "CA", "CA-ON")
    assert (completed.municipality, completed.postal_area, completed.open_lines) == ("Guelph", "N1H", 0)
    assert completed.record is not None
    shown = await liaison.shown(number)
    assert (shown["state"], shown["desired_status"]) == ("closed", "closed")


async def test_a_preservation_counts_at_once_and_says_until_when(liaison: Liaison) -> None:
    suspect = await liaison.given(capture())
    number = await liaison.sent(DEMAND)
    (line,) = await liaison.lines(number)
    await liaison.answered(number, {"line": line["line"], "outcome": "preserved"})
    (preserved,) = await liaison.published(IdentificationPreserved, suspect)
    assert (preserved.expires_on, preserved.zone) == ("2026-12-14", "America/Toronto")
    assert (await liaison.shown(number))["state"] == "closed"
    assert await liaison.published(IdentificationCompleted) == []
