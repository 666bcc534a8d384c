"""The kit's unit of work on a database of its own."""

from collections.abc import AsyncIterator

import pytest
from probe.service import database_of
from service.kit.due import NOW

from kit.database import Database
from kit.testing.databases import TestDatabase
from kit.time import SettableClock


@pytest.fixture
async def probe(database: TestDatabase) -> AsyncIterator[Database]:
    """The probe's unit of work."""
    made = database_of(database)
    yield made
    await made.close()


@pytest.fixture
def clock() -> SettableClock:
    """The time at which work is due."""
    return SettableClock(NOW)
