"""A whole stack in the background, and what a test asks of it: posts, ids, records, kills."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
from confluent_kafka import Consumer, TopicPartition

from contracts import envelope, registry
from interlink.commands.token import fetch as fetch_token
from interlink.stack import bootstrap, running
from interlink.stack.home import Home
from interlink.stack.kafka import admin_client
from interlink.stack.servers import Broker, Database
from interlink.stack.state import State
from kit.testing.eventually import eventually

CURRENT = (
    "SELECT entry, count(*) AS n FROM routing.assignment WHERE state IN ('assigned', 'accepted', 'closed') GROUP BY 1"
)
ENTRIES = "SELECT e.id FROM intake.entry e JOIN intake.referral r ON r.id = e.referral_id WHERE r.number = ANY($1)"
DELIVERED = httpx.codes.CREATED


@dataclass
class Suite:
    """One running stack."""

    home: Home
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> State:
        """The supervisor's last word."""
        return running.required(self.home)

    def url(self, service: str) -> str:
        """Base URL of a service."""
        return self.state.services[service]

    def pid(self, process: str) -> int:
        """The process's id now."""
        (found,) = [one.pid for one in self.state.processes if one.name == process]
        assert found is not None, f"{process} does not run"
        return found

    def kill(self, process: str) -> None:
        """kill -9, as a power cut would."""
        os.kill(self.pid(process), signal.SIGKILL)

    async def killed(self, process: str) -> None:
        """kill -9, and wait until the supervisor has started another one; its socket takes requests all the while."""
        before = self.pid(process)
        self.kill(process)
        await self.replaced(process, before)

    async def replaced(self, process: str, before: int) -> None:
        """Wait until another process has its name; until then the supervisor may call the one before ready."""

        def another() -> bool:
            (now,) = [one.pid for one in self.state.processes if one.name == process]
            return now not in (None, before)

        await eventually(another, within=60)

    async def ready(self) -> None:
        """Wait until everything is ready again."""
        await eventually(lambda: self.state.ready, within=60)

    @asynccontextmanager
    async def client(self, service: str, client: str) -> AsyncGenerator[httpx.AsyncClient]:
        """An HTTP client of the sandbox's `client`."""
        if client not in self.tokens:
            self.tokens[client] = fetch_token(self.home, self.state.issuer, client, [])
        async with httpx.AsyncClient(
            base_url=self.url(service),
            headers={"Authorization": f"Bearer {self.tokens[client]}", "Interlink-Purpose": "test"},
            trust_env=False,
            timeout=30,
        ) as opened:
            yield opened

    async def post(
        self, client: str, body: bytes, media_type: str = "application/json", **headers: str
    ) -> httpx.Response:
        """Post a referral once."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client("intake", client) as http:
            return await http.post("/v1/referrals", content=body, headers={"Content-Type": media_type, **named})

    async def deliver(self, client: str, body: bytes, media_type: str = "application/json", **headers: str) -> Any:
        """Post as a careful partner does: the same key again until there is an answer. The receipt."""
        headers.setdefault("Idempotency_Key", str(uuid4()))

        async def answered() -> httpx.Response | None:
            try:
                answer = await self.post(client, body, media_type, **headers)
            except httpx.TransportError:
                return None
            return answer if answer.status_code not in (409, 503) else None

        answer = await eventually(answered, within=60)
        assert answer.status_code == DELIVERED, answer.text
        return answer.json()

    @property
    def database_url(self) -> str:
        """The superuser's view of the suite's database."""
        admin = Database(home=self.home).admin_url
        assert admin is not None
        return bootstrap.database_url(admin)

    async def rows(self, statement: str, *parameters: object) -> list[asyncpg.Record]:
        """Rows past every policy."""
        connection = await asyncpg.connect(self.database_url)
        try:
            return await connection.fetch(statement, *parameters)
        finally:
            await connection.close()

    async def entries_of(self, receipts: Iterable[Any]) -> set[UUID]:
        """The ids of the accepted entries of these receipts."""
        told = list(receipts)
        rows = await self.rows(ENTRIES, [receipt["number"] for receipt in told])
        found = {row["id"] for row in rows}
        assert len(found) == sum(receipt["counts"]["entries"]["accepted"] for receipt in told)
        return found

    async def settled(self, entries: set[UUID], *, within: float = 60) -> None:
        """Wait until each of the entries has exactly one current assignment, by ids."""

        async def assigned() -> bool:
            current = {row["entry"]: row["n"] for row in await self.rows(CURRENT)}
            missing = entries - set(current)
            assert not missing, f"{len(missing)} of {len(entries)} entries have no current assignment"
            return all(current[entry] == 1 for entry in entries)

        await eventually(assigned, within=within)

    async def records(self, topic: registry.Topic) -> list[tuple[envelope.Envelope, bytes]]:
        """Everything on a topic, from its beginning to its present end, but for what other tests planted there."""
        settings = Broker(home=self.home).admin_settings
        return await asyncio.to_thread(read_all, settings, topic)


def read_all(settings: dict[str, str], topic: registry.Topic) -> list[tuple[envelope.Envelope, bytes]]:
    """Every record of a topic that stands there now."""
    consumer = Consumer(settings | {"group.id": "tests.reader", "enable.auto.commit": "false"})
    with closing(consumer):
        waiting = 0
        places: list[TopicPartition] = []
        for number in range(topic.partitions):
            first, end = consumer.get_watermark_offsets(TopicPartition(topic.name, number), timeout=10)
            places.append(TopicPartition(topic.name, number, first))
            waiting += end - first
        consumer.assign(places)
        found: list[tuple[envelope.Envelope, bytes]] = []
        while waiting > 0:
            for message in consumer.consume(min(waiting, 500), 10):
                assert message.error() is None, message.error()
                headers = [(name, value) for name, value in message.headers() or () if isinstance(value, bytes)]
                if ("ce_subject", b"synthetic") not in headers and envelope.type_of(headers) is not None:
                    found.append((envelope.decode(headers), message.value() or b""))
                waiting -= 1
        return found


async def everything(settings: dict[str, str]) -> dict[str, list[bytes]]:
    """The bytes of every record on every topic of ours, key, headers and value, by topic."""

    def read() -> dict[str, list[bytes]]:
        names = [name for name in admin_client(settings).list_topics(timeout=10).topics if not name.startswith("__")]
        return {name: _raw(settings, name) for name in names}

    return await asyncio.to_thread(read)


def _raw(settings: dict[str, str], topic: str) -> list[bytes]:
    consumer = Consumer(settings | {"group.id": "tests.reader", "enable.auto.commit": "false"})
    with closing(consumer):
        waiting, places = 0, []
        for number in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
            first, end = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)
            places.append(TopicPartition(topic, number, first))
            waiting += end - first
        consumer.assign(places)
        found: list[bytes] = []
        while waiting > 0 and (messages := consumer.consume(min(waiting, 500), 5)):
            for message in messages:
                headers = b"".join(value for _, value in message.headers() or () if isinstance(value, bytes))
                found.append((message.key() or b"") + headers + (message.value() or b""))
                waiting -= 1
        return found


def started(folder: Path) -> Suite:
    """Start a stack in a folder of its own; `INTERLINK_HOME` must name it already."""
    home = Home.open(folder)
    running.start(home, lambda _doing: None)
    return Suite(home)


def stopped(suite: Suite) -> None:
    """Stop it and delete everything."""
    running.wipe(suite.home)


async def all_of(*coroutines: Any) -> list[Any]:
    """Run side by side; the first failure cancels the rest."""
    async with asyncio.TaskGroup() as tasks:
        made = [tasks.create_task(coroutine) for coroutine in coroutines]
    return [task.result() for task in made]
