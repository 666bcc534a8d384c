"""A dead letter says where its record first stood, however often it comes back."""

from datetime import UTC, datetime

from kit import deadletter, outbox
from kit.deadletter import DeadLetter, Origin, Reason
from kit.outbox import Raw

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
GROUP = "interlink.probe"
REASON = Reason(error="PoisonError", message="no", attempts=3)


def given_up(record: Raw, topic: str, offset: int, group: str = GROUP) -> DeadLetter:
    written = deadletter.write(
        record, Origin(topic=topic, partition=0, offset=offset, timestamp=7), REASON, group=group, now=NOW
    )
    return deadletter.read(written.topic, 0, 0, written.key, written.headers, written.payload)


def record(key: bytes) -> Raw:
    return Raw(topic="suspects", key=key, headers=[("ce_id", b"1"), ("null", None)], payload=b"\xff")


def test_a_record_comes_out_of_its_dead_letter_byte_for_byte() -> None:
    replayed = deadletter.replay(given_up(record(b"k"), "suspects", 5))
    assert replayed.topic == f"suspects.replay.{GROUP}"
    assert (replayed.key, replayed.payload) == (b"k", b"\xff")
    assert [(name, value) for name, value in replayed.headers if not name.startswith(deadletter.HEADER)] == [
        ("ce_id", b"1"),
        ("null", None),
    ]


def test_a_replay_that_fails_again_is_the_same_record_and_no_other() -> None:
    """Its place on the replay topic may be the place of another record on the first one."""
    first = given_up(record(b"a"), "suspects", 5)
    other = given_up(record(b"b"), "suspects", 0)
    again = given_up(deadletter.replay(first), f"suspects.replay.{GROUP}", 0)
    assert again.topic == f"suspects.dlq.{GROUP}"
    assert again.identity == first.identity
    assert {letter.key for letter in deadletter.distinct([first, other, again])} == {b"a", b"b"}


def test_a_record_that_two_groups_gave_up_is_a_letter_of_each() -> None:
    ours, theirs = given_up(record(b"a"), "suspects", 5), given_up(record(b"a"), "suspects", 5, "interlink.other")
    assert {letter.group for letter in deadletter.distinct([ours, theirs, ours])} == {GROUP, "interlink.other"}
    assert len(deadletter.distinct([ours, theirs, ours])) == 2


def test_a_record_that_somebody_put_on_the_replay_topic_by_hand_has_its_place_there() -> None:
    letter = given_up(record(b"a"), f"suspects.replay.{GROUP}", 3)
    assert letter.topic == f"suspects.dlq.{GROUP}"
    assert letter.identity == ("suspects", 0, 3)


def test_headers_that_kafka_lets_be_null_survive_the_outbox() -> None:
    headers = [("ce_id", b"x"), ("null", None), ("foreign", bytes(range(256)))]
    assert outbox.unpack(outbox.pack(headers)) == headers


def test_a_reason_that_is_no_text_can_be_written_all_the_same() -> None:
    broken = Reason(error="KeyError", message="\ud800", attempts=3)
    place = Origin(topic="suspects", partition=0, offset=1, timestamp=7)
    assert deadletter.write(record(b"k"), place, broken, group=GROUP, now=NOW).headers
