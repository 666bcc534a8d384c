"""What a record's headers alone tell."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from contracts import envelope
from kit.arrivals import arrival
from kit.kafka import replay_topic

GROUP = "interlink.routing"
TYPE = ("ce_type", b"interlink.suspect.reported.v1")


@dataclass(slots=True)
class Read:
    """A record as a client hands it over."""

    headers: Sequence[tuple[str, bytes | None]]
    topic: str = "interlink.suspects"
    key: bytes | None = b"k"
    partition: int = 0
    offset: int = 7
    timestamp: int = 0
    value: bytes | None = field(default=b"{}")


@pytest.mark.parametrize(
    "headers",
    [[], [TYPE], [("ce_type", None), TYPE], [("ce_type", b"\xff")], [TYPE, ("ce_type", b"interlink.other.v1")]],
)
def test_the_type_is_the_one_that_decoding_reads_first(headers: Sequence[tuple[str, bytes | None]]) -> None:
    assert arrival(Read(headers), GROUP).type == envelope.type_of(headers)


def test_a_trace_is_found_and_a_null_one_is_none() -> None:
    assert arrival(Read([TYPE, ("ce_traceparent", b"00-1-2-01")]), GROUP).trace == "00-1-2-01"
    assert arrival(Read([("ce_traceparent", None), TYPE]), GROUP).trace is None


def test_a_record_of_the_replay_topic_has_the_key_of_its_first_topic() -> None:
    first, again = (
        arrival(Read([TYPE]), GROUP),
        arrival(Read([TYPE], topic=replay_topic("interlink.suspects", GROUP)), GROUP),
    )
    assert (first.replayed, again.replayed) == (False, True)
    assert first.key == again.key == ("interlink.suspects", b"k")
    assert arrival(Read([TYPE], key=None), GROUP).key is None


@pytest.mark.parametrize(("value", "dropped"), [(b"true", True), (b"false", False), (None, False)])
def test_only_true_says_that_a_letter_was_dropped(value: bytes | None, dropped: bool) -> None:
    assert arrival(Read([("dlq_dropped", value)]), GROUP).dropped is dropped
