"""How far a service is behind is told from where it stands in its own database."""

from contracts.access import Declaration
from contracts.events.jurisdictions import AssignmentCreated
from interlink.observing.broker import Extent
from interlink.observing.report import LagReport, lags

INTAKE = Declaration(name="intake", reads=frozenset({AssignmentCreated}))
TOPIC = "interlink.jurisdictions"
REPLAYS = "interlink.jurisdictions.replay.interlink.intake"


def test_lag_is_the_distance_from_the_position_to_the_end() -> None:
    ends = {(TOPIC, 0): Extent(0, 10), (TOPIC, 1): Extent(0, 7)}
    assert lags(INTAKE, ends, {(TOPIC, 0): 4, (TOPIC, 1): 7}) == [
        LagReport(topic=TOPIC, service="intake", lag=6),
        LagReport(topic=REPLAYS, service="intake", lag=0),
    ]


def test_a_partition_never_read_counts_from_its_beginning() -> None:
    # Records below the first offset have expired: nobody can be behind on them.
    assert lags(INTAKE, {(TOPIC, 0): Extent(100, 130)}, {})[0].lag == 30


def test_a_position_past_the_end_is_no_lag() -> None:
    # The topic was made anew, the database is older.
    assert lags(INTAKE, {(TOPIC, 0): Extent(0, 5)}, {(TOPIC, 0): 50})[0].lag == 0


def test_replays_are_told_apart() -> None:
    assert lags(INTAKE, {(REPLAYS, 3): Extent(0, 2)}, {})[1] == LagReport(topic=REPLAYS, service="intake", lag=2)
