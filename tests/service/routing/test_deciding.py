"""Accepting and declining, and what an agency may see of others."""

from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from httpx import Response
from service.routing.conftest import ABROAD, BELL, Routing, address, capture, items, phone, stated

from contracts import ids
from contracts.events.jurisdictions import (
    AssignmentAccepted,
    AssignmentDeclined,
    AssignmentOverdue,
    JurisdictionUndetermined,
)

WRONG = {"reason": "wrong_jurisdiction"}


async def in_guelph(routing: Routing) -> UUID:
    home = address(municipality="Guelph", province="ON", country="CA", kind="home", verified=True)
    return await routing.given_suspect(items(captures=[capture()], civic_addresses=[home]))


async def decline(routing: Routing, slug: str, entry: UUID, **body: str) -> Response:
    async with routing.agency(slug) as client:
        path = f"/v1/assignments/{await routing.current(entry)}:decline"
        return await client.post(path, json={**WRONG, **body})


@pytest.mark.parametrize("change", ["tenant = 'partner:x'", "holder_tenant = 'agency:x'", "priority = 'P4'"])
async def test_a_holder_decides_on_its_assignment_and_changes_nothing_else_of_it(routing: Routing, change: str) -> None:
    await in_guelph(routing)
    connection = await asyncpg.connect(routing.harness.database.url("routing_api"))
    try:
        async with connection.transaction():
            await connection.execute("SELECT set_config('kit.tenant', 'agency:ice-on', true)")
            assert len(await connection.fetch("SELECT FROM assignment")) == 1
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"UPDATE assignment SET {change}")
    finally:
        await connection.close()


async def test_the_holder_accepts(routing: Routing) -> None:
    suspect = await in_guelph(routing)
    assignment = await routing.current(suspect)
    async with routing.agency("ice-on") as client:
        answer = await client.post(f"/v1/assignments/{assignment}:accept")
        again = await client.post(f"/v1/assignments/{assignment}:decline", json=WRONG)
    assert (answer.status_code, answer.json()["state"]) == (200, "accepted")
    assert (again.status_code, again.json()["state"]) == (200, "declined")  # an accepted one may be handed back
    (accepted,) = await routing.harness.published(AssignmentAccepted)
    assert accepted.event.assignment == assignment
    audit = await routing.harness.rows("SELECT action, tenant, purpose FROM routing.audit_entry ORDER BY id")
    assert [(row["action"], row["tenant"]) for row in audit] == [
        ("assignment.accepted", "agency:ice-on"), ("assignment.declined", "agency:ice-on"),
    ]  # fmt: skip


async def test_what_is_over_cannot_be_decided_again(routing: Routing) -> None:
    suspect = await in_guelph(routing)
    assignment = await routing.current(suspect)
    async with routing.agency("ice-on") as client:
        await client.post(f"/v1/assignments/{assignment}:decline", json=WRONG)
        for verb in ("accept", "decline"):
            answer = await client.post(f"/v1/assignments/{assignment}:{verb}", json=WRONG)
            assert (answer.status_code, answer.json()["type"]) == (409, "urn:interlink:problem:assignment.not_open")


async def test_a_declined_suspect_goes_to_the_centre_where_nothing_else_was_named(routing: Routing) -> None:
    suspect = await in_guelph(routing)
    first = await routing.current(suspect)
    answer = await decline(routing, "ice-on", suspect)
    assert answer.status_code == 200
    assert (await routing.holders())[suspect] == ("centre", "centre", "assigned")
    (declined,) = await routing.harness.published(AssignmentDeclined)
    assert (declined.event.assignment, declined.event.reason) == (first, "wrong_jurisdiction")
    assert str(declined.event.successor) == answer.json()["successor"]


async def test_a_declined_suspect_goes_to_the_next_candidate_of_its_determination(routing: Routing) -> None:
    home = address(municipality="Guelph", province="ON", country="CA", kind="home", verified=True)
    told = items(captures=[capture(ABROAD)], civic_addresses=[home], identifiers=[phone("+14035550100")])
    suspect = await routing.given_suspect(told)
    await decline(routing, "ice-on", suspect)
    assert (await routing.holders())[suspect][:2] == ("ice-ab", "rcmp-k")
    await decline(routing, "ice-ab", suspect)
    assert (await routing.holders())[suspect][:2] == ("bureau-nl", "bureau-nl")


