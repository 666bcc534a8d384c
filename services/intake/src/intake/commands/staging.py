"""What was read of a large file becomes rows, some lines at a time: sealed as those of a small one are.

Sealing is pure computing, done before any transaction is open; positions and pieces of the raw body go on.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from intake.commands import uploading
from intake.commands.drafting import CHUNK, Drafting, draft_all, payload_context
from intake.commands.filing import Staged
from intake.commands.uploading import Upload
from intake.domain.priority import Priority, most_pressing
from intake.domain.referral import Entry, Kind, Submission
from intake.store import entries as entry_store
from intake.store import referrals as referral_store
from intake.store.entries import NewEntry, OfReferral
from intake.store.referrals import Chunk
from kit.database import Transaction
from kit.encryption import DataKey
from kit.values import value


@value
class Step:
    """What one transaction adds to an upload."""

    entries: Sequence[NewEntry]
    payload: Sequence[Chunk]


async def stage(tx: Transaction, upload: Upload, step: Step, now: datetime) -> None:
    """Add a step to its upload. Raises `Transient` once that was given up."""
    await uploading.touch(tx, upload, now)
    await entry_store.insert(
        tx, [OfReferral(referral=upload.referral, tenant=upload.tenant, entry=entry) for entry in step.entries]
    )
    await referral_store.insert_payload(tx, step.payload)


class Staging:
    """One upload while it is staged."""

    def __init__(self, upload: Upload, head: Submission, key: DataKey, index_key: bytes, received_at: datetime) -> None:
        """`head` is the submission without its entries, `key` what all of it is sealed under."""
        self.upload = upload
        self._drafting = Drafting(
            submission=head, partner=upload.partner, version=upload.version, key=key, index_key=index_key
        )
        self._received_at = received_at
        self._raw = bytearray()
        self._chunks = 0
        self._kinds: Counter[Kind] = Counter()
        self._pressing = Priority.P4

    @property
    def content(self) -> Staged:
        """What was sealed until now."""
        return Staged(suspects=self._kinds[Kind.SUSPECT], victims=self._kinds[Kind.VICTIM], pressing=self._pressing)

    def seal(self, entries: Sequence[Entry], raw: bytes, *, last: bool) -> Step:
        """The next entries and the bytes that told them; the last step leaves nothing of the body waiting."""
        drafted = draft_all(self._drafting, entries, after=self._kinds.total(), received_at=self._received_at)
        self._kinds.update(entry.kind for entry in drafted)
        self._pressing = most_pressing((self._pressing, *(entry.priority for entry in drafted)))
        self._raw += raw
        return Step(entries=drafted, payload=self._pieces(last=last))

    def _pieces(self, *, last: bool) -> list[Chunk]:
        pieces: list[Chunk] = []
        while len(self._raw) >= CHUNK or (last and self._raw):
            plain = bytes(self._raw[:CHUNK])
            del self._raw[:CHUNK]
            pieces.append(self._piece(plain))
        return pieces

    def _piece(self, plain: bytes) -> Chunk:
        upload, number = self.upload, self._chunks
        self._chunks += 1
        return Chunk(
            referral=upload.referral,
            version=upload.version,
            tenant=upload.tenant,
            number=number,
            sealed=self._drafting.key.encrypt(plain, payload_context(upload.referral, upload.version, number)),
        )
