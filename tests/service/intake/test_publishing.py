"""A large file's events follow as routing works them off, so that an urgent suspect does not wait behind them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts import ids
from contracts.events.entries import SuspectReported
from contracts.events.jurisdictions import JurisdictionUndetermined
from intake.jobs import LOOK_AGAIN
from intake.service import service
from kit.testing.databases import TestDatabase
from kit.testing.harness import Harness, running
from sandbox.generator import native

IP = "24.48.0.1"


@pytest.fixture
def options() -> dict[str, Any]:
    return {"publish_ahead": 4, "publish_patience": timedelta(minutes=1)}


async def hand_in(partner: Any, suspects: int, captures: int = 1) -> str:
    entries = [native.suspect(f"S-{number}", captures=[native.capture(IP)] * captures) for number in range(suspects)]
    return (await partner.post(native.native_file(suspects=entries, victims=[]))).json()["number"]


async def told(intake: Harness) -> list[UUID]:
    return [one.event.suspect for one in await intake.published(SuspectReported)]


async def work(intake: Harness) -> int:
    intake.clock.advance(LOOK_AGAIN)
    await intake.work()
    return len(await told(intake))


def undetermined(intake: Harness, entry: UUID) -> JurisdictionUndetermined:
    return JurisdictionUndetermined(
        entry=entry, kind="suspect", referral=ids.new(), investigation=ids.new(), determination=ids.new(), version=1,
        reason="no_usable_evidence", directory="1", determined_at=intake.clock.now(),
    )  # fmt: skip


async def test_a_chunk_waits_until_earlier_ones_are_determined(intake: Harness, partner: Any) -> None:
    number = await hand_in(partner, 7)
    assert [await work(intake) for _ in range(4)] == [2, 4, 4, 4]
    first, second, *_ = await told(intake)
    await intake.when(undetermined(intake, first))
    assert await work(intake) == 4
    await intake.when(undetermined(intake, second))
    assert [await work(intake) for _ in range(2)] == [6, 6]
    assert (await partner.referral(number))["status"] == "receiving"


async def test_what_is_never_determined_holds_up_the_rest_for_a_while_only(intake: Harness, partner: Any) -> None:
    number = await hand_in(partner, 5)
    assert [await work(intake) for _ in range(3)] == [2, 4, 4]
    intake.clock.advance(timedelta(minutes=1))
    assert await work(intake) == 5
    assert (await partner.referral(number))["status"] == "accepted"


async def test_who_tells_the_next_chunk_counts_from_the_one_before_whoever_told_that(
    intake: Harness, partner: Any, database: TestDatabase, options: dict[str, Any]
) -> None:
    """Two processes take turns; one of them has seen the file wait before the other went on with it."""
    await hand_in(partner, 7)
    assert [await work(intake) for _ in range(3)] == [2, 4, 4]
    for entry in (await told(intake))[:2]:
        await intake.when(undetermined(intake, entry))
    async with running(service, database, intake.clock, largest_direct=3, publish_chunk=2, **options) as second:
        intake.clock.advance(options["publish_patience"] - LOOK_AGAIN)
        assert await work(second) == 6
        assert await work(intake) == 6
        intake.clock.advance(options["publish_patience"])
        assert await work(intake) == 7


async def test_another_file_does_not_wait_for_it(intake: Harness, partner: Any) -> None:
    await hand_in(partner, 7)
    assert [await work(intake) for _ in range(3)] == [2, 4, 4]
    urgent = native.native_file(reference="R-2", suspects=[native.suspect(captures=[native.capture(IP)])], victims=[])
    await partner.post(urgent)
    assert len(await told(intake)) == 5


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({"publish_chunk": 4, "publish_bytes": 1024}, [1, 2, 3, 4, 5, 5]),  # one is told, however large
        ({"publish_chunk": 4, "publish_bytes": 400 * 1024}, [2, 4, 5, 5]),
        ({"publish_chunk": 4}, [4, 5, 5]),
    ],
)
async def test_a_chunk_ends_where_its_bytes_or_its_entries_do(intake: Harness, partner: Any, steps: list[int]) -> None:
    number = await hand_in(partner, 5, captures=500)
    assert [await work(intake) for _ in steps] == [3 * entries for entries in steps]
    published = await intake.published(SuspectReported)
    parts = [(one.event.suspect, one.event.part, one.envelope.sequence) for one in published]
    suspects = list(dict.fromkeys(suspect for suspect, _, _ in parts))
    assert parts == [(suspect, part, part) for suspect in suspects for part in (1, 2, 3)]
    assert len(suspects) == 5
    assert (await partner.referral(number))["status"] == "accepted"
