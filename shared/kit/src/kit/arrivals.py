"""What a record's headers alone tell, looked for once: most records of a topic are not for us."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from contracts import envelope
from kit import deadletter, parking


class Record(Protocol):
    """A record as a client hands it over."""

    @property
    def topic(self) -> str:
        """Where it stands."""
        ...

    @property
    def partition(self) -> int:
        """Where it stands."""
        ...

    @property
    def offset(self) -> int:
        """Where it stands."""
        ...

    @property
    def timestamp(self) -> int:
        """When the broker took it, in milliseconds."""
        ...

    @property
    def key(self) -> bytes | None:
        """The key's bytes."""
        ...

    @property
    def value(self) -> bytes | None:
        """The data's bytes."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """The envelope, in binary mode."""
        ...


@dataclass(slots=True)
class Arrival:
    """A record before anything of it is decoded."""

    record: Record
    type: str | None
    """Its event type, as it says; None where it says none."""
    trace: str | None
    """Its `traceparent`."""
    dropped: bool
    """It says that a dead letter was dropped."""
    replayed: bool
    """It stands on this group's replay topic."""
    source: str
    """The topic in which it first stood."""
    key: parking.Key | None
    """The key in its first topic, behind whose dead events it may have to wait."""


def arrival(record: Record, group: str) -> Arrival:
    """Look at a record's headers."""
    source = deadletter.source_of(record.topic, group)
    return Arrival(
        record=record,
        type=envelope.type_of(record.headers),
        trace=envelope.trace_of(record.headers),
        dropped=deadletter.is_dropped(record.headers),
        replayed=source != record.topic,
        source=source,
        key=None if record.key is None else (source, record.key),
    )
