"""Many posted files, one commit: new ones are stored and told, repeated ones get their receipt again.

Which is which is decided under try-locks on (tenant, key) and (tenant, reference), so that concurrent posts of
one file have one effect. A later version of a known file is handed back, to be compared alone.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from contracts.events.referrals import ReferralReceived
from intake.commands import announcing
from intake.commands.announcing import Frame
from intake.commands.drafting import Drafting, draft_all, sealed_payload
from intake.commands.filing import Accepted, Filing, Outcome, Staged, ToAmend
from intake.commands.receipts import receipt_bytes
from intake.domain import assessing, handling, priority, repeating
from intake.domain.receipt import number
from intake.domain.referral import Kind
from intake.domain.repeating import Again, Amends, Contradiction, New
from intake.store import entries as entry_store
from intake.store import referrals as referral_store
from intake.store.entries import NewEntry, OfReferral
from intake.store.referrals import NewReferral, NewVersion
from kit.audit import Entry as AuditEntry
from kit.database import Transaction
from kit.encryption import Sealed
from kit.errors import Conflict, Refused, Rejected
from kit.group_commit import Requeue
from kit.jobs import NewJob
from kit.values import value

PUBLISH_JOB = "referral.publish"

Answer: TypeAlias = Outcome | Requeue


@value
class Prepared:
    """A file with everything that can be computed before a transaction is open."""

    filing: Filing
    entries: tuple[NewEntry, ...] = ()
    payload: tuple[Sealed, ...] = ()
    staged: Staged | None = None
    """What stands there already, of a file that came piece by piece."""

    @property
    def content(self) -> Staged:
        """How many entries it has of each kind, and the most pressing of all."""
        if self.staged is not None:
            return self.staged
        suspects = sum(entry.kind is Kind.SUSPECT for entry in self.entries)
        pressing = priority.most_pressing(entry.priority for entry in self.entries)
        return Staged(suspects=suspects, victims=len(self.entries) - suspects, pressing=pressing)

    def told_later(self, largest_direct: int) -> bool:
        """Whether its events follow in chunks."""
        return self.staged is not None or len(self.entries) > largest_direct

    @property
    def locks(self) -> list[str]:
        """What two files must not have in common in one group."""
        filing = self.filing
        names = [f"reference {filing.tenant} {filing.submission.reference}"]
        if filing.idempotency_key is not None:
            names.append(f"key {filing.tenant} {filing.idempotency_key}")
        return names


def prepare(filing: Filing, index_key: bytes) -> Prepared:
    """Grade, prioritise and seal a file as if it were new. Takes no lock and asks nobody."""
    submission = filing.submission
    drafting = Drafting(
        submission=submission,
        partner=filing.partner,
        version=submission.version,
        key=filing.data_key,
        index_key=index_key,
    )
    entries = draft_all(drafting, submission.entries, after=0, received_at=filing.received_at)
    payload = sealed_payload(filing.data_key, filing.referral, submission.version, filing.body)
    return Prepared(filing=filing, entries=entries, payload=tuple(payload))


async def accept(tx: Transaction, group: Sequence[Prepared], *, largest_direct: int, now: float) -> list[Answer]:
    """Answers in the order of the group. `now` is the event loop's clock, against which files are kept waiting.

    The transaction inserts for all tenants of the group, and acts for the tenant where there is one alone.
    """
    tenants = sorted({prepared.filing.tenant for prepared in group})
    free = await _lock(tx, group)
    verdicts = await _judge(tx, [group[index] for index in free], tenants)
    answers: list[Answer] = [_waits(prepared, now) for prepared in group]
    new = [group[index] for index, verdict in zip(free, verdicts, strict=True) if isinstance(verdict, New)]
    stored = iter(await _store(tx, new, largest_direct))
    known = [
        (group[index], verdict) for index, verdict in zip(free, verdicts, strict=True) if isinstance(verdict, Again)
    ]
    repeated = iter(await _repeat(tx, known, tenants))
    for index, verdict in zip(free, verdicts, strict=True):
        match verdict:
            case New():
                answers[index] = next(stored)
            case Again():
                answers[index] = next(repeated)
            case Amends(referral=referral):
                answers[index] = ToAmend(referral=referral)
            case Contradiction():
                answers[index] = refusal(verdict)
    return answers


def refusal(contradiction: Contradiction) -> Refused:
    """An older version is a state that has moved on; another content is wrong for ever."""
    if contradiction.outdated:
        return Conflict(contradiction.code, contradiction.detail)
    return Rejected(contradiction.code, contradiction.detail)


def _waits(prepared: Prepared, now: float) -> Answer:
    if now < prepared.filing.deadline:
        return Requeue()
    return Conflict("request.in_progress", "Another request with this key or reference is being worked on.")


async def _lock(tx: Transaction, group: Sequence[Prepared]) -> list[int]:
    """Which files of the group may go on: the first of those that share a name, where nobody else has it."""
    taken = await referral_store.try_lock(tx, [name for prepared in group for name in prepared.locks])
    free: list[int] = []
    for index, prepared in enumerate(group):
        if taken.issuperset(prepared.locks):
            free.append(index)
            taken.difference_update(prepared.locks)
    return free


async def _judge(tx: Transaction, group: Sequence[Prepared], tenants: Sequence[str]) -> list[repeating.Verdict]:
    """Each file against what its own partner posted before: the lookup sees one tenant's rows at a time."""
    known = _Known()
    for tenant in tenants:
        await _act_for(tx, tenant, tenants)
        await known.look_up(tx, tenant, [prepared.filing for prepared in group if prepared.filing.tenant == tenant])
    return [known.verdict(prepared.filing) for prepared in group]


