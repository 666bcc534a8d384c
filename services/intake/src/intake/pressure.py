"""When intake takes no more for a while: what it took must get on first, and must fit.

Looked at every few seconds, so that no request waits for it. Only what would hold up or lose accepted files counts:
events that have waited for long, a disk that is nearly full, too many files in the queue.
"""

import asyncio
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from intake import queries
from intake.settings import Settings
from kit import telemetry
from kit.database import Database
from kit.errors import Transient
from kit.failures import is_transient

log = telemetry.logger(__name__)

EVERY_SECONDS = 5.0
FULL_SECONDS = 60
LATE_SECONDS = 30
QUEUE_SECONDS = 2


class Pressure:
    """What one process knows of it. `waiting` counts the files that are not yet in a commit."""

    def __init__(self, settings: Settings, database: Database, waiting: Callable[[], int]) -> None:
        self._settings = settings
        self._database = database
        self._waiting = waiting
        self._late = False
        self._full = False

    async def run(self, stop: asyncio.Event) -> None:
        """Look, until `stop`. While the database is away, what was seen last stands."""
        while not stop.is_set():
            try:
                await self.look()
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("pressure.unseen", error=type(error).__name__)
            try:
                async with asyncio.timeout(EVERY_SECONDS):
                    await stop.wait()
            except TimeoutError:
                continue

    async def look(self) -> None:
        """How long events have waited, and how much of the disk is left."""
        async with self._database.as_system() as tx:
            seconds = await queries.oldest_event(tx)
        late = timedelta(seconds=seconds) > self._settings.outbox_oldest
        full = await asyncio.to_thread(_disk_left, self._settings.home) < self._settings.disk_left
        if (late, full) != (self._late, self._full):
            log.warning("pressure.changed", late=late, full=full, oldest_seconds=round(seconds))
        self._late, self._full = late, full

    def refusal(self) -> Transient | None:
        """Why nothing is taken now, if so."""
        if self._full:
            return Transient("There is little room left for more.", retry_after=FULL_SECONDS)
        if self._late:
            return Transient("What was taken before has waited too long to be told on.", retry_after=LATE_SECONDS)
        if self._waiting() > self._settings.queue_longest:
            return Transient("Too many files wait to be stored.", retry_after=QUEUE_SECONDS)
        return None


def _disk_left(home: Path) -> float:
    """The share of the disk that is free where the data is."""
    folder = home.absolute()
    usage = shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.exists()))
    return usage.free / usage.total
