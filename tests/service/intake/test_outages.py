"""The database away: 503, nothing lost, nothing stored twice. Kafka away: nobody notices. A key away: its file waits.

No broker exists in these tests: whatever they post is accepted, and its events wait in the outbox.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from contracts.events.entries import SuspectReported
from kit.testing.databases import TestDatabase, execute
from kit.testing.harness import Harness
from sandbox.generator import native

SUSPECT = native.suspect(captures=[native.capture("24.48.0.1")])
LARGE = native.native_file(suspects=[SUSPECT | {"reference": f"S-{number}"} for number in range(5)])
BODY = native.native_file(suspects=[SUSPECT])


async def _away(database: TestDatabase) -> None:
    """Refuses every connection and cuts those that are open."""
    await execute(
        database.superuser_url,
        [
            f"ALTER DATABASE {database.name} CONNECTION LIMIT 0",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
        ],
    )


async def test_while_the_database_is_away_posts_are_asked_to_come_again(
    intake: Harness, database: TestDatabase, partner: Any
) -> None:
    assert (await partner.post(BODY, Idempotency_Key="before")).status_code == 201
    await _away(database)
    answer = await partner.post(BODY, Idempotency_Key="during")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:interlink:problem:unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert (await partner.client.get("/v1/referrals")).status_code == 503
    await execute(database.superuser_url, [f"ALTER DATABASE {database.name} CONNECTION LIMIT -1"])
    again = await partner.post(BODY, Idempotency_Key="during")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert len(await intake.rows("SELECT FROM intake.referral")) == 1


async def test_without_a_broker_files_are_accepted_and_their_events_wait(intake: Harness, partner: Any) -> None:
    assert (await partner.post(BODY)).status_code == 201
    assert len(await intake.rows("SELECT FROM intake.outbox")) == 2


@asynccontextmanager
async def _without_keys(intake: Harness) -> AsyncIterator[None]:
    """The keyring is one of an earlier moment: what it lacks was not destroyed."""
    url = intake.database.superuser_url
    taken = ["CREATE TABLE public.taken AS SELECT * FROM keyring.data_key", "DELETE FROM keyring.data_key"]
    await execute(url, ["SET session_replication_role = replica", *taken])
    yield
    await execute(url, ["INSERT INTO keyring.data_key SELECT * FROM public.taken"])


async def _told(intake: Harness) -> int:
    intake.clock.advance(timedelta(seconds=10))
    await intake.work()
    return len(await intake.published(SuspectReported))


async def test_while_its_key_is_missing_a_large_file_waits(intake: Harness, partner: Any) -> None:
    number = (await partner.post(LARGE)).json()["number"]
    async with _without_keys(intake):
        assert [await _told(intake) for _ in range(2)] == [0, 0]
    assert [await _told(intake) for _ in range(3)] == [2, 4, 5]
    assert (await partner.referral(number))["status"] == "accepted"


async def test_a_large_file_whose_key_was_destroyed_is_told_no_further(intake: Harness, partner: Any) -> None:
    await partner.post(LARGE)
    assert await _told(intake) == 2
    intake.clock.advance(timedelta(minutes=2))  # no process has the key in memory any more
    await intake.rows("UPDATE keyring.data_key SET wrapped = NULL, destroyed_at = now()")
    assert await _told(intake) == 2
    assert await intake.rows("SELECT FROM intake.job WHERE kind = 'referral.publish'") == []


async def test_while_its_key_is_missing_a_file_is_amended_later(intake: Harness, partner: Any) -> None:
    later = native.native_file(version=2, suspects=[SUSPECT | {"reference": "S-2"}])
    assert (await partner.post(BODY)).status_code == 201
    async with _without_keys(intake):
        answer = await partner.post(later)
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:interlink:problem:unavailable")
    assert (await partner.post(later)).status_code == 201
