"""A batch of suspects and victims whose identification is moot: what nobody needs any more leaves its draft.

What was submitted goes on: a second person has begun to look at it, or a provider has it. That nobody waits for it is
noted (`desired_status`).
"""

from collections.abc import Iterable, Mapping, Sequence

from isp_liaison.domain.entries import EntryId
from isp_liaison.domain.lines import LineId, LineState
from isp_liaison.domain.requests import OVER, Request, RequestId, State
from isp_liaison.store import lines, requests
from isp_liaison.store.lines import Line, LineEntry
from kit.database import Transaction


async def cancel(tx: Transaction, entries: Sequence[EntryId]) -> None:
    """Take the entries off their lines; drop lines and withdraw drafts that are left without any."""
    concerned, found = await _locked(tx, entries)
    if not concerned:
        return
    await lines.cancel_entries(tx, entries, found)
    needed = _needed(await lines.entries(tx, found))
    drafts = {request.id for request in concerned.values() if request.state is State.DRAFT}
    dropped = [
        line.id
        for line in found.values()
        if line.request in drafts and line.state is LineState.OPEN and line.id not in needed
    ]
    await lines.end(tx, [(line, None) for line in dropped], LineState.DROPPED, tx.now())
    kept = _still_asked(found.values(), needed)
    await requests.end(tx, drafts - kept, State.WITHDRAWN, now=tx.now())
    going = {request.id for request in concerned.values() if request.state not in OVER} - drafts
    await requests.cancel(tx, going - kept)
    await requests.refresh(tx, drafts & kept)


async def _locked(tx: Transaction, entries: Sequence[EntryId]) -> tuple[dict[RequestId, Request], dict[LineId, Line]]:
    """The requests in which something is asked for them, and their lines, locked.

    Looked for again, because while we waited a line may have gone to another request, or been asked otherwise too.
    """
    concerned: dict[RequestId, Request] = {}
    found: dict[LineId, Line] = {}
    while others := await requests.lock_of_entries(tx, entries, but=concerned):
        concerned |= others
        found |= await lines.of_requests(tx, others)
    return concerned, found


def _needed(entries: Mapping[LineId, Sequence[LineEntry]]) -> set[LineId]:
    return {line for line, several in entries.items() if any(one.current for one in several)}


def _still_asked(found: Iterable[Line], needed: set[LineId]) -> set[RequestId]:
    return {line.request for line in found if line.id in needed and line.state is not LineState.DROPPED}
