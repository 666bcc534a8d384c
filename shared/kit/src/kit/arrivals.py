"""What a record's headers alone tell, read in one pass: most records of a topic are not for us."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

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
    key: parking.Key | None
    """The key in its first topic, behind whose dead events it may have to wait."""


def arrival(record: Record, group: str) -> Arrival:
    """Look at a record's headers."""
    kind = trace = None
    dropped = False
    for name, value in record.headers:
        if name == "ce_type":
            if kind is None and value is not None:
                kind = value.decode(errors="replace")
        elif name == "ce_traceparent":
            if value is not None:
                trace = value.decode(errors="replace")
        elif name == deadletter.DROPPED:
            dropped = value == b"true"
    source = deadletter.source_of(record.topic, group)
    key = None if record.key is None else (source, record.key)
    return Arrival(record, kind, trace, dropped, source != record.topic, key)
