"""The database away: 503, nothing lost, nothing stored twice. Kafka away: nobody notices.

No broker exists in these tests: whatever they post is accepted, and its events wait in the outbox.
"""

from typing import Any

from kit.testing.databases import TestDatabase, execute
from kit.testing.harness import Harness
from sandbox.generator import native

BODY = native.native_file(suspects=[native.suspect(captures=[native.capture("24.48.0.1")])])


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
