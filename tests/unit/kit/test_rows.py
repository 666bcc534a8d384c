"""Batches as arrays: what all rows share is sent once, and only if they do share it."""

from dataclasses import dataclass

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from kit.rows import arrays, arrays_of, inserting

THING = Table(
    "thing",
    MetaData(),
    Column("id", Integer(), primary_key=True),
    Column("state", Text()),
    Column("detail", JSONB()),
)


@dataclass
class Thing:
    id: int
    state: str
    detail: dict[str, int] | None


THINGS = [Thing(1, "open", {"a": 1}), Thing(2, "open", None)]


def test_a_column_is_a_list_and_json_is_text() -> None:
    assert arrays_of(THING, THINGS) == {"id": [1, 2], "state": ["open", "open"], "detail": ['{"a":1}', None]}
    assert arrays(THING, [vars(one) for one in THINGS]) == arrays_of(THING, THINGS)


def test_what_all_rows_have_is_sent_once() -> None:
    assert arrays_of(THING, THINGS, once=["state"]) == {"id": [1, 2], "state": "open", "detail": ['{"a":1}', None]}
    assert " ".join(str(inserting(THING, once=["state"])).split()) == (
        "INSERT INTO thing (id, state, detail) SELECT r.id, CAST(:state AS TEXT), CAST(r.detail AS jsonb) "
        "FROM unnest(CAST(:id AS INTEGER[]), CAST(:detail AS text[])) AS r (id, detail) ORDER BY r.id"
    )


def test_rows_that_differ_in_what_is_sent_once_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in detail"):
        arrays_of(THING, THINGS, once=["detail"])