async def _act_for(tx: Transaction, tenant: str, tenants: Sequence[str]) -> None:
    if len(tenants) > 1:  # else the transaction was opened for it
        await tx.act_for(tenant, tenants)


class _Known:
    """What was posted before under the keys and references of a group."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, str], repeating.UnderKey] = {}
        self._references: dict[tuple[str, str, int], repeating.UnderReference] = {}

    async def look_up(self, tx: Transaction, tenant: str, filings: Sequence[Filing]) -> None:
        """Look for what one tenant's files name."""
        rows = await tx.rows(
            referral_store.KNOWN,
            {
                "tenant": tenant,
                "keys": [filing.idempotency_key for filing in filings if filing.idempotency_key],
                "references": [filing.submission.reference for filing in filings],
                "versions": [filing.submission.version for filing in filings],
            },
        )
        for row in rows:
            sha256 = None if row.sha256 is None else bytes(row.sha256)
            if row.key is None:
                self._references[tenant, row.reference, row.version] = repeating.UnderReference(
                    referral=row.id, current=row.current, content=sha256
                )
            elif sha256 is not None:
                self._keys[tenant, row.key] = repeating.UnderKey(referral=row.id, version=row.version, body=sha256)

    def verdict(self, filing: Filing) -> repeating.Verdict:
        """Whether a file is new."""
        submission = filing.submission
        posted = repeating.Posted(
            key=filing.idempotency_key,
            reference=submission.reference,
            version=submission.version,
            body=filing.body_sha256,
            content=submission.content,
        )
        return repeating.judge(
            posted,
            self._keys.get((filing.tenant, filing.idempotency_key or "")),
            self._references.get((filing.tenant, submission.reference, submission.version)),
        )


async def _repeat(tx: Transaction, group: Sequence[tuple[Prepared, Again]], tenants: Sequence[str]) -> list[Accepted]:
    found: dict[tuple[UUID, int], Any] = {}
    for tenant in sorted({prepared.filing.tenant for prepared, _ in group}):
        await _act_for(tx, tenant, tenants)
        own = [(again.referral, again.version) for prepared, again in group if prepared.filing.tenant == tenant]
        found.update(await referral_store.receipts(tx, own))
        await referral_store.remember(tx, list(_new_keys(group, tenant)))
    rows = [found[again.referral, again.version] for _, again in group]
    return [Accepted(receipt=bytes(row.receipt), number=row.number, replayed=True) for row in rows]


