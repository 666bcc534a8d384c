"""No imagery, ever: media and archives are recognised by type, by magic bytes and inside base64 or hex.

Only the first bytes of a long run are decoded, so that no picture exists in memory even while it is refused.
Declared hash fields may hold anything of the length of a hash. Not promised: steganography, or media that was
encrypted or re-encoded on purpose.
"""

import base64
import re
import string
from collections.abc import Iterator
from typing import Final

LONG_RUN: Final = 60  # one MIME line has 64 or 76 characters; a UUID or a SHA-1 is shorter
LONGEST_HASH: Final = 512  # a perceptual hash has 288 hexadecimal digits
DECODED: Final = 56  # letters of a run that are decoded: 42 bytes of base64, 28 of hexadecimal
_MEDIA_TYPES: Final = ("image/", "video/", "audio/", "multipart/")
_OTHER_TYPES: Final = frozenset(
    {
        "application/zip", "application/gzip", "application/x-gzip", "application/x-tar", "application/pdf",
        "application/x-7z-compressed", "application/vnd.rar", "application/x-rar-compressed",
        "application/x-bzip2", "application/x-xz", "application/zstd",
    }
)  # fmt: skip
_MAGIC: Final = (
    (0, b"\x89PNG\r\n\x1a\n"),
    (0, b"GIF87a"),
    (0, b"GIF89a"),
    (0, b"II*\x00"),
    (0, b"MM\x00*"),
    (0, b"\x00\x00\x00\x0cJXL "),
    (0, b"\x1aE\xdf\xa3"),  # Matroska, WebM
    (0, b"\x00\x00\x01\xba"),  # MPEG program stream
    (0, b"\x00\x00\x01\xb3"),
    (0, b"FLV\x01"),
    (0, b"OggS"),
    (0, b"0&\xb2u\x8ef\xcf\x11"),  # ASF, WMV
    (0, b"8BPS"),
    (0, b"PK\x03\x04"),
    (0, b"PK\x05\x06"),
    (0, b"\x1f\x8b\x08"),
    (0, b"Rar!\x1a\x07"),
    (0, b"7z\xbc\xaf\x27\x1c"),
    (4, b"1AY&SY"),  # bzip2
    (0, b"\xfd7zXZ\x00"),
    (0, b"\x28\xb5\x2f\xfd"),
    (0, b"%PDF-"),
    (4, b"ftyp"),  # MP4, MOV, HEIC, AVIF
    (4, b"moov"),
    (257, b"ustar"),
)
_RIFF: Final = frozenset({b"WEBP", b"AVI ", b"WAVE"})
_JPEG_MARKERS: Final = frozenset({0xC0, 0xC2, 0xC4, 0xDB, 0xDD, 0xFE, *range(0xE0, 0xF0)})
_RUN: Final = re.compile(rb"[A-Za-z0-9+/_-]{%d,}" % LONG_RUN)
_LETTERS: Final = (string.ascii_letters + string.digits + "+/_-").encode()
_ALIKE: Final = bytes.maketrans(_LETTERS, b"x" * len(_LETTERS))
_LONG: Final = b"x" * LONG_RUN
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")
_DATA_URI: Final = re.compile(rb"data:(?:image|video|audio)/", re.IGNORECASE)
_ESCAPED: Final = re.compile(rb"\\u00([2-7][0-9a-fA-F])|&#x([2-7][0-9a-fA-F]);|&#([3-9][0-9]|1[01][0-9]|12[0-7]);")


def refused_type(media_type: str) -> bool:
    """Whether a media type (without parameters, lower case) is media or an archive."""
    return media_type.startswith(_MEDIA_TYPES) or media_type in _OTHER_TYPES


def is_media(start: bytes) -> bool:
    """Whether bytes begin like an image, a video, a sound, an archive or a portable document."""
    if start[:3] == b"\xff\xd8\xff":
        return len(start) > 3 and start[3] in _JPEG_MARKERS
    if start[:4] == b"RIFF":
        return start[8:12] in _RIFF
    if start[:2] == b"BM":
        return len(start) >= 14 and start[6:10] == bytes(4)
    return any(start[at : at + len(magic)] == magic for at, magic in _MAGIC)


def suspicious(body: bytes) -> bool:
    """Whether a text holds a long run that begins like media, or a data URI of media."""
    text = _unescaped(body)
    if b"data:" in text.lower() and _DATA_URI.search(text) is not None:
        return True
    # Whether there is any long run is seen in a tenth of the time in which `_RUN` finds out: most files have none.
    return _LONG in text.translate(_ALIKE) and any(is_media(start) for start in _starts(text))


def suspicious_value(value: str, *, declared_hash: bool) -> bool:
    """Whether one text of a document is media; a declared hash is not, up to the length of a hash."""
    if declared_hash and len(value) <= LONGEST_HASH:
        return False
    return suspicious(value.encode(errors="replace"))


def _unescaped(body: bytes) -> bytes:
    """JSON and XML can spell any base64 letter otherwise; undone only where it occurs."""
    text = body.replace(b"\\/", b"/") if b"\\/" in body else body
    return _ESCAPED.sub(_letter, text) if b"\\u00" in text or b"&#" in text else text


def _letter(match: re.Match[bytes]) -> bytes:
    digits = match[1] or match[2]
    return bytes([int(digits, 16) if digits else int(match[3])])


def _starts(text: bytes) -> Iterator[bytes]:
    for run in _RUN.finditer(text):
        start = run[0][:DECODED]
        yield base64.b64decode(start.translate(_URL_SAFE), validate=True)
        if all(digit in b"0123456789abcdefABCDEF" for digit in start):
            yield bytes.fromhex(start.decode())
