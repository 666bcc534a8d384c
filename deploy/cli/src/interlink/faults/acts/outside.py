"""The outside world at its worst: providers and agencies' systems that hang, or fail, and then behave again."""

import time
from typing import Any

import httpx

from interlink.faults.ground import Ground
from interlink.stack import running
from interlink.stack.secrets import PROVIDERS

SLOW_SECONDS = 6.0
HANGS_SECONDS = 3.0
FAILING_SECONDS = 3.0
"""Shorter than the first pause of the schedules, so that no delivery fails twice and then rests for minutes."""
SHARE = 3


def slow(ground: Ground) -> bool:
    """A provider and a third of the agencies take their time."""
    _misbehave(ground, {"hang_seconds": HANGS_SECONDS}, SLOW_SECONDS)
    ground.struck("providers and receivers slow")
    return True


def failing(ground: Ground) -> bool:
    """A provider and a third of the agencies fail."""
    _misbehave(ground, {"status": ground.random.choice((500, 503))}, FAILING_SECONDS)
    ground.struck("providers and receivers failing")
    return True


def heal(ground: Ground) -> None:
    """Everybody behaves."""
    with httpx.Client(trust_env=False, timeout=10) as http:
        for url in _doors(ground, http, share=1):
            http.put(url, json={}).raise_for_status()


def _misbehave(ground: Ground, behaviour: dict[str, Any], seconds: float) -> None:
    """All of them behave again in the order in which they ceased to: each misbehaves for as long as the first one."""
    with httpx.Client(trust_env=False, timeout=10) as http:
        doors = _doors(ground, http, share=SHARE)
        until = time.monotonic() + seconds
        try:
            for url in doors:
                http.put(url, json=behaviour).raise_for_status()
            ground.lasts(until - time.monotonic())
        finally:
            for url in doors:
                http.put(url, json={}).raise_for_status()


def _doors(ground: Ground, http: httpx.Client, *, share: int) -> list[str]:
    """Where behaviour is set: one of so many providers and agencies."""
    sandbox = running.required(ground.home).sandbox
    agencies = http.get(f"{sandbox['receivers']}/agencies").json()["items"]
    doors = [f"{sandbox['providers']}/{path}/behaviour" for path in PROVIDERS.values()]
    doors = doors if share == 1 else [ground.random.choice(doors)]
    return doors + [
        f"{sandbox['receivers']}/agencies/{agency}/behaviour"
        for agency in ground.random.sample(agencies, len(agencies) // share)
    ]
