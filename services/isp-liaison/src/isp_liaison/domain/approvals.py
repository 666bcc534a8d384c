"""Two people for each request: who drafted or submitted it never approves it (two different `sub`, spec §5.3)."""

from isp_liaison.domain.refusals import Refusal
from isp_liaison.domain.requests import Move, Request, State, move


def approve(request: Request, *, by: str) -> State | Refusal:
    """The state after approval by a second person."""
    after = move(request, Move.APPROVE)
    if isinstance(after, State) and (by == request.submitted_by or by in request.drafters):
        return Refusal("approval.same_person", "Who drafted or submitted a request does not approve it.")
    return after
