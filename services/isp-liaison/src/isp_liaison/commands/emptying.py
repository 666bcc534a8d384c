"""Drafts that lost lines, or never got the ones they were opened for: without any, a draft is over."""

from isp_liaison.domain.requests import RequestId, State
from isp_liaison.store import lines, requests
from kit.database import Transaction


async def settle(tx: Transaction, drafts: set[RequestId]) -> None:
    """Withdraw those with nothing left in them; the others say the day of what they still hold. They are locked."""
    kept = await lines.requests_with_open(tx, drafts)
    if over := drafts - kept:
        await requests.end(tx, over, State.WITHDRAWN, now=tx.now())
    if kept:
        await requests.refresh(tx, kept)
