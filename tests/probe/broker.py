"""What the tests on a real broker speak of."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from kit.consumer import Consumer
from kit.kafka import dead_letter_topic, replay_topic

Serving = Callable[..., AbstractAsyncContextManager[Consumer]]


@dataclass(frozen=True)
class Topics:
    """The two topics the probe reads, renamed so that no test sees another's records."""

    referrals: str
    suspects: str
    group: str

    @property
    def all(self) -> list[str]:
        """With dead letters and replays."""
        own = [self.referrals, self.suspects]
        return [
            *own,
            *(dead_letter_topic(topic, self.group) for topic in own),
            *(replay_topic(topic, self.group) for topic in own),
        ]


@dataclass(frozen=True)
class Written:
    """A record as it stands on a topic."""

    key: bytes | None
    headers: list[tuple[str, bytes]]
    value: bytes | None
