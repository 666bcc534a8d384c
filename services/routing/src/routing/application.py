"""What every route, handler and job of routing reaches: the directory, the snapshots, the database, the keyring."""

from kit.database import Database
from kit.keyring import Keyring
from kit.time import Clock
from kit.values import value
from routing.directory.loading import Loaded
from routing.networks.snapshots import Snapshots


@value
class Application:
    """One process's routing. The directory and the snapshots are immutable; a new version is a new process."""

    clock: Clock
    database: Database
    keyring: Keyring
    index_key: bytes
    listed: Loaded
    snapshots: Snapshots
