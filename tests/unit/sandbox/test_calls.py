"""Who calls a service asks again where it says that it is away for a moment, and takes every other refusal as it is."""

import httpx
import pytest

from sandbox.calls import RefusedError, Service


def service(*statuses: int) -> tuple[Service, list[str]]:
    """A service that answers so, one after the other, and what it was asked."""
    waiting, asked = list(statuses), list[str]()

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        return httpx.Response(waiting.pop(0), json={"done": True}, headers={"Retry-After": "0"})

    return Service("http://service", lambda client: client, httpx.MockTransport(answer)), asked


def test_what_is_away_for_a_moment_is_asked_again() -> None:
    calls, asked = service(503, 503, 200)
    assert calls.post("coordinator", "/v1/endpoints", {}) == {"done": True}
    assert asked == ["POST"] * 3


@pytest.mark.parametrize("status", [404, 409, 422, 500])
def test_any_other_refusal_is_final(status: int) -> None:
    calls, asked = service(status, 200)
    with pytest.raises(RefusedError):
        calls.get("coordinator", "/v1/endpoints")
    assert asked == ["GET"]
