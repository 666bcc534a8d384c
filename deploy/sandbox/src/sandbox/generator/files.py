"""Native files of synthetic people: one for the demo's morning, or a stream of them for load and flow tests."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sandbox.generator import native
from sandbox.generator.chance import chance
from sandbox.generator.entries import Draft, World, suspect, victim
from sandbox.generator.expectation import Expectation, ExpectedEntry, ItemVerdict
from sandbox.generator.flaws import FLAWS, put
from sandbox.generator.networks import Addresses, announced
from sandbox.generator.people import homes, person

_PEOPLE_PER_FLAW = 6
_VICTIMS_AT_HOME = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeFile:
    """A file as a foreign bureau posts it, and what must become of it."""

    reference: str
    body: bytes
    expectation: Expectation
    drafts: tuple[Draft, ...]
    """Who stands in it, suspects first."""


def files(
    seed: int,
    count: int,
    suspects: int,
    *,
    now: datetime,
    addresses: Addresses | None = None,
    flawed: int = 0,
) -> Iterator[NativeFile]:
    """So many files, one at a time; sound ones unless told how many flaws each has.

    Addresses come from routing's newest network snapshot unless given.
    """
    source = addresses if addresses is not None else announced()
    for number in range(1, count + 1):
        reference = f"NL-{now:%Y%m%d%H%M%S}-{seed}-{number:05}"
        yield native_file_of(reference, seed + number, suspects, 0, now=now, addresses=source, flawed=flawed)


def native_file_of(
    reference: str,
    seed: int,
    suspects: int,
    victims: int,
    *,
    now: datetime,
    addresses: Addresses,
    flawed: int = len(FLAWS),
) -> NativeFile:
    """One file. It has one flaw for every six suspects at most, so that a small file is mostly sound."""
    drafts = _suspects(seed, suspects, min(flawed, suspects // _PEOPLE_PER_FLAW), now, addresses)
    children = _victims(seed, victims, now, addresses)
    body = native.native_file(
        reference,
        suspects=[draft.body for draft in drafts],
        victims=[draft.body for draft in children],
        incident={
            "type": "csaem",
            "occurred_at": f"{now - timedelta(days=45):%Y-%m-%dT%H:%M:%SZ}",
            "platform": native.SERVICE,
            "summary": native.SUMMARY,
        },
    )
    entries = [
        *(_at(f"/suspects/{position}", draft.expected) for position, draft in enumerate(drafts)),
        *(_at(f"/victims/{position}", draft.expected) for position, draft in enumerate(children)),
    ]
    return NativeFile(
        reference=reference,
        body=body,
        expectation=Expectation(entries={entry.reference: entry for entry in entries}),
        drafts=(*drafts, *children),
    )


def _suspects(seed: int, count: int, flawed: int, now: datetime, addresses: Addresses) -> list[Draft]:
    living = homes(seed, count)
    drafts: list[Draft] = []
    for position, home in enumerate(living):
        world = World(random=chance(seed, "suspect", position), now=now, addresses=addresses)
        drafts.append(suspect(f"S-{position + 1:04}", person(home, world.random), world))
    spare = [position for position, home in enumerate(living) if home.spare]
    chosen = chance(seed, "flaws").sample(spare, min(flawed, len(spare)))
    for flaw, position in zip(FLAWS, chosen, strict=False):
        world = World(random=chance(seed, "flaw", flaw.name), now=now, addresses=addresses)
        drafts[position] = put(flaw, drafts[position], world)
    return drafts


def _victims(seed: int, count: int, now: datetime, addresses: Addresses) -> list[Draft]:
    drafts: list[Draft] = []
    for position, home in enumerate(homes(seed, count, canadian=_VICTIMS_AT_HOME)):
        world = World(random=chance(seed, "victim", position), now=now, addresses=addresses)
        drafts.append(victim(f"V-{position + 1:03}", person(home, world.random), world))
    return drafts


def _at(pointer: str, entry: ExpectedEntry) -> ExpectedEntry:
    return replace(entry, rejected=_absolute(pointer, entry.rejected), warned=_absolute(pointer, entry.warned))


def _absolute(pointer: str, verdicts: Sequence[ItemVerdict]) -> tuple[ItemVerdict, ...]:
    return tuple(ItemVerdict(pointer + verdict.pointer, verdict.code) for verdict in verdicts)
