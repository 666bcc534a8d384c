"""A file too large to be held whole: its entries are stored as they come, and become a referral at once.

What is staged is found by nobody, because no referral has its id. Each step is a short transaction of its own;
an upload that was given up takes nothing any more.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from intake.commands.filing import Partner
from intake.domain.referral import Entry, Naming
from intake.store import referrals as referral_store
from intake.store import uploads as upload_store
from kit.database import Transaction
from kit.encryption import keyed_hash
from kit.errors import Transient
from kit.jobs import NewJob
from kit.values import value

FORGET_JOB: Final = "upload.forget"
RETRY_SECONDS: Final = 5


@value
class Upload:
    """What is being staged. `referral` is the id that its referral will have."""

    referral: UUID
    partner: Partner
    testmode: bool
    version: int

    @property
    def tenant(self) -> str:
        """Whose it is."""
        return self.partner.tenant


async def standing(tx: Transaction, tenant: str, key: str | None, reference: str | None) -> bool:
    """Whether the key or the reference is known, in whatever version: then nothing need be staged.

    Only a look: what counts is judged once the file is complete.
    """
    named = [] if reference is None else [reference]
    asked = {
        "tenant": tenant,
        "keys": [] if key is None else [key],
        "references": named,
        "versions": [1] * len(named),
    }
    return bool(await tx.rows(referral_store.KNOWN, asked))


async def begin(tx: Transaction, upload: Upload, now: datetime) -> None:
    """Its row, before any of its entries."""
    await tx.execute(
        upload_store.BEGIN,
        {"id": upload.referral, "tenant": upload.tenant, "testmode": upload.testmode, "now": now},
    )


async def name(
    tx: Transaction, upload: Upload, entries: Sequence[tuple[str, Entry]], index_key: bytes
) -> list[Entry | None]:
    """The entries with their references; None for one whose reference another entry of the upload has.

    Each comes with what it is called where nothing else names it. What a partner calls an entry goes before what
    we make up, so an entry may later turn up under a name that we gave another: content decides between the two.

    Raises `Transient` once the upload was given up.
    """
    await touch(tx, upload, tx.now())
    naming = _Names(tx, upload, index_key)
    given = {at: entry.reference for at, (_, entry) in enumerate(entries) if entry.reference}
    named = await naming.claim(given, entries, Naming.GIVEN)
    unnamed = {at: entry for at, (_, entry) in enumerate(entries) if not entry.reference}
    accounts = {at: entry.account_name for at, entry in unnamed.items() if entry.account_name}
    named |= await naming.claim(accounts, entries, Naming.ACCOUNT)
    positions = {at: entries[at][0] for at in unnamed if at not in named}
    while positions:  # somebody calls another entry by our name for this one
        named |= await naming.claim(positions, entries, Naming.POSITION)
        positions = {at: f"{position}'" for at, position in positions.items() if at not in named}
    return [named.get(at) for at in range(len(entries))]


class _Names:
    """The references of one upload."""

    def __init__(self, tx: Transaction, upload: Upload, index_key: bytes) -> None:
        self._tx = tx
        self._upload = upload
        self._index_key = index_key

    async def claim(
        self, wanted: dict[int, str], entries: Sequence[tuple[str, Entry]], naming: Naming
    ) -> dict[int, Entry]:
        """Of those that want one name, the first gets it, where it is free."""
        first: dict[bytes, int] = {}
        for at, reference in wanted.items():
            first.setdefault(reference_key(self._index_key, replace(entries[at][1], reference=reference)), at)
        free = await upload_store.claim(
            self._tx, self._upload.referral, self._upload.tenant, list(first), given=naming is Naming.GIVEN
        )
        return {
            at: replace(entries[at][1], reference=wanted[at], naming=naming) for key, at in first.items() if key in free
        }


def reference_key(index_key: bytes, entry: Entry) -> bytes:
    """The keyed hash by which an entry's reference is matched within its kind."""
    return keyed_hash(index_key, f"entry.reference.{entry.kind}", entry.reference)


async def touch(tx: Transaction, upload: Upload, now: datetime) -> None:
    """Something is added to it. Raises `Transient` once it was given up."""
    if not await upload_store.touch(tx, upload.referral, now):
        raise _given_up()


async def accepted(tx: Transaction, upload: Upload, now: datetime) -> None:
    """Its referral is written in this transaction. Raises `Transient` where it was given up, or never staged."""
    if not await upload_store.settle(tx, upload.referral, "accepted"):
        raise _given_up()
    tx.schedule(forget_later(upload.referral, upload.tenant, now))


async def abandon(tx: Transaction, upload: Upload, now: datetime) -> None:
    """Nobody goes on with it: what was staged is deleted."""
    if await upload_store.settle(tx, upload.referral, "abandoned"):
        tx.schedule(forget_later(upload.referral, upload.tenant, now))


def forget_later(upload: UUID, tenant: str, now: datetime) -> NewJob:
    """What only staging needed is deleted by a job."""
    return NewJob(kind=FORGET_JOB, key=str(upload), due_at=now, tenant=tenant, payload={"upload": str(upload)})


def _given_up() -> Transient:
    return Transient("What came of this file before is not there any more. Post it again.", retry_after=RETRY_SECONDS)
