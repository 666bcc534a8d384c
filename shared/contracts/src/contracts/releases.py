"""Released schemas: what outside readers were promised, kept as files that are never rewritten.

`schemas/released/<name>/<major>.<minor>.json` holds the closed schema of each minor version, and
`schemas/released/SHA256SUMS` (in the form of `sha256sum -c`, from the folder above `schemas`) covers them and
the golden samples. Not promised: protection from someone who edits a file and its checksum together.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import orjson

from contracts import compatibility, schemas
from contracts.schemas import Schema, Subject

HOME = Path(__file__).resolve().parents[2]
"""`shared/contracts` of a working copy: these are verbs of the repository, not of an installed package."""

SAMPLES = Path("samples")
RELEASED = Path("schemas/released")
CHECKSUMS = RELEASED / "SHA256SUMS"


class ReleaseError(RuntimeError):
    """A release would break a promise; the message has a sentence per broken one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One released minor version of a schema."""

    subject: Subject
    minor: int
    schema: Schema

    @property
    def name(self) -> str:
        """For messages: `suspect.reported 1.0`."""
        return f"{self.subject.name} {self.subject.major}.{self.minor}"


def rendered(document: Schema) -> bytes:
    """JSON as it is committed: indented, in the models' order, ending in a newline."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def releases(home: Path, subject: Subject) -> list[Release]:
    """The released minors of the subject's current major, oldest first."""
    found = (
        Release(subject=subject, minor=int(path.stem.split(".")[1]), schema=orjson.loads(path.read_bytes()))
        for path in (home / RELEASED / subject.name).glob(f"{subject.major}.*.json")
    )
    return sorted(found, key=lambda release: release.minor)


def breaks(home: Path) -> Iterator[str]:
    """Where today's schemas break a promise made to readers or writers of a released version."""
    for subject in schemas.subjects():
        today = schemas.closed(subject)
        for release in releases(home, subject):
            verdict = compatibility.verdict(release.schema, today)
            if not verdict.backward:
                yield f"{release.name}: what it allowed to send is now refused"
            if not verdict.forward:
                yield f"{release.name}: its readers would refuse what is sent now"
            for place in compatibility.changed_defaults(release.schema, today):
                yield f"{release.name}: the default of {place} changed, and with it what absence means"


def release(home: Path) -> list[Path]:
    """Adds the next minor of each schema that changed, and the checksums of new files.

    Returns what was added. Raises `ReleaseError` before writing anything where a promise would be broken.
    """
    broken = [*breaks(home), *edited(home)]
    if broken:
        raise ReleaseError("\n".join(broken))
    added = [_add(home, subject) for subject in schemas.subjects() if _changed(home, subject)]
    known = _checksums(home)
    lines = {path: known.get(path) or _sum(home / path) for path in covered(home)}
    text = "".join(f"{digest}  {path}\n" for path, digest in sorted(lines.items()))
    (home / CHECKSUMS).write_text(text, encoding="ascii")
    return added


def edited(home: Path) -> Iterator[str]:
    """Released files that are gone or no longer what they were."""
    for path, digest in _checksums(home).items():
        if not (home / path).is_file():
            yield f"{path} was released and is gone"
        elif _sum(home / path) != digest:
            yield f"{path} was released and has been edited since"


def uncovered(home: Path) -> list[str]:
    """Released schemas and samples without a checksum; `release` adds them."""
    return sorted(set(covered(home)) - _checksums(home).keys())


def covered(home: Path) -> list[str]:
    """Every file that the checksums must cover, as a path from `home`."""
    found = [*(home / RELEASED).rglob("*.json"), *(home / SAMPLES).rglob("*.json")]
    return sorted(path.relative_to(home).as_posix() for path in found)


def _add(home: Path, subject: Subject) -> Path:
    past = releases(home, subject)
    minor = past[-1].minor + 1 if past else 0
    path = home / RELEASED / subject.name / f"{subject.major}.{minor}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:  # exclusive: a released file is never rewritten
        file.write(rendered(schemas.closed(subject)))
    return path


def _changed(home: Path, subject: Subject) -> bool:
    past = releases(home, subject)
    return not past or _essence(past[-1].schema) != _essence(schemas.closed(subject))


def _essence(schema: Schema) -> Schema:
    """What makes a version: everything but the prose."""
    prose = {"title", "description"}
    return schemas.apply(schema, lambda part: {k: v for k, v in part.items() if k not in prose})


def _checksums(home: Path) -> dict[str, str]:
    path = home / CHECKSUMS
    if not path.is_file():
        return {}
    lines = (line.split("  ", 1) for line in path.read_text(encoding="ascii").splitlines())
    return {name: digest for digest, name in lines}


def _sum(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()
