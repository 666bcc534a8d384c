"""The arithmetic of the benchmarks: spreads, percentiles, ratios, goals, the JSON and the page."""

import json
from pathlib import Path
from uuid import UUID

import pytest

from interlink.benching import page
from interlink.benching.choosing import ORDER, ROWS, chosen, in_order
from interlink.benching.consumption import OTHER, split
from interlink.benching.figures import (
    Row,
    Spread,
    absent,
    as_json,
    at_least,
    at_most,
    compared,
    from_json,
    percentile,
    spread,
)
from interlink.benching.references import pgbench, psql
from interlink.benching.references.sample import Column, Table, bytes_of, fresh
from interlink.benching.rounds import side_by_side
from interlink.benching.table import number, triple
from interlink.stack.layout import StackError
from routing import queries

ROW = Row(
    row="1",
    work="accept",
    unit="files/s",
    ours=Spread(700.0, 812.3456, 900.0),
    reference=Spread(1_000.0, 1_100.0, 1_200.0),
    against="an endpoint",
    ratio=Spread(0.6, 0.74, 0.8),
    goals=[at_least("≥ 0.5×", 0.74, 0.5), at_most("p99 < 250 ms", 251.0, 250)],
    parts={"µs: accept": 300.0, "µs: broker": 45.678},
    series={"size": [(1_000.0, 900.0), (10_000.0, 950.0)], "consumers": [(1.0, 500.0), (2.0, 700.0)]},
    notes=["a note"],
)


def test_a_spread_is_least_median_and_most() -> None:
    assert spread([3.0, 1.0, 2.0]) == Spread(1.0, 2.0, 3.0)
    assert spread([1.0, 2.0]) == Spread(1.0, 1.5, 2.0)
    with pytest.raises(ValueError, match="nothing was measured"):
        spread([])


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert [percentile(values, share) for share in (0.5, 0.99, 1.0)] == [50.0, 99.0, 100.0]
    assert percentile([7.0], 0.99) == percentile([7.0], 0.0) == 7.0
    with pytest.raises(ValueError, match="nothing was measured"):
        percentile([], 0.5)


def test_each_round_is_compared_with_the_reference_before_and_after_it() -> None:
    found = compared([100.0, 300.0, 100.0], [100.0, 400.0])
    assert found.ratio == Spread(0.5, 1.25, 2.0)
    assert (found.ours, found.reference) == (Spread(100.0, 250.0, 400.0), Spread(100.0, 100.0, 300.0))
    with pytest.raises(ValueError, match="before and after"):
        compared([1.0], [1.0])


async def test_the_reference_runs_before_between_and_after() -> None:
    order: list[str] = []

    async def measure(name: str) -> float:
        order.append(name)
        return 2.0

    found = await side_by_side(2, reference=lambda: measure("reference"), ours=lambda: measure("ours"))
    assert order == ["reference", "ours", "reference", "ours", "reference"]
    assert found.ratio == Spread(1.0, 1.0, 1.0)


def test_a_row_is_met_when_every_goal_is() -> None:
    assert (ROW.met, ROW.verdict) == (False, "NOT MET")
    assert [goal.met for goal in ROW.goals] == [True, False]
    good = Row(row="1", work="", unit="", ours=ROW.ours, goals=ROW.goals[:1])
    assert (good.met, good.verdict) == (True, "met")
    nothing = absent("8", "a file", "The endpoint is absent.")
    assert (nothing.met, nothing.verdict) == (None, "–")


def test_the_json_of_a_row_has_its_promised_names_and_comes_back() -> None:
    kept = json.loads(json.dumps(as_json(ROW)))
    assert {"row", "ours", "reference", "ratio", "goal", "met"} <= set(kept)
    assert kept["ours"] == {"min": 700, "median": 812, "max": 900}
    assert kept["goal"][1] == {"words": "p99 < 250 ms", "reached": 251, "met": False}
    assert kept["parts"]["µs: broker"] == 45.7
    assert as_json(from_json(kept)) == as_json(ROW)
    assert as_json(absent("8", "a file", "why"))["ours"] is None


