"""Notifications' hot paths: as many statements for all notices that are due as for one."""

from collections.abc import AsyncIterator

import pytest
from perf.watching import watching
from service.notifications.conftest import Notifications, Receiver, opened

from contracts import ids
from kit.testing.databases import TestDatabase
from notifications.commands.lanes import DELIVER
from notifications.domain.notices import COLLECTS_FOR

MOST_OF_A_FREEZE = 7
"""Statements to freeze all that is due and to end its jobs (7 when this was written)."""


@pytest.fixture
async def notifications(database: TestDatabase) -> AsyncIterator[Notifications]:
    async with opened(database, Receiver(port=9)) as made:
        yield made


async def test_as_many_statements_to_freeze_many_notices_as_one(notifications: Notifications) -> None:
    await notifications.endpoint("ice-on")
    await notifications.work()
    counts: dict[int, int] = {}
    for size in (1, 40):
        await notifications.told(*(notifications.created("ice-on", referral=ids.new()) for _ in range(size)))
        notifications.clock.advance(COLLECTS_FOR)
        with watching() as seen:
            assert await notifications.harness.work() == size
        (freezing,) = [one for one in seen.transactions if any("UPDATE notice" in statement for statement in one)]
        counts[size] = len(freezing)
        await notifications.harness.rows("DELETE FROM notifications.job WHERE kind = $1", DELIVER)
    assert counts[1] == counts[40] <= MOST_OF_A_FREEZE, counts
    frozen = await notifications.harness.rows("SELECT FROM notifications.notice WHERE state = 'frozen'")
    sent = await notifications.harness.rows("SELECT FROM notifications.delivery")
    assert len(frozen) == len(sent) == 41
