"""A worker's clock jumps behind, then ahead, and is right again, while it works: timers, leases and dates are off."""

from interlink.faults import sizes
from interlink.faults.ground import WORKERS, Ground

READY_SECONDS = 3.0
LASTS_SECONDS = 5.0


def strike(ground: Ground) -> bool:
    """Behind, ahead, and back. Nobody kills it meanwhile."""
    jump = ground.size.jump_seconds
    with ground.one_of(WORKERS, READY_SECONDS) as one:
        if one is None:
            return False
        file = sizes.clocks(ground.home) / one.name
        file.parent.mkdir(exist_ok=True)
        try:
            for seconds in (-jump, jump):
                written = file.with_suffix(".new")
                written.write_text(str(seconds))
                written.replace(file)
                ground.lasts(LASTS_SECONDS)
        finally:
            file.unlink(missing_ok=True)
        ground.struck(f"clock jumped by ±{jump} s")
        return True
