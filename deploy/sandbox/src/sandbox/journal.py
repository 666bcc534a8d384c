"""A journal that survives kill -9: what `append` returned from is on disk, what was half written is cut off.

One JSON object a line. Not promised: two processes on one file; the newer one must wait until the older ended.
"""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import orjson

Line: TypeAlias = dict[str, Any]


class Journal:
    """One file, read once at the start and appended to from then on."""

    def __init__(self, path: Path) -> None:
        """Opens the file, or makes it; only its owner can read it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = asyncio.Lock()
        _sync_folder(path.parent)

    def lines(self) -> Iterator[Line]:
        """Everything that was written, oldest first; a torn end is removed, nobody was told that it was kept."""
        raw = self._path.read_bytes()
        whole = raw.rfind(b"\n") + 1
        if whole < len(raw):
            os.ftruncate(self._file, whole)
        for line in raw[:whole].splitlines():
            yield orjson.loads(line)

    async def append(self, line: Line) -> None:
        """Write one line; it is on disk when this returns."""
        async with self._lock:
            await asyncio.to_thread(self._write, orjson.dumps(line) + b"\n")

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def _write(self, raw: bytes) -> None:
        while raw:
            raw = raw[os.write(self._file, raw) :]
        os.fsync(self._file)


def _sync_folder(folder: Path) -> None:
    """A new file's name is on disk only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
