"""Hot paths are set-based: a batch costs as many statements as a single event, a group as a single file."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from perf.files import a_file
from perf.watching import watching
from service.routing.conftest import ABROAD, Routing, address, capture, items
from suite.running import all_of

from contracts import registry, releases
from contracts.events.entries import SuspectAmended, SuspectReported
from contracts.events.identifications import IdentificationRequested
from contracts.events.jurisdictions import AssignmentCreated, JurisdictionDetermined
from intake.service import service as intake_service
from kit.testing.databases import TestDatabase
from kit.testing.harness import Harness, running
from kit.time import SettableClock
from routing.service import service as routing_service

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
# Ceilings with room for a few more; that the number of events or files does not matter is held exactly.
MOST_OF_A_BATCH = 15
"""Statements of routing for a whole batch of new suspects (10 when this was written)."""
MOST_OF_A_MOVE = 22
"""The same where newer evidence moves suspects that are assigned already (19)."""
MOST_OF_A_GROUP = 15
"""Statements of intake for a group of one partner's files (13); a second adds three, each further one two."""


@pytest.fixture
async def routing(database: TestDatabase, tmp_path: Path) -> AsyncIterator[Routing]:
    async with running(routing_service, database, SettableClock(NOW), home=tmp_path) as harness:
        yield Routing(harness, await harness.process.keyring.new_key())


@pytest.fixture
async def intake(database: TestDatabase) -> AsyncIterator[Harness]:
    async with running(intake_service, database, SettableClock(NOW)) as harness:
        yield harness


def mixed(routing: Routing, size: int) -> list[Any]:
    """Suspects of every kind: abroad, on a Canadian network, with an address, with nothing."""
    home = address(municipality="Guelph", province="ON", country="CA", kind="home", verified=True)
    told = (items(captures=[capture(ABROAD)]), items(captures=[capture()]), items(civic_addresses=[home]), items())
    return [routing.suspect(told[number % len(told)]) for number in range(size)]


async def statements_of(routing: Routing, events: list[Any]) -> list[str]:
    with watching() as seen:
        await routing.told(*events)
    (transaction,) = seen.transactions
    return transaction


async def test_routing_takes_as_many_statements_for_a_batch_as_for_one_suspect(routing: Routing) -> None:
    counts = {size: len(await statements_of(routing, mixed(routing, size))) for size in (4, 50, 500)}
    assert len(set(counts.values())) == 1, counts
    assert counts[4] <= MOST_OF_A_BATCH
    assert len(await routing.holders()) == sum(counts)

    one = {len(await statements_of(routing, [routing.suspect(items(captures=[capture()]))])) for _ in range(2)}
    assert one == {counts[4]}, "one suspect costs what five hundred cost"


async def test_routing_takes_as_many_statements_to_move_many_suspects_as_one(routing: Routing) -> None:
    reported = [routing.suspect(items(captures=[capture()])) for _ in range(61)]
    await routing.told(*reported)
    counts: dict[int, int] = {}
    for moved in (reported[:1], reported[1:]):
        abroad = items(captures=[capture(ABROAD)])
        amended = [routing.suspect(abroad, one.suspect, version=2, model=SuspectAmended) for one in moved]
        counts[len(moved)] = len(await statements_of(routing, amended))
    assert counts[1] == counts[60] <= MOST_OF_A_MOVE
    assert {holder for holder, _, _ in (await routing.holders()).values()} == {"bureau-nl"}


async def groups_of(intake: Harness, bodies: list[bytes]) -> list[list[str]]:
    """Post files side by side; the statements of each transaction that stored some of them."""
    headers = {"Content-Type": "application/json"}
    async with intake.client("partner:bureau-nl", "referrals:write") as client:
        with watching() as seen:
            posts = [
                client.post("/v1/referrals", content=body, headers={**headers, "Idempotency-Key": f"k-{hash(body)}"})
                for body in bodies
            ]
            answers = await all_of(*posts)
    assert [answer.status_code for answer in answers] == [201] * len(bodies)
    return [one for one in seen.transactions if any("INSERT INTO referral " in statement for statement in one)]


async def test_intake_takes_as_many_statements_for_a_group_as_for_one_file(intake: Harness) -> None:
    counts: set[int] = set()
    ways: list[Callable[[], list[bytes]]] = [
        lambda: [a_file("warm", 1)],
        lambda: [a_file("one", 1)],
        lambda: [a_file("hundred", 100)],
        lambda: [a_file(f"many-{number}", 1) for number in range(8)],
        lambda: [a_file(f"large-{number}", 100) for number in range(8)],
    ]
    for way in ways:
        bodies = way()
        groups = await groups_of(intake, bodies)
        assert len(groups) <= max(1, len(bodies) // 2), "files that arrive together share a commit"
        counts |= {len(group) for group in groups}
    assert len(counts) == 1, counts
    assert max(counts) <= MOST_OF_A_GROUP
    assert len(await intake.published(SuspectReported)) == 1 + 1 + 100 + 8 + 800


async def test_intake_notes_whatever_a_batch_tells_of_many_entries_in_one_statement(intake: Harness) -> None:
    models = (JurisdictionDetermined, AssignmentCreated, IdentificationRequested)
    samples = {model: (releases.HOME / "samples" / name(model) / "full.json").read_bytes() for model in models}
    counts: set[int] = set()
    for told, size in ((models[:1], 1), (models, 1), (models, 50), (models, 150)):
        entries = [str(intake.new_id()) for _ in range(size)]
        events = [
            model.model_validate({**json.loads(samples[model])["data"], "entry": entry})
            for entry in entries
            for model in told
        ]
        with watching() as seen:
            await intake.when(*events)
        (transaction,) = (one for one in seen.transactions if "INTO inbox" in one[0])  # intake watches its outbox too
        assert len([one for one in transaction if "UPDATE entry" in one]) == 1
        counts.add(len(transaction))
    assert len(counts) == 1, counts


def name(model: type[Any]) -> str:
    return registry.of(model).type.removeprefix("interlink.")
