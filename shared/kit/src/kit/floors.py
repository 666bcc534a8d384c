"""Below which id a relay need not look for rows any more.

It spares the index entries of deleted rows that an old snapshot keeps vacuum from removing. Ids are drawn before the
commit, so a row may show up below one that was sent; it cannot once every transaction that had begun to write when
that one was sent has ended: each has written something else, a counter or a position, before it draws its rows' ids. A
floor that rose earlier would let a key's later row overtake.
"""

import time
from collections.abc import Iterable
from typing import Final

from sqlalchemy import text

from kit.database import Database
from kit.executing import Row
from kit.migrations.v1 import SHARDS

WORTH_IT: Final = 500
"""Rows sent until the floors are raised again: that few are passed over faster than they are asked about."""
WALK_EVERY: Final = 30.0
WALK_FOR: Final = 2.0
"""Seconds. Now and then each shard is read from its beginning: a database that was put back to an earlier state draws
lower ids again, and nobody else would notice what lies below a floor."""

# An id given after the rows were sent is above that of every transaction whose rows may still show up below them.
MARK = text("SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint)")

SETTLED = text("""
    SELECT coalesce(array_agg(t.shard), '{}')
    FROM unnest(CAST(:shards AS smallint[]), CAST(:floors AS bigint[]), CAST(:tops AS bigint[]))
        AS t (shard, floor, top)
    LEFT JOIN LATERAL (
        SELECT o.id FROM outbox o WHERE o.shard = t.shard AND o.id > t.floor ORDER BY o.id LIMIT 1
    ) AS first ON true
    WHERE first.id IS NULL OR first.id > t.top
    HAVING CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) >= :mark
""")


class Floors:
    """One relay's floors, one of each shard."""

    def __init__(self, database: Database) -> None:
        self.at: dict[int, int] = dict.fromkeys(range(SHARDS), 0)
        self._database = database
        self._began = time.monotonic()
        self._tops: dict[int, int] = {}
        """Highest ids sent, of the shards whose floors are to rise."""
        self._mark: int | None = None
        """They may once every transaction below it has ended."""
        self._sent = 0

    def starts(self) -> dict[int, int]:
        """The id after which each shard is read now."""
        walking = (time.monotonic() - self._began) % WALK_EVERY > WALK_EVERY - WALK_FOR
        return dict.fromkeys(self.at, 0) if walking else self.at

    async def sent(self, rows: Iterable[Row]) -> None:
        """Rows were acknowledged, and their deletion is committed."""
        if self._mark is not None:
            return
        for row in rows:
            self._tops[row.shard] = max(self._tops.get(row.shard, 0), row.id)
            self._sent += 1
        if self._sent >= WORTH_IT:
            self._mark = await self._database.look(MARK)

    async def rise(self) -> None:
        """Raise the floors as far as no row can show up below them."""
        if self._mark is None:
            return
        shards = list(self._tops)
        settled = await self._database.look(
            SETTLED,
            {
                "shards": shards,
                "floors": [self.at[shard] for shard in shards],
                "tops": list(self._tops.values()),
                "mark": self._mark,
            },
        )
        if settled is None:  # somebody is still writing
            return
        for shard in settled:
            self.at[shard] = max(self.at[shard], self._tops[shard])
        self._tops, self._mark, self._sent = {}, None, 0
