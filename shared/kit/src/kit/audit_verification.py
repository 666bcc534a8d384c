"""Reads a service's audit from the first link to the signed head and says what does not fit.

Finds an edit (the link's hash no longer fits its entry), a gap (a position or an entry is missing), a cut (the
chain ends before its head, or before a head seen elsewhere), a forged head, and an entry nobody sealed.
Streams: the memory it needs does not grow with the audit. Not promised: what an edited entry said before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import text

from kit.audit import COLUMNS, GENESIS, link, signed_text
from kit.executing import Executing, Row

PAGE: Final = 5000
UNSEALED_AFTER: Final = timedelta(seconds=10)

HEAD = text("""
    SELECT h.position, h.hash, h.sealed_at, h.signature, current_schema() AS schema,
           (SELECT max(position) FROM audit_seal) AS last
    FROM (SELECT) AS one LEFT JOIN audit_head h ON true
""")

SEALED = text(f"""
    SELECT s.position, s.entry, s.hash, {COLUMNS}
    FROM audit_seal s LEFT JOIN audit_entry e ON e.id = s.entry
    WHERE s.position > :after AND s.position <= :until
    ORDER BY s.position LIMIT :page
""")  # noqa: S608 - constants of our own

UNSEALED = text("""
    SELECT e.id FROM audit_entry e
    WHERE e.at < clock_timestamp() - CAST(:age AS interval)
      AND NOT EXISTS (SELECT FROM audit_seal s WHERE s.entry = e.id)
    ORDER BY e.id LIMIT :page
""")


class Fault(StrEnum):
    """What can be wrong with an audit."""

    EDIT = "edit"
    GAP = "gap"
    CUT = "cut"
    FORGED_HEAD = "forged-head"
    UNSEALED = "unsealed"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that does not fit; `position` is in the chain, `entry` the id of the audit entry."""

    fault: Fault
    position: int | None = None
    entry: int | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """A head as it was logged or published: position and hash in hex."""

    position: int
    chain: str


@dataclass(frozen=True, slots=True)
class Verification:
    """The result: how many links were read, and everything that does not fit, in the order of the chain."""

    entries: int
    problems: tuple[Problem, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.problems


@dataclass(slots=True)
class _Reader:
    """Walks the chain link by link."""

    witness: Witness | None
    position: int = 0
    chain: bytes = GENESIS
    entries: int = 0
    problems: list[Problem] = field(default_factory=list["Problem"])

    def read(self, row: Row) -> None:
        if row.position != self.position + 1:
            self.problems.append(Problem(Fault.GAP, self.position + 1))
        elif row.id is None:
            self.problems.append(Problem(Fault.GAP, row.position, row.entry))
        elif link(self.chain, row.position, row) != row.hash:
            self.problems.append(Problem(Fault.EDIT, row.position, row.entry))
        # From the stored hash on, so that one edit is one problem; a rewritten chain misses its head.
        self.position, self.chain = row.position, row.hash
        self.entries += 1
        if self.witness and self.witness.position == self.position and self.witness.chain != self.chain.hex():
            self.problems.append(Problem(Fault.EDIT, self.position))


def public_key(seed: bytes) -> Ed25519PublicKey:
    """The public half of a sealer's key (`<SERVICE>_AUDIT_KEY`, 32 bytes)."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key()


async def verify(tx: Executing, key: Ed25519PublicKey, *, witness: Witness | None = None) -> Verification:
    """Read the whole audit of a service, as its `system` or `centre`.

    `witness` is a head seen elsewhere (the log, a printout): it finds a chain cut together with its head.
    """
    (head,) = await tx.rows(HEAD)
    reader = _Reader(witness)
    until = max(head.position or 0, head.last or 0)
    while rows := await _page(tx, reader.position, until):
        for row in rows:
            reader.read(row)
    _compare_with_head(reader, head, key)
    if witness and reader.position < witness.position:
        reader.problems.append(Problem(Fault.CUT, witness.position))
    unsealed = await tx.rows(UNSEALED, {"age": UNSEALED_AFTER, "page": PAGE})
    reader.problems.extend(Problem(Fault.UNSEALED, entry=row.id) for row in unsealed)
    return Verification(reader.entries, tuple(reader.problems))


async def _page(tx: Executing, after: int, until: int) -> Sequence[Row]:
    return await tx.rows(SEALED, {"after": after, "until": until, "page": PAGE})


def _compare_with_head(reader: _Reader, head: Row, key: Ed25519PublicKey) -> None:
    if head.position is None:
        if reader.position:
            reader.problems.append(Problem(Fault.FORGED_HEAD, reader.position))
        return
    try:
        key.verify(head.signature, signed_text(head.schema, head.position, head.hash, head.sealed_at))
    except InvalidSignature:
        reader.problems.append(Problem(Fault.FORGED_HEAD, head.position))
    if reader.position < head.position:
        reader.problems.append(Problem(Fault.CUT, head.position))
    elif reader.position > head.position or reader.chain != head.hash:
        reader.problems.append(Problem(Fault.EDIT, head.position))
