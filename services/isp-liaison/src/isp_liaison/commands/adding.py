"""Lines are added to collecting drafts: every way to a line ends here, so that the same data is one line.

Locks: requests by id, then lines by id. Whoever loses a race for a line or a draft looks again; the database's unique
indexes decide who came first. Lines that move on, or are redirected, lock the next draft after themselves: there two
transactions may meet head-on, and the one that the server ends is repeated (a deadlock is transient).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from contracts import ids
from isp_liaison.application import Application
from isp_liaison.commands import emptying, telling
from isp_liaison.commands.onward import onward
from isp_liaison.commands.wanted import Wanted
from isp_liaison.domain.lines import URGENT, DraftKey, LineId, LineKey, LineState
from isp_liaison.domain.requests import Request, RequestId
from isp_liaison.store import lines, requests
from isp_liaison.store.lines import Line, LineEntry
from isp_liaison.store.requests import Opening
from kit.database import Transaction
from kit.errors import Transient

TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """The line of each wanted key, and which of them are new."""

    lines: Mapping[LineKey, Line] = field(default_factory=dict[LineKey, Line])
    new: frozenset[LineKey] = frozenset()


async def add(app: Application, tx: Transaction, wanted: Sequence[Wanted]) -> Added:
    """Ask for all of it, once each, and tell for whom. A line that is answered already tells its answer at once.

    What was redirected is asked of the named provider, too, before anything is told: it counts as open.
    """
    if not wanted:
        return Added()
    every, added = list(wanted), await _ensure(tx, wanted)
    following = await onward(app, tx, wanted, added.lines)
    while further := _not_yet(following, every):
        every += further
        added = await _with(tx, added, further)
        following = await onward(app, tx, further, added.lines)
    before = [line.id for key, line in added.lines.items() if key not in added.new]
    known = await lines.entries(tx, before) if before else {}
    fresh = _fresh(tx, every, added.lines, known)
    if fresh:
        await lines.add_entries(tx, list(fresh.values()))
        await telling.joined(tx, added.lines.values(), list(fresh.values()))
    return added


def _not_yet(following: Sequence[Wanted], every: Sequence[Wanted]) -> list[Wanted]:
    """Providers may name each other."""
    known = {(one.key, one.of) for one in every}
    return [one for one in following if (one.key, one.of) not in known]


async def _with(tx: Transaction, added: Added, further: Sequence[Wanted]) -> Added:
    missing = [one for one in further if one.key not in added.lines]
    if not missing:
        return added
    more = await _ensure(tx, missing)
    return Added(lines={**added.lines, **more.lines}, new=added.new | more.new)


async def collecting(tx: Transaction, wanted: Mapping[DraftKey, datetime]) -> dict[DraftKey, Request]:
    """The collecting draft of each key, locked; opened where there is none. `wanted`: what perishes first in it."""
    now = tx.now()
    openings = [
        Opening(id=RequestId(ids.new()), key=key, perishes_at=perishes) for key, perishes in sorted(wanted.items())
    ]
    found = await requests.lock_drafts(tx, list(wanted))
    missing = [one for one in openings if one.key not in found]
    return {**found, **await requests.ensure_drafts(tx, missing, now=now)} if missing else found


async def move_on(tx: Transaction, request: Request, staying: Sequence[Line]) -> None:
    """Lines of a request that is no draft any more collect in the next one; who drafted them approves that neither."""
    key = requests.key_of(request)
    perishes = min(line.perishes_at for line in staying)
    drafts = await collecting(tx, {key: perishes})
    if key not in drafts:
        raise Transient("others are changing the same requests", retry_after=1)
    await lines.move(tx, [line.id for line in staying], to=drafts[key].id)
    await requests.add_drafters(tx, [drafts[key].id], request.drafters)
    await requests.refresh(tx, [drafts[key].id])


async def _ensure(tx: Transaction, wanted: Sequence[Wanted]) -> Added:
    # Of the same data the first one counts, but an urgent one before all others.
    ordered = sorted(wanted, key=lambda one: one.draft.urgency != URGENT)
    first = {one.key: one for one in reversed(ordered)}
    keys = sorted(first)
    made: dict[LineKey, Line] = {}
    found = await lines.find(tx, keys)
    for _ in range(TRIES):
        missing = [first[key] for key in keys if key not in found and key not in made]
        if missing:
            made |= await _insert(tx, missing)
        others = [key for key in keys if key not in made]
        found = await lines.lock_of(tx, others) if others else {}
        if len(found) == len(others):
            return Added(lines={**found, **made}, new=frozenset(made))
    raise Transient("others are changing the same requests", retry_after=1)


async def _insert(tx: Transaction, missing: Sequence[Wanted]) -> dict[LineKey, Line]:
    """Those of the lines that nobody else added meanwhile; they are ours as they are, so nobody reads them back."""
    first: dict[DraftKey, datetime] = {}
    for one in missing:
        first[one.draft] = min(one.perishes_at, first.get(one.draft, one.perishes_at))
    drafts = await collecting(tx, first)
    offered = [_line(one, drafts[one.draft], tx.now()) for one in missing if one.draft in drafts]
    ours = await lines.insert(tx, offered) if offered else frozenset()
    # Now, because the drafts are locked and no line of others is: those lock requests before their lines.
    if len(ours) == len(missing):
        await requests.hasten(tx, {drafts[key].id: perishes for key, perishes in first.items()})
    else:  # a draft may have been opened for a line that somebody else added elsewhere
        await emptying.settle(tx, {draft.id for draft in drafts.values()})
    return {one.key_of_data: one for one in offered if one.id in ours}


def _line(one: Wanted, draft: Request, now: datetime) -> Line:
    return Line(
        id=LineId(ids.new()),
        request=draft.id,
        testmode=one.draft.testmode,
        key_of_data=one.key,
        effect=one.effect,
        grade=one.grade,
        at=one.at,
        state=LineState.OPEN,
        outcome=None,
        key=one.data_key,
        nonce=one.nonce,
        data=one.data,
        perishes_at=one.perishes_at,
        redirected_from=one.redirected_from,
        created_at=now,
    )


def _fresh(
    tx: Transaction,
    wanted: Iterable[Wanted],
    found: Mapping[LineKey, Line],
    known: Mapping[LineId, Sequence[LineEntry]],
) -> dict[tuple[UUID, UUID], LineEntry]:
    """For whom a line is asked that was not asked for them, or was cancelled."""
    current = {(line, one.of.entry) for line, several in known.items() for one in several if one.current}
    fresh: dict[tuple[UUID, UUID], LineEntry] = {}
    for one in wanted:
        line = found[one.key].id
        for of in one.of:
            if (line, of.entry) not in current:
                fresh[line, of.entry] = LineEntry(line=line, of=of, current=True, added_at=tx.now())
    return fresh
