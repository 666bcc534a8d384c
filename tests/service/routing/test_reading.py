"""What can be read over HTTP: the whole story, the lists, the directory, a preview that stores nothing."""

import json
from typing import Any

import pytest
from httpx import AsyncClient
from service.routing.conftest import ABROAD, SASKTEL, Routing, address, capture, items, phone

PERSONAL = ("70.24.10.1", "Synthetic Street", "+14035550100", "J. Example")


def previewing(routing: Routing) -> AsyncClient:
    return routing.harness.client("agency:ice-on", "determinations:preview")


async def test_the_story_tells_everything_but_personal_values(routing: Routing) -> None:
    home = address(municipality="Guelph", province="ON", country="CA", kind="home", verified=True)
    told = items(
        name="J. Example",
        captures=[capture()],
        civic_addresses=[home],
        identifiers=[phone("+14035550100")],
    )
    suspect = await routing.given_suspect(told)

    async with routing.agency("ice-on") as client:
        answer = await client.get(f"/v1/suspects/{suspect}")

    assert answer.status_code == 200
    assert not [value for value in PERSONAL if value in answer.text]
    story = answer.json()
    assert story["assignment"]["holder"] == "ice-on"
    (capture_told,) = story["captures"]
    assert (capture_told["organisation"], capture_told["country"], capture_told["grade"]) == ("Bell Canada", "CA", "A")
    (determination,) = story["determinations"]
    explanation = determination["explanation"]
    assert [one["used"] for one in explanation["evidence"]] == ["decides", "outranked", "outranked"]
    assert explanation["candidates"] == [
        {"body": "rcmp-k", "evidence": "phone_or_billing", "lost": "outranked_by.verified_civic_address"}
    ]
    assert set(explanation["versions"]) == {"rules", "directory", "snapshots", "tzdata"}
    (row,) = await routing.harness.rows("SELECT action, subject, purpose FROM routing.audit_entry")
    assert (row["action"], row["subject"], row["purpose"]) == ("suspect.read", str(suspect), "review of a held case")


async def test_nothing_personal_is_stored_in_clear(routing: Routing) -> None:
    await routing.given_suspect(items(name="J. Example", captures=[capture()], identifiers=[phone("+14035550100")]))
    tables = await routing.harness.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'routing'")
    for table in tables:
        rows = await routing.harness.rows(f"SELECT t::text AS row FROM routing.{table['tablename']} t")
        assert not [row for row in rows for value in PERSONAL if value in row["row"]], table["tablename"]


async def test_the_partner_of_origin_reads_its_entry_but_not_others_assignments(routing: Routing) -> None:
    home = address(municipality="Guelph", province="ON", country="CA", kind="home", verified=True)
    suspect = await routing.given_suspect(items(civic_addresses=[home]))
    async with routing.partner() as client:
        story = (await client.get(f"/v1/suspects/{suspect}")).json()
        other_kind = await client.get(f"/v1/victims/{suspect}")
    async with routing.partner("bureau-de") as client:
        others = await client.get(f"/v1/suspects/{suspect}")
    assert (story["id"], story["assignments"]) == (str(suspect), [])
    assert len(story["determinations"]) == 1
    assert other_kind.status_code == others.status_code == 404


async def test_a_victims_story_has_its_own_path(routing: Routing) -> None:
    event = routing.victim(items(captures=[capture()]))
    await routing.told(event)
    async with routing.coordinator() as client:
        story = (await client.get(f"/v1/victims/{event.victim}")).json()
    assert (story["kind"], story["assignment"]["holder"]) == ("victim", "centre")
    assert story["determinations"][0]["branch"] == "victim"
    assert story["identification_requests"][0]["items"] == ["/captures/0"]


async def test_the_story_needs_a_purpose(routing: Routing) -> None:
    suspect = await routing.given_suspect(items())
    async with routing.harness.client("centre", "suspects:read", roles=["coordinator"]) as client:
        answer = await client.get(f"/v1/suspects/{suspect}")
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:interlink:problem:purpose-missing")


async def test_an_agency_pages_through_its_own_assignments(routing: Routing) -> None:
    home = address(municipality="Guelph", province="ON", country="CA", kind="home", verified=True)
    mine = [routing.suspect(items(civic_addresses=[home])) for _ in range(7)]
    others = [routing.suspect(items(captures=[capture()])) for _ in range(5)]
    await routing.told(*mine, *others)

    seen: list[str] = []
    async with routing.agency("ice-on") as client:
        cursor: dict[str, str] = {}
        while True:
            page = (await client.get("/v1/assignments", params={"limit": 3, **cursor})).json()
            seen += [one["entry"] for one in page["items"]]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        none = (await client.get("/v1/assignments", params={"state": "accepted"})).json()
    async with routing.coordinator() as client:
        everybody = (await client.get("/v1/assignments")).json()
        centre = (await client.get("/v1/assignments", params={"holder": "centre"})).json()

    assert sorted(seen) == sorted(str(one.suspect) for one in mine)
    assert len(seen) == 7
    assert none["items"] == []
    assert (len(everybody["items"]), len(centre["items"])) == (12, 5)


