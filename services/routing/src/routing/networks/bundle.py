"""A bundle is one snapshot as a folder: `networks.xz`, small enough for a repository, and its manifest.

Inside the xz stream: a line naming the format, a line of JSON with the length of every column, then the columns,
little-endian. Sorted columns are written as differences, all as byte planes (first all lowest bytes, then
all second ones …), so that alike bytes stand together.
"""

import hashlib
import json
import lzma
from array import array
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

FORMAT: Final = 1
DATA: Final = "networks.xz"
MANIFEST: Final = "manifest.json"

_MAGIC: Final = b"interlink-networks 1\n"

Columns: TypeAlias = Mapping[str, Sequence[int]]
Code: TypeAlias = Literal["B", "H", "I", "Q"]

LAYOUT: Final[Mapping[str, Code]] = {
    "v4_starts": "I",
    "v4_network": "I",
    "v4_country": "B",
    "v4_second_country": "B",
    "v6_starts": "Q",
    "v6_network": "I",
    "v6_country": "B",
    "v6_second_country": "B",
    "asns": "I",
    "homes": "B",
    "names": "B",
    "name_offsets": "I",
    "countries": "H",
}
"""Every column of a snapshot, with the code of its numbers (`array`, on a little-endian machine). Values of
`*_network` are positions in `asns`, `homes` and `name_offsets`; those of `*_country` and `homes` are positions in
`countries`; position 0 stands for "unknown". `names` is UTF-8, a country its two letters as one number."""

_SORTED: Final = frozenset({"v4_starts", "v6_starts", "asns", "name_offsets"})


class UnusableBundle(ValueError):
    """A bundle that is damaged, of another format, or fails a check; nothing of it is used."""


def pack(columns: Columns) -> bytes:
    """The compressed bytes of a snapshot."""
    plain = {name: array(code, columns[name]) for name, code in LAYOUT.items()}
    header = json.dumps({name: len(plain[name]) for name in LAYOUT}).encode() + b"\n"
    planes = b"".join(_planes(_differences(plain[name]) if name in _SORTED else plain[name]) for name in LAYOUT)
    # lc=0, pb=0: the neighbours of a byte are of its own plane, its position in a word means nothing.
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 0, "lp": 0, "pb": 0}]
    return lzma.compress(_MAGIC + header + planes, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC64, filters=filters)


def unpack(data: bytes) -> dict[str, "array[int]"]:
    """The columns of a snapshot. `UnusableBundle` if the bytes are not of this format."""
    try:
        plain = lzma.decompress(data, format=lzma.FORMAT_XZ)
    except lzma.LZMAError as error:
        raise UnusableBundle(f"not an xz stream: {error}") from error
    if not plain.startswith(_MAGIC):
        raise UnusableBundle("not a bundle of format 1")
    header, _, planes = plain[len(_MAGIC) :].partition(b"\n")
    lengths: dict[str, int] = json.loads(header)
    columns: dict[str, array[int]] = {}
    offset = 0
    for name, code in LAYOUT.items():
        column = array(code)
        size = lengths[name] * column.itemsize
        column.frombytes(_interleaved(planes[offset : offset + size], lengths[name], column.itemsize))
        columns[name] = array(code, accumulate(column)) if name in _SORTED else column
        offset += size
    if offset != len(planes):
        raise UnusableBundle("lengths and content differ")
    return columns


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


def country_of(code: int) -> str | None:
    """The two letters of a code in `countries`; None for "unknown"."""
    return code.to_bytes(2, "little").rstrip(b"\0").decode() or None


def code_of(country: str) -> int:
    """The code of two letters, and of none."""
    return int.from_bytes(country.encode(), "little")


def _differences(column: "array[int]") -> "array[int]":
    return array(column.typecode, [*column[:1], *(after - before for before, after in pairwise(column))])


def _planes(column: "array[int]") -> bytes:
    plain = column.tobytes()
    return b"".join(plain[plane :: column.itemsize] for plane in range(column.itemsize))


def _interleaved(planes: bytes, length: int, width: int) -> bytes:
    if len(planes) != length * width:
        raise UnusableBundle("the content ends early")
    plain = bytearray(len(planes))
    for plane in range(width):
        plain[plane::width] = planes[plane * length : (plane + 1) * length]
    return bytes(plain)
