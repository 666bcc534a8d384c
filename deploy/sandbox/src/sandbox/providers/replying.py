"""Answers reach liaison, whoever is down meanwhile: sent again and again, until liaison has judged every line.

A provider may answer before liaison has noted that its request was taken in; liaison does not know the request
then, and is asked again like one that is away.
"""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import httpx

from sandbox.providers.answering import answers
from sandbox.providers.profiles import PROFILES
from sandbox.providers.requests import Kept, Requests
from sandbox.providers.tokens import Tokens

_log = logging.getLogger("sandbox.providers")

_AT_ONCE = 8
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 10.0
_TOKEN_REFUSED = 401
_FOR_GOOD = frozenset({400, 413, 422})
"""An answer that these refuse would be refused again."""


class Replies:
    """Answers every request that arrives, beside the door."""

    def __init__(self, requests: Requests, http: httpx.AsyncClient, liaison: str, tokens: Tokens) -> None:
        """`liaison` is the base address of its API."""
        self._requests = requests
        self._http = http
        self._liaison = liaison.rstrip("/")
        self._tokens = tokens
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> None:
        """Until cancelled; what is unanswered then is answered after the next start."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                kept = await self._requests.unanswered.get()
                tasks.create_task(self._until_judged(kept), name=kept.asked.number)

    async def _until_judged(self, kept: Kept) -> None:
        refused: list[dict[str, Any]] = []
        for body in answers(PROFILES[kept.provider], kept.asked):
            refused += await self._until_said(kept, body)
        await self._requests.settle(kept, refused)
        _log.info("request %s of %s is answered, %s lines refused", kept.asked.number, kept.provider, len(refused))

    async def _until_said(self, kept: Kept, body: dict[str, Any]) -> list[dict[str, Any]]:
        for wait in _waits():
            async with self._at_once:
                said = await self._send(kept, body)
            if said is not None:
                return said
            await asyncio.sleep(wait)
        raise AssertionError("the waits do not end")

    async def _send(self, kept: Kept, body: dict[str, Any]) -> list[dict[str, Any]] | None:
        """What was refused of it; None where it must be sent again."""
        client = PROFILES[kept.provider].client
        url = f"{self._liaison}/v1/requests/{kept.asked.number}:answer"
        try:
            token = await self._tokens.of(client)
            answer = await self._http.post(url, json=body, headers={"Authorization": f"Bearer {token}"})
        except httpx.HTTPError as error:
            return self._not_taken(kept, type(error).__name__)
        if answer.status_code == _TOKEN_REFUSED:
            self._tokens.forget(client)
        if answer.is_success:
            return [verdict for verdict in answer.json()["lines"] if verdict["verdict"] == "refused"]
        if answer.status_code in _FOR_GOOD:
            return [{"status": answer.status_code, "problem": answer.text[:2000]}]
        return self._not_taken(kept, str(answer.status_code))

    def _not_taken(self, kept: Kept, reason: str) -> None:
        _log.info("the answer to %s is sent again: %s", kept.asked.number, reason)


def _waits() -> Iterator[float]:
    wait = _FIRST_WAIT
    while True:
        yield wait
        wait = min(wait * 2, _LONGEST_WAIT)