def test_rows_of_an_earlier_run_stay_if_they_are_of_this_machine_and_size(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    assert page.read_json(file, quick=False) == []
    page.write_json(file, [ROW], quick=False)
    assert [row.row for row in page.read_json(file, quick=False)] == ["1"]
    assert page.read_json(file, quick=True) == []
    file.write_text(file.read_text().replace("cores", "tubes"))
    assert page.read_json(file, quick=False) == []


def test_rows_are_chosen_by_name_and_shown_in_order() -> None:
    assert set(ORDER) == set(ROWS) == set(chosen(None))
    assert chosen("2, 1,7") == ["7", "1", "2"]
    assert [row.row for row in in_order([absent(name, "", "") for name in ("curve", "10", "2")])] == [
        "2",
        "10",
        "curve",
    ]
    with pytest.raises(StackError, match="no row 13"):
        chosen("1,13")


def test_figures_are_written_with_the_digits_that_mean_something() -> None:
    assert [number(value) for value in (12_345.6, 99.94, 1.239, 0.0)] == ["12,346", "99.9", "1.24", "0.00"]
    assert triple(Spread(1.0, 2.0, 3.0)) == "1.00 / 2.00 / 3.00"
    assert triple(None) == "–"


def test_cpu_is_split_by_what_each_process_does() -> None:
    before = {"intake-api": 1.0, "kafka": 2.0, "issuer": 0.0, "Postgres for routing": 5.0}
    after = {"intake-api": 2.0, "kafka": 2.5, "issuer": 0.1, "Postgres for routing": 7.0, "providers": 0.1}
    found = split(before, after, 10_000)
    assert list(found) == ["Postgres for routing", "accept (intake-api, and its relay)", "broker", OTHER]
    assert [round(value) for value in found.values()] == [200, 100, 50, 20]


def test_the_page_and_its_plots_say_the_same_in_words(tmp_path: Path) -> None:
    target = tmp_path / "performance.md"
    page.write_page([ROW, absent("8", "a file", "The endpoint is absent.")], quick=True, page=target)
    text = target.read_text()
    assert "**NOT MET**" in text
    assert "The endpoint is absent." in text
    for plot in ("ratios", "stages", "curve"):
        drawn = (tmp_path / f"performance-{plot}.svg").read_text()
        assert "<text" in drawn, "words stay words, for those who read with other means"
        assert f"](performance-{plot}.svg)" in text
    assert "accept 300 µs" in text
    assert "900 at 1,000" in text
    first = (tmp_path / "performance-curve.svg").read_bytes()
    page.write_page([ROW], quick=True, page=target)
    assert (tmp_path / "performance-curve.svg").read_bytes() == first


def test_the_rows_are_kept_as_one_json_array(tmp_path: Path) -> None:
    page.write_json(tmp_path / "bench.json", [ROW], quick=True)
    (kept,) = json.loads((tmp_path / "bench.json").read_text())
    assert kept["quick"] is True
    assert "cores" in kept["machine"]


def test_a_sample_is_inserted_under_new_names_that_belong_together() -> None:
    referral = Table("referral", [Column("id", "uuid"), Column("number", "text"), Column("tags", "text[]")], [])
    assert "$3::text[]" in referral.insert
    assert "tags::text[]" in referral.insert
    one = UUID(int=1)
    sample = [
        Table("referral", [Column("id", "uuid"), Column("number", "text")], [[one], ["IL-1"]]),
        Table("entry", [Column("referral_id", "uuid"), Column("kind", "text")], [[one, one], ["suspect", "suspect"]]),
    ]
    referrals, entries = fresh(sample, 7)
    assert referrals[1] == ["IL-1-7"]
    assert entries == [[referrals[0][0]] * 2, ["suspect", "suspect"]]
    assert referrals[0][0] != one
    assert bytes_of(sample) == {"referral.number": 4, "entry.kind": 7}


def test_what_pgbench_says_is_read() -> None:
    assert pgbench.rate("latency average = 3 ms\ntps = 1155.25 (without initial connection time)\n") == 1155.25
    assert pgbench.rate("pgbench: error") is None


def test_statements_are_written_with_their_values() -> None:
    asked = {"before": queries.NEWEST, "states": ["assigned", "it's"], "fetch": 51}
    written = psql.written(queries.PAGE_OF_ASSIGNMENTS, asked)
    assert "CAST(ARRAY['assigned', 'it''s'] AS text[])" in written
    assert "LIMIT 51;" in written
    assert f"id < '{queries.NEWEST}'" in written
