"""What the content type says is checked against the first bytes."""

import gzip
from typing import Any

import pytest

from kit.errors import Rejected
from sandbox.generator import native
from sandbox.generator.cybertipline import Reported, ReportText, cybertipline_report

XML = cybertipline_report(ReportText(reported=Reported(account="u1")))
JSON = native.native_file(suspects=[native.suspect()])


@pytest.mark.parametrize("kind", ["application/xml", "text/xml", "text/plain"])
def test_xml_is_taken_under_every_name_real_clients_give_it(read: Any, kind: str) -> None:
    assert read(XML, kind).format == "cybertipline"
    assert read(b"\xef\xbb\xbf \n" + XML[XML.index(b"<report") :], kind).format == "cybertipline"


def test_json_is_taken_as_json(read: Any) -> None:
    assert read(JSON).format == "native"


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (JSON, "image/png", "media.type"),
        (JSON, "application/zip", "media.type"),
        (JSON, "multipart/form-data", "media.type"),
        (JSON, "application/octet-stream", "media.unknown_type"),
        (JSON, "", "media.unknown_type"),
        (JSON, "text/plain", "media.unknown_type"),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "application/json", "media.magic"),
        (b"\xff\xd8\xff\xe0" + bytes(64), "text/xml", "media.magic"),
        (gzip.compress(JSON), "application/json", "media.magic"),
        (b"PK\x03\x04" + bytes(64), "application/xml", "media.magic"),
    ],
)
def test_what_is_no_referral_is_refused_with_415(read: Any, body: bytes, kind: str, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        read(body, kind)
    assert (refused.value.status, refused.value.code) == (415, code)
