"""Media is recognised by its first bytes, wherever it hides; hashes are not media."""

import base64
import gzip
import hashlib
import io
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.domain.imagery import LONGEST_HASH, is_media, refused_type, suspicious, suspicious_value

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(200)
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(200)
ISO_MEDIA = b"\x00\x00\x00\x18ftypmp42" + bytes(200)


def archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("a", "text")
    return packed.getvalue()


def tape() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as file:
        file.addfile(tarfile.TarInfo("a"))
    return packed.getvalue()


MEDIA = {
    "jpeg": JPEG,
    "png": PNG,
    "gif": b"GIF89a" + bytes(200),
    "webp": b"RIFF\x10\x00\x00\x00WEBPVP8 " + bytes(200),
    "bmp": b"BM\x46\x00\x00\x00" + bytes(4) + b"\x36\x00\x00\x00" + bytes(200),
    "mp4": ISO_MEDIA,
    "matroska": b"\x1aE\xdf\xa3" + bytes(200),
    "zip": archive() + bytes(200),
    "gzip": gzip.compress(bytes(5000)) + bytes(200),
    "7z": b"7z\xbc\xaf\x27\x1c" + bytes(200),
    "pdf": b"%PDF-1.7\n" + bytes(200),
}


@pytest.mark.parametrize("content", MEDIA.values(), ids=MEDIA.keys())
def test_media_is_known_by_its_first_bytes_plain_in_base64_and_in_hexadecimal(content: bytes) -> None:
    assert is_media(content)
    assert suspicious(b'{"note":"' + base64.b64encode(content) + b'"}')
    assert suspicious(b'{"note":"' + base64.urlsafe_b64encode(content) + b'"}')
    assert suspicious(b'{"note":"' + content.hex().encode() + b'"}')
    assert suspicious(b'{"note":"' + base64.encodebytes(content).replace(b"\n", b"\\n") + b'"}')


def test_a_tape_archive_is_known_far_into_its_first_block() -> None:
    assert is_media(tape())


def test_escapes_hide_nothing() -> None:
    encoded = base64.b64encode(JPEG)
    assert suspicious(b'"' + encoded.replace(b"/", b"\\/") + b'"')
    assert suspicious(b'"' + encoded.replace(b"/", b"\\u002f") + b'"')
    assert suspicious(b"<x>" + encoded.replace(b"/", b"&#x2f;") + b"</x>")
    assert suspicious(b"<x>" + encoded.replace(b"/", b"&#47;") + b"</x>")


def test_a_data_uri_of_media_is_refused_however_short() -> None:
    assert suspicious(b'{"note":"data:image/png;base64,AAAA"}')


@pytest.mark.parametrize(
    "text",
    [
        b"RIFF\x10\x00\x00\x00XXXX",
        b"\xff\xd8\xff\x00plain",
        b"\xff\xd8\xff",
        b"BM is how this sentence begins",
        b"{}",
        b"<report/>",
        b"",
    ],
)
def test_what_only_looks_a_little_like_media_is_not(text: bytes) -> None:
    assert not is_media(text)


@given(st.binary(min_size=45, max_size=90))
def test_hashes_and_tokens_are_no_media(content: bytes) -> None:
    digest = hashlib.sha512(content).hexdigest()
    assert not suspicious(f'{{"hash":"{digest}"}}'.encode()) or is_media(bytes.fromhex(digest))


def test_a_declared_hash_is_exempt_up_to_the_length_of_a_hash() -> None:
    looks_like_jpeg = base64.b64encode(JPEG[:120]).decode()
    assert suspicious_value(looks_like_jpeg, declared_hash=False)
    assert not suspicious_value(looks_like_jpeg, declared_hash=True)
    assert suspicious_value(base64.b64encode(JPEG + bytes(LONGEST_HASH)).decode(), declared_hash=True)
    assert not suspicious_value("short", declared_hash=False)


@pytest.mark.parametrize(
    ("kind", "refused"),
    [
        ("image/png", True),
        ("video/mp4", True),
        ("audio/ogg", True),
        ("multipart/form-data", True),
        ("application/zip", True),
        ("application/json", False),
        ("text/xml", False),
    ],
)
def test_media_types_are_refused_before_a_byte_is_read(kind: str, refused: bool) -> None:
    assert refused_type(kind) is refused


def test_a_long_token_is_a_token() -> None:
    assert not suspicious(b"https://example.com/" + b"Zx9_-" * 30)
