"""`interlink faults` in its short size: thirty kills, every fault once at least, and the checker finds nothing."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from suite.guides import ROOT

from interlink.faults.acts.points import POINTS

MINUTES = 1.3
SECONDS = 720
KILLS = 30
KINDS = {
    *(f"kill -9 at {point}" for point in POINTS),
    "kill -9 at random",
    "broker stopped 10 s",
    "Postgres restarted (immediate)",
    "frozen past its session",
    "old snapshot held 15 s",
    "clock jumped by ±65 s",
    "pool exhausted",
    "member added and removed",
    "providers and receivers slow",
    "providers and receivers failing",
}
HAPPENED = {
    "interlink.referral.amended.v1",
    "interlink.suspect.amended.v1",
    "interlink.suspect.withdrawn.v1",
    "interlink.assignment.accepted.v1",
    "interlink.assignment.declined.v1",
    "interlink.assignment.moved.v1",
    "interlink.assignment.withdrawn.v1",
    "interlink.identification.cancelled.v1",
    "interlink.identification.completed.v1",
}
"""What the load must have brought about, or nothing of it was tried."""


async def shot_at(found: Path) -> tuple[int, str]:
    """The exit code, and what was said."""
    process = await asyncio.create_subprocess_exec(
        *("nice", "-n", "5"),  # the tests beside it have bounds of their own; all this restarting would starve them
        sys.executable,
        *("-m", "interlink", "faults", "--minutes", str(MINUTES), "--seed", "1", "--json", str(found)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(SECONDS):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()  # it stops and wipes its stack on the way out
            await process.wait()
    return process.returncode or 0, said.decode()


def read(found: Path) -> dict[str, Any]:
    return json.loads(found.read_text())


@pytest.mark.timeout(SECONDS + 60)
async def test_nothing_is_lost_or_done_twice_while_everything_fails(tmp_path: Path) -> None:
    code, said = await shot_at(tmp_path / "faults.json")
    assert code == 0, said
    found = read(tmp_path / "faults.json")
    assert (found["lost"], found["duplicated_effects"], found["problems"]) == (0, 0, [])
    assert found["accepted"] > 100
    assert found["kills"] >= KILLS, said
    assert set(found["faults"]) >= KINDS, said
    assert set(found["types"]) >= HAPPENED, said
