"""Two officers of the centre: one submits what was drafted, another one approves it and reads the answers.

They decide as fast as a program can, which no officer may; who drafts and who approves are two people all the same.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import httpx

from kit.time import Clock, SystemClock, zone
from sandbox.authorities import ZONE, authority
from sandbox.calls import RefusedError, Service, TokenOf

Json: TypeAlias = dict[str, Any]

FIRST, SECOND = "officer-1", "officer-2"
_CONFLICT, _UNPROCESSABLE = 409, 422


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What an officer did: numbers of requests, or ids of answers; how often somebody else was faster."""

    ids: tuple[str, ...]
    beaten: int = 0


class Officers:
    """Both officers at their desks. Use in a `with` block."""

    def __init__(
        self,
        liaison: str,
        token: TokenOf,
        *,
        clock: Clock | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`liaison` is the base address of its API."""
        self._liaison = Service(liaison, token, transport)
        self._clock = clock or SystemClock()

    def __enter__(self) -> "Officers":
        """Ready to decide."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._liaison.close()

    def submit_drafts(self) -> Decided:
        """Officer 1 submits every draft with an authority of its instrument.

        Raises:
            RefusedError: liaison refuses one that is still a draft, in its words.
        """
        today = self._clock.now().astimezone(zone(ZONE)).date()

        def submit(draft: Json) -> None:
            number = draft["number"]
            claimed = authority(draft["instrument"], number, today)
            self._liaison.post(FIRST, f"/v1/requests/{number}:submit", {"authority": claimed})

        return self._each(FIRST, "/v1/requests", "draft", "number", submit)

    def approve_submitted(self) -> Decided:
        """Officer 2 approves every request that was submitted.

        Raises:
            RefusedError: liaison refuses one that still waits, in its words.
        """

        def approve(request: Json) -> None:
            self._liaison.post(SECOND, f"/v1/requests/{request['number']}:approve")

        return self._each(SECOND, "/v1/requests", "submitted", "number", approve)

    def check_answers(self) -> Decided:
        """Officer 2 confirms every answer that waits for its second reader, and its zone.

        Raises:
            RefusedError: liaison refuses one that still waits, in its words.
        """
        confirmed = {"decision": "confirm", "zone_confirmed": True}

        def check(answer: Json) -> None:
            self._liaison.post(SECOND, f"/v1/answers/{answer['id']}:check", confirmed)

        return self._each(SECOND, "/v1/answers", "pending", "id", check)

    def _each(self, client: str, path: str, state: str, key: str, decide: Callable[[Json], None]) -> Decided:
        done: list[str] = []
        refusals: dict[str, RefusedError] = {}
        for one in self._liaison.everything(client, path, state=state):
            try:
                decide(one)
            except RefusedError as refused:
                if refused.status not in (_CONFLICT, _UNPROCESSABLE):
                    raise
                refusals[one[key]] = refused
            else:
                done.append(one[key])
        if refusals:
            self._raise_for(refusals, self._liaison.everything(client, path, state=state), key)
        return Decided(ids=tuple(done), beaten=len(refusals))

    def _raise_for(self, refusals: dict[str, RefusedError], waiting: Iterable[Json], key: str) -> None:
        """What is refused and waits no more, somebody else decided meanwhile; what still waits is our fault."""
        still = {one[key] for one in waiting}
        for of, refused in refusals.items():
            if of in still:
                raise refused
