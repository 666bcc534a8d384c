"""The two servers away: the broker for a while, Postgres by a crash, or with all its data. Their supervisor helps."""

from interlink.faults.ground import Ground
from interlink.stack.layout import only_one
from interlink.stack.postgres import Postgres, StopMode
from interlink.stack.servers import Broker

BACK_SECONDS = 90.0


def broker(ground: Ground, seconds: float) -> bool:
    """No broker for so long: whoever wants to start it waits for its lock."""
    server = Broker(home=ground.home)
    with only_one(ground.lock_of(ground.home.kafka)):
        server.stop()
        ground.lasts(seconds)
    back = ground.wait_for(lambda: server.pid is not None, BACK_SECONDS)
    ground.struck(f"broker stopped {seconds:.0f} s", fault="" if back else "the broker was not started again")
    return True


def postgres(ground: Ground) -> bool:
    """Postgres ends as in a crash (immediate mode) and recovers from its log."""
    running = Postgres.running(ground.home.postgres)
    if running is None:
        return False
    running.stop(StopMode.IMMEDIATE)
    back = ground.wait_for(lambda: Postgres.running(ground.home.postgres) is not None, BACK_SECONDS)
    ground.struck("Postgres restarted (immediate)", fault="" if back else "Postgres was not started again")
    return True


def restore(ground: Ground) -> bool:
    """The database is lost and comes from its base backup and its log, up to its last commit."""
    if ground.archive is None:
        return False
    ground.archive.lose_and_restore()
    ground.struck("database lost and restored")
    return True
