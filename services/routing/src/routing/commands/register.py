"""A batch of reported and amended entries becomes entries we route: complete states only, the newest version only.

An entry told in parts waits until all parts of its version are in. A version that is not newer than what is known is
ignored, so a replay or a late part changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from contracts import ids
from kit.database import Transaction
from kit.values import value
from routing.application import Application
from routing.commands import deciding, reading
from routing.domain.entries import Entry, Part
from routing.store import entries, investigations
from routing.store.investigations import Opening


@value
class Register:
    """One part of one version of an entry, as intake told it. The entry's investigation is not known yet."""

    entry: Entry
    part: Part


@dataclass(slots=True)
class Told:
    """One version of an entry with the parts of it that this batch holds, in their order."""

    entry: Entry
    parts: list[Part]

    @property
    def whole(self) -> bool:
        """Whether no part is missing here."""
        return len(self.parts) == self.parts[0].parts


async def register(app: Application, tx: Transaction, batch: Sequence[Register]) -> None:
    """Take over what is new and complete, and decide on it.

    Order of locks, the same in every batch: investigations by referral, entries by id, assignments by id.
    """
    withdrawn = await entries.withdrawn_early(tx, [one.entry.id for one in batch])
    if withdrawn:
        batch = [one for one in batch if one.entry.version > withdrawn.get(one.entry.id, 0)]
    if not batch:
        return
    opened = await investigations.ensure(tx, _openings(batch), tx.now())
    told = _gathered(batch, opened)
    whole = {one.entry.id: one.entry for one in told if one.whole}  # of several the newest, which comes last

    new = await entries.insert(tx, list(whole.values()))
    known = await entries.lock(tx, (one.entry.id for one in told if one.entry.id not in new))
    fresh = [one for one in told if one.entry.id not in known or one.entry.version > known[one.entry.id].version]
    await entries.add_parts(tx, [part for one in fresh for part in one.parts])
    if any(one.parts[0].parts > 1 for one in fresh):
        complete = await entries.complete_versions(tx, {one.entry.id for one in fresh})
    else:
        complete = {entry: newest.version for entry, newest in whole.items()}

    due = [one for one in fresh if complete.get(one.entry.id) == one.entry.version]
    before = [one.entry for one in due if one.entry.id not in new]
    late = await entries.insert(tx, [entry for entry in before if entry.id not in known])
    await entries.replace(tx, [entry for entry in before if entry.id in known])
    await entries.forget_older(tx, {entry.id: entry.version for entry in before})
    evidence = await reading.read(app.keyring, app.snapshots, await _parts(tx, due))
    decided = await deciding.load(tx, [entry.id for entry in before if entry.id not in late])
    await deciding.decide(app, tx, [one.entry for one in due], evidence, decided)


def _openings(batch: Sequence[Register]) -> dict[UUID, Opening]:
    referrals = {one.entry.referral: one.entry for one in batch}
    return {
        referral: Opening(id=ids.new(), referral=referral, tenant=entry.tenant, testmode=entry.testmode)
        for referral, entry in sorted(referrals.items())
    }


def _gathered(batch: Sequence[Register], investigations: Mapping[UUID, UUID]) -> list[Told]:
    """The batch by version, in the order of ids and versions; a part that came twice counts once."""
    told: list[Told] = []
    for one in sorted(batch, key=_place):
        entry, part = one.entry, one.part
        last = told[-1] if told else None
        if last is None or (last.entry.version, last.entry.id) != (entry.version, entry.id):
            told.append(Told(replace(entry, investigation=investigations[entry.referral]), [part]))
        elif last.parts[-1].part != part.part:
            last.parts.append(part)
    return told


def _place(one: Register) -> tuple[int, int, int]:
    """By numbers, because ids compare ten times slower as such."""
    return one.entry.id.int, one.entry.version, one.part.part


async def _parts(tx: Transaction, due: Sequence[Told]) -> list[Part]:
    """Every part of the versions that are due: from the batch, or from the store where they came earlier."""
    stored = await entries.parts(tx, {one.entry.id: one.entry.version for one in due if not one.whole})
    return [*stored, *(part for one in due if one.whole for part in one.parts)]
