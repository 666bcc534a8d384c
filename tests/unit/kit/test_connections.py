"""SQL with names, in the form the driver takes."""

import pytest
from sqlalchemy import text

from kit.connections import positional, touched, values


def test_a_name_that_stands_twice_is_one_parameter() -> None:
    sql, names = positional(text("SELECT :now, CAST(:ids AS uuid[]) WHERE due_at <= :now"))
    assert sql == "SELECT $1, CAST($2 AS uuid[]) WHERE due_at <= $1"
    assert values(names, {"ids": [1], "now": 2, "unused": 3}) == [2, [1]]


def test_a_statement_without_parameters_has_none() -> None:
    sql, names = positional(text("SELECT 1"))
    assert (sql, values(names, None)) == ("SELECT 1", [])


def test_a_parameter_that_is_missing_is_named() -> None:
    with pytest.raises(KeyError, match="now"):
        values(["now"], {"ids": []})


@pytest.mark.parametrize(("status", "rows"), [("INSERT 0 5", 5), ("UPDATE 12", 12), ("DELETE 0", 0), ("SET", 0)])
def test_the_tag_of_a_statement_says_how_many_rows_it_touched(status: str, rows: int) -> None:
    assert touched(status) == rows
