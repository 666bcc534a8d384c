"""Looks at every process of a stack several times a second: since when it is ready, and how much of the time."""

import threading
import time
from dataclasses import dataclass

from interlink.stack import running
from interlink.stack.home import Home
from interlink.stack.processes import SANDBOX
from interlink.stack.state import ProcessState

LOOK_SECONDS = 0.1


@dataclass(slots=True)
class Seen:
    """One process, as it was seen last."""

    process: ProcessState
    ready_since: float | None = None
    """None while it is not ready. Another process id begins anew."""


class Watch:
    """A thread that looks on. Use in a `with` block."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._seen: dict[str, Seen] = {}
        self._looked = 0
        self._ready = 0
        self._thread = threading.Thread(target=self._run, name="watch")

    def __enter__(self) -> "Watch":
        """Look on."""
        self._look()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look away."""
        self._stop.set()
        self._thread.join()

    @property
    def share_ready(self) -> float:
        """The share of the time that the services' processes were ready, over all of them."""
        return self._ready / self._looked if self._looked else 1.0

    def process(self, name: str) -> ProcessState:
        """The process as it was seen last."""
        with self._lock:
            return self._seen[name].process

    def ready(self, seconds: float = 0.0) -> list[ProcessState]:
        """The services' processes that have been ready for so long, in the order of the process list."""
        now = time.monotonic()
        with self._lock:
            return [
                seen.process
                for seen in self._seen.values()
                if seen.ready_since is not None and now - seen.ready_since >= seconds
            ]

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            self._look()

    def _look(self) -> None:
        found = running.current(self._home)
        if found is None:
            return
        now = time.monotonic()
        with self._lock:
            for process in found.processes:
                if process.service == SANDBOX:
                    continue
                before = self._seen.get(process.name)
                since = before.ready_since if before is not None and before.process.pid == process.pid else None
                self._seen[process.name] = Seen(process, (since or now) if process.ready else None)
                self._looked += 1
                self._ready += process.ready
