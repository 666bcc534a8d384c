"""The life of a request to a provider: collected, frozen, approved by a second officer, taken in, answered.

    draft ──submit──> submitted ──approve──> approved ──take in──> sent ──> answered ──> closed
      │                   │                     │                    │
      │                   └────── return ───────┴── return ──────────┴──> returned: its lines are collected anew
      └── withdraw (nothing left in it) ──> withdrawn

An approved request comes back only where the provider's channel refused every attempt and the provider says nothing
of it, a sent one only where the provider rejected it: else two demands for the same data could be under way. An
approved one of which an attempt may have arrived is sent again, or comes back once the provider rejected it. Not
promised: what the provider's own status says; it is kept beside ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType
from uuid import UUID

from isp_liaison.domain.refusals import Refusal

RequestId = NewType("RequestId", UUID)


class State(StrEnum):
    """Where a request stands with us."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    SENT = "sent"
    ANSWERED = "answered"
    CLOSED = "closed"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


class Desired(StrEnum):
    """What we want of it."""

    SENT = "sent"
    CANCELLED = "cancelled"
    CLOSED = "closed"


class ProviderStatus(StrEnum):
    """What the provider says of it."""

    UNKNOWN = "unknown"
    RECEIVED = "received"
    IN_PROGRESS = "in_progress"
    CLARIFICATION_REQUESTED = "clarification_requested"
    CHALLENGED = "challenged"
    REJECTED = "rejected"
    ANSWERED = "answered"


SAYABLE: Final = frozenset(ProviderStatus) - {ProviderStatus.UNKNOWN, ProviderStatus.ANSWERED}
"""What a provider may say; that it answered, its answers say."""

WITH_PROVIDER: Final = frozenset({State.APPROVED, State.SENT, State.ANSWERED, State.CLOSED})
"""States in which a provider may have it: an approved one may have arrived before we know that it did."""

OVER: Final = frozenset({State.CLOSED, State.RETURNED, State.WITHDRAWN})


class Move(StrEnum):
    """What is done with a request."""

    SUBMIT = "submit"
    APPROVE = "approve"
    RETURN = "return"
    SEND_AGAIN = "send_again"
    TAKE_IN = "take_in"


_MOVES: Final[Mapping[tuple[State, Move], State]] = {
    (State.DRAFT, Move.SUBMIT): State.SUBMITTED,
    (State.SUBMITTED, Move.APPROVE): State.APPROVED,
    (State.SUBMITTED, Move.RETURN): State.RETURNED,
    (State.APPROVED, Move.RETURN): State.RETURNED,
    (State.SENT, Move.RETURN): State.RETURNED,
    (State.APPROVED, Move.SEND_AGAIN): State.APPROVED,
    (State.APPROVED, Move.TAKE_IN): State.SENT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One provider, one instrument, one urgency, one handling class, one investigation, suspects or victims."""

    id: RequestId
    number: str
    testmode: bool
    provider: str
    instrument: str
    urgency: str
    handling: str
    investigation: UUID
    about: str
    state: State
    desired: Desired
    provider_status: ProviderStatus
    drafters: frozenset[str] = frozenset()
    submitted_by: str | None = None
    channel_refused: str | None = None
    """Why the provider's channel takes it not, until a person has it sent again."""
    attempts: int = 0
    refusals: int = 0
    """How many of the attempts the channel refused; any other one may have arrived."""
    sent_at: datetime | None = None


def move(request: Request, to: Move) -> State | Refusal:
    """The state after a move, or why it cannot be made now."""
    after = _MOVES.get((request.state, to))
    if after is None:
        return Refusal(f"request.{request.state.value}", f"A request that is {request.state.value} cannot do that.")
    if request.state is State.APPROVED and to in (Move.RETURN, Move.SEND_AGAIN) and request.channel_refused is None:
        return Refusal("request.being_sent", "It is being sent; the provider's channel has not refused it.")
    rejected = request.provider_status is ProviderStatus.REJECTED
    has_it = request.state is State.SENT or request.provider_status is not ProviderStatus.UNKNOWN
    if to is Move.RETURN and has_it and not rejected:
        return Refusal("request.with_provider", "The provider has it and has not rejected it.")
    if request.state is State.APPROVED and to is Move.RETURN and request.attempts != request.refusals and not rejected:
        return Refusal(
            "request.may_have_arrived",
            "An earlier attempt may have arrived: it is sent again, or returned once its provider has rejected it.",
        )
    return after


def settled(*, open_lines: int, waiting: int) -> State:
    """Where a request stands that the provider has: by its lines that wait for an answer, and for a check."""
    if open_lines:
        return State.SENT
    return State.ANSWERED if waiting else State.CLOSED
