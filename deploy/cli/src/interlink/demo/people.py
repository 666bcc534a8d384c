"""Officers and agencies act beside the screen, a round at a time: who waits for them is found by their own APIs.

The story is read and written by one thread alone; rounds get what they need of it, and leave what they did.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Generic, TypeVar

from interlink.commands.token import fetch
from interlink.demo.story import Decisions, Story
from interlink.stack.home import Home
from interlink.stack.layout import StackError
from interlink.stack.ports import HOST
from interlink.stack.state import State
from sandbox.agencies import Agencies, Registered
from sandbox.calls import RefusedError
from sandbox.officers import Officers

ROUND_SECONDS = 0.25
"""Least time from the beginning of a round to that of the next one."""

T = TypeVar("T")


class Rounds(Generic[T]):
    """One desk: at most one round at a time, in a thread of its own."""

    def __init__(self) -> None:
        """Nobody acts yet."""
        self._pool = ThreadPoolExecutor(1)
        self._running: Future[T] | None = None
        self._began = 0.0

    def next(self, act: Callable[[], T]) -> T | None:
        """Begin a round unless one runs; what the one before did, once.

        Raises `StackError` with a service's words when it refused.
        """
        if self._running is not None and not self._running.done():
            return None
        done, self._running = self._running, None
        if done is None and time.monotonic() - self._began >= ROUND_SECONDS:
            self._began = time.monotonic()
            self._running = self._pool.submit(act)
        return _in_words(done.result) if done is not None else None

    def close(self) -> None:
        """Wait for the round that runs."""
        self._pool.shutdown()


class People:
    """The centre's two officers, and somebody at each agency. Use in a `with` block."""

    def __init__(self, home: Home, found: State) -> None:
        @cache
        def token(client: str) -> str:
            return fetch(home, found.issuer, client, [])

        self._officers = Officers(found.services["isp-liaison"], token)
        self._agencies = Agencies(
            routing=found.services["routing"],
            notifications=found.services["notifications"],
            receivers=f"http://{HOST}:{home.ports['receivers']}",
            token=token,
        )
        self._deciding = Rounds[Decisions]()
        self._reading = Rounds[list[str]]()

    def __enter__(self) -> "People":
        """At their desks."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave when the rounds that run are done."""
        self._deciding.close()
        self._reading.close()
        self._officers.close()
        self._agencies.close()

    def register(self) -> Registered:
        """Every agency gets its endpoint at the receivers. Raises `StackError` in a service's words."""
        return _in_words(self._agencies.register_endpoints)

    def act(self, story: Story, at: float) -> None:
        """Begin what is to be done, `at` seconds after the first post, and note what was done."""
        if story.decisions.submitted or story.collected(at):
            done = self._deciding.next(self._decide)
            if done is not None:
                story.decisions.add(done)
        unread = story.notices.unread()
        if unread:
            self._reading.next(lambda: self._agencies.acknowledge(unread))

    def _decide(self) -> Decisions:
        return Decisions(
            submitted=set(self._officers.submit_drafts().ids),
            approved=set(self._officers.approve_submitted().ids),
            checked=set(self._officers.check_answers().ids),
        )


def _in_words(call: Callable[[], T]) -> T:
    try:
        return call()
    except RefusedError as refused:
        raise StackError(str(refused)) from refused
