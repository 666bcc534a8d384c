"""What every route, handler and job of notifications reaches."""

from collections.abc import Callable
from dataclasses import dataclass

from kit.database import Database
from kit.time import Clock
from notifications.channels.webhook import Webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One process's notifications. `jitter` gives a factor around 1 for each wait of a schedule."""

    clock: Clock
    database: Database
    webhooks: Webhooks
    public_url: str
    jitter: Callable[[], float]
