"""Routes whose body is read to a bound before anything looks at it: the framework itself would read any length."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute

from kit.http.body import read

LARGEST_BODY: Final = 256 * 1024
"""Bytes; an entry with 200 items of each kind fits."""


class BoundedRoute(APIRoute):
    """A route that refuses a larger body with 413."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler behind the bound."""
        handle = super().get_route_handler()

        async def bounded(request: Request) -> Response:
            # Where Request.body() keeps what it has read; Starlette has no public way to hand it a body.
            request._body = await read(request, LARGEST_BODY)  # pyright: ignore[reportPrivateUsage]
            return await handle(request)

        return bounded
