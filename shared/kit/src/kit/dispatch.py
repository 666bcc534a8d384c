"""From records to handlers: what is skipped, what is decoded, and in which order a batch is handled.

Pure, so that order and failure classes are tested without a broker. Per key the order of the topic is kept;
across keys events of one type are handled together, so that handlers stay set-based.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from contracts import envelope as envelopes
from contracts import registry
from contracts.envelope import Envelope, EnvelopeError
from contracts.model import Contract
from kit import redaction

EventT = TypeVar("EventT", bound=Contract)
Handle = Callable[[Any, Any, Sequence[Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Received(Generic[EventT]):
    """An event as a handler gets it."""

    envelope: Envelope
    event: EventT


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """One event type this service reacts to.

    `commutative` handlers keep the newest full state, so later events of a key may pass a failed one, and events of
    different types that one such function handles are handled in one call.
    """

    event: type[Contract]
    handle: Handle
    commutative: bool = False

    @property
    def declared(self) -> registry.EventType:
        """The event's declaration."""
        return registry.of(self.event)


def on(event: type[Contract], handle: Handle, *, commutative: bool = False) -> Handler:
    """Declare a handler in `service.py`."""
    return Handler(event=event, handle=handle, commutative=commutative)


class UndecodableError(Exception):
    """The record can never be handled by this build: envelope, schema, major version, or another topic's event."""

    def __init__(self, code: str, detail: str) -> None:
        """`code` names the rule; the detail never holds a value of the record."""
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


class Dispatcher:
    """The handlers of one service by event type."""

    def __init__(self, handlers: Sequence[Handler]) -> None:
        self._handlers: Mapping[str, Handler] = {handler.declared.type: handler for handler in handlers}
        self._names = {handler.declared.name for handler in handlers}
        self._topic_of = {handler.declared.type: handler.declared.topic.name for handler in handlers}
        self._skipped = registry.BY_TYPE.keys() - self._handlers.keys()
        first: dict[Handle, str] = {}
        self._called_as = {
            kind: first.setdefault(handler.handle, kind) if handler.commutative else kind
            for kind, handler in self._handlers.items()
        }

    @property
    def handlers(self) -> list[Handler]:
        """What was declared."""
        return list(self._handlers.values())

    @property
    def topics(self) -> list[str]:
        """The topics the handlers read, sorted."""
        return sorted({handler.declared.topic.name for handler in self._handlers.values()})

    def wants(self, kind: str | None) -> bool:
        """Whether a record of that type is to be decoded. Types not handled are skipped by header.

        A record without a type, or of another major version of a handled type, is wanted: it has to fail.
        """
        return kind is None or kind in self._handlers or (kind not in self._skipped and _name(kind) in self._names)

    def commutative(self, kind: str | None) -> bool:
        """Whether an event of that type may pass a dead one of its key. One that nobody knows may not."""
        handler = self._handlers.get(kind or "")
        return handler is not None and handler.commutative

    def decode(
        self, headers: Sequence[tuple[str, bytes | None]], payload: bytes | None, topic: str
    ) -> Received[Contract]:
        """Envelope and event of a record that first stood in `topic`.

        Only that topic's one writer may send the event, so the broker's rights say who speaks. Raises
        `UndecodableError`, whose text holds no value of the record.
        """
        try:
            envelope = envelopes.decode(headers)
        except EnvelopeError as error:
            raise UndecodableError("envelope", str(error)) from error
        handler = self._handlers.get(envelope.type)
        if handler is None:
            raise UndecodableError("major_version", "this service does not read that major version")
        if self._topic_of[envelope.type] != topic:
            raise UndecodableError("topic", "an event of that type has another topic")
        try:
            return Received(envelope, handler.event.model_validate_json(payload or b""))
        except ValidationError as error:
            raise UndecodableError("schema", redaction.message(error)) from error

    def rounds(self, batch: Sequence[Received[Contract]]) -> list[tuple[Handler, list[Received[Contract]]]]:
        """The batch as calls: same type together, and per key in the order of the topic.

        An event of a key goes into a later round than the previous one of that key where the type differs; not where
        one commutative function handles both types.
        """
        calls: dict[tuple[int, str], list[Received[Contract]]] = {}
        last: dict[str, tuple[int, str]] = {}
        for received in batch:
            key, kind = received.envelope.partitionkey, self._called_as[received.envelope.type]
            number, previous = last.get(key, (0, kind))
            if previous != kind:
                number += 1
            last[key] = (number, kind)
            calls.setdefault((number, kind), []).append(received)
        return [(self._handlers[kind], calls[number, kind]) for number, kind in sorted(calls)]


def _name(kind: str) -> str:
    return kind.removeprefix(registry.PREFIX).rpartition(".v")[0]
