"""A request's body in bounded memory, and its media type. Hot routes read bytes and validate them at once.

Nothing is decompressed: a body is what it says it is, or it is refused.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from kit.errors import Rejected
from kit.http.problems import invalid

ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class MediaType:
    """`essence` is lower case without parameters; `charset` is lower case, None where none is declared."""

    essence: str
    charset: str | None = None


def media_type(request: Request) -> MediaType:
    """The declared media type; the essence is empty where none is declared."""
    essence, *parameters = request.headers.get("content-type", "").split(";")
    charset = None
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip('"').lower() or None
    return MediaType(essence.strip().lower(), charset)


async def read(request: Request, limit: int) -> bytes:
    """The whole body, at most `limit` bytes: refused by its declared length, and again while reading.

    Raises:
        Rejected: 413 beyond the limit, 415 for a compressed body, 400 for an impossible length.
        ClientDisconnect: the client left before the end.
    """
    return b"".join([part async for part in pieces(request, limit)])


async def pieces(request: Request, limit: int) -> AsyncGenerator[bytes]:
    """The body as it comes, at most `limit` bytes in all. Who reads slowly slows the sender down.

    Raises:
        Rejected: as `read`.
        ClientDisconnect: the client left before the end.
    """
    _refuse_encoded(request)
    declared = request.headers.get("content-length")
    if declared is not None:
        if not (declared.isascii() and declared.isdigit()):
            raise Rejected("length-invalid", "Content-Length is not a number.", status=400)
        if int(declared[:20]) > limit:
            raise _too_large(limit)
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        yield part


def parse(model: type[ModelT], body: bytes) -> ModelT:
    """The body as a model, read straight from its bytes.

    Raises:
        Rejected: 422 with a pointer to each fault.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise invalid(error) from error


def _refuse_encoded(request: Request) -> None:
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise Rejected("encoding-unsupported", "Send the body without compression.", status=415)


def _too_large(limit: int) -> Rejected:
    return Rejected("body-too-large", f"The body is larger than {limit} bytes.", status=413)
