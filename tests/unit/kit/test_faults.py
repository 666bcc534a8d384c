"""A clock that a test moves while the process runs; nothing is off where nobody says so."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from kit.faults import JumpingClock
from kit.time import SettableClock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_clock_is_right_until_it_is_told_to_be_off_and_after_it(tmp_path: Path) -> None:
    file = tmp_path / "routing-worker"
    clock = JumpingClock(SettableClock(NOON), file)
    assert clock.now() == NOON
    file.write_text("90")
    assert clock.now() == NOON + timedelta(seconds=90)
    file.write_text("-90")
    assert clock.now() == NOON - timedelta(seconds=90)
    file.unlink()
    assert clock.now() == NOON
