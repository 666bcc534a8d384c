"""What every row stands on: the running stack, its addresses and tokens, and how to wait until it is quiet."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from contracts import access
from interlink.benching.load import Place
from interlink.commands.token import fetch
from interlink.observing import databases
from interlink.observing.broker import as_operator, extents
from interlink.observing.report import lags
from interlink.stack import bootstrap, running, topics
from interlink.stack.home import Home
from interlink.stack.layout import StackError
from interlink.stack.servers import Database
from interlink.stack.state import State

PARTNER = "bureau-nl"
QUIET_SECONDS = 1800.0
BEHIND_THE_DOOR = ("intake-worker", "routing-worker", "isp-liaison-worker", "notifications-worker")

COLLECTING = "SELECT count(*) FROM notifications.notice WHERE state = 'collecting'"


@dataclass(frozen=True, slots=True)
class Ground:
    """One bench's view of one stack."""

    home: Home
    found: State
    quick: bool
    tell: Callable[[str], None]
    tokens: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])

    @classmethod
    def of(cls, home: Home, *, quick: bool, tell: Callable[[str], None]) -> "Ground":
        """The stack that runs in this home. Raises `StackError` when none does, or when it is not all there."""
        found = running.required(home)
        if not found.ready:
            raise StackError("Not everything is ready. See: interlink status")
        return cls(home, found, quick, tell)

    def size(self, full: int, quick: int) -> int:
        """How much of something this run does."""
        return quick if self.quick else full

    @property
    def rounds(self) -> int:
        """Rounds of ours."""
        return self.size(5, 1)

    def place(self, service: str) -> Place:
        """Where a service's API listens."""
        return Place.of(self.found.services[service])

    def token(self, *scopes: str, client: str = PARTNER) -> str:
        """An access token with these scopes; fetched once."""
        asked = (client, " ".join(scopes))
        if asked not in self.tokens:
            self.tokens[asked] = fetch(self.home, self.found.issuer, client, list(scopes))
        return self.tokens[asked]

    @property
    def admin_url(self) -> str:
        """The superuser's URL of the server."""
        url = Database(home=self.home).admin_url
        if url is None:
            raise StackError("PostgreSQL is down.")
        return url

    @property
    def database_url(self) -> str:
        """The superuser's URL of the stack's database: to look at it, past every policy."""
        return bootstrap.database_url(self.admin_url)

    async def value(self, statement: str, *parameters: object) -> Any:
        """One value out of the stack's database."""
        connection = await asyncpg.connect(self.database_url)
        try:
            return await connection.fetchval(statement, *parameters)
        finally:
            await connection.close()

    async def quiet(self, *, look_every: float = 0.3) -> None:
        """Wait until nothing is on its way: no outbox row, no lag, no notice that still collects.

        Raises `StackError` when that does not come to be within half an hour.
        """
        until = time.monotonic() + QUIET_SECONDS
        rests = 0
        while rests < 2:  # what one look misses between two services, the next one sees
            if time.monotonic() > until:
                raise StackError("The stack does not come to rest. See: interlink status")
            busy = await self._waiting()
            rests = 0 if busy else rests + 1
            await asyncio.sleep(look_every)

    async def _waiting(self) -> bool:
        declared = topics.declarations()
        looked = {each.name: await databases.waiting(self.home, each.name) for each in declared}
        if any(each.outbox_rows for each in looked.values()) or await self.value(COLLECTING):
            return True
        read = {topic.name for each in declared for topic in access.topics_read(each)}
        ends = await asyncio.to_thread(lambda: extents(as_operator(self.home), read))
        return any(lag.lag for each in declared for lag in lags(each, ends, looked[each.name].positions))

    @contextlib.contextmanager
    def held(self, names: Sequence[str] = BEHIND_THE_DOOR) -> Generator[None]:
        """Hold these processes still (SIGSTOP) while the door alone is measured; they go on afterwards.

        For seconds only: a consumer that is still for longer than its session loses its partitions for a while.
        """
        pids = [one.pid for one in self.found.processes if one.name in names and one.pid is not None]
        try:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
