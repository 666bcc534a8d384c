"""How far other services brought an entry.

Each facet keeps its newest state by the event's sequence, so that a repeated or late event changes nothing for
the worse. One statement a batch; an entry stands in it once.
"""

from collections.abc import Sequence

from sqlalchemy import text

from intake.domain.progress import IDENTIFIED, Answered, Assigned, Determined, Requested
from kit.database import Transaction

SET_DETERMINED = text("""
    WITH given AS (SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:sequences AS bigint[]), CAST(:words AS text[]),
                       CAST(:branches AS text[]), CAST(:countries AS text[]), CAST(:provinces AS text[]))
                   AS g (id, sequence, word, branch, country, province)),
         locked AS (SELECT id FROM entry WHERE id IN (SELECT id FROM given) ORDER BY id FOR UPDATE)
    UPDATE entry e SET determination_sequence = g.sequence, determination = g.word, branch = g.branch,
                       country = g.country, province = g.province
    FROM given g JOIN locked USING (id) WHERE e.id = g.id AND e.determination_sequence < g.sequence
""")

# A predecessor's end, told after its successor's beginning, changes nothing.
SET_ASSIGNED = text("""
    WITH given AS (SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:sequences AS bigint[]),
                       CAST(:assignments AS uuid[]), CAST(:words AS text[]), CAST(:holders AS text[]),
                       CAST(:moments AS timestamptz[]), CAST(:successors AS uuid[]))
                   AS g (id, sequence, assignment, word, holder, at, successor)),
         locked AS (SELECT id FROM entry WHERE id IN (SELECT id FROM given) ORDER BY id FOR UPDATE)
    UPDATE entry e SET assignment_sequence = g.sequence, assignment_id = g.assignment, assignment = g.word,
                       holder = g.holder, assignment_at = g.at
    FROM given g JOIN locked USING (id)
    WHERE e.id = g.id AND e.assignment_sequence < g.sequence
      AND (g.successor IS NULL OR e.assignment_id IS DISTINCT FROM g.successor)
""")

SET_REQUESTED = text("""
    WITH given AS (SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:sequences AS bigint[]),
                       CAST(:moments AS timestamptz[])) AS g (id, sequence, at)),
         locked AS (SELECT id FROM entry WHERE id IN (SELECT id FROM given) ORDER BY id FOR UPDATE)
    UPDATE entry e SET request_sequence = g.sequence, requested_at = g.at
    FROM given g JOIN locked USING (id) WHERE e.id = g.id AND e.request_sequence < g.sequence
""")

# An identified connection stays identified: a later line without a record does not take it back.
SET_ANSWERED = text("""
    WITH given AS (SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:sequences AS bigint[]), CAST(:words AS text[]),
                       CAST(:moments AS timestamptz[]), CAST(:open AS int[])) AS g (id, sequence, word, at, open)),
         locked AS (SELECT id FROM entry WHERE id IN (SELECT id FROM given) ORDER BY id FOR UPDATE)
    UPDATE entry e SET answer_sequence = g.sequence, answer = g.word, answered_at = g.at, open_lines = g.open
    FROM given g JOIN locked USING (id)
    WHERE e.id = g.id
      AND CASE WHEN coalesce(e.answer = :identified, false) = (g.word = :identified)
               THEN e.answer_sequence < g.sequence ELSE g.word = :identified END
""")


async def determined(tx: Transaction, states: Sequence[Determined]) -> None:
    """What routing determined; one state an entry, sorted by entry."""
    await tx.execute(
        SET_DETERMINED,
        {
            "ids": [state.entry for state in states],
            "sequences": [state.sequence for state in states],
            "words": [state.word for state in states],
            "branches": [state.branch for state in states],
            "countries": [state.country for state in states],
            "provinces": [state.province for state in states],
        },
    )


async def assigned(tx: Transaction, states: Sequence[Assigned]) -> None:
    """Where assignments stand; one state an entry, sorted by entry."""
    await tx.execute(
        SET_ASSIGNED,
        {
            "ids": [state.entry for state in states],
            "sequences": [state.sequence for state in states],
            "assignments": [state.assignment for state in states],
            "words": [state.word for state in states],
            "holders": [state.holder for state in states],
            "moments": [state.at for state in states],
            "successors": [state.successor for state in states],
        },
    )


async def requested(tx: Transaction, states: Sequence[Requested]) -> None:
    """Identifications that were asked for; one state an entry, sorted by entry."""
    await tx.execute(
        SET_REQUESTED,
        {
            "ids": [state.entry for state in states],
            "sequences": [state.sequence for state in states],
            "moments": [state.at for state in states],
        },
    )


async def answered(tx: Transaction, states: Sequence[Answered]) -> None:
    """Identifications that were answered; one state an entry, sorted by entry."""
    await tx.execute(
        SET_ANSWERED,
        {
            "ids": [state.entry for state in states],
            "sequences": [state.sequence for state in states],
            "words": [state.outcome for state in states],
            "moments": [state.at for state in states],
            "open": [state.open_lines for state in states],
            "identified": IDENTIFIED,
        },
    )
