"""People act beside the screen: one round at a time, and what a service refuses is told in its words."""

from threading import Event

import httpx
import pytest

from interlink.demo.people import Rounds
from interlink.stack.layout import StackError
from kit.testing.eventually import eventually
from sandbox.calls import RefusedError


async def test_one_round_runs_at_a_time_and_its_result_is_told_once() -> None:
    rounds = Rounds[int]()
    go_on, begun = Event(), list[int]()

    def act() -> int:
        begun.append(len(begun))
        go_on.wait(10)
        return begun[-1]

    assert rounds.next(act) is None
    await eventually(lambda: begun)
    assert rounds.next(act) is None
    assert begun == [0]
    go_on.set()
    results = list[int]()

    def both_are_told() -> bool:
        told = rounds.next(act)
        results.extend([] if told is None else [told])
        return len(results) >= 2

    await eventually(both_are_told)
    assert results[:2] == [0, 1]
    rounds.close()


async def test_a_refusal_is_told_in_the_services_words() -> None:
    rounds = Rounds[int]()

    def act() -> int:
        request = httpx.Request("POST", "http://liaison.test/v1/requests/IR-1:submit")
        raise RefusedError(httpx.Response(422, text="authority.missing", request=request))

    def tried() -> bool:
        rounds.next(act)
        return False

    with pytest.raises(StackError, match=r"IR-1:submit was refused with 422: authority\.missing"):
        await eventually(tried)
    rounds.close()
