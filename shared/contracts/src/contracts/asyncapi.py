"""AsyncAPI 3.0 of the suite, for subscribers: which topics there are, what they carry, and how to read it.

Payloads are the open view: a reader built from this document survives every minor version.
Not promised: addresses of brokers, which belong to a deployment.
"""

from datetime import timedelta
from typing import Any

from contracts.envelope import MEDIA_TYPE, SEQUENCE_DIGITS, SPEC_VERSION
from contracts.model import Contract
from contracts.registry import EVENTS, MAX_EVENT_BYTES, PREFIX, TOPICS, EventType, Topic
from contracts.schemas import Schema, apply, opened, plaintexts

VERSION = "3.0.0"
KAFKA_BINDING = "0.5.0"
REPLICAS = 3  # outside the embedded broker (spec §4)

INTRODUCTION = f"""\
CloudEvents {SPEC_VERSION} in Kafka's binary mode: attributes are `ce_` headers, the record's value is the data.
Delivery is at least once; keep the event ids you have seen. Order holds per topic and key, for the first
occurrence of each id. Ignore fields that you do not know, and give values outside `x-known-values` a default.
An event has at most {MAX_EVENT_BYTES // 1024} KiB. Personal data is one encrypted field; its plaintext is the
schema named by `x-plaintext`, readable with the data key that `key` names until that key is destroyed.
"""


def document() -> dict[str, Any]:
    """The whole document, ready for JSON."""
    return {
        "asyncapi": VERSION,
        "info": {"title": "Interlink events", "version": "1.0.0", "description": INTRODUCTION},
        "defaultContentType": MEDIA_TYPE,
        "channels": {_short(topic): _channel(topic) for topic in TOPICS},
        "operations": {f"send-{_short(topic)}": _operation(topic) for topic in TOPICS if _events(topic)},
        "components": {
            "schemas": _schemas(),
            "messages": {_message_name(event): _message(event) for event in EVENTS},
            "messageTraits": {"envelope": {"headers": _headers()}},
            "securitySchemes": {"credentials": {"type": "scramSha512"}},
        },
    }


def meaning(model: type[Contract]) -> str:
    """What the model's docstring says, on one line."""
    return " ".join((model.__doc__ or "").split())


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "description": f"Written by {topic.writer} alone, keyed by {topic.key}.",
        "messages": {
            _message_name(event): {"$ref": f"#/components/messages/{_message_name(event)}"} for event in _events(topic)
        },
        "bindings": {"kafka": _kafka(topic)},
        "x-owner": topic.writer,
        "x-key": topic.key,
        "x-retention-days": topic.retention // timedelta(days=1),
        "x-personal-data": topic.personal.value,
    }


def _kafka(topic: Topic) -> dict[str, Any]:
    return {
        "topic": topic.name,
        "partitions": topic.partitions,
        "replicas": REPLICAS,
        "topicConfiguration": {
            "cleanup.policy": ["compact" if topic.compacted else "delete"],
            "retention.ms": topic.retention // timedelta(milliseconds=1),
        },
        "bindingVersion": KAFKA_BINDING,
    }


def _operation(topic: Topic) -> dict[str, Any]:
    channel = f"#/channels/{_short(topic)}"
    return {
        "action": "send",
        "channel": {"$ref": channel},
        "summary": f"{topic.writer} tells {topic.name}.",
        "messages": [{"$ref": f"{channel}/messages/{_message_name(event)}"} for event in _events(topic)],
        "security": [{"$ref": "#/components/securitySchemes/credentials"}],
    }


def _message(event: EventType) -> dict[str, Any]:
    message: dict[str, Any] = {
        "name": event.type,
        "title": event.name,
        "summary": meaning(event.model),
        "contentType": MEDIA_TYPE,
        "traits": [{"$ref": "#/components/messageTraits/envelope"}],
        "payload": {"$ref": f"#/components/schemas/{event.model.__name__}"},
        "bindings": {"kafka": {"key": _key(event), "bindingVersion": KAFKA_BINDING}},
        "x-dataschema": event.dataschema,
    }
    if event.plaintext is not None:
        message["x-plaintext"] = f"#/components/schemas/{event.plaintext.__name__}"
    return message


def _key(event: EventType) -> Schema:
    return {"type": "string", "description": f"The field `{event.key}` as text."}


def _schemas() -> dict[str, Schema]:
    """The open view of every model, each once, whoever embeds it."""
    found: dict[str, Schema] = {}
    for model in (*(event.model for event in EVENTS), *plaintexts()):
        whole = opened(model.model_json_schema(ref_template="#/components/schemas/{model}"))
        found |= whole.pop("$defs", {})
        found[model.__name__] = whole
    return {name: apply(found[name], _untitled) for name in sorted(found)}


def _untitled(part: Schema) -> Schema:
    return {word: value for word, value in part.items() if word != "title" or part.get("type") == "object"}


def _headers() -> Schema:
    """The envelope as Kafka headers."""
    described = {
        "specversion": "Always 1.0.",
        "id": "UUIDv7 of the event; a repeated event has the same.",
        "type": "interlink.<thing>.<past tense>.v<major>.",
        "source": "/interlink/<service>.",
        "subject": "An opaque id.",
        "partitionkey": "The record's key.",
        "time": "UTC, RFC 3339.",
        "dataschema": "urn:interlink:schema:<type>:<major>.",
        "correlationid": "The referral's id, or the event's own where there is none.",
        "sequence": f"Count of this subject's events on this topic from 1, in {SEQUENCE_DIGITS} digits.",
        "tenant": "The partner of origin; `centre` where there is none.",
        "testmode": "true or false. A test event must have no effect outside.",
        "handling": "Handling codes and TLP, as H1+H2;TLP:AMBER.",
        "priority": "P0 (most urgent) to P4.",
    }
    properties = {f"ce_{name}": {"type": "string", "description": text} for name, text in described.items()}
    optional = {"ce_traceparent": {"type": "string", "description": "W3C trace context."}}
    media_type = {"content-type": {"type": "string", "description": f"Always {MEDIA_TYPE}."}}
    return {
        "type": "object",
        "properties": {**properties, **optional, **media_type},
        "required": [*properties, *media_type],
    }


def _events(topic: Topic) -> list[EventType]:
    return [event for event in EVENTS if event.topic is topic]


def _short(topic: Topic) -> str:
    return topic.name.removeprefix(PREFIX)


def _message_name(event: EventType) -> str:
    return f"{event.name}.v{event.major}"
