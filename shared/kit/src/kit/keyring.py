"""Every referral's data key, wrapped in Postgres and open in memory for a minute at most.

Promise: a key handed out by `new_key` is already committed, so no referral ever refers to a key that a crash
could lose; a destroyed key opens nowhere after `CACHE_SECONDS`. Keys are made ahead, 256 in one insert, so the
accept path does not wait for them. Not promised: that every key made is used; a restart, ours or the database's,
forgets up to 512.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from contracts import ids
from kit import telemetry
from kit.connections import Connections, Pool
from kit.encryption import KEY_BYTES, DataKey
from kit.errors import Transient
from kit.kms import Kms
from kit.outages import POSSIBLE, database_is_away
from kit.time import Clock

log = telemetry.logger(__name__)

BATCH: Final = 256
LOW: Final = 256
"""Keys left at which the next batch is made."""
CACHE_SECONDS: Final = 60
CACHED: Final = timedelta(seconds=CACHE_SECONDS)
CACHE_KEYS: Final = 4096
RETRY: Final = timedelta(seconds=1)
POOL: Final = Pool(size=3, silent_seconds=10.0)
"""Statements of one row or a few hundred, on the way of a request: none of them takes seconds."""

INSERT: Final = """
INSERT INTO keyring.data_key (id, wrapped, created_at)
SELECT id, wrapped, $3 FROM unnest($1::uuid[], $2::bytea[]) AS k (id, wrapped)
"""
OPEN: Final = "SELECT id, wrapped FROM keyring.data_key WHERE id = ANY($1::uuid[]) AND wrapped IS NOT NULL"
DESTROYED: Final = "SELECT id FROM keyring.data_key WHERE id = ANY($1::uuid[]) AND wrapped IS NULL"
DESTROY: Final = """
WITH doomed AS (SELECT id FROM keyring.data_key WHERE id = ANY($1::uuid[]) AND destroyed_at IS NULL
                ORDER BY id FOR UPDATE)
