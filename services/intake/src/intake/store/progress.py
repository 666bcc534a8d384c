"""How far other services brought an entry.

Each facet keeps its newest state by the event's sequence, so that a repeated or late event changes nothing for
the worse. One statement a batch, whatever it tells; an entry stands in it once.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import text

from intake.domain.progress import IDENTIFIED, Told
from kit.database import Transaction

FACETS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "determined": {
        "determination_sequence": ("sequence", "bigint"),
        "determination": ("word", "text"),
        "branch": ("branch", "text"),
        "country": ("country", "text"),
        "province": ("province", "text"),
    },
    "assigned": {
        "assignment_sequence": ("sequence", "bigint"),
        "assignment_id": ("assignment", "uuid"),
        "assignment": ("word", "text"),
        "holder": ("holder", "text"),
        "assignment_at": ("at", "timestamptz"),
    },
    "requested": {
        "request_sequence": ("sequence", "bigint"),
        "requested_at": ("at", "timestamptz"),
    },
    "answered": {
        "answer_sequence": ("sequence", "bigint"),
        "answer": ("outcome", "text"),
        "answered_at": ("at", "timestamptz"),
        "open_lines": ("open_lines", "integer"),
    },
}
"""The columns of each facet, each with the state's field and its type."""

_COLUMNS: Final = {column: told for columns in FACETS.values() for column, told in columns.items()}
_ARRAYS = ", ".join(f"CAST(:{column} AS {kind}[])" for column, (_, kind) in _COLUMNS.items())
_SET = ", ".join(
    f"{column} = CASE WHEN n.{facet} THEN g.{column} ELSE e.{column} END"
    for facet, columns in FACETS.items()
    for column in columns
)

# What a batch does not tell of an entry is NULL, and NULL is never newer.
# assigned: a predecessor's end, told after its successor's beginning, changes nothing.
# answered: an identified connection stays identified: a later line without a record does not take it back.
KEEP = text(f"""
    WITH given AS (SELECT * FROM unnest(CAST(:id AS uuid[]), CAST(:successor AS uuid[]), {_ARRAYS})
                   AS g (id, successor, {", ".join(_COLUMNS)})),
         newer AS (SELECT e.id,
                          e.determination_sequence < g.determination_sequence AS determined,
                          e.assignment_sequence < g.assignment_sequence
                              AND (g.successor IS NULL OR e.assignment_id IS DISTINCT FROM g.successor) AS assigned,
                          e.request_sequence < g.request_sequence AS requested,
                          CASE WHEN coalesce(e.answer = :identified, false) = (g.answer = :identified)
                               THEN e.answer_sequence < g.answer_sequence ELSE g.answer = :identified END AS answered
                   FROM entry e JOIN given g USING (id) ORDER BY e.id FOR UPDATE OF e)
    UPDATE entry e SET {_SET}
    FROM given g JOIN newer n USING (id)
    WHERE e.id = g.id AND (n.determined OR n.assigned OR n.requested OR n.answered)
""")  # noqa: S608 - names of our own columns


async def keep(tx: Transaction, told: Told) -> None:
    """What is newer than what is known of each entry."""
    states = {facet: {state.entry: state for state in getattr(told, facet)} for facet in FACETS}
    entries = list(set().union(*states.values()))
    values: dict[str, Any] = {
        column: [getattr(states[facet].get(entry), field, None) for entry in entries]
        for facet, columns in FACETS.items()
        for column, (field, _) in columns.items()
    }
    successors = [getattr(states["assigned"].get(entry), "successor", None) for entry in entries]
    await tx.execute(KEEP, {**values, "id": entries, "successor": successors, "identified": IDENTIFIED})
