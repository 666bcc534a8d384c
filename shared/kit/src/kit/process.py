"""One process of a service: `python -m routing api`, `python -m routing consume work`, `python -m routing migrate`.

Every role is a task of one TaskGroup: the first that fails ends the process, and the supervisor starts another.
Stopping is asked for, in order and in bounded time: the door first, then what it fed, the relay last, so that
what was accepted is also sent. Every process that writes also relays, and every process answers health questions.
"""

import argparse
import asyncio
import gc
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from typing import Any

import uvicorn
import uvloop
from sqlalchemy import text

from kit import faults, telemetry
from kit.audit import Sealer
from kit.connections import Pool
from kit.consumer import Consumer
from kit.database import Database, Transaction
from kit.dispatch import Dispatcher
from kit.failures import is_transient
from kit.http.app import create_app
from kit.http.health import Check
from kit.jobs import Done, Job, JobType, Outcome, job
from kit.joining import Membership
from kit.keyring import Keyring
from kit.kms import MasterKey
from kit.migrations import standing
from kit.producer import Producer
from kit.relay import Relay
from kit.service import Runtime, Service
from kit.settings import ServiceSettings, key_bytes, required
from kit.time import Clock, SystemClock
from kit.worker import Worker

log = telemetry.logger(__name__)

ROLES = ("api", "consume", "relay", "work")
SERVED, WORKED, SEALED, RELAYED = 4.0, 6.0, 6.5, 8.0
"""Seconds after the signal at which each stage is over. What is cut off then still closes its connections: in all
it takes ten seconds."""
SILENT_SECONDS = 120.0
WAITING_SECONDS = 0.5
INBOX_KEPT = timedelta(days=130)
COLLECT_AFTER = (50_000, 20, 100)
MIGRATIONS = "kit.migrations.run"
"""Loaded by `migrate` alone: Alembic and what it needs are 15 MB."""

Task = Callable[[asyncio.Event], Awaitable[None]]

# By whichever clock is behind: one that is ahead would have months dropped whose events may still come again.
KEEP_PARTITIONS = text("SELECT inbox_partitions(least(:now, clock_timestamp()), CAST(:keep AS interval))")


def main(service: Service) -> None:
    """The command line of a service."""
    parser = argparse.ArgumentParser(prog=f"python -m {service.package}", description=service.title)
    parser.add_argument("roles", nargs="+", choices=[*ROLES, "all", "migrate"], help="what this process does")
    asked = parser.parse_args().roles
    settings = service.configured()
    telemetry.configure_logging(service.name)
    telemetry.configure_tracing(service.name)
    if "migrate" in asked:
        url = required(settings.owner_database_url, f"{service.package.upper()}_OWNER_DATABASE_URL")
        uvloop.run(import_module(MIGRATIONS).migrate(service.package, url))
        if service.prepare is not None:
            service.prepare(settings)
        return
    faults.arm(settings.faults.split(","))
    uvloop.run(_until_signal(service, settings, ROLES if "all" in asked else asked))


