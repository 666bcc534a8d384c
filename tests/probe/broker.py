"""What the tests on a real broker speak of."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

from contracts import registry
from contracts.registry import EventType
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
    def names(self) -> dict[str, str]:
        """The new names by the registry's."""
        return {"interlink.referrals": self.referrals, "interlink.suspects": self.suspects}

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


def renamed(names: Mapping[str, str]) -> list[EventType]:
    """The events of these topics as they are declared under the topics' new names."""
    return [
        replace(event, topic=replace(event.topic, name=names[event.topic.name]))
        for event in registry.EVENTS
        if event.topic.name in names
    ]
