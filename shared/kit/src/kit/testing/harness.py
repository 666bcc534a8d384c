"""One service inside the test's process: real application, real SQL, real keys. Only the broker is left out:

events are handed to the consumer's batch function, and what the service published is read from its outbox.
"""

import asyncio
import base64
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar, cast
from uuid import UUID

import httpx
from pydantic import SecretStr

from contracts import envelope as envelopes
from contracts import ids, registry
from contracts.envelope import Envelope
from contracts.model import Contract
from kit import outbox
from kit.dispatch import Received
from kit.http.app import create_app
from kit.outbox import Origin
from kit.process import Process
from kit.service import Service
from kit.testing.databases import TestDatabase, fetch
from kit.testing.tokens import TestIssuer
from kit.time import SettableClock

EventT = TypeVar("EventT", bound=Contract)

KEY = SecretStr(base64.b64encode(bytes(range(32))).decode())
OUTBOX = "SELECT headers, payload FROM {schema}.outbox ORDER BY id"


class Harness:
    """A running service and the hands to drive it with."""

    def __init__(self, service: Service, database: TestDatabase, clock: SettableClock, **settings: Any) -> None:
        self.service = service
        self.database = database
        self.clock = clock
        self.issuer = TestIssuer(clock)
        schema = service.package
        configured = service.settings(
            owner_database_url=SecretStr(database.url(f"{schema}_owner")),
            api_database_url=SecretStr(database.url(f"{schema}_api")),
            system_database_url=SecretStr(database.url(f"{schema}_system")),
            keyring_database_url=SecretStr(database.url("intake_system")),
            master_key=KEY,
            index_key=KEY,
            audit_key=KEY,
            **settings,
        )
        self.process = Process(service, configured, clock=clock)
        self.app = create_app(service, self.process.application, configured, clock=clock, tokens=self.issuer.verifier())
        self._given: dict[tuple[str, str], int] = {}

    @property
    def application(self) -> Any:
        """The service's own object."""
        return self.process.application

    def client(self, tenant: str, *scopes: str, roles: Sequence[str] = (), **headers: str) -> httpx.AsyncClient:
        """An HTTP client that calls as `tenant`; close it, or leave it to the end of the test."""
        token = self.issuer.token(tenant, scopes, roles)
        return self.with_headers(Authorization=f"Bearer {token}", **headers)

    def with_headers(self, **headers: str) -> httpx.AsyncClient:
        """An HTTP client with these headers (underscores become dashes) and no others of ours."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://service", headers=named)

    async def when(self, *events: Contract, origin: Origin | None = None) -> None:
        """Other services' events arrive, in one batch."""
        await self.deliver([self.received(event, origin or Origin()) for event in events])

    def received(self, event: Contract, origin: Origin) -> Received[Contract]:
        """The event in an envelope, with the next sequence of its subject."""
        declared = registry.of(type(event))
        subject = str(getattr(event, declared.key))
        counter = (declared.topic.name, subject)
        self._given[counter] = self._given.get(counter, 0) + 1
        event_id = ids.new()
        told = Envelope(
            id=event_id,
            type=declared.type,
            source=f"/interlink/{declared.topic.writer}",
            subject=subject,
            partitionkey=subject,
            time=self.clock.now(),
            dataschema=declared.dataschema,
            correlationid=str(origin.correlation or event_id),
            sequence=self._given[counter],
            tenant=origin.tenant,
            testmode=origin.testmode,
            handling=origin.handling,
            priority=origin.priority,
        )
        return Received(told, event)

    async def deliver(self, batch: Sequence[Received[Contract]]) -> None:
        """One transaction as the consumer makes it: inbox, handlers, outgoing events."""
        async with self.process.database.as_system() as tx:
            await self.process.consumer.settlement.handle(tx, batch)

    async def published(self, *models: type[EventT]) -> list[Received[EventT]]:
        """What the service has published, in order; only these types, or all."""
        rows = await fetch(self.database.superuser_url, OUTBOX.format(schema=self.service.package))
        told = [(envelopes.decode(outbox.unpack(bytes(row["headers"]))), bytes(row["payload"])) for row in rows]
        return [
            Received(envelope, cast("EventT", registry.BY_TYPE[envelope.type].model.model_validate_json(payload)))
            for envelope, payload in told
            if not models or registry.BY_TYPE[envelope.type].model in models
        ]

    async def rows(self, statement: str, *parameters: object) -> list[Any]:
        """Rows as the superuser sees them, past every policy."""
        return await fetch(self.database.superuser_url, statement, *parameters)

    async def work(self) -> int:
        """Do the jobs that are due now."""
        return await self.process.worker.run_once()

    def new_id(self) -> UUID:
        """A fresh id."""
        return ids.new()


@asynccontextmanager
async def running(
    service: Service, database: TestDatabase, clock: SettableClock, **settings: Any
) -> AsyncGenerator[Harness]:
    """The service, started: its seeds planted and its background tasks running."""
    harness = Harness(service, database, clock, **settings)
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(harness.process)
        if service.start is not None:
            await service.start(harness.application)
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        stack.callback(stop.set)
        for task in service.background:
            tasks.create_task(_run(task, harness, stop))
        yield harness


async def _run(task: Any, harness: Harness, stop: asyncio.Event) -> None:
    await task(harness.application, stop)
