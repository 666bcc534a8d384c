"""The committed directory data becomes one immutable `Directory`, or the process does not start.

    bodies.csv          every body with its names, first hop and validity
    coverage.csv        which territories each one covers
    municipalities.csv  known places, so that a name of several provinces is recognised as one
    manifest.json       who is the fallback, and where the data come from

The version is a short hash of all of it: the same data is the same version everywhere. Not promised: that the data
are right; each row names its source and the day it was reviewed.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from kit.values import value
from routing.domain.bodies import Body, BodyId, BodyKind, Directory
from routing.domain.places import Place

VERSION_LENGTH: Final = 12
_FILES: Final = ("bodies.csv", "coverage.csv", "municipalities.csv", "manifest.json")


class DirectoryError(ValueError):
    """The data contradict themselves; the message names the row."""


@value
class Listed:
    """A body with what people read of it."""

    body: Body
    name_en: str
    name_fr: str
    source: str
    reviewed_on: date


@value
class Loaded:
    """The directory for the rules, and its bodies as they are shown and published."""

    directory: Directory
    listed: Mapping[BodyId, Listed]


def load(folder: Traversable | None = None) -> Loaded:
    """Read the data of `folder`, else the ones that belong to this build. Raises `DirectoryError`."""
    source = folder if folder is not None else files("routing.directory") / "data"
    texts = {name: (source / name).read_bytes() for name in _FILES}
    manifest = json.loads(texts["manifest.json"])
    coverage = _coverage(_rows(texts["coverage.csv"]))
    listed = {one.body.id: one for one in _listed(_rows(texts["bodies.csv"]), coverage)}
    _check(listed, coverage, [manifest["centre"], manifest["extraterritorial"]])
    directory = Directory.of(
        [one.body for one in listed.values()],
        version=version(texts),
        centre=BodyId(manifest["centre"]),
        extraterritorial=BodyId(manifest["extraterritorial"]),
        places=[(row["province"], row["name"]) for row in _rows(texts["municipalities.csv"])],
    )
    return Loaded(directory=directory, listed=listed)


def version(texts: Mapping[str, bytes]) -> str:
    """Twelve hexadecimal digits of SHA-256 over the files in their order."""
    digest = hashlib.sha256()
    for name in sorted(texts):
        digest.update(name.encode() + b"\0" + texts[name] + b"\0")
    return digest.hexdigest()[:VERSION_LENGTH]


def _rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"))))


def _coverage(rows: Iterable[Mapping[str, str]]) -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = {}
    for row in rows:
        place = Place(
            country=row["country"],
            province=row["province"] or None,
            municipality=row["municipality"] or None,
        )
        found.setdefault(row["body"], []).append(place)
    return found


def _listed(rows: Iterable[Mapping[str, str]], coverage: Mapping[str, Sequence[Place]]) -> Iterable[Listed]:
    for row in rows:
        try:
            yield Listed(
                body=Body(
                    id=BodyId(row["id"]),
                    kind=BodyKind(row["kind"]),
                    coverage=tuple(coverage.get(row["id"], ())),
                    first_hop=BodyId(row["first_hop"]) if row["first_hop"] else None,
                    accepts_direct=row["accepts_direct"] == "yes",
                    valid_from=date.fromisoformat(row["valid_from"]),
                    valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
                ),
                name_en=row["name_en"],
                name_fr=row["name_fr"],
                source=row["source"],
                reviewed_on=date.fromisoformat(row["reviewed_on"]),
            )
        except ValueError as error:
            raise DirectoryError(f"bodies.csv, {row['id']}: {error}") from error


def _check(listed: Mapping[BodyId, Listed], coverage: Mapping[str, Sequence[Place]], needed: Iterable[str]) -> None:
    hops = {one.body.first_hop for one in listed.values() if one.body.first_hop is not None}
    unknown = sorted({*hops, *coverage, *needed} - set(listed))
    if unknown:
        raise DirectoryError(f"named, but not in bodies.csv: {', '.join(unknown)}")
