"""Files handed in as partners do, in bulk: the posts as bytes, and which records of a topic they became."""

import time
from collections.abc import Sequence

from contracts import registry
from interlink.benching import broker
from interlink.benching.bodies import Bodies
from interlink.benching.broker import Span
from interlink.benching.ground import Ground
from interlink.benching.load import Ran, load, request

CREATED = 201
CLIENTS = 8


def post(body: bytes, token: str, key: str, **headers: str) -> bytes:
    """One file as partners post it."""
    return request(
        "POST", "/v1/referrals", token=token, body=body, Content_Type="application/json", Idempotency_Key=key, **headers
    )


def posts(ground: Ground, bodies: Sequence[bytes]) -> list[bytes]:
    """Many, each under its own key."""
    token, run = ground.token("referrals:write"), time.time_ns()
    return [post(body, token, f"bench-{run}-{number}") for number, body in enumerate(bodies)]


async def hand_in(ground: Ground, files: int, suspects: int, clients: int = CLIENTS) -> Ran:
    """Post so many files to the stack."""
    requests = posts(ground, Bodies().files(files, suspects))
    return await load(ground.place("intake"), requests, clients, expected=CREATED)


async def told(ground: Ground, suspects: int) -> Span:
    """Post files of 100 until so many suspects stand on their topic; where they stand. Waits until all is quiet."""
    await ground.quiet()
    before = await broker.ends(ground, registry.SUSPECTS)
    await hand_in(ground, max(1, suspects // 100), min(100, suspects))
    await ground.quiet()
    after = await broker.ends(ground, registry.SUSPECTS)
    places = {number: (before[number], end) for number, end in after.items() if end > before[number]}
    return Span(registry.SUSPECTS.name, places)
