"""Events may come late, twice and in any order."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from intake.domain.progress import Assigned, newest, ongoing

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
def test_the_newest_of_each_entry_is_kept_in_the_order_of_locks(told: list[tuple[int, int]]) -> None:
    kept = newest([state(entry, sequence) for entry, sequence in told])
    highest = {entry: max(number for one, number in told if one == entry) for entry, _ in told}
    assert [(one.entry.int, one.sequence) for one in kept] == sorted(highest.items())


def test_an_end_whose_successor_is_told_beside_it_is_over() -> None:
    begun, ended = state(1, 2, assignment=2), state(1, 3, assignment=1, word="declined", successor=2)
    assert ongoing([begun, ended]) == [begun]
    assert ongoing([ended]) == [ended]
