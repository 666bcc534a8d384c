"""A batch of suspects and victims whose identification is moot: what nobody needs any more leaves its draft.

What was submitted goes on: a second person has begun to look at it, or a provider has it. That nobody waits for it is
noted (`desired_status`). Of a draft, which may collect a hundred thousand lines, only those of the batch are read.
"""

from collections.abc import Sequence

from isp_liaison.commands import emptying
from isp_liaison.domain.entries import EntryId
from isp_liaison.domain.lines import LineId, LineState
from isp_liaison.domain.requests import OVER, Request, RequestId, State
from isp_liaison.store import lines, requests
from isp_liaison.store.lines import Line
from kit.database import Transaction


async def cancel(tx: Transaction, entries: Sequence[EntryId]) -> None:
    """Take the entries off their lines; drop lines and withdraw drafts that are left without any."""
    concerned, found = await _locked(tx, entries)
    if not concerned:
        return
    await lines.cancel_entries(tx, entries, found)
    drafts = {request.id for request in concerned.values() if request.state is State.DRAFT}
    await _leave(tx, [line for line in found.values() if line.request in drafts])
    await _note(tx, {request.id for request in concerned.values() if request.state not in OVER} - drafts)


async def _locked(tx: Transaction, entries: Sequence[EntryId]) -> tuple[dict[RequestId, Request], dict[LineId, Line]]:
    """The lines that are asked for them, and their requests, locked.

    Looked for again, because while we waited a line may have gone to another request, or they may have joined one.
    """
    concerned: dict[RequestId, Request] = {}
    found: dict[LineId, Line] = {}
    while others := await requests.lock_of_entries(tx, entries, but=found):
        concerned |= others
        found |= await lines.lock_of_entries(tx, entries, others)
    return concerned, found


async def _leave(tx: Transaction, found: Sequence[Line]) -> None:
    """Those of a draft's lines that nobody needs any more are dropped; a draft without any is over."""
    open_lines = {line.id: line for line in found if line.state is LineState.OPEN}
    dropped = open_lines.keys() - await lines.needed(tx, open_lines)
    if not dropped:
        return
    await lines.end(tx, [(line, None) for line in dropped], LineState.DROPPED, tx.now())
    await emptying.settle(tx, {open_lines[line].request for line in dropped})


async def _note(tx: Transaction, going: set[RequestId]) -> None:
    """Note the requests in which nobody waits for anything, also not who is joining one of their lines right now."""
    idle = going - await lines.requests_asked(tx, going) if going else going
    if idle:
        await lines.lock_unread(tx, idle)
        await requests.cancel(tx, idle - await lines.requests_asked(tx, idle))
