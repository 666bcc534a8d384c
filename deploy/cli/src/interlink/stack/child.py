"""One supervised process: started, started again when it dies, exchanged on request.

A process that dies is started again after a pause that doubles from 0.2 s to 10 s, and is forgotten once it has
lived for 30 s. Not promised: that it becomes ready; that is for whoever watches its health.
"""

import asyncio
import signal
import socket
import sys
import time
from asyncio.subprocess import Process as Running
from collections.abc import Callable, Mapping
from pathlib import Path

from interlink.stack.environment import inherited
from interlink.stack.layout import StackError
from interlink.stack.listening import accepts
from interlink.stack.processes import Process, Restart

DRAIN_SECONDS = 20.0
ACCEPT_SECONDS = 60.0
SHORTEST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
SETTLED_SECONDS = 30.0


class Child:
    """A process of the list, whatever its process id is today."""

    def __init__(
        self,
        process: Process,
        *,
        listening: socket.socket,
        environment: Mapping[str, str],
        log: Path,
        changed: Callable[[], None],
    ) -> None:
        self.process = process
        self.restarts = 0
        self.reason = ""
        self._listening = listening
        self._environment = environment
        self._log = log
        self._changed = changed
        self._running: Running | None = None
        self._exchanging = asyncio.Lock()
        self._expected: set[int] = set()
        self._stopping = asyncio.Event()
        self._failures = 0
        self._armed = ""

    @property
    def pid(self) -> int | None:
        """The process id while it lives."""
        running = self._running
        return running.pid if running is not None and running.returncode is None else None

    def arm(self, points: str) -> None:
        """Its next start, and only that one, dies at these named points (`kit.faults`; comma separated)."""
        self._armed = points

    async def run(self) -> None:
        """Keep it running until `stop`."""
        try:
            self._running = await self._spawn()
            while not self._stopping.is_set():
                await self._until_it_ends(self._running)
        finally:
            if self._running is not None:
                await terminate(self._running)

    async def restart(self) -> None:
        """Exchange it for a fresh process. Connections wait or are served; none is refused.

        Raises `StackError` when the fresh one does not come up; the old one goes on then.
        """
        async with self._exchanging:
            if self._running is None:
                raise StackError(f"{self.process.name} has not been started yet.")
            fresh = await self._fresh() if self.process.restart is Restart.OVERLAP else None
            old = self._running
            self._expected.add(old.pid)
            if fresh is not None:
                self._running = fresh
                self._changed()
            await terminate(old)

    async def stop(self) -> None:
        """Ask it to drain and end; after 20 s it is killed."""
        self._stopping.set()
        if self._running is not None:
            await terminate(self._running)
            self._changed()

    async def _until_it_ends(self, running: Running) -> None:
        started = time.monotonic()
        code = await running.wait()
        if running is not self._running or self._stopping.is_set():
            return  # exchanged for another, or asked to end
        if running.pid not in self._expected:
            await self._pause(code, lived=time.monotonic() - started)
        if running is self._running and not self._stopping.is_set():
            self._running = await self._spawn()

    async def _fresh(self) -> Running:
        """A second process that accepts connections beside the first one."""
        fresh = await self._spawn()
        deadline = time.monotonic() + ACCEPT_SECONDS
        while not accepts(fresh.pid, self._listening):
            if fresh.returncode is not None or time.monotonic() > deadline:
                await terminate(fresh)
                raise StackError(f"The new {self.process.name} did not come up; the old one goes on. See {self._log}")
            await asyncio.sleep(0.05)
        return fresh

    async def _pause(self, code: int, *, lived: float) -> None:
        self._failures = 0 if lived > SETTLED_SECONDS else self._failures + 1
        self.restarts += 1
        self.reason = _reason(code)
        self._changed()
        pause = min(LONGEST_PAUSE, SHORTEST_PAUSE * 2 ** max(0, self._failures - 1))
        try:
            async with asyncio.timeout(pause):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def _spawn(self) -> Running:
        descriptor = self._listening.fileno()
        armed, self._armed = self._armed, ""
        faults = {"INTERLINK_FAULTS": armed} if armed else {}
        with self._log.open("ab") as output:
            running = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *self.process.arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(descriptor,),
                env={**inherited(), **self._environment, **faults, self.process.socket: str(descriptor)},
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops them in order
            )
        self._changed()
        return running


async def terminate(running: Running) -> None:
    """SIGTERM, and SIGKILL after the time to drain."""
    if running.returncode is not None:
        return
    try:
        running.terminate()
        async with asyncio.timeout(DRAIN_SECONDS):
            await running.wait()
    except TimeoutError:
        running.kill()
        await running.wait()
    except ProcessLookupError:
        return


def _reason(code: int) -> str:
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
