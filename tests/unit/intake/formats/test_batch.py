"""A body becomes lines wherever its pieces end, and lines become entries wherever the steps end."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.domain.referral import Entry
from intake.formats.batch import LONGEST_LINE, Batch, Lines
from intake.formats.posted import Posted
from kit.errors import Rejected

FILE = b"""{"reference": "R-1"}
{"suspect": {"reference": "a", "captures": [{"ip": "24.48.0.1", "time": "2026-11-03T21:14:05Z"}]}}

{"victim": {"reference": "b"}}\r
nonsense
{"suspect": {"reference": "c"}}"""


def posted() -> Posted:
    return Posted(
        body=b"",
        media_type="application/x-ndjson",
        charset=None,
        received_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
    )


def cut(body: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(places), len(body)]
    return [body[start:end] for start, end in pairwise(edges)]


def read(parts: list[list[bytes]]) -> tuple[list[str], bytes, list[str]]:
    """References, canonical content and codes of the file."""
    batch = Batch(posted())
    references: list[str] = []
    for lines in parts:
        part = batch.read(lines)
        accepted: list[Entry] = part.accept([entry for _, entry in part.entries])
        batch.count(part, accepted)
        references += [entry.reference for entry in accepted]
    whole = batch.submission(bytes(32))
    assert whole.accepted_entries == len(references)
    return references, whole.content, sorted(verdict.code for verdict in whole.verdicts)


@given(st.lists(st.integers(0, len(FILE)), max_size=30))
def test_lines_do_not_depend_on_where_pieces_end(places: list[int]) -> None:
    lines = Lines()
    found = [line for piece in cut(FILE, places) for line in lines.feed(piece)] + lines.end()
    assert b"".join(found) == FILE
    assert found == FILE.splitlines(keepends=True)


@given(st.lists(st.integers(0, 6), max_size=6))
def test_what_is_read_does_not_depend_on_where_steps_end(places: list[int]) -> None:
    lines = FILE.splitlines(keepends=True)
    edges = [0, *sorted(places), len(lines)]
    steps = [lines[start:end] for start, end in pairwise(edges)]
    assert read(steps) == read([lines])
    assert read(steps)[0] == ["a", "b", "c"]


def test_lines_in_another_order_are_another_content() -> None:
    first, *rest = FILE.replace(b"nonsense\n", b"").splitlines()
    assert read([[first, *rest]])[1] != read([[first, *reversed(rest)]])[1]


def test_a_line_that_is_too_long_is_refused_before_it_is_whole_and_says_which() -> None:
    lines = Lines()
    lines.feed(b"{}\n{}\n" + bytes(LONGEST_LINE))
    with pytest.raises(Rejected) as refused:
        lines.feed(b"0")
    [problem] = refused.value.errors
    assert (refused.value.code, problem.pointer) == ("body.line_too_long", "/2")


def test_a_line_as_long_as_may_be_is_taken() -> None:
    assert len(Lines().feed(bytes(LONGEST_LINE) + b"\n")) == 1
