"""One dated snapshot answers which network held a public IP address, at the speed of a sorted table.

The bundle is unpacked once into a cache folder, a file a column, that every process maps: several processes
starting at once are safe (each unpacks aside, the first rename wins), and the memory is shared and small.
They are read with the standard library alone: numpy would weigh more than it saves (ADR 7).

Not promised: anything about addresses that are not public. Class them first (`kit.ip_addresses`).
"""

import os
import shutil
import tempfile
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import date
from mmap import ACCESS_READ, mmap
from pathlib import Path

from kit.values import value
from routing.domain.attribution import Network
from routing.networks import bundle


@value
class Table:
    """Rows of one family; the columns are those of `bundle.LAYOUT`."""

    starts: Sequence[int]
    network: Sequence[int]
    country: Sequence[int]
    second_country: Sequence[int]


class Snapshot:
    """Which network, organisation and countries an IP address had on one date. Immutable, shared by threads."""

    def __init__(self, id: str, taken_on: date, columns: bundle.Columns) -> None:
        self.id = id
        self.taken_on = taken_on
        self.v4 = _table("v4", columns)
        self.v6 = _table("v6", columns)
        self.asns = columns["asns"]
        self.countries = [bundle.country_of(code) for code in columns["countries"]]
        self._homes = columns["homes"]
        self._names = columns["names"]
        self._name_offsets = columns["name_offsets"]

    @classmethod
    def load(cls, folder: Path, cache: Path) -> "Snapshot":
        """Map the bundle in `folder`, unpacked into `cache` if no process did it yet.

        `UnusableBundle` if it is damaged.
        """
        manifest = bundle.manifest_of(folder)
        unpacked = _unpacked(folder, str(manifest["sha256"]), cache / f"{manifest['id']}-{manifest['sha256']}-columns")
        columns = {name: _mapped(unpacked / name, code) for name, code in bundle.LAYOUT.items()}
        return cls(str(manifest["id"]), date.fromisoformat(manifest["date"]), columns)

    def lookup(self, packed: bytes) -> Network:
        """The answer for one public IP address, given as its 4 or 16 bytes."""
        table = self.v4 if len(packed) == 4 else self.v6
        row = bisect_right(table.starts, int.from_bytes(packed[:8], "big")) - 1
        network = table.network[row]
        return Network(
            asn=self.asns[network] if network else None,
            organisation=self.organisation(network),
            country=self.countries[table.country[row]],
            second_country=self.countries[table.second_country[row]],
            home_country=self.countries[self._homes[network]],
        )

    def organisation(self, network: int) -> str | None:
        """Name of the network at a position of `asns`; None where the source has none."""
        begin, end = self._name_offsets[network], self._name_offsets[network + 1]
        return bytes(self._names[begin:end]).decode() or None

    def position_of(self, asn: int) -> int | None:
        """Position of an AS number in `asns`; None if it announced nothing in this snapshot."""
        position = bisect_left(self.asns, asn)
        return position if position < len(self.asns) and self.asns[position] == asn else None


def _table(family: str, columns: bundle.Columns) -> Table:
    return Table(
        starts=columns[f"{family}_starts"],
        network=columns[f"{family}_network"],
        country=columns[f"{family}_country"],
        second_country=columns[f"{family}_second_country"],
    )


def _mapped(file: Path, code: bundle.Code) -> Sequence[int]:
    with file.open("rb") as opened:
        return memoryview(mmap(opened.fileno(), 0, access=ACCESS_READ)).cast(code)


def _unpacked(folder: Path, sha256: str, target: Path) -> Path:
    if target.is_dir():
        return target
    columns = bundle.unpack(bundle.data_of(folder, sha256))
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name[:10]}-", dir=target.parent))
    for name, column in columns.items():
        with (aside / name).open("wb") as file:
            column.tofile(file)
            file.flush()
            os.fsync(file.fileno())  # a rename that survives a power cut must not name empty files
    try:
        aside.rename(target)
    except OSError:
        shutil.rmtree(aside)
        if not target.is_dir():  # not another process's rename: a full or read-only disk
            raise
    return target
