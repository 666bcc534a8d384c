"""JSON Schema 2020-12 of every event and every plaintext, in two views of one model.

The *closed* view is what a writer may send: no field beyond the declared ones. It is committed and released.
The *open* view is what a reader accepts: unknown fields pass. Enumerations are text with `x-known-values` in
both, so a new value never breaks a reader. Only the subset of JSON Schema that `faults` allows is used:
outside of it, whether one schema contains another is not decidable by the tool that guards compatibility.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from contracts.model import Contract
from contracts.registry import EVENTS, PREFIX

Schema: TypeAlias = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

ANNOTATIONS = frozenset({"$schema", "$id", "title", "description", "default", "x-known-values"})
STRUCTURE = frozenset({"type", "properties", "required", "additionalProperties", "items", "anyOf", "$ref", "$defs"})
LIMITS = frozenset({"format", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"})
FORMATS = frozenset({"uuid", "date-time", "date"})
TYPES = frozenset({"object", "array", "string", "integer", "number", "boolean", "null"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Something that has a schema: an event, or the plaintext behind an event's encrypted field."""

    name: str
    """`suspect.reported`, or `plaintext/EntryItems`: also the path of its files."""
    major: int
    model: type[Contract]
    urn: str

    @property
    def versioned(self) -> str:
        """The name with its major version, as files and folders are called."""
        return f"{self.name}.v{self.major}"


def subjects() -> tuple[Subject, ...]:
    """Everything that has a schema: the events in the registry's order, then the plaintexts by name."""
    events = [Subject(name=event.name, major=event.major, model=event.model, urn=event.dataschema) for event in EVENTS]
    return (*events, *(_plaintext(model) for model in plaintexts()))


def plaintexts() -> tuple[type[Contract], ...]:
    """The models behind encrypted fields, by name."""
    found = {event.plaintext.__name__: event.plaintext for event in EVENTS if event.plaintext is not None}
    return tuple(found[name] for name in sorted(found))


def closed(subject: Subject) -> Schema:
    """The writer's view: every object refuses fields that it does not declare."""
    head = {"$schema": DIALECT, "$id": subject.urn}
    return {**head, **apply(subject.model.model_json_schema(), _close)}


def opened(schema: Schema) -> Schema:
    """The reader's view of a schema: what it does not declare passes."""
    return apply(schema, lambda part: _without(part, "additionalProperties"))


def bare(schema: Schema) -> Schema:
    """The schema without what constrains nothing: titles, descriptions, defaults, known values, ids."""
    return apply(schema, lambda part: _without(part, *ANNOTATIONS))


def apply(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """The schema with `change` applied to each of its subschemas, innermost first, and to itself."""
    changed = dict(schema)
    for word in ("properties", "$defs"):
        if word in changed:
            changed[word] = {name: apply(part, change) for name, part in changed[word].items()}
    if "items" in changed:
        changed["items"] = apply(changed["items"], change)
    if "anyOf" in changed:
        changed["anyOf"] = [apply(part, change) for part in changed["anyOf"]]
    return change(changed)


def inlined(schema: Schema) -> Schema:
    """The schema with each `$ref` replaced by what it names. Raises `RecursionError` where it names itself."""
    definitions: dict[str, Schema] = schema.get("$defs", {})

    def resolve(part: Schema) -> Schema:
        if "$ref" not in part:
            return part
        target = definitions[part["$ref"].removeprefix("#/$defs/")]
        return apply({**target, **_without(part, "$ref")}, resolve)

    return apply(_without(schema, "$defs"), resolve)


def faults(schema: Schema) -> Iterator[str]:
    """What of a closed schema lies outside the subset, as sentences that name the place."""
    try:
        whole = inlined(schema)
    except RecursionError:
        yield "#: a reference leads back to itself"
        return
    yield from _faults(whole, "#")


def _faults(schema: Schema, place: str) -> Iterator[str]:
    words = schema.keys()
    for word in sorted(words - ANNOTATIONS - STRUCTURE - LIMITS):
        yield f"{place}: keyword {word} is outside the subset"
    if "anyOf" not in words and schema.get("type") not in TYPES:
        yield f"{place}: has no single type"
    if "format" in words and schema["format"] not in FORMATS:
        yield f"{place}: format {schema['format']} is not one of {', '.join(sorted(FORMATS))}"
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        yield f"{place}: the object is open"
    for name, part in schema.get("properties", {}).items():
        yield from _faults(part, f"{place}/{name}")
    if "items" in words:
        yield from _faults(schema["items"], f"{place}/[]")
    for index, part in enumerate(schema.get("anyOf", [])):
        yield from _faults(part, f"{place}/anyOf[{index}]")


def _plaintext(model: type[Contract]) -> Subject:
    return Subject(
        name=f"plaintext/{model.__name__}",
        major=1,
        model=model,
        urn=f"urn:interlink:schema:{PREFIX}plaintext.{model.__name__}:1",
    )


def _close(part: Schema) -> Schema:
    if part.get("type") == "object":
        return {"additionalProperties": False, **part}  # a mapping stays as it is, and is a fault
    return _without(part, "title")  # pydantic repeats each field's name in capitals


def _without(part: Schema, *words: str) -> Schema:
    return {word: value for word, value in part.items() if word not in words}
