"""The gate of minor versions judges each kind of change as intended, and today's schemas pass it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from contracts import compatibility, releases, schemas
from contracts.__main__ import main, problems
from contracts.schemas import Schema

EVOLUTIONS = json.loads((Path(__file__).parent / "evolutions.json").read_text(encoding="utf-8"))


def closed(properties: Schema, optional: list[str]) -> Schema:
    """A closed object of shorthand properties; nested shorthand objects too."""
    return {
        "type": "object",
        "properties": {name: field(shape) for name, shape in properties.items()},
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def field(shape: Any) -> Schema:
    """`"uuid?"` is a nullable UUID, `["integer"]` an array, `{"a": …, "b=": …}` an object with optional b."""
    match shape:
        case [item]:
            return {"type": "array", "items": field(item)}
        case {"schema": schema}:
            return schema
        case {"perhaps": inner}:
            return {"anyOf": [field(inner), {"type": "null"}]}
        case dict():
            return of(shape)
        case str() if shape.endswith("?"):
            return {"anyOf": [field(shape[:-1]), {"type": "null"}]}
        case "uuid" | "date-time" | "date":
            return {"type": "string", "format": shape}
        case _:
            return {"type": shape}


def of(shape: Schema) -> Schema:
    """The closed object of a shorthand in which the names of optional fields end in `=`."""
    return closed(
        {name.removesuffix("="): inner for name, inner in shape.items()},
        [name.removesuffix("=") for name in shape if name.endswith("=")],
    )


@pytest.mark.parametrize("evolution", EVOLUTIONS, ids=lambda evolution: evolution["change"])
def test_a_change_is_judged(evolution: dict[str, Any]) -> None:
    verdict = compatibility.verdict(of(evolution["old"]), of(evolution["new"]))
    assert verdict.backward is evolution["backward"]
    assert verdict.forward is evolution["forward"]
    assert verdict.compatible is (evolution["backward"] and evolution["forward"])


def test_a_changed_default_is_named_with_its_place() -> None:
    def old(default: object) -> Schema:
        inner = of({"a=": {"schema": {"type": "integer", "default": default}}})
        return of({"one": {"schema": inner}, "many": [{"schema": inner}], "perhaps": {"perhaps": {"schema": inner}}})

    assert list(compatibility.changed_defaults(old(1), old(1))) == []
    assert set(compatibility.changed_defaults(old(1), old(2))) == {"#/one/a", "#/many/[]/a", "#/perhaps/a"}


@pytest.mark.parametrize("subject", schemas.subjects(), ids=lambda subject: subject.name)
def test_each_schema_of_ours_can_be_judged(subject: schemas.Subject) -> None:
    written = schemas.closed(subject)
    read = schemas.opened(written)
    assert compatibility.contains(written, written)
    assert compatibility.contains(read, written)
    assert not compatibility.contains(written, read)


def test_every_subject_is_released_and_every_release_still_holds() -> None:
    assert all(releases.releases(releases.HOME, subject) for subject in schemas.subjects())
    assert list(releases.breaks(releases.HOME)) == []


def test_no_released_file_or_sample_was_edited_and_each_has_a_checksum() -> None:
    assert list(releases.edited(releases.HOME)) == []
    assert releases.uncovered(releases.HOME) == []


def test_the_committed_contracts_have_no_problem() -> None:
    assert problems(releases.HOME) == []


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The committed contracts' files in a folder that may be changed."""
    for name in ("schemas", "samples"):
        shutil.copytree(releases.HOME / name, tmp_path / name)
    for name in ("README.md", "asyncapi.json"):
        shutil.copy(releases.HOME / name, tmp_path / name)
    return tmp_path


RELEASED = "schemas/released/assignment.accepted/1.0.json"


def pretend(home: Path, change: Any) -> None:
    """Puts another schema in the place of a released one, as if history had been so, and seals it."""
    path = home / RELEASED
    path.write_bytes(releases.rendered(change(json.loads(path.read_bytes()))))
    sums = home / releases.CHECKSUMS
    lines = [line for line in sums.read_text().splitlines() if not line.endswith(RELEASED)]
    sums.write_text("\n".join(lines) + "\n")


def less(schema: Schema) -> Schema:
    """As if `holder` had not been there: today's is then a required addition."""
    kept = {name: part for name, part in schema["properties"].items() if name != "holder"}
    return {**schema, "properties": kept, "required": [name for name in schema["required"] if name != "holder"]}


def more(schema: Schema) -> Schema:
    """As if the release had known one value less: today's is then a compatible change."""
    properties = {**schema["properties"], "kind": {"type": "string", "x-known-values": ["suspect"]}}
    return {**schema, "properties": properties}


def test_an_unchanged_schema_is_not_released_again(copy: Path) -> None:
    assert releases.release(copy) == []


def test_a_compatible_change_becomes_the_next_minor(copy: Path) -> None:
    pretend(copy, more)
    assert releases.release(copy) == [copy / "schemas/released/assignment.accepted/1.1.json"]
    assert releases.uncovered(copy) == []
    assert releases.release(copy) == []


def test_an_incompatible_change_is_not_released(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pretend(copy, less)
    with pytest.raises(releases.ReleaseError, match=r"assignment\.accepted 1\.0: what it allowed to send"):
        releases.release(copy)
    assert main(["release", "--home", str(copy)]) == 1
    assert main(["check", "--home", str(copy)]) == 1
    assert "assignment.accepted 1.0: what it allowed to send is now refused" in capsys.readouterr().out
    assert not (copy / "schemas/released/assignment.accepted/1.1.json").exists()


@pytest.mark.parametrize("path", [RELEASED, "samples/suspect.reported.v1/full.json"])
def test_an_edited_or_removed_promise_stops_the_release(copy: Path, path: str) -> None:
    (copy / path).write_bytes((copy / path).read_bytes() + b"\n")
    with pytest.raises(releases.ReleaseError, match="has been edited since"):
        releases.release(copy)
    (copy / path).unlink()
    with pytest.raises(releases.ReleaseError, match="is gone"):
        releases.release(copy)


def test_the_commands_say_what_they_did(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--home", str(copy)]) == 0
    (copy / "asyncapi.json").unlink()
    assert main(["check", "--home", str(copy)]) == 1
    assert main(["generate", "--home", str(copy)]) == 0
    assert main(["release", "--home", str(copy)]) == 0
    assert main(["check", "--home", str(copy)]) == 0
    assert "wrote asyncapi.json" in capsys.readouterr().out
