"""Who sees what: subscriber records for the holder's officer alone, and nothing personal in clear anywhere."""

import json
from typing import Any

import asyncpg
import pytest
from service.isp_liaison.conftest import Liaison, capture, identified
from sqlalchemy import text

from contracts import ids

MARKER = "zq9marker"
MARKED = {
    "name": f"{MARKER} Name",
    "street": f"12 {MARKER} Street",
    "municipality": "Guelph",
    "province": "CA-ON",
    "postal_code": "N1H 9Z9",
}
TABLES = (
    "SELECT table_name AS t FROM information_schema.tables "
    "WHERE table_schema = 'isp_liaison' AND table_type = 'BASE TABLE'"
)


async def test_only_an_officer_of_the_holder_opens_a_subscriber_record(liaison: Liaison) -> None:
    suspect = await liaison.given()
    await liaison.held_by(suspect, "ice-on", "agency:ice-on")
    record = await liaison.identified_and_released(suspect)
    path = f"/v1/subscribers/{record}"
    async with liaison.of_agency("ice-on") as client:
        shown = await client.get(path)
        nothing = await client.get(f"/v1/subscribers/{ids.new()}")
    assert shown.json()["subscriber"] == {
        "name": "Synthetic Name", "street": "12 Synthetic Street", "municipality": "Guelph", "province": "CA-ON",
        "postal_code": "N1H 1A1", "country": "CA",
    }  # fmt: skip
    assert (nothing.status_code, shown.json()["caution"]) == (404, "connection, not person")
    others: list[Any] = [
        liaison.of_agency("ice-qc"),
        liaison.of_agency("ice-on", role="agency"),
        liaison.harness.client("centre", "subscribers:read", roles=["auditor"], Interlink_Purpose="x"),
        liaison.harness.client("partner:bureau-nl", "subscribers:read", roles=["officer"], Interlink_Purpose="x"),
        liaison.harness.client("provider:provider-north", "subscribers:read", roles=["officer"], Interlink_Purpose="x"),
    ]
    for other in others:
        async with other as client:
            answer = await client.get(path)
        assert {**answer.json(), "request_id": None} == {**nothing.json(), "request_id": None}
    async with liaison.officer() as client:
        assert (await client.get(path)).status_code == 200

    rows = await liaison.harness.rows(
        "SELECT tenant, purpose FROM isp_liaison.audit_entry WHERE action = 'subscriber.read' AND subject = $1"
        " ORDER BY id", str(record),
    )  # fmt: skip
    assert [(row["tenant"], row["purpose"]) for row in rows] == [
        ("agency:ice-on", "held case"), ("centre", "identification of a subscriber"),
    ]  # fmt: skip


async def test_a_record_is_opened_for_a_purpose_only(liaison: Liaison) -> None:
    suspect = await liaison.given()
    await liaison.held_by(suspect, "ice-on", "agency:ice-on")
    record = await liaison.identified_and_released(suspect)
    async with liaison.harness.client("agency:ice-on", "subscribers:read", roles=["officer"]) as client:
        answer = await client.get(f"/v1/subscribers/{record}")
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:interlink:problem:purpose-missing")


async def test_the_right_to_a_record_goes_with_the_assignment(liaison: Liaison) -> None:
    suspect = await liaison.given()
    record = await liaison.identified_and_released(suspect)

    async def opened_by(slug: str) -> int:
        async with liaison.of_agency(slug) as client:
            return (await client.get(f"/v1/subscribers/{record}")).status_code

    assert await opened_by("ice-on") == 404
    await liaison.held_by(suspect, "ice-on")  # an event from before tenants were told
    assert [await opened_by(slug) for slug in ("ice-on", "ice-qc")] == [200, 404]
    await liaison.held_by(suspect, "ice-qc", "agency:ice-qc")
    assert [await opened_by(slug) for slug in ("ice-on", "ice-qc")] == [404, 200]
    await liaison.held_by_nobody(suspect, "ice-qc")
    assert await opened_by("ice-qc") == 404


async def test_a_record_stays_open_to_the_holder_when_nothing_more_is_asked(liaison: Liaison) -> None:
    """Routing cancels what is moot once a civic address is known; what was answered is why it is."""
    suspect = await liaison.given()
    await liaison.held_by(suspect, "ice-on", "agency:ice-on")
    record = await liaison.identified_and_released(suspect)
    await liaison.cancelled(suspect)
    async with liaison.of_agency("ice-on") as client:
        assert (await client.get(f"/v1/subscribers/{record}")).status_code == 200


@pytest.mark.parametrize(
    ("holder", "tenant"), [("bureau-nl", "partner:bureau-nl"), ("centre", "centre"), ("rcmp-h", "agency:rcmp-h")]
)
async def test_an_older_event_never_takes_a_record_back_from_its_newest_holder(
    liaison: Liaison, holder: str, tenant: str
) -> None:
    suspect = await liaison.given()
    await liaison.held_by(suspect, "ice-on", "agency:ice-on")
    (older,) = await liaison.harness.rows("SELECT sequence FROM isp_liaison.holder WHERE entry = $1", suspect)
    await liaison.held_by(suspect, holder)
    liaison.harness._given = {}  # the next event is of sequence 1 again: a replay
    await liaison.held_by(suspect, "ice-on", "agency:ice-on")
    (row,) = await liaison.harness.rows("SELECT holder_tenant FROM isp_liaison.holder WHERE entry = $1", suspect)
    assert (older["sequence"], row["holder_tenant"]) == (1, tenant)


