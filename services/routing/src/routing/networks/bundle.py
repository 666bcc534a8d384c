"""A bundle is one snapshot as a folder: `networks.xz`, small enough for a repository, and its manifest.

Inside the xz stream: a line naming the format, a line of JSON with the length of every array, then the arrays,
little-endian. Sorted arrays are written as differences, all arrays as byte planes (first all lowest bytes, then
all second ones …), so that alike bytes stand together.
"""

import hashlib
import json
import lzma
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

FORMAT: Final = 1
DATA: Final = "networks.xz"
MANIFEST: Final = "manifest.json"

_MAGIC: Final = b"interlink-networks 1\n"

Arrays = Mapping[str, npt.NDArray[Any]]

LAYOUT: Final[Mapping[str, str]] = {
    "v4_starts": "<u4",
    "v4_network": "<u4",
    "v4_country": "u1",
    "v4_second_country": "u1",
    "v6_starts": "<u8",
    "v6_network": "<u4",
    "v6_country": "u1",
    "v6_second_country": "u1",
    "asns": "<u4",
    "homes": "u1",
    "names": "u1",
    "name_offsets": "<u4",
    "countries": "S2",
}
"""Every array of a snapshot. Values of `*_network` are positions in `asns`, `homes` and `name_offsets`; those
of `*_country` and `homes` are positions in `countries`; position 0 stands for "unknown". `names` is UTF-8."""

_SORTED: Final = frozenset({"v4_starts", "v6_starts", "asns", "name_offsets"})


class UnusableBundle(ValueError):
    """A bundle that is damaged, of another format, or fails a check; nothing of it is used."""


def pack(arrays: Arrays) -> bytes:
    """The compressed bytes of a snapshot."""
    plain = {name: np.ascontiguousarray(arrays[name], dtype=kind) for name, kind in LAYOUT.items()}
    header = json.dumps({name: len(plain[name]) for name in LAYOUT}).encode() + b"\n"
    planes = b"".join(_planes(_differences(plain[name]) if name in _SORTED else plain[name]) for name in LAYOUT)
    # lc=0, pb=0: the neighbours of a byte are of its own plane, its position in a word means nothing.
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 0, "lp": 0, "pb": 0}]
    return lzma.compress(_MAGIC + header + planes, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC64, filters=filters)


def unpack(data: bytes) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a snapshot. `UnusableBundle` if the bytes are not of this format."""
    try:
        plain = lzma.decompress(data, format=lzma.FORMAT_XZ)
    except lzma.LZMAError as error:
        raise UnusableBundle(f"not an xz stream: {error}") from error
    if not plain.startswith(_MAGIC):
        raise UnusableBundle("not a bundle of format 1")
    header, _, planes = plain[len(_MAGIC) :].partition(b"\n")
    lengths: dict[str, int] = json.loads(header)
    arrays: dict[str, npt.NDArray[Any]] = {}
    offset = 0
    for name, kind in LAYOUT.items():
        dtype = np.dtype(kind)
        size = lengths[name] * dtype.itemsize
        stored = _rows(planes[offset : offset + size], dtype, lengths[name])
        arrays[name] = np.cumsum(stored, dtype=dtype) if name in _SORTED else stored
        offset += size
    if offset != len(planes):
        raise UnusableBundle("lengths and content differ")
    return arrays


def manifest_of(folder: Path) -> dict[str, Any]:
    """The manifest of a bundle, as written. `UnusableBundle` if there is none that can be read."""
    try:
        found = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError) as error:
        raise UnusableBundle(f"{folder.name}: no readable {MANIFEST}: {error}") from error
    if found.get("format") != FORMAT:
        raise UnusableBundle(f"{folder.name}: format {found.get('format')}, this version reads {FORMAT}")
    return found


def data_of(folder: Path, sha256: str) -> bytes:
    """The compressed data of a bundle. `UnusableBundle` if it is not the data its manifest describes."""
    data = (folder / DATA).read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise UnusableBundle(f"{folder.name}: {DATA} does not have the sha256 of its manifest")
    return data


def _differences(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.diff(column, prepend=column.dtype.type(0)).astype(column.dtype)


def _planes(column: npt.NDArray[Any]) -> bytes:
    return column.view(np.uint8).reshape(len(column), column.dtype.itemsize).T.tobytes()


def _rows(planes: bytes, dtype: np.dtype[Any], length: int) -> npt.NDArray[Any]:
    stored = np.frombuffer(planes, np.uint8)
    if len(stored) != length * dtype.itemsize:
        raise UnusableBundle("the content ends early")
    return np.ascontiguousarray(stored.reshape(dtype.itemsize, length).T).reshape(-1).view(dtype)
