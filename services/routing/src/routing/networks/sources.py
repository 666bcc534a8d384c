"""The outside data a snapshot is merged from: pinned by version and sha256, fetched by package name only.

Needs `npm` and `apt-get` on the building machine and nothing of them afterwards. What is fetched is never run:
the archives are opened as archives.
"""

import hashlib
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

from kit.values import value


class SourceChanged(Exception):
    """What was fetched is not what was pinned."""


@value
class Source:
    """One pinned package. `dated` is the date of the data inside, not of the package."""

    package: str
    version: str
    file: str
    sha256: str
    dated: date
    licence: str
    credit: str


@value
class Recipe:
    """The sources of one snapshot; the snapshot is named after the date of its AS numbers."""

    networks: Source
    country: Source
    second_country: Source

    @property
    def id(self) -> str:
        """Name of the snapshot, an ISO date."""
        return self.networks.dated.isoformat()

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every source, in the order of the manifest."""
        return self.networks, self.country, self.second_country


def _networks(version: str, sha256: str, dated: date) -> Source:
    return Source(
        package="@ip-location-db/asn",
        version=version,
        file=f"ip-location-db-asn-{version}.tgz",
        sha256=sha256,
        dated=dated,
        licence="CC-BY-4.0",
        credit="RouteViews (routeviews.org), IP to ASN Lite by DB-IP (db-ip.com), NRO (nro.net)",
    )


_COUNTRY: Final = Source(
    package="tor-geoipdb",
    version="0.4.9.11-0+deb12u1",
    file="tor-geoipdb_0.4.9.11-0+deb12u1_all.deb",
    sha256="5ba963de51fa4f99dcbd6a017446c5b008ea115a04947a200bd4b0b0edf53399",
    dated=date(2026, 6, 25),
    licence="CC-BY-SA-4.0",
    credit="IPFire Location (location.ipfire.org), as packaged by the Tor Project and Debian",
)

_SECOND_COUNTRY: Final = Source(
    package="@ip-location-db/geo-whois-asn-country",
    version="2.3.2026061719",
    file="ip-location-db-geo-whois-asn-country-2.3.2026061719.tgz",
    sha256="2a3e609015884c93c2d398e777ce1d2d34cab026054c43559bff32b25669f606",
    dated=date(2026, 6, 17),
    licence="CC0-1.0",
    credit="geo-whois-asn-country by ip-location-db",
)

# Only the AS numbers exist in releases of two dates; countries of 2026 are used for both (docs/adr/0007).
RECIPES: Final = (
    Recipe(
        networks=_networks(
            "2.3.2025040218",
            "3387c089d07ccb8658a58023889ca1bcf28dabb1ca4e2f4b58f522b09d79799a",
            date(2025, 4, 2),
        ),
        country=_COUNTRY,
        second_country=_SECOND_COUNTRY,
    ),
    Recipe(
        networks=_networks(
            "2.3.2026061719",
            "b9425daf2f011c28f8586685d4f89166e77627e2c15fd93c6262c3e2dead6153",
            date(2026, 6, 17),
        ),
        country=_COUNTRY,
        second_country=_SECOND_COUNTRY,
    ),
)


def fetch(source: Source, downloads: Path) -> Path:
    """The pinned archive, downloaded unless it is there already.

    `SourceChanged` if its sha256 is not the pinned one; `CalledProcessError` if the package cannot be had.
    """
    archive = downloads / source.file
    if not archive.exists():
        if source.file.endswith(".deb"):
            _run(["apt-get", "download", f"{source.package}={source.version}"], downloads)
        else:
            _run(["npm", "pack", "--ignore-scripts", f"{source.package}@{source.version}"], downloads)
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != source.sha256:
        raise SourceChanged(f"{source.file} has sha256 {found}, pinned is {source.sha256}")
    return archive


def lines(source: Source, downloads: Path, file: str) -> Iterator[str]:
    """The lines of one text file inside a fetched archive; `file` is its path there."""
    archive = downloads / source.file
    if archive.suffix == ".deb":
        contents = downloads / archive.stem
        _run(["dpkg-deb", "--extract", archive.name, contents.name], downloads)
        with (contents / file).open(encoding="utf-8", newline="") as stream:
            yield from stream
        return
    with tarfile.open(archive) as contents:
        member = contents.extractfile(file)
        if member is None:
            raise SourceChanged(f"{source.file} has no file {file}")
        for line in member:
            yield line.decode("utf-8")


def _run(command: list[str], folder: Path) -> None:
    program = shutil.which(command[0])
    if program is None:
        raise FileNotFoundError(f"{command[0]} is needed to build network snapshots")
    subprocess.run([program, *command[1:]], cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  the arguments are constants of this module
