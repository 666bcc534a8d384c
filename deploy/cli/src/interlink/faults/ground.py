"""The stack under fire, as a fault sees it: who runs, how to end or freeze a process, how long to wait.

Only processes of this home are ever touched, each by the id under which its supervisor reports it and the time at
which it began, so that an id the system has given to somebody else is left alone.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from interlink.faults.archive import Archive
from interlink.faults.sizes import Size
from interlink.faults.watch import Watch
from interlink.stack.home import Home
from interlink.stack.preparing import started_at
from interlink.stack.state import ProcessState

STEP_SECONDS = 0.05
READY_SECONDS = 60.0
WORKERS = ("intake-worker", "routing-worker", "isp-liaison-worker", "notifications-worker")


@dataclass(slots=True, kw_only=True)
class Strike:
    """One fault that was done: when it was over, and how long it took until work went on (None: not measured)."""

    kind: str
    ended: float
    """Seconds since 1970."""
    recovered: float | None = None
    fault: str = ""
    """Why it did not work out as meant; empty where it did."""


@dataclass(kw_only=True)
class Ground:
    """What faults are done to, and what they leave behind."""

    home: Home
    size: Size
    watch: Watch
    random: Random
    strikes: list[Strike] = field(default_factory=list[Strike])
    over: threading.Event = field(default_factory=threading.Event)
    """Set when no new fault may begin and a running one should come to its end."""
    reserved: set[str] = field(default_factory=set[str])
    """Processes that a fault is busy with: nobody else touches them."""
    archive: Archive | None = None
    """What the database may be restored from; None in a run that does not lose it."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def struck(self, kind: str, recovered: float | None = None, fault: str = "") -> Strike:
        """Note that a fault is over."""
        strike = Strike(kind=kind, ended=time.time(), recovered=recovered, fault=fault)
        self.strikes.append(strike)
        return strike

    def lasts(self, seconds: float) -> None:
        """Let a fault last, but not beyond the end."""
        self.over.wait(seconds)

    def wait_for(self, fact: Callable[[], bool], seconds: float) -> bool:
        """Whether it became true in time."""
        deadline = time.monotonic() + seconds
        while not fact():
            if time.monotonic() > deadline:
                return False
            time.sleep(STEP_SECONDS)
        return True

    def chosen(self, candidates: list[ProcessState]) -> ProcessState | None:
        """One of them that no fault is busy with, reserved for the caller; None where there is none."""
        with self._lock:
            free = [process for process in candidates if process.name not in self.reserved]
            if not free:
                return None
            one = self.random.choice(free)
            self.reserved.add(one.name)
            return one

    def released(self, name: str) -> None:
        """Others may touch it again."""
        with self._lock:
            self.reserved.discard(name)

    @contextmanager
    def one_of(self, names: Collection[str], ready_seconds: float = 0.0) -> Generator[ProcessState | None]:
        """One of these processes for the block alone, once it has been ready for so long.

        It is taken before it is ready, so that nobody kills it first; None where it does not come to that in time.
        """
        name = self._taken(names)
        try:
            yield self._once_ready(name, ready_seconds) if name is not None else None
        finally:
            if name is not None:
                self.released(name)

    def _taken(self, names: Collection[str]) -> str | None:
        taken: list[str] = []

        def take() -> bool:
            with self._lock:
                free = sorted(set(names) - self.reserved)
                if free:
                    taken.append(self.random.choice(free))
                    self.reserved.add(taken[0])
            return bool(taken) or self.over.is_set()

        self.wait_for(take, READY_SECONDS)
        return taken[0] if taken else None

    def _once_ready(self, name: str, seconds: float) -> ProcessState | None:
        def found() -> ProcessState | None:
            return next((process for process in self.watch.ready(seconds) if process.name == name), None)

        self.wait_for(lambda: found() is not None or self.over.is_set(), READY_SECONDS)
        return found() if not self.over.is_set() else None

    def lock_of(self, server: Path) -> Path:
        """The lock without which the supervisor starts no server in that folder."""
        return server.with_name(server.name + ".lock")


def kills(strikes: Sequence[Strike]) -> int:
    """Processes killed, at random and at named points."""
    return sum(strike.kind.startswith("kill") for strike in strikes)


def signalled(process: ProcessState, number: signal.Signals) -> bool:
    """Whether it was still that process and has the signal now."""
    if process.pid is None or started_at(process.pid) != process.created:
        return False
    try:
        os.kill(process.pid, number)
    except ProcessLookupError:
        return False
    return True
