"""Synthetic files as bytes, made before the clock starts; no two alike.

Each suspect has three identifiers: a capture in a network's real range, half of them Canadian, an e-mail address and
a user name. Nobody is meant and nothing is contacted.
"""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

import orjson

from kit.time import SystemClock
from sandbox.generator import native
from sandbox.generator.networks import announced

NETWORKS = ((577, "CA"), (812, "CA"), (852, "CA"), (5769, "CA"), (7922, "US"), (7018, "US"), (1136, "NL"), (2856, "GB"))
POOL = 4096


class Bodies:
    """A stream of files. `seed` keeps two streams apart; the same moment and seed give the same files."""

    def __init__(self, seed: int | None = None) -> None:
        self._seed = seed if seed is not None else time.time_ns() % 1_000_000_007
        self._now = SystemClock().now()
        self._random = Random(self._seed)  # noqa: S311 - synthetic data
        self._pool = self._addresses()
        self._made = 0

    def file(self, suspects: int, **more: Any) -> bytes:
        """A native file of so many suspects."""
        return orjson.dumps(self._head(**more) | {"suspects": [self._suspect(number) for number in range(suspects)]})

    def files(self, count: int, suspects: int) -> list[bytes]:
        """So many of them."""
        return [self.file(suspects) for _ in range(count)]

    def lines(self, suspects: int) -> Iterator[bytes]:
        """One file as NDJSON: its head, then a line for each suspect."""
        head = self._head()
        yield orjson.dumps({name: value for name, value in head.items() if name not in ("suspects", "victims")}) + b"\n"
        for number in range(suspects):
            yield orjson.dumps({"suspect": self._suspect(number)}) + b"\n"

    def _head(self, **more: Any) -> dict[str, Any]:
        self._made += 1
        reference = f"BENCH-{self._seed}-{self._made:06}"
        return native.native_document(reference, suspects=(), victims=(), **more)

    def _suspect(self, number: int) -> native.Json:
        name = f"s{self._seed}x{self._made}x{number}"
        return native.suspect(
            f"S-{number + 1:06}",
            account={"service": native.SERVICE, "id": name},
            captures=[native.capture(self._pool[self._random.randrange(POOL)], time=self._moment())],
            identifiers=[
                native.identifier("email", f"{name}@example.com", verified=True),
                native.identifier("username", name, service=native.SERVICE),
            ],
        )

    def _moment(self) -> str:
        at: datetime = self._now - timedelta(days=10, seconds=self._random.randrange(86_400))
        return f"{at:%Y-%m-%dT%H:%M:%SZ}"

    def _addresses(self) -> list[str]:
        source = announced()
        return [source.address(*NETWORKS[number % len(NETWORKS)], self._random) for number in range(POOL)]
