"""A batch of reported and amended entries becomes entries we route: complete states only, the newest version only.

An entry told in parts waits until all parts of its version are in. A version that is not newer than what is known is
ignored, so a replay or a late part changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from contracts import ids
from kit.database import Transaction
from routing.application import Application
from routing.commands import deciding, reading
from routing.domain.assigning import EntryId
from routing.domain.entries import Entry, Part
from routing.store import entries, investigations
from routing.store.investigations import Opening


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """One part of one version of an entry, as intake told it. The entry's investigation is not known yet."""

    entry: Entry
    part: Part


async def register(app: Application, tx: Transaction, batch: Sequence[Register]) -> None:
    """Take over what is new and complete, and decide on it.

    Order of locks, the same in every batch: investigations by referral, entries by id, assignments by id.
    """
    withdrawn = await entries.withdrawn_early(tx, {one.entry.id for one in batch})
    batch = [one for one in batch if one.entry.version > withdrawn.get(one.entry.id, 0)]
    if not batch:
        return
    states = {(one.entry.id, one.entry.version): one.entry for one in batch}
    referrals = {one.entry.referral: one.entry for one in batch}
    opened = await investigations.ensure(tx, _openings(referrals), tx.now())
    states = {key: replace(entry, investigation=opened[entry.referral]) for key, entry in states.items()}

    whole = _whole(batch)
    new = await entries.insert(tx, [states[key] for key in sorted(whole.items())])
    known = await entries.lock(tx, {one.entry.id for one in batch} - new)
    fresh = [one for one in batch if one.entry.id in new or _is_newer(one.entry, known)]
    await entries.add_parts(tx, [one.part for one in fresh])
    if any(one.part.parts > 1 for one in fresh):
        complete = await entries.complete_versions(tx, {one.entry.id for one in fresh})
    else:
        complete = {one: version for one, version in whole.items() if one in new or one in known}

    due = {
        one: version
        for one, version in complete.items()
        if (one, version) in states and (one in new or _is_newer(states[one, version], known))
    }
    late = await entries.insert(
        tx, [states[key] for key in sorted(due.items()) if key[0] not in new and key[0] not in known]
    )
    chosen = [states[key] for key in sorted(due.items())]
    await entries.replace(tx, [one for one in chosen if one.id in known])
    await entries.forget_older(tx, {one.id: one.version for one in chosen if one.id not in new})
    parts = await _parts(tx, due, batch)
    evidence = await reading.read(app.keyring, app.snapshots, parts)
    before = await deciding.load(tx, [one.id for one in chosen if one.id not in new | late])
    await deciding.decide(app, tx, chosen, evidence, before)


def _openings(referrals: Mapping[UUID, Entry]) -> dict[UUID, Opening]:
    return {
        referral: Opening(id=ids.new(), referral=referral, tenant=entry.tenant, testmode=entry.testmode)
        for referral, entry in sorted(referrals.items())
    }


def _whole(batch: Sequence[Register]) -> dict[EntryId, int]:
    """The newest version of each entry that this batch holds with all its parts."""
    seen: dict[tuple[EntryId, int], set[int]] = {}
    for one in batch:
        seen.setdefault((one.entry.id, one.entry.version), set()).add(one.part.part)
    whole: dict[EntryId, int] = {}
    for one in batch:
        key = (one.entry.id, one.entry.version)
        if len(seen[key]) == one.part.parts and key[1] > whole.get(key[0], 0):
            whole[key[0]] = key[1]
    return whole


def _is_newer(entry: Entry, known: Mapping[EntryId, Entry]) -> bool:
    """Whether it says more than what is known; an entry that nobody knows is new."""
    return entry.id not in known or entry.version > known[entry.id].version


async def _parts(tx: Transaction, due: Mapping[EntryId, int], batch: Sequence[Register]) -> list[Part]:
    """Every part of the versions that are due: from the batch, or from the store where they came earlier."""
    here: dict[EntryId, dict[int, Part]] = {}
    for one in batch:
        if due.get(one.entry.id) == one.entry.version:
            here.setdefault(one.entry.id, {})[one.part.part] = one.part
    partial = {
        entry: version
        for entry, version in due.items()
        if len(here.get(entry, {})) < max(part.parts for part in here[entry].values())
    }
    stored = await entries.parts(tx, dict(sorted(partial.items())))
    return [
        *stored,
        *(part for entry, parts in here.items() if entry not in partial for part in parts.values()),
    ]
