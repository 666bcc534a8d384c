"""Events may come late, twice and in any order."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.domain.progress import (
    Answered,
    Assigned,
    Determined,
    Identification,
    Requested,
    Told,
    identification,
    newest,
    ongoing,
    telling,
    told,
)

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def state(
    entry: int, sequence: int, assignment: int = 1, word: str = "assigned", successor: int | None = None
) -> Assigned:
    return Assigned(
        entry=UUID(int=entry),
        sequence=sequence,
        assignment=UUID(int=assignment),
        word=word,
        holder="opp",
        at=AT,
        successor=None if successor is None else UUID(int=successor),
    )


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 9)), unique=True).flatmap(st.permutations))
def test_the_newest_of_each_entry_is_kept(numbered: list[tuple[int, int]]) -> None:
    kept = newest([state(entry, sequence) for entry, sequence in numbered])
    highest = {entry: max(number for one, number in numbered if one == entry) for entry, _ in numbered}
    assert sorted((one.entry.int, one.sequence) for one in kept) == sorted(highest.items())


def test_a_batch_tells_at_most_one_state_of_each_facet() -> None:
    def determined(sequence: int) -> Determined:
        return Determined(
            entry=UUID(int=1), sequence=sequence, word="undetermined", branch=None, country=None, province=None
        )

    asked = Requested(entry=UUID(int=1), sequence=7, at=AT)
    batch = [state(1, 2), determined(1), asked, determined(3), state(1, 4, word="accepted"), answer("no_record", 8)]
    assert told(batch) == Told(
        determined=[determined(3)],
        assigned=[state(1, 4, word="accepted")],
        requested=[asked],
        answered=[answer("no_record", 8)],
    )


def test_an_end_whose_successor_is_told_beside_it_is_over() -> None:
    begun, ended = state(1, 2, assignment=2), state(1, 3, assignment=1, word="declined", successor=2)
    assert ongoing([begun, ended]) == [begun]
    assert ongoing([ended]) == [ended]


def answer(outcome: str, sequence: int = 1, open_lines: int | None = 0) -> Answered:
    return Answered(entry=UUID(int=1), sequence=sequence, outcome=outcome, at=AT, open_lines=open_lines)


def test_of_a_batch_an_identified_connection_tells_more_than_what_came_after_it() -> None:
    identified, later = answer("subscriber_identified", 1), answer("no_record", 2)
    assert telling([identified, later]) == [identified]
    assert telling([later, answer("refused", 3)]) == [answer("refused", 3)]


@pytest.mark.parametrize(
    ("requested_at", "told", "expected"),
    [
        (None, None, None),
        (AT, None, Identification.IDENTIFYING),
        (AT, answer("subscriber_identified", open_lines=3), Identification.IDENTIFIED),
        (AT, answer("redirect", open_lines=1), Identification.IDENTIFYING),
        (AT, answer("no_record"), Identification.NOT_IDENTIFIED),
        (AT, answer("no_record", open_lines=None), Identification.NOT_IDENTIFIED),  # told by an older writer
        (None, answer("no_record"), Identification.NOT_IDENTIFIED),  # the request's event comes late
        (AT + timedelta(hours=1), answer("no_record"), Identification.IDENTIFYING),  # a later version asks again
    ],
)
def test_identification_has_failed_only_when_nobody_waits_any_more(
    requested_at: datetime | None, told: Answered | None, expected: Identification | None
) -> None:
    assert identification(requested_at=requested_at, answer=told) is expected