async def test_a_record_that_nobody_checked_is_opened_by_nobody(liaison: Liaison) -> None:
    suspect = await liaison.given()
    await liaison.held_by(suspect, "ice-on", "agency:ice-on")
    number = await liaison.sent()
    (line,) = await liaison.lines(number)
    await liaison.answered(number, identified(line["line"]))
    (row,) = await liaison.harness.rows("SELECT id FROM isp_liaison.subscriber_record")
    async with liaison.of_agency("ice-on") as client, liaison.officer() as officer:
        for one in (client, officer):
            assert (await one.get(f"/v1/subscribers/{row['id']}")).status_code == 404


async def test_an_erased_referral_leaves_no_record(liaison: Liaison) -> None:
    suspect = await liaison.given()
    record = await liaison.identified_and_released(suspect)
    await liaison.erase()
    async with liaison.officer() as client:
        assert (await client.get(f"/v1/subscribers/{record}")).status_code == 404


SEEN = {
    "provider:provider-north": {"request", "line", "authority", "answer"},
    "agency:ice-on": {"line_entry", "holder", "subscriber_record"},
    "agency:ice-qc": set(),
    "partner:bureau-nl": set(),
    "provider:provider-east": set(),
}
PUBLIC = {"provider", "network", "provider_owner", "instrument"}


async def test_every_tenant_sees_its_own_rows_alone(liaison: Liaison) -> None:
    suspect = await liaison.given(capture(), capture("70.24.10.2", grade="X", item="/captures/1"))
    await liaison.held_by(suspect, "ice-on", "agency:ice-on")
    await liaison.identified_and_released(suspect)
    tables = {row["t"] for row in await liaison.harness.rows(TABLES)}
    ours = {
        table
        for table in tables
        if await liaison.harness.rows(
            "SELECT FROM pg_policies WHERE schemaname = 'isp_liaison' AND tablename = $1 AND cmd = 'SELECT'", table
        )
    } - {"job", "sealed_text"}  # which a request's role may at most add to
    for tenant, expected in SEEN.items():
        async with liaison.harness.process.database.as_tenant(tenant) as tx:
            seen = {table for table in ours if await tx.rows(text(f"SELECT 1 AS seen FROM {table}"))}
        assert seen == expected | PUBLIC, tenant
    async with liaison.harness.process.database.as_centre() as tx:
        assert {table for table in ours if await tx.rows(text(f"SELECT 1 AS seen FROM {table}"))} == ours


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE request SET state = 'closed'",
        "UPDATE request SET provider_tenant = 'provider:provider-east'",
        "UPDATE line SET outcome = 'no_record'",
        "UPDATE answer SET state = 'confirmed'",
        "UPDATE subscriber_record SET released_at = now()",
        "UPDATE holder SET holder_tenant = 'provider:provider-north'",
        "INSERT INTO line_entry SELECT * FROM line_entry",
        "DELETE FROM answer",
    ],
)
async def test_a_provider_changes_nothing_but_what_it_says(liaison: Liaison, change: str) -> None:
    await liaison.given()
    await liaison.sent()

    async def intrude() -> None:
        async with liaison.harness.process.database.as_tenant("provider:provider-north") as tx:
            await tx.execute(text(change))

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
        await intrude()


async def test_nothing_personal_is_in_clear_in_any_table_event_or_log(
    liaison: Liaison, capsys: pytest.CaptureFixture[str]
) -> None:
    suspect = await liaison.given(capture("70.24.10.77"))
    await liaison.held_by(suspect, "ice-on", "agency:ice-on")
    number = await liaison.sent(grounds=f"{MARKER} grounds", officer=f"{MARKER} officer")
    (line,) = await liaison.lines(number)
    async with liaison.of_provider() as client:
        for body in ({"status": "in_progress", "reason": f"{MARKER} note"}, {"status": f"{MARKER} status"}):
            await client.post(f"/v1/requests/{number}:acknowledge", json=body)
    bad = identified(line["line"], subscriber=MARKED, assigned_from="2026-11-10T08:00:00")
    refused = await liaison.answered(number, bad)
    assert MARKER not in refused.text
    await liaison.answered(number, identified(line["line"], subscriber=MARKED))
    await liaison.confirmed()

    secrets = (MARKER, "70.24.10.77", "N1H 9Z9", "N1H9Z9")
    forms = [form for secret in secrets for form in (secret, secret.encode().hex())]
    dumped = 0
    for table in await liaison.harness.rows(TABLES):
        for row in await liaison.harness.rows(f"SELECT to_jsonb(t)::text AS dump FROM isp_liaison.{table['t']} t"):
            dumped += 1
            assert not any(form in row["dump"] for form in forms), table["t"]
    assert dumped > 100
    for one in await liaison.harness.published():
        assert not any(secret in one.event.model_dump_json() for secret in secrets)
    logged = capsys.readouterr()
    assert not any(secret in logged.out + logged.err for secret in secrets)

    record = (await liaison.harness.rows("SELECT id FROM isp_liaison.subscriber_record"))[0]["id"]
    async with liaison.of_agency("ice-on") as client:
        assert MARKER in json.dumps((await client.get(f"/v1/subscribers/{record}")).json())  # it is there, sealed


async def test_providers_and_instruments_are_shown_with_their_sources(liaison: Liaison) -> None:
    async with liaison.of_provider() as client:
        first = (await client.get("/v1/providers", params={"limit": 3})).json()
        more = (await client.get("/v1/providers", params={"limit": 200, "cursor": first["next"]})).json()
        instruments = (await client.get("/v1/instruments")).json()["items"]
    found = [one["id"] for one in (*first["items"], *more["items"])]
    assert found == sorted(found)
    assert {"bell", "provider-north"} <= set(found)
    assert {one["id"]: one["days_canadian"] for one in instruments} == {
        "preservation_demand": 21, "preservation_order": 90, "production_order": None, "exigent_request": None,
    }  # fmt: skip
