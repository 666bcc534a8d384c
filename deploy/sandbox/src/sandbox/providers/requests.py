"""The requests that arrived, by provider and number: taken once, counted each time, kept over kill -9."""

import asyncio
import hashlib
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from sandbox.journal import Journal, Line
from sandbox.providers.asked import Asked

RECEIVED, REPEATED, ANSWERED = "received", "repeated", "answered"


class Taken(Enum):
    """What became of a request that arrived."""

    NEW = auto()
    AGAIN = auto()
    OTHER_BYTES = auto()


@dataclass(slots=True, kw_only=True)
class Kept:
    """One request."""

    provider: str
    asked: Asked
    digest: str
    times: int = 1
    answered: bool = False
    refused: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """What liaison did not take of the answer, in its words."""

    @property
    def reference(self) -> str:
        """The provider's own number for it."""
        return f"{self.provider.upper()}-{self.digest[:10]}"


class Requests:
    """All requests to the providers of this process, and those that wait for their answer."""

    def __init__(self, journal: Journal) -> None:
        """Knows what the journal says, and what of it is unanswered."""
        self._journal = journal
        self._kept: dict[tuple[str, str], Kept] = {}
        self._lock = asyncio.Lock()
        for line in journal.lines():
            self._replay(line)
        self.unanswered: asyncio.Queue[Kept] = asyncio.Queue()
        for kept in self._kept.values():
            if not kept.answered:
                self.unanswered.put_nowait(kept)

    async def take(self, provider: str, asked: Asked, body: bytes) -> tuple[Taken, Kept]:
        """Keep a request, on disk; the same number with the same bytes is counted, with others not taken."""
        async with self._lock:
            kept = self._kept.get((provider, asked.number))
            line: Line = {"event": RECEIVED, "provider": provider, "number": asked.number}
            if kept is None:
                await self._journal.append(line | {"body": body.decode()})
                kept = self._put(provider, asked, body)
                self.unanswered.put_nowait(kept)
                return Taken.NEW, kept
            if kept.digest != _digest(body):
                return Taken.OTHER_BYTES, kept
            await self._journal.append(line | {"event": REPEATED})
            kept.times += 1
            return Taken.AGAIN, kept

    async def settle(self, kept: Kept, refused: list[dict[str, Any]]) -> None:
        """Liaison has judged the answer: nothing is left to do."""
        line = {"event": ANSWERED, "provider": kept.provider, "number": kept.asked.number, "refused": refused}
        await self._journal.append(line)
        kept.answered, kept.refused = True, refused

    def of(self, provider: str) -> list[Kept]:
        """The requests to one provider, in the order they came."""
        return [kept for (name, _), kept in self._kept.items() if name == provider]

    def _replay(self, line: Line) -> None:
        provider, number = line["provider"], line["number"]
        if line["event"] == RECEIVED:
            body = line["body"].encode()
            self._put(provider, Asked.model_validate_json(body), body)
        elif line["event"] == REPEATED:
            self._kept[provider, number].times += 1
        else:
            kept = self._kept[provider, number]
            kept.answered, kept.refused = True, line["refused"]

    def _put(self, provider: str, asked: Asked, body: bytes) -> Kept:
        kept = Kept(provider=provider, asked=asked, digest=_digest(body))
        self._kept[provider, asked.number] = kept
        return kept


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
