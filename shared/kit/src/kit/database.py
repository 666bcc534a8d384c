"""The unit of work: one transaction holds the rows, the events, the jobs and the audit of a use case.

    async with database.as_tenant(tenant) as tx:
        await entries.save(tx, entry)
        tx.publish(events.reported(entry), origin)

Leaving the block writes what was collected and commits: the only `commit()` of the code base. An exception
rolls everything back. Who acts is chosen here, by role and by row-level security, never by a WHERE clause.

The law of locks: a statement that touches more than one row does so sorted by primary key, and an UPDATE first
takes `SELECT … ORDER BY id FOR UPDATE`. What is collected is written last, sorted too.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import TextClause, text

from contracts.model import Contract
from kit import audit, jobs, outbox
from kit.access import CENTRE_TENANT, Principal
from kit.connections import Connections, Pool, positional, touched, values
from kit.executing import Row
from kit.outages import POSSIBLE
from kit.outbox import Origin
from kit.time import Clock

Opening: TypeAlias = AbstractAsyncContextManager["Transaction"]

ROLL_BACK_SECONDS = 2.0

SET_TENANTS = text("SELECT set_config('kit.tenant', :tenant, true), set_config('kit.tenants', :tenants, true)")


class Transaction:
    """An open transaction and what it will write just before it commits."""

    def __init__(self, connection: Any, clock: Clock) -> None:
        """`connection` is asyncpg's, with a transaction open."""
        self._connection = connection
        self._clock = clock
        self._events: list[outbox.Pending] = []
        self._raw: list[outbox.Raw] = []
        self._jobs: list[jobs.NewJob] = []
        self._woken: list[jobs.NewJob] = []
        self._audit: list[audit.Entry] = []
        self.outgoing = 0
        """Outbox rows this transaction has written."""
        self.scheduled = 0
        """Jobs this transaction has written that are due now."""

    async def execute(self, statement: TextClause, params: Mapping[str, Any] | None = None) -> int:
        """Run one statement; how many rows it touched."""
        sql, names = positional(statement)
        return touched(await self._connection.execute(sql, *values(names, params)))

    async def rows(self, statement: TextClause, params: Mapping[str, Any] | None = None) -> Sequence[Row]:
        """All rows of a statement."""
        sql, names = positional(statement)
        return await self._connection.fetch(sql, *values(names, params))

    async def row(self, statement: TextClause, params: Mapping[str, Any] | None = None) -> Row | None:
        """The only row of a statement, or None."""
        (row,) = await self.rows(statement, params) or (None,)
        return row

    async def scalar(self, statement: TextClause, params: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row, or None."""
        sql, names = positional(statement)
        return await self._connection.fetchval(sql, *values(names, params))

    async def act_for(self, tenant: str, inserting_for: Sequence[str] = ()) -> None:
        """From here on the `api` role sees `tenant`'s rows and inserts for `inserting_for` (else the same).

        Raises `ValueError` for a name that the policies would read as several.
        """
        names = inserting_for or (tenant,)
        if any("," in name for name in names):
            raise ValueError("a tenant's name holds no comma")
        await self.execute(SET_TENANTS, {"tenant": tenant, "tenants": ",".join(names)})

    def now(self) -> datetime:
        """The time of the injected clock, UTC."""
        return self._clock.now()

    def publish(self, event: Contract, origin: Origin) -> UUID:
        """Tell the other services, once this commits. Returns the event's id."""
        pending = outbox.pending(event, origin)
        self._events.append(pending)
        return pending.id

    def forward(self, record: outbox.Raw) -> None:
        """Send a record as it is (dead letters): no envelope of ours, no sequence."""
        self._raw.append(record)

    def schedule(self, job: jobs.NewJob) -> None:
        """Have due work done after this commits; one of the same kind and key that is there already stands."""
        self._jobs.append(job)

    def wake(self, job: jobs.NewJob) -> None:
        """Have work done once more after this commits, also if it is being done right now. As `system` only."""
        self._woken.append(job)

    def audit(self, entry: audit.Entry) -> None:
        """Record who saw or changed what."""
        self._audit.append(entry)

    async def flush(self) -> int:
        """Write what was collected so far. Returns the number of outbox rows."""
        due, self._jobs = self._jobs, []
        woken, self._woken = self._woken, []
        acts, self._audit = self._audit, []
        events, self._events = self._events, []
        raw, self._raw = self._raw, []
        await jobs.insert(self, due)
        await jobs.wake(self, woken)
        self.scheduled += sum(one.due_at <= self.now() for one in (*due, *woken))
        await audit.insert(self, acts)
        self.outgoing += await outbox.append(self, events, raw)
        return self.outgoing


class Database:
    """One service's database, seen by its roles."""

    def __init__(
        self,
        *,
        schema: str,
        api_url: str | None,
        system_url: str | None,
        clock: Clock,
        pool: Pool | None = None,
    ) -> None:
        self.schema = schema
        self.written = asyncio.Event()
        """Set after a commit that left rows in the outbox: wakes the relay."""
        self.scheduled = asyncio.Event()
        """Set after a commit that scheduled jobs for now: wakes the worker."""
        self._clock = clock
        self._to_centre = text(f"SET LOCAL ROLE {schema}_centre")
        self._api, self._system = (
            None if url is None else Connections(url, pool or Pool()) for url in (api_url, system_url)
        )

    def as_system(self) -> Opening:
        """Handlers, relay and jobs. Never behind a route."""
        return self._open(self._system, None)

    def as_tenant(self, tenant: str) -> Opening:
        """A request of one tenant: it sees its own rows, and those it holds."""
        return self._open(self._api, lambda tx: tx.act_for(tenant))

    def as_tenants(self, tenants: Sequence[str]) -> Opening:
        """A group of requests: it inserts for all of them and sees nobody's rows until `tx.act_for`."""
        return self._open(self._api, lambda tx: tx.act_for("", tenants))

    def as_centre(self) -> Opening:
        """Coordinators and auditors: every row, under a role of their own."""
        return self._open(self._api, self._become_centre)

    def acting_for(self, principal: Principal) -> Opening:
        """The caller's view: the centre for its coordinators, auditors and operators, else the caller's tenant."""
        return self.as_centre() if principal.of_centre else self.as_tenant(principal.tenant)

    async def look(self, statement: TextClause, params: Mapping[str, Any] | None = None) -> Any:
        """What one statement reads first, as `system`: for who looks often and seldom finds anything to do.

        No transaction is opened, which would take three times as long.
        """
        sql, names = positional(statement)
        async with self._reached(self._system).borrowed() as connection:
            return await connection.fetchval(sql, *values(names, params))

    async def close(self) -> None:
        """Close every connection."""
        for connections in (self._api, self._system):
            if connections is not None:
                await connections.close()

    async def _become_centre(self, tx: Transaction) -> None:
        await tx.execute(self._to_centre)
        await tx.act_for(CENTRE_TENANT)

    def _reached(self, connections: Connections | None) -> Connections:
        if connections is None:
            raise RuntimeError(f"this process has no connection of that role to {self.schema}")
        return connections

    @asynccontextmanager
    async def _open(
        self, connections: Connections | None, begin: Callable[[Transaction], Awaitable[None]] | None
    ) -> AsyncGenerator[Transaction]:
        async with self._reached(connections).borrowed() as connection:
            work = connection.transaction()
            try:
                await work.start()
                tx = Transaction(connection, self._clock)
                if begin is not None:
                    await begin(tx)
                yield tx
                written = await tx.flush()
                await work.commit()
            except BaseException:  # of a cancelled task as well
                await _roll_back(connection, work)
                raise
        if written:
            self.written.set()
        if tx.scheduled:
            self.scheduled.set()


async def _roll_back(connection: Any, work: Any) -> None:
    """Undo what was done. Where that fails too, or nothing was begun, the connection goes: nobody gets it again."""
    try:
        async with asyncio.timeout(ROLL_BACK_SECONDS):
            await work.rollback()
    except POSSIBLE:
        connection.terminate()
