"""`python -m sandbox morning` writes a morning for people to look at."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from sandbox.__main__ import main
from sandbox.generator.command import app


def test_the_command_writes_the_file_the_reports_and_what_is_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERLINK_HOME", str(tmp_path / "home"))
    out = tmp_path / "morning"
    arguments = ["--seed", "7", "--suspects", "12", "--now", "2026-11-22T08:00:00Z", "--out", str(out)]
    told = CliRunner().invoke(app, arguments)
    assert told.exit_code == 0, told.output
    names = sorted(path.name for path in out.iterdir())
    assert names[-2:] == ["NL-20261122080000-7.json", "expected.json"]
    assert len(names) == 14
    assert len(orjson.loads((out / "NL-20261122080000-7.json").read_bytes())["suspects"]) == 12
    assert len(orjson.loads((out / "expected.json").read_bytes())["NL-20261122080000-7"]) == 16


def test_a_time_that_is_none_is_refused(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["--now", "03/04/2026", "--out", str(tmp_path)])
    assert told.exit_code == 2


def test_an_unknown_command_says_which_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["sandbox", "evening"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 64
    assert "issuer,morning" in capsys.readouterr().err
