"""Waiting for a fact instead of a time: the only waiting that tests do."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

STEP_SECONDS = 0.02


async def eventually(fact: Callable[[], Awaitable[T] | T], *, within: float = 15.0) -> T:
    """The first truthy answer of `fact`, asked again and again.

    A failed assertion inside `fact` counts as "not yet"; the last one is raised when the time is over.
    """
    until = time.monotonic() + within
    while True:
        failure: AssertionError | None = None
        answer: T | None = None
        try:
            asked = fact()
            answer = await asked if inspect.isawaitable(asked) else asked
        except AssertionError as error:
            failure = error
        if failure is None and answer:
            return answer
        if time.monotonic() > until:
            raise failure or AssertionError(f"not within {within} s; the last answer was {answer!r}")
        await asyncio.sleep(STEP_SECONDS)
