"""What is skipped, what fails to decode, and in which order a batch is handled."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from probe.service import received, withdrawn

from contracts import envelope, ids, registry
from contracts.envelope import Envelope
from contracts.events.entries import SuspectWithdrawn
from contracts.events.referrals import ReferralReceived
from contracts.model import Contract
from kit.dispatch import Dispatcher, Received, UndecodableError, on


async def nothing(_application: Any, _tx: Any, _batch: Sequence[Any]) -> None:
    """Handles nothing."""


DISPATCHER = Dispatcher([on(ReferralReceived, nothing), on(SuspectWithdrawn, nothing)])
TOPIC = registry.REFERRALS.name


def enveloped(event: Contract, key: str, sequence: int = 1) -> Envelope:
    declared = registry.of(type(event))
    return Envelope(
        id=ids.new(),
        type=declared.type,
        source="/interlink/intake",
        subject=key,
        partitionkey=key,
        time=datetime(2026, 11, 22, tzinfo=UTC),
        dataschema=declared.dataschema,
        correlationid=key,
        sequence=sequence,
        tenant="centre",
        testmode=False,
        handling="NONE",
        priority="P4",
    )


def test_types_nobody_handles_are_skipped_by_header() -> None:
    assert not DISPATCHER.wants("interlink.victim.reported.v1")
    assert DISPATCHER.wants("interlink.referral.received.v1")


@pytest.mark.parametrize(
    ("headers", "payload", "code"),
    [
        ([], b"{}", "envelope"),
        ([("ce_type", b"interlink.referral.received.v1")], b"{}", "envelope"),
        (envelope.encode(enveloped(received(), "k")), b"{}", "schema"),
        (envelope.encode(enveloped(received(), "k")), None, "schema"),
        (envelope.encode(enveloped(received(), "k")), b"\x00", "schema"),
    ],
)
def test_what_can_never_be_read_says_which_rule_it_breaks(headers: Any, payload: bytes | None, code: str) -> None:
    assert DISPATCHER.wants(envelope.type_of(headers))
    with pytest.raises(UndecodableError) as caught:
        DISPATCHER.decode(headers, payload, TOPIC)
    assert caught.value.code == code


def test_another_major_version_of_a_handled_type_is_not_skipped_in_silence() -> None:
    told = envelope.encode(enveloped(received(), "k"))
    headers = [(name, b"interlink.referral.received.v2" if name == "ce_type" else value) for name, value in told]
    assert DISPATCHER.wants(envelope.type_of(headers))
    with pytest.raises(UndecodableError) as caught:
        DISPATCHER.decode(headers, b"{}", TOPIC)
    assert caught.value.code == "major_version"


def test_the_reason_of_a_schema_failure_holds_no_value() -> None:
    told = envelope.encode(enveloped(received(), "k"))
    with pytest.raises(UndecodableError) as caught:
        DISPATCHER.decode(told, b'{"referral": "a secret name"}', TOPIC)
    assert "secret" not in caught.value.detail
    assert "/referral" in caught.value.detail


def test_an_unknown_field_of_a_newer_minor_is_ignored() -> None:
    event = received()
    payload = event.model_dump_json().replace("{", '{"newer": 1, ', 1).encode()
    assert DISPATCHER.decode(envelope.encode(enveloped(event, "k")), payload, TOPIC).event == event


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=40))
def test_rounds_lose_nothing_and_keep_the_order_of_every_key(told: list[tuple[int, bool]]) -> None:
    batch: list[Received[Contract]] = []
    for number, (key, other_type) in enumerate(told, 1):
        event = withdrawn(UUID(int=key)) if other_type else received(UUID(int=key))
        batch.append(Received(enveloped(event, str(key), number), event))
    rounds = DISPATCHER.rounds(batch)
    handled = [one for _, events in rounds for one in events]
    assert sorted(one.envelope.sequence for one in handled) == list(range(1, len(told) + 1))
    for key in {one.envelope.partitionkey for one in batch}:
        order = [one.envelope.sequence for one in handled if one.envelope.partitionkey == key]
        assert order == sorted(order)
    assert all(handler.declared.type == one.envelope.type for handler, events in rounds for one in events)


def test_events_of_one_type_and_different_keys_are_handled_in_one_call() -> None:
    batch = [Received(enveloped(received(), str(key)), received()) for key in range(50)]
    assert len(DISPATCHER.rounds(batch)) == 1


@pytest.mark.parametrize(("commutative", "calls"), [(True, 1), (False, 3)])
def test_types_that_one_commutative_function_handles_are_handled_in_one_call(commutative: bool, calls: int) -> None:
    both = [on(event, nothing, commutative=commutative) for event in (ReferralReceived, SuspectWithdrawn)]
    events = [received(UUID(int=1)), withdrawn(UUID(int=1)), received(UUID(int=1))]
    batch = [Received(enveloped(event, "k", number), event) for number, event in enumerate(events, 1)]
    rounds = Dispatcher(both).rounds(batch)
    assert len(rounds) == calls
    assert [one for _, told in rounds for one in told] == batch