async def _until_signal(service: Service, settings: ServiceSettings, roles: Sequence[str]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with Process(service, settings, clock=_clock(settings)) as process:
        spare_collections()
        await process.run(roles, stop)


def _clock(settings: ServiceSettings) -> Clock:
    """The machine's clock; one that a test can move where the settings name a folder for that, and this process."""
    if settings.clock_faults is None or settings.consumer_instance is None:
        return SystemClock()
    file = settings.clock_faults / settings.consumer_instance
    log.warning("process.clock_may_jump")
    return faults.JumpingClock(SystemClock(), file)


def spare_collections() -> None:
    """Collect cyclic garbage as rarely as a service makes any.

    The collector counts what is made, not what is garbage: with Python's own thresholds it would look through a
    batch's plain objects, which go by themselves, hundreds of times, and through all modules again and again. That
    was a quarter of a handler's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


class Process:
    """The parts of a running service: what `main` runs and what tests drive by hand."""

    def __init__(self, service: Service, settings: ServiceSettings, *, clock: Any = None) -> None:
        self.service = service
        self.settings = settings
        self.clock = clock or SystemClock()
        name = service.package.upper()
        self.database = Database(
            schema=service.package,
            api_url=required(settings.api_database_url, f"{name}_API_DATABASE_URL"),
            system_url=required(settings.system_database_url, f"{name}_SYSTEM_DATABASE_URL"),
            clock=self.clock,
            pool=Pool(size=settings.pool_size),
        )
        self.keyring = Keyring(
            required(settings.keyring_database_url, "KEYRING_DATABASE_URL"),
            MasterKey(key_bytes(settings.master_key, "INTERLINK_MASTER_KEY")),
            self.clock,
        )
        self.application = service.build(
            Runtime(settings=settings, clock=self.clock, database=self.database, keyring=self.keyring)
        )
        self.producer = Producer(settings.kafka_access(), service.name)
        self.relay = Relay(self.database, self.producer, relays=settings.relays)
        self.worker = Worker(
            [*service.jobs, _inbox_partitions()],
            self.application,
            self.database,
            self.clock,
            instance=settings.consumer_instance,
        )
        self.sealer = Sealer(self.database, key_bytes(settings.audit_key, f"{name}_AUDIT_KEY"), self.clock)
        self.consumer = Consumer(
            access=settings.kafka_access(),
            membership=Membership(
                group=service.group,
                instance=settings.consumer_instance,
                session_seconds=settings.session_seconds,
                heartbeat_seconds=min(1.0, settings.session_seconds / 6),
            ),
            dispatcher=Dispatcher(service.handlers),
            application=self.application,
            database=self.database,
            clock=self.clock,
        )
        self._moved_at = time.monotonic()

    async def __aenter__(self) -> "Process":
        """As it is: connections are made when they are needed."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every connection."""
        await self.keyring.close()
        await self.database.close()

    async def run(self, roles: Sequence[str], stop: asyncio.Event) -> None:
        """Run the roles until `stop`, then drain them in order."""
        if not await self._begun(stop):
            return
        stages = self._stages(roles)
        log.info("process.started", roles=list(roles), armed=self.settings.faults or None)
        async with asyncio.TaskGroup() as group:
            for stage in stages:
                stage.start(group)
            group.create_task(self._move(stop), name="heartbeat")
            group.create_task(_drain(stages, stop), name="drain")
        log.info("process.stopped", roles=list(roles))

    async def _begun(self, stop: asyncio.Event) -> bool:
        """Whether the service has planted its seeds. A database that is away is waited for, not died of."""
        while self.service.start is not None and not stop.is_set():
            try:
                await self.service.start(self.application)
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("process.waiting", error=type(error).__name__)
                await _until(stop, WAITING_SECONDS)
            else:
                return True
        return self.service.start is None

    def _stages(self, roles: Sequence[str]) -> list["Stage"]:
        serving = Stage("http", [self._serve(with_routes="api" in roles)], over=SERVED)
        working = Stage("work", [], over=WORKED)
        if "api" in roles:
            working.tasks += [lambda stop, task=task: task(self.application, stop) for task in self.service.background]
        if "consume" in roles and self.service.handlers:
            working.tasks.append(self.consumer.run)
        if "work" in roles:
            working.tasks.append(self.worker.run)
        working.tasks.append(self.keyring.run)
        sealing = Stage("seal", [self.sealer.run] if {"api", "work"} & set(roles) else [], over=SEALED)
        return [serving, working, sealing, Stage("relay", [self.relay.run], over=RELAYED)]

    def _serve(self, *, with_routes: bool) -> Task:
        app = create_app(
            self.service,
            self.application,
            self.settings,
            with_routes=with_routes,
            live=[Check("loop", self._check_loop)],
            ready=self._ready_checks(),
        )
        return lambda stop: _serve(app, self.settings, stop)

    def _ready_checks(self) -> list[Check]:
        return [
            Check("database", self.check_database),
            Check("keyring", self.keyring.ping),
            Check("consumer", self._check_consumer),
        ]

    async def _check_loop(self) -> None:
        if time.monotonic() - self._moved_at > SILENT_SECONDS:
            raise RuntimeError("the event loop has not moved for two minutes")
        if self.consumer.condition.rebuilt >= 2:
            raise RuntimeError("the consumer was rebuilt twice and is stuck")

    async def check_database(self) -> None:
        """Raise where the database does not answer, or with a schema that is behind this build."""
        if not await standing.current(self.service.package, self.database.look):
            raise RuntimeError("the schema is behind this build")

    async def _check_consumer(self) -> None:
        if self.consumer.condition.broken:
            raise RuntimeError("the consumer stopped at too many dead letters; see interlink dlq list")
        if self.consumer.condition.expected and not self.consumer.condition.assigned:
            raise RuntimeError("the consumer has no assignment yet")

    async def _move(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._moved_at = time.monotonic()
            await _until(stop, 1.0)


@dataclass(slots=True)
class Stage:
    """Tasks that stop together."""

    name: str
    tasks: list[Task]
    over: float
    """Seconds after the signal at which what still runs is cancelled."""
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    running: list["asyncio.Task[None]"] = field(default_factory=list["asyncio.Task[None]"])

    def start(self, group: asyncio.TaskGroup) -> None:
        """Start the tasks in the process's group."""
        self.running = [group.create_task(self._run(task), name=self.name) for task in self.tasks]

    async def _run(self, task: Task) -> None:
        await task(self.stop)


async def _drain(stages: Sequence[Stage], stop: asyncio.Event) -> None:
    await stop.wait()
    signalled = time.monotonic()
    for stage in stages:
        stage.stop.set()
        if stage.running:
            _, late = await asyncio.wait(stage.running, timeout=max(0.0, signalled + stage.over - time.monotonic()))
            for task in late:
                log.warning("process.cancelled", stage=stage.name)
                task.cancel()


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the process asks it to stop."""

    def install_signal_handlers(self) -> None:
        """None."""

    def capture_signals(self) -> Any:
        """None."""
        return _Nothing()


class _Nothing:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


async def _serve(app: Any, settings: ServiceSettings, stop: asyncio.Event) -> None:
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(SERVED) - 1,
        backlog=2048,
    )
    server = _Server(config)
    async with asyncio.TaskGroup() as group:
        group.create_task(server.serve(sockets=[listening(settings)]), name="uvicorn")
        await stop.wait()
        server.should_exit = True


def listening(settings: ServiceSettings) -> socket.socket:
    """The inherited socket, so that a restart refuses no connection, or one of our own."""
    if settings.http_fd is not None:
        return socket.socket(fileno=settings.http_fd)
    return socket.create_server((settings.http_host, settings.http_port), backlog=2048)


def _inbox_partitions() -> JobType:
    async def keep(_app: Any, tx: Transaction, _job: Job, _result: Any) -> Outcome:
        await tx.execute(KEEP_PARTITIONS, {"now": tx.now(), "keep": INBOX_KEPT})
        return Done()

    return job("inbox.partitions", apply=keep, every=timedelta(days=1))


async def _until(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