async def test_the_holder_may_say_who_has_jurisdiction(routing: Routing) -> None:
    suspect = await in_guelph(routing)
    await decline(routing, "ice-on", suspect, suggested_body="police-surrey")
    assert (await routing.holders())[suspect][:2] == ("ice-bc", "police-surrey")
    unknown = await decline(routing, "ice-bc", suspect, suggested_body="police-atlantis")
    assert (unknown.status_code, unknown.json()["type"]) == (422, "urn:interlink:problem:body.unknown")
    back = await decline(routing, "ice-bc", suspect, suggested_body="police-toronto")
    assert back.status_code == 200
    assert await routing.holder(suspect) == "centre"  # ice-on declined it before


async def test_any_other_reason_leaves_it_to_a_person(routing: Routing) -> None:
    suspect = await in_guelph(routing)
    await decline(routing, "ice-on", suspect, reason="outside_mandate", suggested_body="sq")
    assert await routing.holder(suspect) == "centre"


async def test_after_five_holders_the_centre_takes_it(routing: Routing) -> None:
    suspect = await in_guelph(routing)
    for slug, following in [
        ("ice-on", "sq"),
        ("ice-qc", "police-surrey"),
        ("ice-bc", "police-calgary"),
        ("ice-ab", "rcmp-f"),
        ("ice-sk", "rcmp-d"),
    ]:
        assert await routing.holder(suspect) == slug
        assert (await decline(routing, slug, suspect, suggested_body=following)).status_code == 200
    assert (await routing.holders())[suspect] == ("centre", "centre", "assigned")
    (undetermined,) = await routing.harness.published(JurisdictionUndetermined)
    assert undetermined.event.reason == "too_many_hops"
    rows = await routing.harness.rows("SELECT hop FROM routing.assignment WHERE entry = $1 ORDER BY id", suspect)
    assert [row["hop"] for row in rows] == [1, 2, 3, 4, 5, 6]


async def test_the_centre_cannot_decline(routing: Routing) -> None:
    suspect = await routing.given_suspect(items(captures=[capture()]))
    async with routing.coordinator() as client:
        answer = await client.post(f"/v1/assignments/{await routing.current(suspect)}:decline", json=WRONG)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:interlink:problem:assignment.of_the_centre")


async def test_the_centre_cannot_accept_for_an_agency(routing: Routing) -> None:
    suspect = await in_guelph(routing)
    async with routing.coordinator() as client:
        answer = await client.post(f"/v1/assignments/{await routing.current(suspect)}:accept")
    assert answer.json()["type"] == "urn:interlink:problem:assignment.of_another_body"


async def test_new_evidence_for_a_body_that_declined_is_only_proposed(routing: Routing) -> None:
    suspect = await in_guelph(routing)
    await decline(routing, "ice-on", suspect)
    await routing.answered(suspect, country="CA", province="CA-ON", municipality="Guelph")
    assert await routing.holder(suspect) == "centre"
    assert len(await routing.harness.rows("SELECT FROM routing.transfer_proposal")) == 1


async def test_another_agencys_assignment_reads_like_one_that_does_not_exist(routing: Routing) -> None:
    suspect = await in_guelph(routing)
    assignment = await routing.current(suspect)
    async with routing.agency("ice-qc") as client:
        for path in ("/v1/assignments/{}:accept", "/v1/assignments/{}:decline"):
            other = await client.post(path.format(assignment), json=WRONG)
            nothing = await client.post(path.format(ids.new()), json=WRONG)
            assert other.status_code == nothing.status_code == 404
            assert {**other.json(), "request_id": None} == {**nothing.json(), "request_id": None}
        other = await client.get(f"/v1/suspects/{suspect}")
        nothing = await client.get(f"/v1/suspects/{ids.new()}")
        assert other.status_code == nothing.status_code == 404
        assert {**other.json(), "request_id": None} == {**nothing.json(), "request_id": None}
        assert (await client.get("/v1/assignments")).json()["items"] == []


