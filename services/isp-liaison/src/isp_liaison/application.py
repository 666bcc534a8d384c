"""What every route, handler and job of liaison reaches: the database, the keyring, what is known, the channels."""

import ssl
from dataclasses import dataclass, field
from datetime import datetime

from standardwebhooks import Webhook

from isp_liaison.channels.http import Channels, channels_of
from isp_liaison.domain.directory import Directory
from isp_liaison.domain.instruments import Instrument
from isp_liaison.settings import Settings
from kit.database import Database
from kit.keyring import Keyring
from kit.service import Runtime
from kit.settings import key_bytes
from kit.time import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The reference data as it was read at `read_at`."""

    read_at: datetime
    directory: Directory
    instruments: tuple[Instrument, ...]


@dataclass(slots=True)
class Remembered:
    """What this process knows of the reference data; a minute old at most."""

    known: Known | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One process's liaison."""

    clock: Clock
    database: Database
    keyring: Keyring
    index_key: bytes
    channels: Channels
    remembered: Remembered = field(default_factory=Remembered)


def build(runtime: Runtime[Settings]) -> Application:
    """Liaison's application object."""
    settings = runtime.settings
    return Application(
        clock=runtime.clock,
        database=runtime.database,
        keyring=runtime.keyring,
        index_key=key_bytes(settings.index_key, "INTERLINK_INDEX_KEY"),
        channels=_channels(settings),
    )


def _channels(settings: Settings) -> Channels:
    """Private hosts are called only where the operator allows it (`INTERLINK_ALLOWED_HOSTS`)."""
    secrets = channels_of(settings.channel_secrets.get_secret_value())
    for secret in secrets.values():
        Webhook(secret)  # else an unreadable one would be found out only by the first request
    allowed = {host.strip() for host in settings.allowed_hosts.split(",") if host.strip()}
    return Channels(
        urls=channels_of(settings.channels),
        sandbox_urls=channels_of(settings.sandbox_channels),
        secrets=secrets,
        allowed=frozenset(allowed),
        seconds=settings.channel_seconds,
        tls=ssl.create_default_context(),
    )
