"""A later version of a known referral: what changed is computed entry by entry, stored, and told.

Runs alone, under the referral's row lock. Where a match is doubtful nothing is withdrawn and a person is asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from contracts import ids
from contracts.events.referrals import ReferralAmended
from intake.commands import announcing
from intake.commands.accept import Prepared, frame_of, version_of
from intake.commands.announcing import Frame
from intake.commands.drafting import Drafting, draft, sealed_payload
from intake.commands.filing import Accepted, Filing
from intake.commands.receipts import receipt_bytes
from intake.domain import amending, assessing, handling, priority
from intake.domain.amending import Change, Known, Outcome
from intake.domain.priority import Assessment, Priority
from intake.domain.referral import Kind, Naming
from intake.domain.verdicts import Level, Severity, Verdict
from intake.store import entries as entry_store
from intake.store import referrals as referral_store
from intake.store.entries import NewEntry, OfReferral
from kit.audit import Entry as AuditEntry
from kit.database import Transaction
from kit.encryption import DataKey
from kit.errors import Conflict, NotFound, Rejected
from kit.values import value

REVIEW_CODE = "amendment.ambiguous"
NEW_SENTENCE = "This may or may not be an entry of the earlier version; nothing was withdrawn, a person decides."
KEPT_SENTENCE = (
    "An entry of the earlier version was not found in this one, and it may be one of those that are new, were in doubt "
    "before, or could not be read; it was not withdrawn, a person decides."
)


@value
class Amendment:
    """A prepared file with the referral it amends. `data_key` is the referral's own."""

    prepared: Prepared
    referral: UUID
    data_key: DataKey
    index_key: bytes


async def amend(tx: Transaction, command: Amendment) -> Accepted:
    """Compare, store and tell. Raises `Conflict` while the earlier version is still being received."""
    filing = command.prepared.filing
    referral = await tx.row(referral_store.LOCK, {"id": command.referral})
    if referral is None:
        raise NotFound
    if referral.state != "accepted":
        raise Conflict("referral.receiving", "The earlier version is still being received; post again later.")
    if filing.submission.version <= referral.version:
        raise Conflict("version.outdated", "A later version of this reference is already known.")
    if filing.testmode is not referral.testmode:  # real people must not become test rows, nor the other way round
        raise Rejected("referral.testmode_differs", "Synthetic and real versions of one referral cannot be mixed.")
    rows = {row.id: row for row in await tx.rows(entry_store.OF_REFERRAL, {"referral": referral.id})}
    outcomes = amending.compare(
        [_known(row) for row in sorted(rows.values(), key=_meant)],
        _told(command.prepared),
        unread=bool(filing.submission.rejected_entries),
    )
    changes = _Changes(
        command=command,
        frame=frame_of(filing, referral.id, referral.number, testmode=referral.testmode),
        rows=rows,
        outcomes=outcomes,
        last=await tx.scalar(entry_store.LAST_POSITION, {"referral": referral.id}),
    )
    await _store(tx, changes)
    _tell(tx, changes)
    return Accepted(receipt=changes.receipt, number=referral.number, replayed=False)


def _known(row: Any) -> Known:
    return Known(
        id=row.id,
        kind=Kind(row.kind),
        reference=bytes(row.reference_key).hex(),
        naming=Naming(row.naming),
        digest=bytes(row.digest),
        fingerprints=entry_store.split_fingerprints(bytes(row.fingerprints)),
        withdrawn=row.state == "withdrawn",
        review=row.review,
    )


def _meant(row: Any) -> tuple[bool, int]:
    """Of several entries of one reference: a current one, else the one that was withdrawn last."""
    return row.state == "withdrawn", -row.version


def _told(prepared: Prepared) -> list[amending.Told]:
    return [
        amending.Told(
            position=entry.position,
            kind=entry.kind,
            reference=entry.reference_key.hex(),
            naming=entry.naming,
            digest=entry.digest,
            fingerprints=entry.fingerprints,
        )
        for entry in prepared.entries
    ]


