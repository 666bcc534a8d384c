"""Pages are read by an index, as the role that reads them; however many referrals there are."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from intake import queries
from kit.testing.harness import Harness

NOBODY = UUID(int=0)


@pytest.mark.parametrize(
    ("statement", "params", "index"),
    [
        (queries.NEWEST, {"tenant": "partner:bureau-nl", "before": NOBODY, "limit": 51}, "referral_newest"),
        (queries.ENTRIES, {"referral": NOBODY, "after": 0, "limit": 1001}, "entry_referral_id_position_key"),
        (queries.BY_NUMBER, {"number": "IL-2026-000001"}, "referral_number_key"),
    ],
)
async def test_a_page_is_read_by_its_index(intake: Harness, statement: Any, params: Any, index: str) -> None:
    async with intake.process.database.as_tenant("partner:bureau-nl") as tx:
        await tx.execute(text("SET LOCAL enable_seqscan = off"))  # a table of a test is always read whole
        plan = "\n".join(row[0] for row in await tx.rows(text(f"EXPLAIN {statement.text}"), params))
    assert index in plan
    assert "Seq Scan" not in plan
