"""One dated snapshot answers which network held a public IP address, at the speed of a sorted table.

The bundle is unpacked once into a cache folder of `.npy` files that every process maps: several processes
starting at once are safe (each unpacks aside, the first rename wins), and the memory is shared and small.

Not promised: anything about addresses that are not public. Class them first (`kit.ip_addresses`).
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from kit.values import value
from routing.domain.attribution import Network
from routing.networks import bundle

_NOWHERE: Final = Network(asn=None, organisation=None, country=None, second_country=None)


@value
class Table:
    """Rows of one family; the columns are those of `bundle.LAYOUT`."""

    starts: npt.NDArray[Any]
    network: npt.NDArray[np.uint32]
    country: npt.NDArray[np.uint8]
    second_country: npt.NDArray[np.uint8]


class Snapshot:
    """Which network, organisation and countries an IP address had on one date. Immutable, shared by threads."""

    def __init__(self, id: str, taken_on: date, arrays: bundle.Arrays) -> None:
        self.id = id
        self.taken_on = taken_on
        self.v4 = _table("v4", arrays)
        self.v6 = _table("v6", arrays)
        self.asns = arrays["asns"]
        self.countries: list[str | None] = [code.decode() or None for code in arrays["countries"].tolist()]
        self._homes = arrays["homes"]
        self._names = arrays["names"]
        self._name_offsets = arrays["name_offsets"]

    @classmethod
    def load(cls, folder: Path, cache: Path) -> "Snapshot":
        """Map the bundle in `folder`, unpacked into `cache` if no process did it yet.

        `UnusableBundle` if it is damaged.
        """
        manifest = bundle.manifest_of(folder)
        unpacked = _unpacked(folder, str(manifest["sha256"]), cache / f"{manifest['id']}-{manifest['sha256']}")
        # A plain view: the memmap class costs a microsecond at every access and maps nothing better.
        arrays = {name: np.load(unpacked / f"{name}.npy", mmap_mode="r").view(np.ndarray) for name in bundle.LAYOUT}
        return cls(str(manifest["id"]), date.fromisoformat(manifest["date"]), arrays)

    def lookup(self, packed: bytes) -> Network:
        """The answer for one public IP address, given as its 4 or 16 bytes."""
        return self.lookup_many([packed])[0]

    def lookup_many(self, addresses: Sequence[bytes]) -> list[Network]:
        """The answers for many public IP addresses, given as their 4 or 16 bytes, in their order."""
        answers = [_NOWHERE] * len(addresses)
        v4 = [position for position, packed in enumerate(addresses) if len(packed) == 4]
        v6 = [position for position, packed in enumerate(addresses) if len(packed) == 16]
        if v4:
            keys = np.frombuffer(b"".join(addresses[position] for position in v4), ">u4").astype(np.uint32)
            self._answer(self.v4, keys, v4, answers)
        if v6:
            upper = b"".join(addresses[position][:8] for position in v6)
            self._answer(self.v6, np.frombuffer(upper, ">u8").astype(np.uint64), v6, answers)
        return answers

    def organisation(self, network: int) -> str | None:
        """Name of the network at a position of `asns`; None where the source has none."""
        begin, end = self._name_offsets[network : network + 2].tolist()
        return self._names[begin:end].tobytes().decode() or None

    def position_of(self, asn: int) -> int | None:
        """Position of an AS number in `asns`; None if it announced nothing in this snapshot."""
        position = int(np.searchsorted(self.asns, np.uint32(asn)))
        return position if position < len(self.asns) and self.asns[position] == asn else None

    def _answer(self, table: Table, keys: npt.NDArray[Any], positions: Iterable[int], answers: list[Network]) -> None:
        rows = np.searchsorted(table.starts, keys, side="right") - 1
        codes = zip(
            table.network[rows].tolist(),
            table.country[rows].tolist(),
            table.second_country[rows].tolist(),
            strict=True,
        )
        seen: dict[tuple[int, int, int], Network] = {}
        for position, code in zip(positions, codes, strict=True):
            found = seen.get(code)
            if found is None:
                found = seen[code] = self._network(*code)
            answers[position] = found

    def _network(self, network: int, country: int, second_country: int) -> Network:
        return Network(
            asn=int(self.asns[network]) if network else None,
            organisation=self.organisation(network),
            country=self.countries[country],
            second_country=self.countries[second_country],
            home_country=self.countries[int(self._homes[network])],
        )


def _table(family: str, arrays: bundle.Arrays) -> Table:
    return Table(
        starts=arrays[f"{family}_starts"],
        network=arrays[f"{family}_network"],
        country=arrays[f"{family}_country"],
        second_country=arrays[f"{family}_second_country"],
    )


def _unpacked(folder: Path, sha256: str, target: Path) -> Path:
    if target.is_dir():
        return target
    arrays = bundle.unpack(bundle.data_of(folder, sha256))
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name[:10]}-", dir=target.parent))
    for name, array in arrays.items():
        with (aside / f"{name}.npy").open("wb") as file:
            np.save(file, array)
            file.flush()
            os.fsync(file.fileno())  # a rename that survives a power cut must not name empty files
    try:
        aside.rename(target)
    except OSError:
        shutil.rmtree(aside)
        if not target.is_dir():  # not another process's rename: a full or read-only disk
            raise
    return target
