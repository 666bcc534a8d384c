"""Every fault by its name, and the lanes in which they come: a new one is a function here and nothing more."""

from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import TypeAlias

from interlink.faults.acts import clock, database, freeze, kill, members, outside, points, servers
from interlink.faults.ground import Ground
from interlink.faults.sizes import Size

Act: TypeAlias = Callable[[Ground], bool]
"""Does one fault, lets it last, undoes it, and notes it with `Ground.struck`. Everything it may fail with is noted.
False where there was nobody to do it to."""

KILLS = "kills"
RESTORE = "restore"


def points_of_code() -> dict[str, Act]:
    """One kill at each named point."""
    return {point: partial(points.strike, point=point) for point in points.POINTS}


def surroundings(size: Size) -> dict[str, Act]:
    """What happens to everything around the processes."""
    brokers: dict[str, Act] = {
        f"broker-{seconds:.0f}": partial(servers.broker, seconds=seconds) for seconds in size.broker_seconds
    }
    return brokers | {
        "postgres": servers.postgres,
        "freeze": freeze.strike,
        "pool": database.pool,
        "members": members.strike,
    }


def circumstances() -> dict[str, Act]:
    """What ends nobody, and everything else happens meanwhile."""
    return {
        "snapshot": database.snapshot,
        "clock": clock.strike,
        "slow": outside.slow,
        "failing": outside.failing,
    }


def losses() -> dict[str, Act]:
    """What is lost for good, and made again: in the long size, or where it is asked for."""
    return {RESTORE: servers.restore}


def everything(size: Size) -> dict[str, Act]:
    """All faults by the name that `--only` takes."""
    return {KILLS: kill.once} | points_of_code() | surroundings(size) | circumstances() | losses()


def loses(size: Size, only: Sequence[str]) -> bool:
    """Whether a run has one in which the database is lost."""
    return RESTORE in only if only else size.losses


def lanes(size: Size, random: Random) -> list[Sequence[Act]]:
    """What runs side by side beside the random kills; in each lane one fault at a time, in an order by chance."""
    around, points = list(surroundings(size).values()), list(points_of_code().values())
    around += losses().values() if size.losses else ()
    for acts in (around, points):
        random.shuffle(acts)
    return [around, points[::2], points[1::2], list(circumstances().values())]
