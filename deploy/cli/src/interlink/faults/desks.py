"""Officers who decide, agencies that acknowledge, and holders who answer, round after round.

They go on whatever happens to the services meanwhile: one that does not answer is asked again in the next round. What
is refused for good is kept in words.
"""

import threading
from collections.abc import Callable

import httpx

from interlink.faults.evidence import AtAgency
from interlink.faults.holders import Holders
from sandbox.agencies import Agencies
from sandbox.calls import RefusedError
from sandbox.officers import Officers

ROUND_SECONDS = 2.0
LATER = frozenset({401, 404, 408, 409, 429})
"""Somebody was faster, or what it is about has not come through yet."""


class Desks:
    """Everybody who acts. Use in a `with` block."""

    def __init__(
        self, officers: Officers, agencies: Agencies, holders: Holders, webhooks: Callable[[], list[AtAgency]]
    ) -> None:
        """`webhooks` is what the agencies' systems have received."""
        self.refused: list[str] = []
        self._officers = officers
        self._agencies = agencies
        self._webhooks = webhooks
        self._read: set[str] = set()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._rounds, args=(act,), name=name)
            for name, act in (
                ("officers", self._decide),
                ("agencies", self._acknowledge),
                ("holders", holders.decide),
            )
        ]

    def __enter__(self) -> "Desks":
        """At their desks."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave after the round that runs."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _rounds(self, act: Callable[[], None]) -> None:
        while not self._stop.wait(ROUND_SECONDS):
            try:
                act()
            except httpx.TransportError:
                continue
            except RefusedError as refused:
                if refused.status < 500 and refused.status not in LATER:
                    self.refused.append(str(refused))

    def _decide(self) -> None:
        for act in (self._officers.submit_drafts, self._officers.approve_submitted, self._officers.check_answers):
            act()

    def _acknowledge(self) -> None:
        unread = {hook.webhook: hook.agency for hook in self._webhooks() if hook.webhook not in self._read}
        self._agencies.acknowledge(set(unread.values()))
        self._read |= unread.keys()
