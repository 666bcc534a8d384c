"""Raw asyncpg: the rows of a file by one `unnest` a table, a transaction a file. No door, no validation, no keys."""

import asyncio
import time
from collections.abc import Sequence

import asyncpg

from interlink.benching.references.sample import Table, fresh
from interlink.benching.scratch import Scratch


async def files_a_second(scratch: Scratch, sample: Sequence[Table], files: int, clients: int) -> float:
    """Insert so many files over so many connections; all arguments are made before the clock starts."""
    statements = [table.insert for table in sample]
    waiting = iter([fresh(sample, number) for number in range(files)])
    connections = [await asyncpg.connect(scratch.url) for _ in range(clients)]

    async def client(connection: asyncpg.Connection) -> None:
        for arguments in waiting:
            async with connection.transaction():
                for statement, columns in zip(statements, arguments, strict=True):
                    await connection.execute(statement, *columns)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for connection in connections:
            group.create_task(client(connection))
    seconds = time.perf_counter() - began
    for connection in connections:
        await connection.close()
    await scratch.empty("intake")
    return files / seconds
