"""Which adapter reads a body: by its content type, checked against its first bytes.

What is no referral is refused naming the rule: 415 for a wrong or lying type, 413 by the body reader, 422 by
the adapter. Nothing of a refused body is kept.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from intake.domain import imagery
from intake.domain.referral import Submission
from intake.formats import cybertipline, native
from intake.formats.posted import Posted
from kit.errors import Rejected

Adapter: TypeAlias = Callable[[Posted], Submission]
LARGEST_BODY: Final = 16 * 1024 * 1024
ADAPTERS: Final[Mapping[str, Adapter]] = {
    "application/json": native.read,
    "application/xml": cybertipline.read,
    "text/xml": cybertipline.read,
}


def read(posted: Posted) -> Submission:
    """The submission in a request. Raises `Rejected`."""
    if imagery.refused_type(posted.media_type):
        raise Rejected("media.type", "Media and archives are never taken, only metadata and hashes.", status=415)
    adapter = ADAPTERS.get(posted.media_type) or _by_first_bytes(posted)
    if adapter is None:
        raise Rejected(
            "media.unknown_type",
            "Send application/json, or CyberTipline XML as application/xml, text/xml or text/plain.",
            status=415,
        )
    if imagery.is_media(posted.body[:512]):
        raise Rejected("media.magic", "The body is media or an archive, whatever its type says.", status=415)
    if not posted.body.strip():
        raise Rejected("body.empty", "The body is empty.")
    return adapter(posted)


def _by_first_bytes(posted: Posted) -> Adapter | None:
    """Some clients send XML as `text/plain` (domain.md §1.7)."""
    if posted.media_type != "text/plain":
        return None
    start = posted.body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    return cybertipline.read if start.startswith(b"<") else None
