"""A batch of providers' answers: where a subscriber was identified, the entry is determined again."""

from collections.abc import Sequence
from uuid import UUID

from kit.database import Transaction
from routing.application import Application
from routing.commands import deciding, reading
from routing.domain.assigning import EntryId
from routing.domain.entries import Answer, EntryState
from routing.store import entries, identification


async def identify(app: Application, tx: Transaction, batch: Sequence[Answer]) -> None:
    """Keep the answers and decide again. An answer about an entry that nobody knows says nothing to us."""
    newest: dict[tuple[EntryId, UUID], Answer] = {}
    for one in sorted(batch, key=lambda one: one.completed_at):
        newest[one.entry, one.line] = one
    known = await entries.lock(tx, {one.entry for one in batch})
    given = [(one, known[one.entry]) for one in newest.values() if one.entry in known]
    await entries.add_answers(tx, given)
    identified = {one.entry for one, _ in given if one.outcome == reading.IDENTIFIED}
    await identification.end(tx, identified, state="answered", now=tx.now())
    again = [known[one] for one in sorted(identified) if known[one].state is EntryState.OPEN]
    if not again:
        return
    parts = await entries.parts(tx, {entry.id: entry.version for entry in again})
    evidence = await reading.read(app.keyring, app.snapshots, parts)
    before = await deciding.load(tx, [entry.id for entry in again])
    await deciding.decide(app, tx, again, evidence, before)
