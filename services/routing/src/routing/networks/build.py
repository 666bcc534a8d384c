"""The committed network snapshots can be made again from their pinned sources.

    python -m routing.networks.build [--downloads FOLDER] [--into FOLDER]

Fetches what is not in the downloads folder yet, verifies it, and writes one bundle a recipe. The same sources
give the same tables; the compressed bytes may differ with another version of liblzma.
"""

import argparse
import csv
import hashlib
import json
import socket
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from kit.values import value
from routing.networks import bundle
from routing.networks.merge import TOP_V4, TOP_V6, Ranges, Table, flatten, merge, ranges, ranges_of_64
from routing.networks.snapshots import SHIPPED
from routing.networks.sources import RECIPES, Recipe, Source, fetch, lines

# Regions, dissolved countries and "unknown" are no answer to "which country"; UK is not the code of GB.
_NO_COUNTRY: Final = frozenset({"", "??", "ZZ", "EU", "AP", "AN", "CS"})
_RENAMED: Final = {"UK": "GB"}


class Networks:
    """AS numbers and their names get positions; position 0 stands for "announced by nobody"."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {0: ""}

    def add(self, asn: int, name: str) -> None:
        """A network is seen; the first name stays (the source gives each one name)."""
        self._names.setdefault(asn, name)

    def positions(self) -> dict[int, int]:
        """Position of every AS number, ascending."""
        return {asn: position for position, asn in enumerate(sorted(self._names))}

    def columns(self) -> dict[str, Sequence[int]]:
        """AS numbers, names and where each name begins."""
        asns = sorted(self._names)
        names = [self._names[asn].encode() for asn in asns]
        return {
            "asns": asns,
            "names": b"".join(names),
            "name_offsets": list(accumulate(map(len, names), initial=0)),
        }


@value
class Built:
    """Columns of a snapshot, and what the manifest says of them."""

    columns: dict[str, Sequence[int]]
    counts: dict[str, int]


def build(recipe: Recipe, downloads: Path) -> Built:
    """Merge the sources of one recipe; they are fetched already."""
    rows4 = list(_network_rows(recipe.networks, downloads, "package/asn-ipv4-num.csv"))
    rows6 = list(_network_rows(recipe.networks, downloads, "package/asn-ipv6-num.csv"))
    networks = Networks()
    for _, _, asn, name in (*rows4, *rows6):
        networks.add(asn, name)
    country4 = list(_geoip_rows(recipe.country, downloads, "usr/share/tor/geoip", socket.AF_INET))
    country6 = list(_geoip_rows(recipe.country, downloads, "usr/share/tor/geoip6", socket.AF_INET6))
    package = "package/geo-whois-asn-country"
    second4 = list(_country_rows(recipe.second_country, downloads, f"{package}-ipv4-num.csv"))
    second6 = list(_country_rows(recipe.second_country, downloads, f"{package}-ipv6-num.csv"))
    codes = ["", *sorted({code for rows in (country4, country6, second4, second6) for *_, code in rows})]
    position = {code: at for at, code in enumerate(codes)}
    of_asn = networks.positions()

    def coded(rows: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, int]]:
        return [(first, last, position[code]) for first, last, code in rows]

    asns4 = [(first, last, of_asn[asn]) for first, last, asn, _ in rows4]
    asns6 = [(first, last, of_asn[asn]) for first, last, asn, _ in rows6]
    v4 = [ranges(rows) for rows in (asns4, coded(country4), coded(second4))]
    v6 = [ranges_of_64(rows) for rows in (asns6, coded(country6), coded(second6))]
    table4 = merge([flatten(part, TOP_V4) for part in v4])
    table6 = merge([flatten(part, TOP_V6) for part in v6])
    columns = {
        **_columns("v4", table4),
        **_columns("v6", table6),
        **networks.columns(),
        "homes": homes(table4, table6, len(of_asn)).tolist(),
        "countries": [bundle.code_of(code) for code in codes],
    }
    return Built(columns=columns, counts=_counts(table4, table6, v6, len(of_asn) - 1))


def homes(table4: Table, table6: Table, networks: int) -> npt.NDArray[np.uint8]:
    """Per network, the country of most of its IPv4 addresses (IPv6 /64 if it has none), as a position."""
    found = np.zeros(networks, np.uint8)
    for table in (table6, table4):  # IPv4 last: it overrules
        network, country, _ = table.values
        sizes = np.diff(table.starts.astype(np.float64), append=float(table.starts[-1]))
        known = (network > 0) & (country > 0)
        pairs, which = np.unique(network[known].astype(np.uint64) << 8 | country[known], return_inverse=True)
        weights = np.bincount(which, weights=sizes[known])
        smallest_first = np.argsort(weights, kind="stable")
        found[(pairs[smallest_first] >> 8).astype(np.int64)] = (pairs[smallest_first] & 0xFF).astype(np.uint8)
    return found


def write(recipe: Recipe, built: Built, into: Path) -> Path:
    """Write the bundle of a recipe and return its folder."""
    folder = into / recipe.id
    folder.mkdir(parents=True, exist_ok=True)
    data = bundle.pack(built.columns)
    (folder / bundle.DATA).write_bytes(data)
    manifest = {
        "format": bundle.FORMAT,
        "id": recipe.id,
        "date": recipe.id,
        "countries_of": recipe.country.dated.isoformat(),
        "licence": "CC-BY-SA-4.0",
        "sha256": hashlib.sha256(data).hexdigest(),
        "counts": built.counts,
        "sources": [_described(source) for source in recipe.sources],
    }
    (folder / bundle.MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return folder


def main(arguments: list[str]) -> None:
    """Build every recipe."""
    parser = argparse.ArgumentParser(prog="python -m routing.networks.build", description=__doc__)
    parser.add_argument("--downloads", type=Path, help="folder that keeps the fetched packages")
    parser.add_argument("--into", type=Path, default=SHIPPED, help="folder that gets the bundles")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        downloads = (options.downloads or Path(temporary)).resolve()
        downloads.mkdir(parents=True, exist_ok=True)
        for recipe in RECIPES:
            for source in recipe.sources:
                fetch(source, downloads)
            built = build(recipe, downloads)
            folder = write(recipe, built, options.into)
            size = (folder / bundle.DATA).stat().st_size
            sys.stdout.write(f"{recipe.id}: {size} bytes, {json.dumps(built.counts)}\n")


def _network_rows(source: Source, downloads: Path, file: str) -> Iterator[tuple[int, int, int, str]]:
    for first, last, asn, name in csv.reader(lines(source, downloads, file)):
        yield int(first), int(last), int(asn), name


def _country_rows(source: Source, downloads: Path, file: str) -> Iterator[tuple[int, int, str]]:
    for first, last, code in csv.reader(lines(source, downloads, file)):
        if code not in _NO_COUNTRY:
            yield int(first), int(last), _RENAMED.get(code, code)


def _geoip_rows(
    source: Source, downloads: Path, file: str, family: socket.AddressFamily
) -> Iterator[tuple[int, int, str]]:
    for line in lines(source, downloads, file):
        if line.startswith("#"):
            continue
        first, last, code = line.strip().split(",")
        if code not in _NO_COUNTRY:
            yield _number(first, family), _number(last, family), _RENAMED.get(code, code)


def _number(text: str, family: socket.AddressFamily) -> int:
    if family == socket.AF_INET:
        return int(text)  # the file of IPv4 ranges is written in numbers, that of IPv6 in text
    return int.from_bytes(socket.inet_pton(family, text), "big")


def _columns(family: str, table: Table) -> dict[str, Sequence[int]]:
    network, country, second_country = table.values
    return {
        f"{family}_starts": table.starts.tolist(),
        f"{family}_network": network.tolist(),
        f"{family}_country": country.tolist(),
        f"{family}_second_country": second_country.tolist(),
    }


def _counts(table4: Table, table6: Table, sources6: list[Ranges], networks: int) -> dict[str, int]:
    return {
        "v4_rows": len(table4.starts),
        "v6_rows": len(table6.starts),
        "networks": networks,
        "v6_ranges_below_64_left_out": sum(source.left_out for source in sources6),
    }


def _described(source: Source) -> dict[str, str]:
    return {
        "package": source.package,
        "version": source.version,
        "date": source.dated.isoformat(),
        "sha256": source.sha256,
        "licence": source.licence,
        "credit": source.credit,
    }


if __name__ == "__main__":
    main(sys.argv[1:])