async def test_the_directory_is_listed(routing: Routing) -> None:
    async with routing.harness.client("agency:ice-on") as client:
        first = (await client.get("/v1/agencies", params={"limit": 200})).json()
        ice = (await client.get("/v1/agencies", params={"kind": "ice_unit"})).json()
    assert len(first["items"]) == 200
    assert first["next"] is not None
    assert len(ice["items"]) == 13


async def test_a_preview_answers_and_stores_nothing(routing: Routing) -> None:
    entry = {
        "reference": "S-1",
        "role": "suspect",
        "account": {"service": "example", "id": "account-1"},
        "captures": [{"ip": SASKTEL, "port": 50123, "time": "2026-06-20T12:00:00", "zone": "America/Regina"}],
        "phones": ["+14165550100"],
        "civic_addresses": [
            {"street": "1 Synthetic Street", "municipality": "Brampton", "province": "ON", "country": "CA",
             "kind": "billing", "verified": True},
        ],
        "something_else": {"is": "ignored"},
    }  # fmt: skip
    before = await routing.harness.rows("SELECT count(*) AS n FROM routing.outbox")
    async with previewing(routing) as client:
        wrapped = await client.post("/v1/determinations:preview", json={"entry": entry, "as_of": "2026-11-22"})
        bare = await client.post("/v1/determinations:preview", json={**entry, "as_of": "2026-11-22"})
    assert wrapped.status_code == 200, wrapped.text
    told = wrapped.json()
    assert (told["branch"], told["body"], told["first_hop"], told["copies"], told["confidence"]) == (
        "canada", "police-peel", "ice-on", [], "high",
    )  # fmt: skip
    assert told["explanation"]["captures"][0]["grade"] == "A"
    assert told["explanation"]["captures"][0]["province_hint"] == "CA-SK"
    assert bare.json() == told
    assert "Synthetic" not in json.dumps(told)
    assert SASKTEL not in json.dumps(told)
    for table in ("entry", "determination", "assignment", "investigation"):
        assert await routing.harness.rows(f"SELECT FROM routing.{table}") == []
    assert await routing.harness.rows("SELECT count(*) AS n FROM routing.outbox") == before


async def test_a_preview_uses_the_directory_of_its_day(routing: Routing) -> None:
    entry = {"civic_addresses": [{"municipality": "Surrey", "province": "BC", "country": "CA", "verified": True}]}
    bodies = []
    async with previewing(routing) as client:
        for day in ("2024-11-28", "2024-11-29", "2024-11-29T23:59:00-08:00"):
            answer = await client.post("/v1/determinations:preview", json={"entry": entry, "as_of": day})
            bodies.append(answer.json()["body"])
    assert bodies == ["rcmp-e", "police-surrey", "police-surrey"]


async def test_a_preview_of_a_victim_and_of_nothing(routing: Routing) -> None:
    victim = {"role": "victim", "stated_location": {"province": "Québec", "country": "CA"}}
    async with previewing(routing) as client:
        large = await client.post("/v1/determinations:preview", json={"entry": {}, "padding": "x" * 300_000})
        told = (await client.post("/v1/determinations:preview", json={"entry": victim})).json()
        nothing = (await client.post("/v1/determinations:preview", json={"entry": {}})).json()
        broken = await client.post("/v1/determinations:preview", json=[1])
        travel = {
            "citizenship": "CA",
            "captures": [{"ip": ABROAD, "time": "2026-06-20"}],
            "offence_type": "travel_exploitation",
        }
        abroad = (await client.post("/v1/determinations:preview", json=travel)).json()
    assert (told["branch"], told["holder"], told["copies"]) == ("victim", "ice-qc", ["cfs-qc"])
    assert (nothing["branch"], nothing["body"], nothing["reason"]) == ("centre", "centre", "no_usable_evidence")
    assert (broken.status_code, large.status_code) == (422, 413)
    assert (abroad["branch"], abroad["confidence"]) == ("extraterritorial", "low")


@pytest.mark.parametrize("day", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "0001-01-01", "2300-01-01"])
async def test_a_preview_of_no_day_of_ours_is_refused(routing: Routing, day: str) -> None:
    async with previewing(routing) as client:
        answer = await client.post("/v1/determinations:preview", json={"entry": {}, "as_of": day})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"].split("/")[1]) == (422, "as_of")


@pytest.mark.parametrize("phone", ["+" + "1" * 200, {"value": "1" * 200}, None, 1])
async def test_a_preview_of_what_is_no_phone_is_refused(routing: Routing, phone: Any) -> None:
    async with previewing(routing) as client:
        answer = await client.post("/v1/determinations:preview", json={"entry": {"phones": [phone]}})
    assert answer.status_code == 422
    assert "1" * 200 not in answer.text
