"""Which URLs can be an endpoint's. What its host resolves to is checked when it is called, not here."""

import re
from typing import Final
from urllib.parse import urlsplit

from notifications.domain.refusals import Refusal

LONGEST: Final = 2000
PLAIN: Final = re.compile(r"[!-~]+", re.ASCII)
"""Printable ASCII without blanks: other characters belong percent-encoded, a host's in punycode (RFC 3986 §2)."""


def check(url: str, *, sandbox: bool) -> Refusal | None:
    """Why the URL is refused; None where it is not. A sandbox endpoint may be reached without TLS."""
    if len(url) > LONGEST or PLAIN.fullmatch(url) is None:
        return _refused(f"A URL has at most {LONGEST} printable ASCII characters and no blanks.")
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        return _refused("This cannot be read as a URL.")
    if not host or port == 0:
        return _refused("A URL names a host, and a port above 0 if any.")
    if parts.username is not None or parts.password is not None:
        return _refused("Credentials do not belong in a URL; verify the signature instead.")
    if parts.fragment or url.endswith("#"):
        return _refused("A fragment is never sent.")
    return None if parts.scheme in (("http", "https") if sandbox else ("https",)) else _wrong_scheme()


def _wrong_scheme() -> Refusal:
    return Refusal("endpoint.scheme", "Use https; http is for sandbox endpoints alone.")


def _refused(detail: str) -> Refusal:
    return Refusal("endpoint.url", detail)
