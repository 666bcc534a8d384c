"""Runs a whole stack: servers, processes, their sockets; keeps it running, and stops it in order.

Everything it starts it also ends, and what a killed supervisor left behind the next one ends first.
"""

import asyncio
import contextlib
import fcntl
import signal
import socket
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
import psutil

from interlink.stack import bootstrap, control, ports, processes, stamps, state
from interlink.stack.child import Child
from interlink.stack.home import Home
from interlink.stack.layout import StackError
from interlink.stack.listening import listen
from interlink.stack.preparing import (
    end_leftovers,
    migrate,
    postgres_passwords,
    schemas_from,
    started_at,
    surroundings,
)
from interlink.stack.processes import SANDBOX, Need, Process, Surroundings, base_url, is_door
from interlink.stack.servers import Broker, Database
from interlink.stack.state import Phase, ProcessState, ServerState, State

PROBE_SECONDS = 0.25
WATCH_SECONDS = 1.0
READY_SECONDS = 90.0

Tell = Callable[[str], None]


class Supervisor:
    """One running stack. `run` returns when it has stopped."""

    def __init__(self, home: Home, tell: Tell, ready: Callable[[State], None] = lambda _: None) -> None:
        """`tell` hears what is being done; `ready` is called once, when everything runs or had its time to."""
        self._home = home
        self._tell = tell
        self._ready_now = ready
        self._list = processes.load()
        self._database = Database(home=home)
        self._broker = Broker(home=home)
        self._stop = asyncio.Event()
        self._changed = asyncio.Event()
        self._phase = Phase.STARTING
        self._doing = ""
        self._ports: dict[str, int] = {}
        self._sockets: dict[str, socket.socket] = {}
        self._children: dict[str, Child] = {}
        self._ready: dict[str, bool] = {}
        self._server_restarts = {Need.POSTGRES: 0, Need.KAFKA: 0}
        self._created = psutil.Process().create_time()

    def run(self) -> None:
        """Start everything, keep it running until told to stop, stop everything.

        Raises `StackError` when it cannot start, or when a stack of this home runs already.
        """
        self._home.create()
        with self._alone():
            end_leftovers(state.read(self._home.state_file))
            self._broker.stop()  # one that a killed supervisor left may stand on the ports we choose next
            self._ports = ports.settled(self._home.ports_file)
            try:
                asyncio.run(self._life())
            except* StackError as errors:
                raise _plainest(errors) from None
            finally:
                self._say("Stopping Kafka and Postgres")
                with ThreadPoolExecutor() as both:
                    stopping = [both.submit(server.stop) for server in (self._broker, self._database)]
                for stopped in stopping:
                    stopped.result()
                self._home.state_file.unlink(missing_ok=True)
                for opened in self._sockets.values():
                    opened.close()

    @contextlib.contextmanager
    def _alone(self) -> Generator[None]:
        with (self._home.folder / "supervisor.lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StackError(f"A stack runs already in {self._home.folder}. See: interlink status") from None
            yield

    async def _life(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        for process in self._list:
            self._sockets[process.name] = listen(process.name, self._ports[process.port])
        async with asyncio.TaskGroup() as group:
            helpers = [
                group.create_task(self._write_state(), name="state"),
                group.create_task(self._probe(), name="probe"),
                group.create_task(control.serve(self._home.control, self._answer), name="control"),
            ]
            starting = group.create_task(self._start(group), name="start")
            try:
                await self._stop.wait()
            finally:
                starting.cancel()
                await self._shut_down()
                for helper in helpers:
                    helper.cancel()

    async def _start(self, group: asyncio.TaskGroup) -> None:
        async with asyncio.TaskGroup() as chains:
            chains.create_task(self._start_kafka())
            around = await chains.create_task(self._start_postgres())
            self._spawn(group, around, lambda process: not process.needs)
            await self._prepare_postgres(around)
            self._spawn(group, around, lambda process: process.needs == frozenset({Need.POSTGRES}))
        self._spawn(group, around, lambda process: Need.KAFKA in process.needs)
        self._say("Waiting for the processes to be ready")
        await self._until_ready()
        self._phase = Phase.RUNNING
        self._doing = ""
        self._changed.set()
        self._ready_now(self._state())
        await self._watch_servers()

    async def _start_kafka(self) -> None:
        self._say("Starting Kafka and Postgres")
        await asyncio.to_thread(self._broker.start)
        await asyncio.to_thread(self._broker.prepare)

    async def _start_postgres(self) -> Surroundings:
        admin_url = await asyncio.to_thread(self._database.start)
        return surroundings(self._home, admin_url)

    async def _prepare_postgres(self, around: Surroundings) -> None:
        stamp, word = self._home.postgres / "interlink.prepared", schemas_from(self._home)
        if self._database.embedded and stamps.holds(stamp, word):
            return
        passwords = postgres_passwords(self._home)
        await bootstrap.prepare(around.database_admin_url, passwords)
        await bootstrap.prepare_keyring(around.database_admin_url, passwords)
        await self._migrate(around)
        if self._database.embedded:
            stamps.put(stamp, word)

    async def _migrate(self, around: Surroundings) -> None:
        services = sorted({process.service for process in self._list} - {SANDBOX})
        async with asyncio.TaskGroup() as group:
            for service in services:
                group.create_task(migrate(service, around, self._home.log(f"{service}-migrate")))

    def _spawn(self, group: asyncio.TaskGroup, around: Surroundings, wanted: Callable[[Process], bool]) -> None:
        for process in filter(wanted, self._list):
            child = Child(
                process,
                listening=self._sockets[process.name],
                environment=processes.environment(process, around),
                log=self._home.log(process.name),
                changed=partial(self._process_changed, process.name),
            )
            self._children[process.name] = child
            group.create_task(child.run(), name=process.name)

    def _process_changed(self, name: str) -> None:
        """What the one before said of itself is no word of the one that runs now."""
        self._ready[name] = False
        self._changed.set()

    async def _until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not all(self._ready.get(process.name) for process in self._list):
            if time.monotonic() > deadline:
                return  # it goes on trying; `status` says who is not ready and why
            await asyncio.sleep(0.05)

    async def _shut_down(self) -> None:
        """The door first, then what works on what came in, and the outside world with it."""
        self._phase = Phase.STOPPING
        self._say("Draining the processes")
        try:
            await self._stop_all(is_door)
        finally:
            await self._stop_all(lambda process: not is_door(process))

    async def _stop_all(self, role: Callable[[Process], bool]) -> None:
        async with asyncio.TaskGroup() as group:
            for child in self._children.values():
                if role(child.process):
                    group.create_task(child.stop())

    async def _watch_servers(self) -> None:
        watched: list[tuple[Need, Database | Broker]] = [
            (Need.POSTGRES, self._database),
            (Need.KAFKA, self._broker),
        ]
        async with asyncio.TaskGroup() as group:  # where both are down, neither waits for the other
            for need, server in watched:
                group.create_task(self._watch_server(need, server))

    async def _watch_server(self, need: Need, server: Database | Broker) -> None:
        while True:
            if server.embedded and server.pid is None:
                self._server_restarts[need] += 1
                self._changed.set()
                with contextlib.suppress(StackError):  # tried again in a second; its log says why
                    await asyncio.to_thread(server.start)
                self._changed.set()
            await asyncio.sleep(WATCH_SECONDS)

    async def _probe(self) -> None:
        async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
            while True:
                async with asyncio.TaskGroup() as group:
                    for child in self._children.values():
                        group.create_task(self._probe_one(client, child))
                settled = self._phase is Phase.RUNNING and all(self._ready.values())
                await asyncio.sleep(WATCH_SECONDS if settled else PROBE_SECONDS)

    async def _probe_one(self, client: httpx.AsyncClient, child: Child) -> None:
        ready, pid = False, child.pid
        if pid is not None:
            with contextlib.suppress(httpx.HTTPError):
                url = f"{base_url(self._ports[child.process.port])}/health/ready"
                ready = (await client.get(url)).is_success and child.pid == pid
        if self._ready.get(child.process.name) != ready:
            self._ready[child.process.name] = ready
            self._changed.set()

    async def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        match request.get("do"):
            case "stop":
                self._stop.set()
                return {"pid": psutil.Process().pid}
            case "restart":
                return await self._restart(str(request.get("service")))
            case "arm":
                return self._arm(str(request.get("process")), str(request.get("points")))
            case _:
                return {"error": "The supervisor does not know that request; is this the same version?"}

    def _arm(self, name: str, points: str) -> dict[str, Any]:
        child = self._children.get(name)
        if child is None:
            return {"error": f"There is no process {name}."}
        child.arm(points)
        return {"armed": name}

    async def _restart(self, name: str) -> dict[str, Any]:
        chosen = [child for child in self._children.values() if name in (child.process.service, child.process.name)]
        if not chosen:
            known = sorted({process.service for process in self._list} | {process.name for process in self._list})
            return {"error": f"There is no {name}. Restart one of: {', '.join(known)}."}
        try:
            for child in chosen:
                await child.restart()
                self._ready[child.process.name] = False  # the old one may have answered meanwhile
                await self._until_one_ready(child.process.name)
        except StackError as error:
            return {"error": str(error)}
        return {"restarted": [child.process.name for child in chosen]}

    async def _until_one_ready(self, name: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self._ready.get(name):
            if time.monotonic() > deadline:
                raise StackError(f"The new {name} is not ready after {READY_SECONDS:.0f} s. See interlink status.")
            await asyncio.sleep(0.05)

    def _say(self, doing: str) -> None:
        self._doing = doing
        self._changed.set()
        self._tell(doing)

    async def _write_state(self) -> None:
        while True:
            self._changed.clear()
            state.write(self._home.state_file, self._state())
            await self._changed.wait()
            await asyncio.sleep(0.02)  # several changes at once become one write

    def _state(self) -> State:
        urls = {process.name: base_url(self._ports[process.port]) for process in self._list}
        return State(
            supervisor=psutil.Process().pid,
            created=self._created,
            phase=self._phase,
            doing=self._doing,
            issuer=base_url(self._ports["issuer"]),
            services={process.service: urls[process.name] for process in self._list if is_door(process)},
            sandbox={process.role: urls[process.name] for process in self._list if process.service == SANDBOX},
            postgres=self._server_state(Need.POSTGRES, str(self._home.postgres), self._database),
            kafka=self._server_state(Need.KAFKA, self._broker.address.bootstrap, self._broker),
            processes=[self._process_state(process) for process in self._list],
        )

    def _server_state(self, need: Need, address: str, server: Database | Broker) -> ServerState:
        return ServerState(
            embedded=server.embedded,
            address=address,
            pid=server.pid,
            restarts=self._server_restarts[need],
        )

    def _process_state(self, process: Process) -> ProcessState:
        child = self._children.get(process.name)
        pid = child.pid if child is not None else None
        return ProcessState(
            name=process.name,
            service=process.service,
            role=process.role,
            port=self._ports[process.port],
            pid=pid,
            created=started_at(pid),
            ready=pid is not None and self._ready.get(process.name, False),
            restarts=child.restarts if child is not None else 0,
            reason=child.reason if child is not None else "",
            log=str(self._home.log(process.name)),
        )


def _plainest(errors: BaseExceptionGroup[StackError]) -> StackError:
    """The first of several failures: one sentence is what a person can act on."""
    first = errors.exceptions[0]
    return _plainest(first) if isinstance(first, BaseExceptionGroup) else first