UPDATE keyring.data_key k SET wrapped = NULL, destroyed_at = $2 FROM doomed WHERE k.id = doomed.id
"""
NEWEST: Final = "SELECT wrapped FROM keyring.data_key WHERE wrapped IS NOT NULL ORDER BY id DESC LIMIT 1"


class Keyring:
    """The data keys, as one process sees them. Use as a context manager, or `close` it."""

    def __init__(self, url: str, kms: Kms, clock: Clock) -> None:
        """`url` is of a role that may read keys, and add them where `new_key` is called.

        No connection is made before the first use, so the database may be away.
        """
        self._ready: deque[DataKey] = deque()
        # The server behind a connection that ended may come back as it was before these were stored.
        self._connections = Connections(url, POOL, ended=self._ready.clear)
        self._kms = kms
        self._clock = clock
        self._making = asyncio.Lock()
        self._low = asyncio.Event()
        self._open: OrderedDict[UUID, tuple[datetime, DataKey]] = OrderedDict()

    async def close(self) -> None:
        """Close every connection and forget every key."""
        self._ready.clear()
        self._open.clear()
        await self._connections.close()

    async def __aenter__(self) -> "Keyring":
        """As it is."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Closed."""
        await self.close()

    async def new_key(self) -> DataKey:
        """A committed key that nobody else gets.

        Raises:
            Transient: no key is left and the keyring's database is away.
        """
        while not self._ready:  # several may wait here; the lock lets one of them make the batch
            async with self._making:
                if not self._ready:
                    await self._make()
        key = self._ready.popleft()
        telemetry.KEYS_READY.set(len(self._ready))
        if len(self._ready) < LOW:
            self._low.set()
        return key

    async def run(self, stop: asyncio.Event) -> None:
        """Make keys ahead of need until `stop`. Does nothing in a process that never asks for a new one."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._wake_on(stop), name="keyring stop")
            while not stop.is_set():
                await self._low.wait()
                self._low.clear()
                if not stop.is_set():
                    await self._refill(stop)

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._low.set()

    async def _refill(self, stop: asyncio.Event) -> None:
        try:
            async with self._making:
                if len(self._ready) < LOW:
                    await self._make()
        except Transient:
            log.warning("keyring.not_refilled", ready=len(self._ready))
            await _wait(stop, RETRY)
            self._low.set()

    async def _make(self) -> None:
        fresh = sorted((ids.new(), AESGCM.generate_key(KEY_BYTES * 8)) for _ in range(BATCH))
        wrapped = await self._kms.wrap([secret for _, secret in fresh])
        async with self._connection() as connection:
            await connection.execute(INSERT, [key_id for key_id, _ in fresh], wrapped, self._clock.now())
            self._ready.extend(DataKey(key_id, secret) for key_id, secret in fresh)

    async def open(self, key_ids: Iterable[UUID]) -> Mapping[UUID, DataKey]:
        """The keys that exist: destroyed and unknown ids are absent. One query for all that are not cached.

        Raises:
            Transient: the keyring's database is away.
            Unreadable: a key was wrapped under a master key this process does not have.
        """
        asked = set(key_ids)
        now = self._clock.now()  # before the query: a key destroyed meanwhile is still gone a minute from here
        found = {key_id: key for key_id in asked if (key := self._cached(key_id, now)) is not None}
        missing = sorted(asked - found.keys())
        if missing:
            for key in await self._fetch(missing):
                self._remember(key, now)
                found[key.id] = key
        return found

    async def _fetch(self, missing: Sequence[UUID]) -> list[DataKey]:
        async with self._connection() as connection:
            rows = await connection.fetch(OPEN, missing)
        secrets = await self._kms.unwrap([row["wrapped"] for row in rows])
        return [DataKey(UUID(bytes=row["id"].bytes), secret) for row, secret in zip(rows, secrets, strict=True)]

    async def destroyed(self, key_ids: Iterable[UUID]) -> frozenset[UUID]:
        """Those of the keys that were here once and are not any more; an id that never was here is not among them.

        Raises:
            Transient: the keyring's database is away.
        """
        async with self._connection() as connection:
            rows = await connection.fetch(DESTROYED, sorted(set(key_ids)))
        return frozenset(UUID(bytes=row["id"].bytes) for row in rows)

    async def destroy(self, key_ids: Iterable[UUID]) -> None:
        """Make what was sealed under these keys unreadable for ever. Only as `keyring_owner`; repeatable."""
        doomed = sorted(set(key_ids))
        async with self._connection() as connection:
            await connection.execute(DESTROY, doomed, self._clock.now())
        for key_id in doomed:
            self._open.pop(key_id, None)

    async def ping(self) -> None:
        """Raise where the keyring's database is away or its newest key does not unwrap here."""
        async with self._connection() as connection:
            newest = await connection.fetchval(NEWEST)
        if newest is not None:
            await self._kms.unwrap([newest])

    def _cached(self, key_id: UUID, now: datetime) -> DataKey | None:
        until, key = self._open.get(key_id, (now, None))
        if not timedelta() < until - now <= CACHED:  # more is left than it was given: the clock was set back
            self._open.pop(key_id, None)
            return None
        return key

    def _remember(self, key: DataKey, now: datetime) -> None:
        self._open[key.id] = (now + CACHED, key)
        self._open.move_to_end(key.id)
        while len(self._open) > CACHE_KEYS:
            self._open.popitem(last=False)

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Any]:
        """In autocommit: each statement is its own transaction."""
        try:
            async with self._connections.borrowed() as connection:
                yield connection
        except POSSIBLE as error:
            if database_is_away(error):
                raise Transient("the keyring is away", retry_after=5) from error
            raise


async def _wait(stop: asyncio.Event, longest: timedelta) -> None:
    try:
        async with asyncio.timeout(longest.total_seconds()):
            await stop.wait()
    except TimeoutError:
        return