class _Changes:
    """What the comparison came to, entry by entry."""

    def __init__(
        self,
        *,
        command: Amendment,
        frame: Frame,
        rows: Mapping[UUID, Any],
        outcomes: Sequence[Outcome],
        last: int,
    ) -> None:
        self.command = command
        self.frame = frame
        self.rows = rows
        self.by_change = {change: [one for one in outcomes if one.change is change] for change in Change}
        self.amended = [self._again(one) for one in self.by_change[Change.AMENDED]]
        self.returned = [self._again(one) for one in self.by_change[Change.RETURNED]]
        self.reported = [
            self._first(one, last + count) for count, one in enumerate(self.by_change[Change.REPORTED], start=1)
        ]
        self.receipt = receipt_bytes(self.filing, frame.number, self._verdicts(outcomes))

    @property
    def filing(self) -> Filing:
        """The posted file."""
        return self.command.prepared.filing

    @property
    def withdrawn(self) -> list[UUID]:
        """Entries that the version no longer names."""
        return [one.known for one in self.by_change[Change.WITHDRAWN] if one.known is not None]

    @property
    def kept_for_review(self) -> list[UUID]:
        """Entries that may be among the new ones under another name."""
        return [one.known for one in self.by_change[Change.KEPT_FOR_REVIEW] if one.known is not None]

    def _verdicts(self, outcomes: Sequence[Outcome]) -> list[Verdict]:
        return [
            Verdict(
                level=Level.ENTRY if one.position is not None else Level.FILE,
                pointer="" if one.position is None else self._entry(one).pointer,
                code=REVIEW_CODE,
                severity=Severity.WARNING,
                message=KEPT_SENTENCE if one.position is None else NEW_SENTENCE,
            )
            for one in outcomes
            if one.review
        ]

    def _entry(self, outcome: Outcome) -> Any:
        assert outcome.position is not None  # noqa: S101 - of outcomes that the file tells
        return self.filing.submission.entries[outcome.position - 1]

    def _again(self, outcome: Outcome) -> NewEntry:
        assert outcome.known is not None  # noqa: S101 - of outcomes with an earlier state
        row = self.rows[outcome.known]
        assessment = priority.raised(Priority(row.priority), self._assess(outcome))
        return self._draft(outcome, outcome.known, row.position, assessment)

    def _first(self, outcome: Outcome, position: int) -> NewEntry:
        drafted = self._draft(outcome, ids.new(), position, self._assess(outcome))
        return replace(drafted, review=outcome.review)

    def _assess(self, outcome: Outcome) -> Assessment:
        facts = assessing.facts(self.filing.submission, self._entry(outcome))
        return priority.assess(facts, self.filing.received_at)

    def _draft(self, outcome: Outcome, entry_id: UUID, position: int, assessment: Assessment) -> NewEntry:
        drafting = Drafting(
            submission=self.filing.submission,
            partner=self.filing.partner,
            version=self.frame.version,
            key=self.command.data_key,
            index_key=self.command.index_key,
        )
        return draft(drafting, self._entry(outcome), entry_id=entry_id, position=position, assessment=assessment)


async def _store(tx: Transaction, changes: _Changes) -> None:
    filing, frame = changes.filing, changes.frame
    payload = sealed_payload(changes.command.data_key, frame.referral, frame.version, filing.body)
    await tx.execute(
        referral_store.SET_VERSION,
        {"id": frame.referral, "version": frame.version, "now": filing.received_at},
    )
    await referral_store.insert_versions(tx, [version_of(filing, frame.referral, changes.receipt, payload)])
    await entry_store.amend(tx, _of_referral(changes, [*changes.amended, *changes.returned]))
    await entry_store.insert(tx, _of_referral(changes, changes.reported))
    await entry_store.withdraw(tx, changes.withdrawn, frame.version)
    await entry_store.ask_for_review(tx, changes.kept_for_review)


def _of_referral(changes: _Changes, entries: Sequence[NewEntry]) -> list[OfReferral]:
    frame = changes.frame
    return [OfReferral(referral=frame.referral, tenant=frame.tenant, entry=entry) for entry in entries]


def _tell(tx: Transaction, changes: _Changes) -> None:
    filing, frame, key = changes.filing, changes.frame, changes.command.data_key
    of_file = handling.as_text(assessing.handling(filing.submission, None, filing.partner.handling))
    levels = [entry.priority for entry in (*changes.amended, *changes.returned, *changes.reported)]
    tx.publish(_bookkeeping(changes), frame.origin(priority=priority.most_pressing(levels), handling=of_file))
    for entry in changes.amended:
        for event, origin in announcing.amended(frame, announcing.told(entry), key):
            tx.publish(event, origin)
    for entry in (*changes.returned, *changes.reported):
        for event, origin in announcing.reported(frame, announcing.told(entry), key):
            tx.publish(event, origin)
    for entry_id in changes.withdrawn:
        row = changes.rows[entry_id]
        origin = frame.origin(priority=Priority(row.priority), handling=row.handling)
        tx.publish(announcing.withdrawn(frame, entry_id, Kind(row.kind)), origin)
    tx.audit(
        AuditEntry(
            actor=filing.principal,
            action="referral.amended",
            subject=str(frame.referral),
            detail={
                "version": frame.version,
                **{str(change): len(found) for change, found in changes.by_change.items()},
            },
        )
    )


def _bookkeeping(changes: _Changes) -> ReferralAmended:
    counts = {change: len(found) for change, found in changes.by_change.items()}
    return ReferralAmended(
        referral=changes.frame.referral,
        number=changes.frame.number,
        partner=changes.filing.partner.slug,
        version=changes.frame.version,
        received_at=changes.frame.received_at,
        reported=counts[Change.REPORTED] + counts[Change.RETURNED],
        amended=counts[Change.AMENDED],
        withdrawn=counts[Change.WITHDRAWN],
        unchanged=counts[Change.UNCHANGED] + counts[Change.KEPT_FOR_REVIEW],
    )
