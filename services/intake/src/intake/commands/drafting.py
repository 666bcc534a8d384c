"""An accepted entry as it is stored and told: graded, prioritised, sealed, and hashed for later comparison.

Pure computing, done before any transaction is open. The digest leaves out where in the file a thing stood, so
that an entry that only moved is unchanged.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson

from contracts import ids
from intake.commands import plaintexts
from intake.commands.filing import Partner
from intake.commands.plaintexts import Plaintext
from intake.domain import assessing, priority
from intake.domain.handling import as_text
from intake.domain.priority import Assessment
from intake.domain.referral import Entry, Submission
from intake.store.entries import FINGERPRINT_BYTES, NewEntry
from kit.encryption import DataKey, Sealed, keyed_hash
from kit.values import value

CHUNK: Final = 256 * 1024
_FINGERPRINTED: Final = frozenset({"account", "email", "phone", "device"})


@value
class Hashed:
    """What of an entry is compared without being readable."""

    reference_key: bytes
    digest: bytes
    fingerprints: frozenset[bytes]


def hashed(drafting: "Drafting", entry: Entry, handling: str, parts: Sequence[Plaintext]) -> Hashed:
    """Keyed hashes of the entry's reference, of all that is told of it, and of what identifies it."""
    index_key = drafting.index_key
    return Hashed(
        reference_key=keyed_hash(index_key, f"entry.reference.{entry.kind}", entry.reference),
        digest=keyed_hash(index_key, "entry.content", _content(drafting.submission, entry, handling, parts)),
        fingerprints=frozenset(_fingerprints(entry, index_key)),
    )


def _content(submission: Submission, entry: Entry, handling: str, parts: Sequence[Plaintext]) -> str:
    incident, authority = submission.incident, submission.foreign_authority
    frame = (
        entry.role,
        incident.offence,
        incident.at,
        submission.offence_basis,
        submission.urgency,
        handling,
        sorted(entry.signals),
        None if authority is None else (authority.country, authority.agency, authority.investigating),
    )
    return orjson.dumps((frame, [part.told.decode() for part in parts])).decode()


def _fingerprints(entry: Entry, index_key: bytes) -> Iterator[bytes]:
    if entry.account is not None and entry.account.id:
        text = f"{(entry.account.service or '').casefold()}\0{entry.account.id}"
        yield keyed_hash(index_key, "entry.account", text)[:FINGERPRINT_BYTES]
    for identifier in entry.identifiers:
        if identifier.kind in _FINGERPRINTED and identifier.normalised:
            text = f"{(identifier.service or '').casefold()}\0{identifier.normalised}"
            yield keyed_hash(index_key, f"entry.{identifier.kind}", text)[:FINGERPRINT_BYTES]


@value
class Drafting:
    """What all entries of one file are drafted with."""

    submission: Submission
    partner: Partner
    version: int
    key: DataKey
    index_key: bytes


def draft(
    drafting: Drafting,
    entry: Entry,
    *,
    entry_id: UUID,
    position: int,
    assessment: Assessment,
    review: bool = False,
) -> NewEntry:
    """The entry under its id. `position` counts from 1 over all versions of the referral."""
    submission = drafting.submission
    parts = plaintexts.parts(entry)
    handling = as_text(assessing.handling(submission, entry, drafting.partner.handling))
    hashes = hashed(drafting, entry, handling, parts)
    return NewEntry(
        id=entry_id,
        version=drafting.version,
        position=position,
        kind=entry.kind,
        role=entry.role,
        naming=entry.naming,
        reference_key=hashes.reference_key,
        digest=hashes.digest,
        fingerprints=hashes.fingerprints,
        label=drafting.key.encrypt(entry.reference.encode(), label_context(entry_id)),
        parts=tuple(
            drafting.key.encrypt(
                part.text,
                part_context(entry_id, drafting.version, number),
            )
            for number, part in enumerate(parts, start=1)
        ),
        grade=assessing.grade(entry),
        priority=assessment.priority,
        factors=tuple(str(factor) for factor in assessment.factors),
        handling=handling,
        review=review,
    )


def draft_all(
    drafting: Drafting, entries: Sequence[Entry], *, after: int, received_at: datetime
) -> tuple[NewEntry, ...]:
    """New entries under fresh ids, as if nothing was known of them; their positions follow on `after`."""
    return tuple(
        draft(
            drafting,
            entry,
            entry_id=ids.new(),
            position=position,
            assessment=priority.assess(assessing.facts(drafting.submission, entry), received_at),
        )
        for position, entry in enumerate(entries, start=after + 1)
    )


def part_context(entry: UUID, version: int, part: int) -> bytes:
    """What an entry's sealed part is bound to; routing opens it with the same words."""
    return f"{entry}:{version}:{part}".encode()


def label_context(entry: UUID) -> bytes:
    """What an entry's sealed reference is bound to."""
    return f"{entry}:reference".encode()


def payload_context(referral: UUID, version: int, chunk: int) -> bytes:
    """What a chunk of the raw body is bound to."""
    return f"{referral}:{version}:payload:{chunk}".encode()


def sealed_payload(key: DataKey, referral: UUID, version: int, body: bytes) -> list[Sealed]:
    """The raw body in chunks of 256 KiB, each sealed for its place."""
    return [
        key.encrypt(body[at : at + CHUNK], payload_context(referral, version, number))
        for number, at in enumerate(range(0, len(body), CHUNK))
    ]