def _new_keys(group: Sequence[tuple[Prepared, Again]], tenant: str) -> Iterator[referral_store.NewKey]:
    for prepared, again in group:
        filing = prepared.filing
        if again.remember_key and filing.tenant == tenant and filing.idempotency_key is not None:
            yield referral_store.NewKey(
                tenant=tenant,
                key=filing.idempotency_key,
                body=filing.body_sha256,
                referral=again.referral,
                version=again.version,
                at=filing.received_at,
            )


async def _store(tx: Transaction, group: Sequence[Prepared], largest_direct: int) -> list[Accepted]:
    if not group:
        return []
    counts = await referral_store.numbers(tx, len(group))
    numbered = [
        (prepared, number(prepared.filing.received_at.year, count))
        for prepared, count in zip(group, counts, strict=True)
    ]
    receipts = [receipt_bytes(prepared.filing, name) for prepared, name in numbered]
    await referral_store.insert(
        tx,
        [
            _referral(prepared, name, given, largest_direct)
            for (prepared, name), given in zip(numbered, receipts, strict=True)
        ],
    )
    await entry_store.insert(
        tx,
        [
            OfReferral(referral=prepared.filing.referral, tenant=prepared.filing.tenant, entry=entry)
            for prepared in group
            for entry in prepared.entries
        ],
    )
    for prepared, name in numbered:
        _tell(tx, prepared, name, largest_direct)
    return [
        Accepted(receipt=given, number=name, replayed=False)
        for (_, name), given in zip(numbered, receipts, strict=True)
    ]


def _referral(prepared: Prepared, name: str, given: bytes, largest_direct: int) -> NewReferral:
    filing = prepared.filing
    return NewReferral(
        number=name,
        reference=filing.submission.reference,
        format=filing.submission.format,
        key=filing.data_key.id,
        testmode=filing.testmode,
        state="receiving" if prepared.told_later(largest_direct) else "accepted",
        first=version_of(filing, filing.referral, given, prepared.payload),
    )


def version_of(filing: Filing, referral: UUID, given: bytes, payload: Sequence[Sealed]) -> NewVersion:
    """A posted file as a version of a referral."""
    return NewVersion(
        referral=referral,
        version=filing.submission.version,
        tenant=filing.tenant,
        received_at=filing.received_at,
        media_type=filing.media_type,
        body_sha256=filing.body_sha256,
        content_sha256=filing.submission.content,
        size=filing.size,
        frame=announcing.stored_frame(filing.submission),
        receipt=given,
        payload=payload,
        idempotency_key=filing.idempotency_key,
    )


def _tell(tx: Transaction, prepared: Prepared, name: str, largest_direct: int) -> None:
    filing = prepared.filing
    frame = frame_of(filing, filing.referral, name, testmode=filing.testmode)
    content = prepared.content
    of_file = handling.as_text(assessing.handling(filing.submission, None, filing.partner.handling))
    tx.publish(
        ReferralReceived(
            referral=filing.referral,
            number=name,
            partner=filing.partner.slug,
            format=filing.submission.format,
            version=filing.submission.version,
            received_at=filing.received_at,
            suspects=content.suspects,
            victims=content.victims,
        ),
        frame.origin(priority=content.pressing, handling=of_file),
    )
    tx.audit(
        AuditEntry(
            actor=filing.principal,
            action="referral.accepted",
            subject=str(filing.referral),
            detail={"version": filing.submission.version, "entries": content.suspects + content.victims},
        )
    )
    if prepared.told_later(largest_direct):
        tx.schedule(publish_later(filing))
        return
    for entry in prepared.entries:
        for event, origin in announcing.reported(frame, announcing.told(entry), filing.data_key):
            tx.publish(event, origin)


def publish_later(filing: Filing) -> NewJob:
    """The events of a large file follow in chunks."""
    return NewJob(
        kind=PUBLISH_JOB,
        key=str(filing.referral),
        due_at=filing.received_at,
        tenant=filing.tenant,
        payload={"referral": str(filing.referral)},
    )


def frame_of(filing: Filing, referral: UUID, name: str, *, testmode: bool) -> Frame:
    """What all entries of the posted file share in their events."""
    return Frame(
        referral=referral,
        number=name,
        version=filing.submission.version,
        tenant=filing.tenant,
        testmode=testmode,
        received_at=filing.received_at,
        **announcing.frame_fields(announcing.stored_frame(filing.submission)),
    )
