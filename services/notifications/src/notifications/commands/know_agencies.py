"""The directory changes: bodies become known, and a retired one's endpoints get nothing any more."""

from collections.abc import Sequence

from kit.database import Transaction
from notifications.commands.disable import disable
from notifications.domain.bodies import Agency, Retired
from notifications.domain.endpoints import Disabling
from notifications.store import agencies, endpoints


async def know(tx: Transaction, batch: Sequence[Agency]) -> None:
    """Keep the newest state of each body."""
    newest = {one.id: one for one in sorted(batch, key=lambda one: one.sequence)}
    await agencies.save(tx, list(newest.values()))


async def retire(tx: Transaction, batch: Sequence[Retired]) -> None:
    """Note that they take no more assignments, and disable their endpoints, those too that somebody enables now."""
    newest = {one.id: one for one in sorted(batch, key=lambda one: one.sequence)}
    await agencies.take_turns(tx, newest)
    gone = await agencies.retire(tx, list(newest.values()))
    if gone:
        theirs = await endpoints.lock_of_agencies(tx, gone)
        await disable(tx, [one for one in theirs if one.enabled], Disabling.AGENCY_RETIRED)
