"""Postgres or Kafka away: what is promised while it lasts, and that nothing is lost after it."""

import asyncio
from datetime import UTC, datetime

import httpx
from suite.running import Suite

from interlink.stack.servers import Broker, Database
from kit.testing.eventually import eventually
from sandbox.generator.files import files

NOW = datetime.now(UTC)  # noqa: TID251 - captures must be of these days, as in life


async def test_posts_are_accepted_while_kafka_is_away_and_their_events_follow(suite: Suite) -> None:
    await suite.ready()
    first, second = [made.body for made in files(501, 2, 20, now=NOW)]
    await asyncio.to_thread(Broker(home=suite.home).stop)
    receipts = [await suite.deliver("bureau-nl", first), await suite.deliver("bureau-nl", second)]
    entries = await suite.entries_of(receipts)
    await suite.settled(entries, within=90)  # the supervisor starts the broker again
    await suite.ready()


async def test_posts_are_refused_for_a_while_when_postgres_is_away_and_work_goes_on_after_it(suite: Suite) -> None:
    await suite.ready()
    before, after = [made.body for made in files(502, 2, 40, now=NOW)]
    receipt = await suite.deliver("bureau-nl", before)
    entries = await suite.entries_of([receipt])
    refusals: list[httpx.Response] = []

    async def refused() -> bool:
        await asyncio.to_thread(Database(home=suite.home).stop)
        answer = await suite.post("bureau-nl", after, Idempotency_Key="while-postgres-is-away")
        refusals.append(answer)
        return answer.status_code == 503

    await eventually(refused, within=30)
    assert int(refusals[-1].headers["Retry-After"]) > 0
    assert refusals[-1].headers["Content-Type"] == "application/problem+json"
    receipt = await suite.deliver("bureau-nl", after, Idempotency_Key="while-postgres-is-away")
    await suite.settled(entries | await suite.entries_of([receipt]), within=90)
    await suite.ready()
