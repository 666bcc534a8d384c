"""The same file twice has one effect and one receipt, byte for byte."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import text

from contracts.events.entries import SuspectReported
from intake.application import LONGEST_WAIT_SECONDS
from kit.testing.eventually import eventually
from kit.testing.harness import Harness
from sandbox.generator import native

IP = "24.48.0.1"
TAKE = text("SELECT pg_advisory_xact_lock(hashtextextended('intake.key partner:bureau-nl k', 0))")


FORGOTTEN_AT_ONCE = 2


@pytest.fixture
def options() -> dict[str, Any]:
    return {"forget_chunk": FORGOTTEN_AT_ONCE}


def a_file(reference: str = "NL-1", **more: Any) -> bytes:
    return native.native_file(reference, suspects=[native.suspect(captures=[native.capture(IP)])], **more)


async def test_the_same_key_and_body_get_the_same_bytes(intake: Harness, partner: Any) -> None:
    first = await partner.post(a_file(), Idempotency_Key="k")
    intake.clock.advance(timedelta(minutes=30))
    again = await partner.post(a_file(), Idempotency_Key="k")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert len(await intake.published(SuspectReported)) == 1


async def test_the_same_key_with_another_body_is_refused(partner: Any) -> None:
    await partner.post(a_file(), Idempotency_Key="k")
    other = await partner.post(a_file("NL-2"), Idempotency_Key="k")
    assert (other.status_code, other.json()["type"]) == (422, "urn:interlink:problem:idempotency.other_content")


async def test_a_key_belongs_to_its_partner(partner: Any, other: Any) -> None:
    first = await partner.post(a_file(), Idempotency_Key="k")
    theirs = await other.post(a_file(), Idempotency_Key="k")
    assert theirs.status_code == 201
    assert theirs.json()["number"] != first.json()["number"]


async def test_a_reference_and_version_stand_for_their_content_however_it_is_spelt(
    intake: Harness, partner: Any
) -> None:
    first = await partner.post(a_file())
    spelt = orjson.dumps(orjson.loads(a_file()), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    again = await partner.post(spelt, Idempotency_Key="later")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    remembered = await partner.post(spelt, Idempotency_Key="later")
    assert remembered.content == first.content
    other = await partner.post(a_file(urgency="P2"))
    assert (other.status_code, other.json()["type"]) == (422, "urn:interlink:problem:reference.other_content")
    assert len(await intake.published(SuspectReported)) == 1


async def test_a_version_older_than_the_known_one_is_a_conflict(partner: Any) -> None:
    await partner.post(a_file(version=3))
    older = await partner.post(a_file(version=2))
    assert (older.status_code, older.json()["type"]) == (409, "urn:interlink:problem:version.outdated")


async def _at_once(posts: list[Any]) -> list[httpx.Response]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(post) for post in posts]
    return [task.result() for task in tasks]


@pytest.mark.usefixtures("patient")
async def test_concurrent_posts_of_one_key_have_one_effect(intake: Harness, partner: Any) -> None:
    answers = await _at_once([partner.post(a_file(), Idempotency_Key="k") for _ in range(12)])
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 11
    assert len(await intake.rows("SELECT FROM intake.referral")) == 1
    assert len(await intake.published(SuspectReported)) == 1


async def test_many_partners_files_share_commits_and_keep_apart(intake: Harness, partner: Any, other: Any) -> None:
    posts = [who.post(a_file(f"R-{number}")) for number in range(20) for who in (partner, other)]
    answers = await _at_once(posts)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["number"] for answer in answers}) == 40
    rows = await intake.rows("SELECT tenant, count(*) AS n FROM intake.referral GROUP BY 1 ORDER BY 1")
    assert [(row["tenant"], row["n"]) for row in rows] == [("partner:bureau-nl", 20), ("partner:clearinghouse", 20)]
    commits = await intake.rows("SELECT DISTINCT xmin::text FROM intake.referral")
    assert len(commits) < 40


async def test_one_bad_file_of_a_group_does_not_fail_its_neighbours(partner: Any) -> None:
    await partner.post(a_file("R-0"))
    answers = await _at_once(
        [partner.post(a_file("R-0", urgency="P1")), partner.post(a_file("R-1")), partner.post(a_file("R-2"))]
    )
    assert [answer.status_code for answer in answers] == [422, 201, 201]


async def test_who_waits_two_seconds_for_another_request_of_its_key_is_told_so(intake: Harness, partner: Any) -> None:
    async with intake.process.database.as_system() as tx:
        await tx.execute(TAKE)
        answer = await partner.post(a_file(), Idempotency_Key="k")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:interlink:problem:request.in_progress")
    assert (await partner.post(a_file(), Idempotency_Key="k")).status_code == 201


async def test_old_keys_are_all_forgotten_and_their_files_are_not(intake: Harness, partner: Any) -> None:
    first = await partner.post(a_file(), Idempotency_Key="k")
    for number in range(FORGOTTEN_AT_ONCE * 2):
        await partner.post(a_file(), Idempotency_Key=f"k-{number}")
    intake.clock.set(intake.clock.now().replace(year=2027))
    await intake.process.worker.plant()

    async def forgotten() -> bool:
        await intake.work()
        return await intake.rows("SELECT FROM intake.idempotency") == []

    assert await eventually(forgotten)
    async with intake.client("partner:bureau-nl", "referrals:write") as later:
        again = await later.post("/v1/referrals", content=a_file(), headers={"Content-Type": "application/json"})
    assert again.content == first.content


async def test_the_two_seconds_begin_when_the_body_has_come(intake: Harness, partner: Any) -> None:
    began = ended = time.monotonic()

    async def slowly() -> AsyncIterator[bytes]:
        nonlocal ended
        yield a_file()
        await eventually(lambda: time.monotonic() > began + LONGEST_WAIT_SECONDS)
        ended = time.monotonic()

    async with intake.process.database.as_system() as tx:
        await tx.execute(TAKE)
        answer = await partner.post(slowly(), Idempotency_Key="k")
    assert answer.status_code == 409
    assert time.monotonic() - ended >= LONGEST_WAIT_SECONDS
