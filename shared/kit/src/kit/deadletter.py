"""Dead letters: records a service could not handle, kept byte for byte with the reason, until a person decides.

They leave through the outbox of the transaction that gave up on them (no dual write) and that transaction writes
no inbox row for them, so a replay is not taken for a duplicate. Replay goes to `<topic>.replay.<group>`, which
that group alone reads. A redelivery may write a second dead letter: tools tell by original topic, partition, offset,
which a replay carries along, so that a record that fails again is still the same record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from contracts.envelope import rfc3339
from kit import redaction
from kit.kafka import dead_letter_topic, replay_topic
from kit.outbox import Raw

HEADER = "dlq_"
ORIGIN = ("topic", "partition", "offset", "timestamp")
MESSAGE_LENGTH = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a record came from."""

    topic: str
    partition: int
    offset: int
    timestamp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a record was given up. The message stands in clear: it is what `redaction.message` tells of an error."""

    error: str
    message: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A dead letter as the tools show it."""

    topic: str
    partition: int
    offset: int
    origin: Origin
    reason: Reason
    group: str
    failed_at: str
    key: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    payload: bytes | None

    @property
    def identity(self) -> tuple[str, int, int]:
        """Where the record first stood: the same for every copy of its dead letter."""
        return (self.origin.topic, self.origin.partition, self.origin.offset)


def write(record: Raw, origin: Origin, reason: Reason, *, group: str, now: datetime) -> Raw:
    """The dead letter of a record: key, value and headers as they were, and where, why and when beside them."""
    first = first_origin(record.headers, origin, group)
    added = {
        "error": reason.error,
        "message": redaction.scrub(reason.message)[:MESSAGE_LENGTH],
        "attempts": str(reason.attempts),
        "group": group,
        "failed_at": rfc3339(now),
        **_told(first),
    }
    headers = [(name, value) for name, value in record.headers if not name.startswith(HEADER)]
    headers += [(HEADER + name, value.encode(errors="replace")) for name, value in added.items()]
    return Raw(topic=dead_letter_topic(first.topic, group), key=record.key, headers=headers, payload=record.payload)


def read(
    topic: str,
    partition: int,
    offset: int,
    key: bytes | None,
    headers: Sequence[tuple[str, bytes | None]],
    payload: bytes | None,
) -> DeadLetter:
    """A record of a dead-letter topic. Raises `KeyError` or `ValueError` for one that is none."""
    ours = _ours(headers)
    return DeadLetter(
        topic=topic,
        partition=partition,
        offset=offset,
        origin=_origin(ours),
        reason=Reason(error=ours["error"], message=ours["message"], attempts=int(ours["attempts"])),
        group=ours["group"],
        failed_at=ours["failed_at"],
        key=key,
        headers=tuple((name, value) for name, value in headers if not name.startswith(HEADER)),
        payload=payload,
    )


def replay(letter: DeadLetter) -> Raw:
    """The original record, addressed to the group that gave it up. Same event id, so it acts once."""
    return Raw(
        topic=replay_topic(letter.origin.topic, letter.group),
        key=letter.key,
        headers=[*letter.headers, *((HEADER + name, value.encode()) for name, value in _told(letter.origin).items())],
        payload=letter.payload,
    )


def dropped(letter: DeadLetter) -> Raw:
    """Tells the group that the letter will not be replayed: what waits behind its key may go on."""
    told = {"dropped": "true", **_told(letter.origin)}
    headers = [(HEADER + name, value.encode()) for name, value in told.items()]
    return Raw(topic=replay_topic(letter.origin.topic, letter.group), key=letter.key, headers=headers, payload=None)


def is_dropped(headers: Sequence[tuple[str, bytes | None]]) -> bool:
    """Whether a record of a replay topic says that a letter was dropped."""
    return (HEADER + "dropped", b"true") in headers


def source_of(topic: str, group: str) -> str:
    """The topic behind a replay topic; any other is its own."""
    return topic.removesuffix(replay_topic("", group))


def first_origin(headers: Sequence[tuple[str, bytes | None]], origin: Origin, group: str) -> Origin:
    """Where a record first stood, also one of a replay topic: that fails again as the letter it was."""
    source = source_of(origin.topic, group)
    if source == origin.topic:
        return origin
    try:
        return _origin(_ours(headers))
    except (KeyError, ValueError):  # put there by hand
        return replace(origin, topic=source)


def distinct(letters: Sequence[DeadLetter]) -> list[DeadLetter]:
    """One letter per original record and group that gave it up, the newest, in the order of their failure."""
    newest = {(letter.group, letter.identity): letter for letter in letters}
    return sorted(newest.values(), key=lambda letter: (letter.failed_at, letter.identity, letter.group))


def _origin(ours: Mapping[str, str]) -> Origin:
    return Origin(
        topic=ours["topic"],
        partition=int(ours["partition"]),
        offset=int(ours["offset"]),
        timestamp=int(ours["timestamp"]),
    )


def _ours(headers: Sequence[tuple[str, bytes | None]]) -> dict[str, str]:
    return {name[len(HEADER) :]: (value or b"").decode() for name, value in headers if name.startswith(HEADER)}


def _told(origin: Origin) -> dict[str, str]:
    return {name: str(getattr(origin, name)) for name in ORIGIN}
