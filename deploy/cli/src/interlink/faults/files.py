"""What partners post: files of mixed sizes, some with a flawed entry, one in five with a second version, few a third.

The second version changes one suspect and leaves one entry out; the third tells the one that was left out again.
An entry that must be refused is in all versions of a file or in none; those with it withdraw nobody.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any, TypeAlias

from interlink.faults.evidence import Filed
from sandbox.generator import native
from sandbox.generator.entries import Draft, with_address
from sandbox.generator.files import NativeFile, native_file_of
from sandbox.generator.networks import Addresses

Json: TypeAlias = dict[str, Any]

SIZES = (1, 1, 1, 2, 3, 5, 5, 8, 20, 40)
VICTIMS = (0, 0, 0, 1)
FLAWS = (0, 6)
"""Entries with a flaw that is kept; the generator puts in one for six suspects at most."""
REFUSED_FOR = "internal_remark"
"""A field that no entry may have."""
BATCHED, REFUSED, AMENDED, RETURNED = 0.2, 0.1, 0.2, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One version of a file as it goes over the wire; `filed` is what it says."""

    partner: str
    reference: str
    version: int
    filed: Filed
    path: str
    media_type: str
    body: bytes

    @property
    def key(self) -> str:
        """Its idempotency key."""
        return f"{self.reference}:{self.version}"


def posts(
    partner: str, reference: str, seed: int, random: Random, *, now: datetime, addresses: Addresses
) -> list[Post]:
    """A file, and its later versions in their order."""
    made = native_file_of(
        reference,
        seed,
        random.choice(SIZES),
        random.choice(VICTIMS),
        now=now,
        addresses=addresses,
        flawed=random.choice(FLAWS),
    )
    refused = [native.suspect("S-9999") | {REFUSED_FOR: "see annex"}] if random.random() < REFUSED else []
    first = as_batch if random.random() < BATCHED else as_file
    told = [first(partner, _with(made, made.drafts, refused))]
    if random.random() < AMENDED:
        told += [as_file(partner, document) for document in _later(made, refused, random)]
    return told


def as_file(partner: str, document: Json) -> Post:
    """As JSON, whole."""
    return _post(partner, document, "/v1/referrals", "application/json", json.dumps(document).encode())


def as_batch(partner: str, document: Json) -> Post:
    """The same file with its entries below its head, a line each."""
    head = dict(document)
    kinds = {"suspect": head.pop("suspects", []), "victim": head.pop("victims", [])}
    lines = [head, *({kind: entry} for kind, entries in kinds.items() for entry in entries)]
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    return _post(partner, document, "/v1/referrals:batch", "application/x-ndjson", body)


def _post(partner: str, document: Json, path: str, media_type: str, body: bytes) -> Post:
    told = [*document.get("suspects", []), *document.get("victims", [])]
    return Post(
        partner=partner,
        reference=document["reference"],
        version=document["version"],
        filed=Filed(
            entries=frozenset(entry["reference"] for entry in told if REFUSED_FOR not in entry),
            unread=any(REFUSED_FOR in entry for entry in told),
        ),
        path=path,
        media_type=media_type,
        body=body,
    )


def _later(made: NativeFile, refused: Sequence[Json], random: Random) -> list[Json]:
    """The second version, and for half of those with a withdrawn entry the third."""
    suspects = [draft for draft in made.drafts if draft.expected.kind == "suspect"]
    changed = random.choice(suspects)
    whole = [_changed(draft) if draft is changed else draft for draft in made.drafts]
    others = [draft for draft in made.drafts if draft is not changed]
    if not others:
        return [_with(made, whole, refused, version=2)]
    left_out = random.choice(others)
    second = _with(made, [draft for draft in whole if draft is not left_out], refused, version=2)
    return [second, _with(made, whole, refused, version=3)] if random.random() < RETURNED else [second]


def _changed(draft: Draft) -> Draft:
    """The same account, about whom a verified civic address has become known, and another name of theirs."""
    told = with_address(draft)
    alias = native.identifier("username", f"{draft.person.username}-2")
    body = told.body | {"identifiers": [*told.body.get("identifiers", []), alias]}
    return Draft(person=told.person, body=body, expected=told.expected)


def _with(made: NativeFile, drafts: Sequence[Draft], refused: Sequence[Json], version: int = 1) -> Json:
    of = {kind: [draft.body for draft in drafts if draft.expected.kind == kind] for kind in ("suspect", "victim")}
    return json.loads(made.body) | {
        "version": version,
        "suspects": [*of["suspect"], *refused],
        "victims": of["victim"],
    }
