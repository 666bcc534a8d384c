"""A keyring that was put back to an earlier moment lacks keys that nobody destroyed: what needs them waits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from service.isp_liaison.conftest import PRODUCTION, Liaison
from service.isp_liaison.test_approving import problem

from contracts import ids
from isp_liaison.commands.collect import UnknownReferralKey
from kit.failures import is_transient
from kit.keyring import CACHE_SECONDS
from kit.testing.databases import execute
from kit.worker import MAX_ATTEMPTS


@asynccontextmanager
async def without_keys(liaison: Liaison) -> AsyncIterator[None]:
    """The keyring is one of an earlier moment."""
    url = liaison.harness.database.superuser_url
    taken = ["CREATE TABLE public.taken AS SELECT * FROM keyring.data_key", "DELETE FROM keyring.data_key"]
    await execute(url, ["SET session_replication_role = replica", *taken])
    liaison.clock.advance(timedelta(seconds=CACHE_SECONDS))  # no process has them in memory any more
    yield
    await execute(url, ["INSERT INTO keyring.data_key SELECT * FROM public.taken"])


async def submitted(liaison: Liaison) -> str:
    await liaison.given()
    number = await liaison.number()
    await liaison.submit(number)
    return number


async def test_while_its_key_is_missing_a_request_waits_to_be_sent(liaison: Liaison) -> None:
    number = await submitted(liaison)
    await liaison.approve(number)
    async with without_keys(liaison):
        for _ in range(MAX_ATTEMPTS + 1):
            assert await liaison.harness.work() == 1
            liaison.clock.advance(timedelta(hours=1))
    assert liaison.provider.calls == []
    await liaison.harness.work()
    shown = await liaison.shown(number)
    assert (shown["state"], shown["attempts"], len(liaison.provider.calls)) == ("sent", 1, 1)


async def test_while_its_key_is_missing_a_request_is_approved_later(liaison: Liaison) -> None:
    number = await submitted(liaison)
    async with without_keys(liaison):
        assert problem(await liaison.approve(number)) == (503, "unavailable")
    assert (await liaison.approve(number)).status_code == 200


async def test_an_event_whose_key_the_keyring_lacks_holds_up_no_other(liaison: Liaison) -> None:
    """It becomes a letter, and is told again by a person; whoever waited would hold up every suspect behind it."""
    event = liaison.requested()
    strange = event.model_copy(update={"personal": event.personal.model_copy(update={"key": ids.new()})})
    with pytest.raises(UnknownReferralKey) as raised:
        await liaison.told(strange)
    assert not is_transient(raised.value)
    assert await liaison.queue(instrument=PRODUCTION) == []
