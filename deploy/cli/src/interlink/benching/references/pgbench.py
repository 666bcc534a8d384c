"""pgbench inserting the rows of a file, a transaction each, by a script that stands beside this module."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path

from interlink.benching.scratch import Scratch
from interlink.stack.layout import StackError
from interlink.stack.postgres import program

TENANT = "partner:bureau-nl"
SCRIPT = Path(__file__).with_name("insert_referral.sql")
LENGTHS = {
    "frame_bytes": "referral_version.frame",
    "receipt_bytes": "referral_version.receipt",
    "payload_bytes": "payload.data",
    "fingerprints_bytes": "entry.fingerprints",
    "part_bytes": "entry_part.data",
    "headers_bytes": "outbox.headers",
    "event_bytes": "outbox.payload",
}
RATE = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)


async def files_a_second(
    scratch: Scratch, lengths: Mapping[str, int], *, suspects: int, clients: int, seconds: int
) -> float:
    """Files a second. Raises `StackError` with pgbench's words when it fails."""
    given = {"n": 0, "tenant": TENANT, "suspects": suspects} | {
        name: lengths[column] for name, column in LENGTHS.items()
    }
    defined = [word for name, value in given.items() for word in ("-D", f"{name}={value}")]
    running = await asyncio.create_subprocess_exec(
        str(program("pgbench")),
        *("-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(seconds), "-f", str(SCRIPT)),
        *defined,
        scratch.url,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaints = await running.communicate()
    found = rate(said.decode())
    if running.returncode or found is None:
        raise StackError(f"pgbench failed: {complaints.decode()[-600:]}")
    await scratch.empty("intake")
    return found


def rate(said: str) -> float | None:
    """Transactions a second as pgbench reports them."""
    found = RATE.search(said)
    return float(found[1]) if found else None
