"""The same SQL by psql: a service's own statements with their values written in, one after the other, timed by psql."""

import asyncio
import re
from collections.abc import Mapping, Sequence

from sqlalchemy import TextClause

from interlink.stack.layout import StackError
from interlink.stack.postgres import program

TOOK = re.compile(r"^Time: ([0-9.]+) ms", re.MULTILINE)


def written(statement: TextClause, values: Mapping[str, object]) -> str:
    """A statement with its values in the place of its parameters."""
    text = statement.text
    for name, value in values.items():
        text = re.sub(rf"(?<!:):{name}\b", _literal(value).replace("\\", r"\\"), text)
    return " ".join(text.split()) + ";"


async def milliseconds(url: str, before: Sequence[str], reads: Sequence[Sequence[str]]) -> list[float]:
    """How long each read took, the sum of its statements. Raises `StackError` when psql fails."""
    lines = ["\\o /dev/null", *before, "\\o", "\\timing on", "\\o /dev/null"]
    lines += [statement for read in reads for statement in read]
    running = await asyncio.create_subprocess_exec(
        *(str(program("psql")), "-X", "-q", "-v", "ON_ERROR_STOP=1", url),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaints = await running.communicate("\n".join(lines).encode())
    taken = [float(found) for found in TOOK.findall(said.decode())]
    if running.returncode or len(taken) != sum(map(len, reads)):
        raise StackError(f"psql failed: {complaints.decode()[-600:]}")
    times = iter(taken)
    return [sum(next(times) for _ in read) for read in reads]


def _literal(value: object) -> str:
    if isinstance(value, list):
        return "ARRAY[" + ", ".join(_literal(one) for one in value) + "]"
    if isinstance(value, int):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"
