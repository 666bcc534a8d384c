"""The reference data: planted at start, read once a minute. New law is a row, not a release."""

from datetime import timedelta

from isp_liaison.application import Application, Known
from isp_liaison.domain.directory import Directory
from isp_liaison.reference.loading import read_seed
from isp_liaison.store import reference
from kit.database import Transaction

KEPT = timedelta(seconds=60)


async def plant(tx: Transaction) -> None:
    """Insert the rows of this build that are not there. Safe in several processes at once."""
    seed = read_seed()
    await reference.add(
        tx,
        providers=seed.providers,
        networks=seed.networks,
        owners=seed.owners,
        instruments=seed.instruments,
    )


async def known(app: Application, tx: Transaction) -> Known:
    """Providers and instruments, at most a minute old."""
    remembered = app.remembered.known
    if remembered is not None and tx.now() - remembered.read_at < KEPT:
        return remembered
    read = Known(
        read_at=tx.now(),
        directory=Directory.of(
            await reference.providers(tx),
            await reference.networks(tx),
            await reference.owners(tx),
            version=f"{tx.now():%Y-%m-%dT%H:%M:%SZ}",
        ),
        instruments=tuple(await reference.instruments(tx)),
    )
    app.remembered.known = read
    return read
