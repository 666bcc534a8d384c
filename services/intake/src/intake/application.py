"""What a process of intake holds: settings, clock, the doors to database and keyring, and the group commit."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from intake.commands import accept, partners, uploading
from intake.commands.accept import Answer, Prepared
from intake.commands.amend import Amendment, amend
from intake.commands.filing import Accepted, Outcome, Partner, ToAmend
from intake.commands.publish import key_of
from intake.commands.uploading import Upload
from intake.pressure import Pressure
from intake.settings import Settings
from kit.database import Database, Transaction
from kit.encryption import DataKey
from kit.errors import Conflict, NotFound, Refused, Rejected, Transient
from kit.faults import fault
from kit.group_commit import GroupCommit, Limits, Requeue
from kit.keyring import Keyring
from kit.service import Runtime
from kit.settings import key_bytes
from kit.time import Clock

PROFILE_KEPT: Final = timedelta(seconds=60)
LONGEST_WAIT_SECONDS: Final = 2.0
_RETRY_SECONDS: Final = 0.05
_KEY_RETRY_SECONDS: Final = 60
AT_ONCE: Final = 2


class Intake:
    """The application object that routes, handlers and jobs receive."""

    def __init__(self, runtime: Runtime[Settings]) -> None:
        self.settings = runtime.settings
        self.clock: Clock = runtime.clock
        self.database: Database = runtime.database
        self.keyring: Keyring = runtime.keyring
        self.index_key = key_bytes(runtime.settings.index_key, "INTERLINK_INDEX_KEY")
        self.groups = GroupCommit[Prepared, Outcome](self._commit, Limits(requests=runtime.settings.group_requests))
        self.pressure = Pressure(runtime.settings, runtime.database, lambda: self.groups.waiting)
        self.staging = asyncio.Semaphore(AT_ONCE)
        """Held while lines of a batch are in memory as more than bytes."""
        self._profiles: dict[str, tuple[datetime, Partner]] = {}

    async def seed(self) -> None:
        """The sandbox's partners, where they are missing."""
        async with self.database.as_system() as tx:
            await partners.seed(tx, self.settings.seed_partners, self.clock.now())

    async def partner(self, tenant: str) -> Partner:
        """The registered partner, at most a minute old. Raises `Rejected` (403) for one nobody registered."""
        now = self.clock.now()
        until, known = self._profiles.get(tenant, (now, None))
        if known is not None and until > now:
            return known
        async with self.database.as_tenant(tenant) as tx:
            found = await partners.find(tx, tenant)
        if found is None:
            raise Rejected("partner.unknown", "This client is no registered partner.", status=403)
        self._profiles[tenant] = (now + PROFILE_KEPT, found)
        return found

    async def key(self, key_id: UUID) -> DataKey | None:
        """A referral's data key; None once it was destroyed.

        Raises:
            Transient: the keyring is away, or not the one that has the key: it was put back to an earlier moment.
        """
        keys = await self.keyring.open([key_id])
        if key_id not in keys and key_id not in await self.keyring.destroyed([key_id]):
            raise Transient("the keyring lacks a data key", retry_after=_KEY_RETRY_SECONDS)
        return keys.get(key_id)

    async def submit(self, prepared: Prepared, *, urgent: bool) -> Accepted:
        """Commit the file with others, or alone where it amends. Raises what it is refused for."""
        answer: Answer = await self.groups.submit(
            prepared,
            weight=max(1, len(prepared.entries)),
            size=prepared.filing.size,
            urgent=urgent,
        )
        while isinstance(answer, ToAmend | Requeue):
            if isinstance(answer, Requeue):
                await asyncio.sleep(_RETRY_SECONDS)  # another process has the referral
            answer = await self._alone(prepared)
        if isinstance(answer, Refused):
            raise answer
        return answer

    async def settle(self, prepared: Prepared, upload: Upload) -> Accepted:
        """Make a referral of what was staged, or give its receipt again. Raises what it is refused for."""
        while True:
            async with self.database.as_tenant(upload.tenant) as tx:
                [answer] = await self._accept(tx, [prepared])
                if isinstance(answer, Accepted) and not answer.replayed:
                    await uploading.accepted(tx, upload, self.clock.now())
            fault("intake.settled")
            match answer:
                case Requeue():
                    await asyncio.sleep(_RETRY_SECONDS)  # another request has its key or reference
                case ToAmend():
                    raise Rejected("batch.amends", "A batch begins a referral; hand in its later versions as JSON.")
                case Refused():
                    raise answer
                case Accepted():
                    return answer

    async def _commit(self, group: Sequence[Prepared]) -> Sequence[Outcome | Requeue]:
        tenants = sorted({prepared.filing.tenant for prepared in group})
        opening = self.database.as_tenants(tenants) if len(tenants) > 1 else self.database.as_tenant(tenants[0])
        async with opening as tx:
            answers = await self._accept(tx, group)
        fault("intake.committed")
        if all(isinstance(answer, Requeue) for answer in answers):
            await asyncio.sleep(_RETRY_SECONDS)  # all of them wait for another process
        return answers

    async def _accept(self, tx: Transaction, group: Sequence[Prepared]) -> list[Answer]:
        now = asyncio.get_running_loop().time()
        return await accept.accept(tx, group, largest_direct=self.settings.largest_direct, now=now)

    async def _alone(self, prepared: Prepared) -> Answer:
        """Judged once more under its own locks, because it was let go of in between."""
        async with self.database.as_tenant(prepared.filing.tenant) as tx:
            [answer] = await self._accept(tx, [prepared])
            if not isinstance(answer, ToAmend):
                return answer
            return await self._amend(tx, prepared, answer)

    async def _amend(self, tx: Transaction, prepared: Prepared, found: ToAmend) -> Accepted:
        key_id = await key_of(tx, found.referral)
        if key_id is None:
            raise NotFound
        key = await self.key(key_id)
        if key is None:
            raise Conflict("referral.erased", "The referral was erased; nothing can be added to it.")
        command = Amendment(prepared=prepared, referral=found.referral, data_key=key, index_key=self.index_key)
        return await amend(tx, command)


def build(runtime: Runtime[Settings]) -> Intake:
    """The application of one process."""
    return Intake(runtime)
