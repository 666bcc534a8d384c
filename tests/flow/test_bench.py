"""`interlink bench` measures a running stack, beside its references, and keeps what it found."""

import json
from pathlib import Path

from flow.test_operator import interlink
from suite.running import Suite


async def test_a_quick_row_is_measured_beside_its_reference(suite: Suite, tmp_path: Path) -> None:
    await suite.ready()
    file = tmp_path / "bench.json"
    said = await interlink(suite, "bench", "--quick", "--only", "4", "--json", str(file))
    assert "drain an outbox" in said.out
    (row,) = json.loads(file.read_text())
    assert row["row"] == "4"
    assert 0 < row["ours"]["min"] <= row["ours"]["median"] <= row["ours"]["max"]
    assert row["reference"]["median"] > 0
    assert row["ratio"]["median"] > 0
    assert row["met"] in (True, False)


async def test_a_row_that_does_not_exist_is_refused_in_words(suite: Suite) -> None:
    said = await interlink(suite, "bench", "--only", "99", expected=1)
    assert "There is no row 99" in said.errors
