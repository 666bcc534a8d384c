"""The states of a request and their moves, and the rule of two people."""

from dataclasses import replace
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isp_liaison.domain.approvals import approve
from isp_liaison.domain.refusals import Refusal
from isp_liaison.domain.requests import Desired, Move, ProviderStatus, Request, RequestId, State, move, settled

REQUEST = Request(
    id=RequestId(UUID(int=1)),
    number="IR-2026-000001",
    testmode=True,
    provider="provider-north",
    instrument="production_order",
    urgency="routine",
    handling="H1",
    investigation=UUID(int=2),
    about="suspects",
    state=State.DRAFT,
    desired=Desired.SENT,
    provider_status=ProviderStatus.UNKNOWN,
)
REFUSED_ONCE_OF_TWO = {"state": State.APPROVED, "channel_refused": "status_409", "attempts": 2, "refusals": 1}
REFUSED = REFUSED_ONCE_OF_TWO | {"refusals": 2}
ALLOWED = {
    (State.DRAFT, Move.SUBMIT): State.SUBMITTED,
    (State.SUBMITTED, Move.APPROVE): State.APPROVED,
    (State.SUBMITTED, Move.RETURN): State.RETURNED,
    (State.APPROVED, Move.TAKE_IN): State.SENT,
}


@pytest.mark.parametrize(("state", "to"), list(product(State, Move)))
def test_a_request_moves_only_as_it_may(state: State, to: Move) -> None:
    outcome = move(replace(REQUEST, state=state), to)
    assert (outcome if isinstance(outcome, State) else None) == ALLOWED.get((state, to))


@pytest.mark.parametrize(
    ("changed", "to", "after"),
    [
        ({"state": State.APPROVED}, Move.RETURN, "request.being_sent"),
        ({"state": State.APPROVED}, Move.SEND_AGAIN, "request.being_sent"),
        ({"state": State.APPROVED, "channel_refused": "status_410"}, Move.RETURN, State.RETURNED),
        ({"state": State.APPROVED, "channel_refused": "status_410"}, Move.SEND_AGAIN, State.APPROVED),
        (REFUSED_ONCE_OF_TWO, Move.RETURN, "request.may_have_arrived"),
        (REFUSED_ONCE_OF_TWO, Move.SEND_AGAIN, State.APPROVED),
        (REFUSED_ONCE_OF_TWO | {"provider_status": ProviderStatus.REJECTED}, Move.RETURN, State.RETURNED),
        (REFUSED, Move.RETURN, State.RETURNED),
        (REFUSED | {"provider_status": ProviderStatus.IN_PROGRESS}, Move.RETURN, "request.with_provider"),
        (REFUSED | {"provider_status": ProviderStatus.IN_PROGRESS}, Move.SEND_AGAIN, State.APPROVED),
        (REFUSED | {"provider_status": ProviderStatus.REJECTED}, Move.RETURN, State.RETURNED),
        ({"state": State.SENT}, Move.RETURN, "request.with_provider"),
        ({"state": State.SENT, "provider_status": ProviderStatus.REJECTED}, Move.RETURN, State.RETURNED),
        ({"state": State.CLOSED}, Move.RETURN, "request.closed"),
    ],
)
def test_what_may_have_reached_its_provider_comes_back_only_when_it_refused(
    changed: dict[str, object], to: Move, after: State | str
) -> None:
    outcome = move(replace(REQUEST, **changed), to)
    assert (outcome.code if isinstance(outcome, Refusal) else outcome) == after


@given(
    drafters=st.frozensets(st.sampled_from("abc")), submitter=st.sampled_from("abc"), approver=st.sampled_from("abc")
)
def test_no_request_is_approved_by_who_touched_it_before(
    drafters: frozenset[str], submitter: str, approver: str
) -> None:
    request = replace(REQUEST, state=State.SUBMITTED, drafters=drafters, submitted_by=submitter)
    outcome = approve(request, by=approver)
    if approver in drafters | {submitter}:
        assert isinstance(outcome, Refusal)
        assert outcome.code == "approval.same_person"
    else:
        assert outcome is State.APPROVED


def test_what_is_no_longer_submitted_is_not_approved() -> None:
    outcome = approve(replace(REQUEST, state=State.SENT), by="officer-2")
    assert isinstance(outcome, Refusal)
    assert outcome.code == "request.sent"


@pytest.mark.parametrize(
    ("open_lines", "waiting", "state"), [(1, 1, State.SENT), (0, 2, State.ANSWERED), (0, 0, State.CLOSED)]
)
def test_a_request_stands_where_its_lines_are(open_lines: int, waiting: int, state: State) -> None:
    assert settled(open_lines=open_lines, waiting=waiting) is state