async def test_who_handed_a_suspect_back_sees_it_no_longer(routing: Routing) -> None:
    suspect = await in_guelph(routing)
    async with routing.agency("ice-on") as client:
        assert (await client.get(f"/v1/suspects/{suspect}")).status_code == 200
        await decline(routing, "ice-on", suspect)
        assert (await client.get(f"/v1/suspects/{suspect}")).status_code == 404
        (own,) = (await client.get("/v1/assignments")).json()["items"]
    assert own["state"] == "declined"


async def test_a_bureau_abroad_holds_and_accepts_what_was_sent_to_it(routing: Routing) -> None:
    suspect = await routing.given_suspect(items(captures=[capture(ABROAD)]))
    async with routing.partner() as client:
        answer = await client.post(f"/v1/assignments/{await routing.current(suspect)}:accept")
    assert answer.status_code == 200


async def test_a_token_without_the_scope_is_refused(routing: Routing) -> None:
    suspect = await in_guelph(routing)
    async with routing.harness.client("agency:ice-on", "assignments:read") as client:
        answer = await client.post(f"/v1/assignments/{await routing.current(suspect)}:accept")
        unknown = await client.post(f"/v1/assignments/{ids.new()}:decline", json={"reason": "boredom"})
    assert (answer.status_code, unknown.status_code) == (403, 403)


async def test_the_database_itself_holds_one_current_assignment_per_entry(routing: Routing) -> None:
    suspect = await in_guelph(routing)
    columns = ", ".join(
        row["column_name"]
        for row in await routing.harness.rows(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = 'routing' AND table_name = 'assignment' AND column_name <> 'id'"
        )
    )
    with pytest.raises(asyncpg.UniqueViolationError, match="assignment_current"):
        await routing.harness.rows(
            f"INSERT INTO routing.assignment (id, {columns})"
            f" SELECT gen_random_uuid(), {columns} FROM routing.assignment WHERE entry = $1 RETURNING id",
            suspect,
        )


async def test_what_nobody_accepts_in_time_is_flagged_once(routing: Routing) -> None:
    suspect = await routing.given_suspect(items(captures=[capture(BELL)]))
    await routing.harness.process.worker.plant()
    await routing.harness.work()
    assert await routing.harness.published(AssignmentOverdue) == []
    routing.clock.advance(timedelta(hours=24, minutes=1))
    await routing.harness.work()
    routing.clock.advance(timedelta(minutes=1))
    await routing.harness.work()
    (overdue,) = await routing.harness.published(AssignmentOverdue)
    assert overdue.event.entry == suspect
    async with routing.coordinator() as client:
        (listed,) = (await client.get("/v1/assignments")).json()["items"]
    assert listed["overdue"] is True


async def test_child_protection_never_holds(routing: Routing) -> None:
    suspect = await in_guelph(routing)
    answer = await decline(routing, "ice-on", suspect, suggested_body="cfs-on")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:interlink:problem:body.no_police")
    assert await routing.holder(suspect) == "ice-on"


async def test_a_victim_handed_on_is_told_to_child_protection_of_the_new_province(routing: Routing) -> None:
    event = routing.victim(items(stated_location=stated(municipality="Guelph", province="ON", country="CA")))
    await routing.told(event)
    await decline(routing, "ice-on", event.victim, suggested_body="police-surrey")
    await decline(routing, "ice-bc", event.victim, reason="other")
    rows = await routing.harness.rows("SELECT holder, copies FROM routing.assignment ORDER BY id")
    assert [(row["holder"], row["copies"]) for row in rows] == [
        ("ice-on", '["cfs-on"]'), ("ice-bc", '["cfs-bc"]'), ("centre", '["cfs-bc"]'),
    ]  # fmt: skip


async def test_a_proposal_ends_with_the_assignment_it_was_about(routing: Routing) -> None:
    suspect = await in_guelph(routing)
    assignment = await routing.current(suspect)
    async with routing.agency("ice-on") as client:
        await client.post(f"/v1/assignments/{assignment}:accept")
    home = address(municipality="Surrey", province="BC", country="CA", kind="home", verified=True)
    await routing.told(routing.suspect(items(civic_addresses=[home]), suspect, version=2))
    await decline(routing, "ice-on", suspect)
    rows = await routing.harness.rows("SELECT holder, state FROM routing.transfer_proposal")
    assert [(row["holder"], row["state"]) for row in rows] == [("ice-bc", "superseded")]
