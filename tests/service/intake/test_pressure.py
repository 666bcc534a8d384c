"""Under pressure only urgent files are taken: of partners who may, and if the file says so itself."""

from typing import Any

import httpx
import orjson
import pytest

from intake.pressure import Pressure
from kit.testing.harness import Harness
from sandbox.generator import native

KIND = "application/x-ndjson"
AGED = "UPDATE intake.outbox SET created_at = clock_timestamp() - CAST($1::text AS interval) RETURNING 1"
SHED = (503, "urn:interlink:problem:unavailable")


def a_file(reference: str = "NL-1", **more: Any) -> bytes:
    return native.native_file(reference, suspects=[native.suspect()], **more)


def a_batch(reference: str = "NL-2", **more: Any) -> bytes:
    head = native.native_document(reference, suspects=[], victims=[], **more)
    del head["suspects"], head["victims"]
    return orjson.dumps(head) + b"\n" + orjson.dumps({"suspect": native.suspect()})


async def batch(partner: Any, body: bytes, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await partner.client.post("/v1/referrals:batch", content=body, headers={"Content-Type": KIND, **named})


def answer_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"]


async def late(intake: Harness, partner: Any, age: str = "16 minutes") -> None:
    assert (await partner.post(a_file("first"))).status_code == 201
    await intake.rows(AGED, age)
    await intake.application.pressure.look()


async def test_nothing_is_taken_while_events_wait_for_too_long(intake: Harness, partner: Any) -> None:
    await late(intake, partner)
    for answer in (await partner.post(a_file()), await batch(partner, a_batch())):
        assert answer_of(answer) == SHED
        assert int(answer.headers["retry-after"]) >= 1
    assert len(await intake.rows("SELECT FROM intake.referral")) == 1
    assert (await partner.client.get("/v1/referrals")).status_code == 200
    await intake.rows("DELETE FROM intake.outbox RETURNING 1")
    await intake.application.pressure.look()
    assert (await partner.post(a_file())).status_code == 201
    assert (await batch(partner, a_batch())).status_code == 201


async def test_events_that_wait_for_a_while_hold_up_nothing(intake: Harness, partner: Any) -> None:
    await late(intake, partner, "14 minutes")
    assert (await partner.post(a_file())).status_code == 201


async def test_urgent_files_are_taken_all_the_same(intake: Harness, partner: Any) -> None:
    await late(intake, partner)
    taken = await partner.post(a_file(urgency="P1"), Interlink_Urgency="P0")
    assert taken.status_code == 201
    assert (await batch(partner, a_batch(urgency="P0"), Interlink_Urgency="P0")).status_code == 201
    [row] = await intake.rows(
        "SELECT priority FROM intake.entry JOIN intake.referral r ON r.id = referral_id WHERE r.reference = 'NL-1'"
    )
    assert row["priority"] == "P0"
    reachable = native.victim(civic_addresses=[native.civic_address("Guelph", province="ON")])
    known = native.native_file("NL-3", victims=[reachable])
    assert (await partner.post(known, Interlink_Urgency="P1")).status_code == 201


async def test_who_only_says_so_is_not_urgent(intake: Harness, partner: Any) -> None:
    await late(intake, partner)
    assert answer_of(await partner.post(a_file(), Interlink_Urgency="P0")) == SHED
    assert answer_of(await batch(partner, a_batch(), Interlink_Urgency="P0")) == SHED
    assert answer_of(await partner.post(a_file(urgency="P0"))) == SHED
    assert answer_of(await batch(partner, a_batch(urgency="P0"), Interlink_Urgency="P3")) == SHED


async def test_a_partner_without_the_right_is_not_urgent(intake: Harness, partner: Any) -> None:
    await intake.rows("UPDATE intake.partner SET urgent = false RETURNING 1")
    await late(intake, partner)
    assert answer_of(await partner.post(a_file(urgency="P0"), Interlink_Urgency="P0")) == SHED
    assert answer_of(await batch(partner, a_batch(urgency="P0"), Interlink_Urgency="P0")) == SHED


class TestFullDisk:
    @pytest.fixture
    def options(self) -> dict[str, Any]:
        """No disk is as empty as that."""
        return {"disk_left": 1.0}

    async def test_nothing_is_taken_while_the_disk_is_full(self, intake: Harness, partner: Any) -> None:
        await intake.application.pressure.look()
        assert answer_of(await partner.post(a_file())) == SHED
        assert answer_of(await batch(partner, a_batch())) == SHED


async def test_nothing_is_taken_while_too_many_files_wait(intake: Harness) -> None:
    def of(waiting: int) -> Pressure:
        return Pressure(intake.application.settings, intake.process.database, lambda: waiting)

    assert of(512).refusal() is None
    refused = of(513).refusal()
    assert refused is not None
    assert (refused.status, refused.retry_after) == (503, 2)
