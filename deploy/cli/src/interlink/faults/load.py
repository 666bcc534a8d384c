"""Partners that post files and their later versions, steadily, each until it is told that we have it.

One in ten posts is repeated with the same key: after its answer, beside itself, or after the client lost patience.
A later version follows when the one before it was answered, at once or some seconds later.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, TypeAlias
from uuid import UUID

import httpx

from interlink.faults import files
from interlink.faults.evidence import Answer, AtIntake, Filed
from interlink.faults.files import Post
from interlink.faults.sizes import Size
from kit.time import Clock
from sandbox.generator.networks import announced

TokenOf: TypeAlias = Callable[[str], str]

PARTNERS = ("bureau-nl", "clearinghouse")
"""Clients take turns to be one of them."""
REPEATED = 0.1
LATER_SECONDS = 4.0
"""Longest wait between two versions of a file."""
PATIENCE_SECONDS, IMPATIENT_SECONDS = 15.0, 0.02
AGAIN_SECONDS = 0.3
LEFT_SECONDS = 60.0
AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


@dataclass(slots=True)
class Posts:
    """What partners were told, written by all of them."""

    answers: list[Answer] = field(default_factory=list[Answer])
    posted: dict[str, dict[int, Filed]] = field(default_factory=dict[str, dict[int, Filed]])
    repeated: int = 0
    refused: list[str] = field(default_factory=list[str])
    """Answers that no careful partner can mend: a fault of the suite."""

    @property
    def accepted(self) -> int:
        """Suspects and victims that first versions brought."""
        firsts = {one.number: one.accepted for one in self.answers if one.taken and one.version == 1}
        return sum(firsts.values())


class Partners:
    """So many clients at once. Use in a `with` block; leaving it waits for the last answers."""

    def __init__(self, intake: str, token: TokenOf, size: Size, seed: int, clock: Clock) -> None:
        self.posts = Posts()
        self._http = httpx.Client(base_url=intake, trust_env=False, timeout=PATIENCE_SECONDS)
        self._token = token
        self._size = size
        self._seed = seed
        self._clock = clock
        self._stop = threading.Event()
        self._late = threading.Event()
        """Set when nobody waits for an answer any more."""
        self._clients = [
            threading.Thread(target=self._client, args=(number,), name=f"partner {number}")
            for number in range(size.clients)
        ]

    def __enter__(self) -> "Partners":
        """Begin to post."""
        for client in self._clients:
            client.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Begin nothing new; what was begun is posted until it is answered, for a minute."""
        self._stop.set()
        late = threading.Timer(LEFT_SECONDS, self._late.set)
        late.start()
        for client in self._clients:
            client.join()
        late.cancel()
        late.join()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def progress(self, number: str, partner: str) -> tuple[AtIntake, ...]:
        """Every entry of a referral, as intake tells its partner. Raises `httpx.HTTPError`."""
        found: list[AtIntake] = []
        after: int | None = 0
        while after is not None:
            page = self._get(f"/v1/referrals/{number}", partner, after)
            found += [
                AtIntake(
                    id=UUID(entry["id"]), reference=entry["reference"] or "", withdrawn=entry["state"] == "withdrawn"
                )
                for entry in page["entries"]
            ]
            after = page["next"]
        return tuple(found)

    def _get(self, path: str, partner: str, after: int) -> Any:
        answer = self._http.get(path, params={"after": after}, headers=self._login(partner))
        return answer.raise_for_status().json()

    def _client(self, number: int) -> None:
        random = Random(f"{self._seed} partner {number}")  # noqa: S311 - a schedule, not a secret
        addresses = announced()
        for count in range(self._size.most_files // self._size.clients):
            if self._stop.wait(random.uniform(0.5, 1.5) * self._size.pace_seconds):
                return
            versions = files.posts(
                PARTNERS[number % len(PARTNERS)],
                f"NL-F{self._seed}-{number}-{count:05}",
                self._seed + 1_000_003 * number + 101 * count,
                random,
                now=self._clock.now(),
                addresses=addresses,
            )
            self._deliver_all(versions, random)

    def _deliver_all(self, versions: list[Post], random: Random) -> None:
        """Each version once the one before it was answered; once it is over, no more of them."""
        for made in versions:
            answered = self._deliver(made, random)
            if not answered or self._stop.wait(random.choice((0.0, random.uniform(0, LATER_SECONDS)))):
                return

    def _deliver(self, made: Post, random: Random) -> bool:
        """Whether it was answered at last."""
        repeats = random.random() < REPEATED
        if not repeats:
            return self._until_answered(made)
        self.posts.repeated += 1
        match random.choice(("after", "beside", "impatient")):
            case "after":
                return self._until_answered(made) and self._until_answered(made)
            case "beside":
                with ThreadPoolExecutor(2) as both:
                    return all(both.map(self._until_answered, (made, made)))
            case _:
                self._post(made, IMPATIENT_SECONDS)
                return self._until_answered(made)

    def _until_answered(self, made: Post) -> bool:
        while not self._post(made, PATIENCE_SECONDS):
            if self._late.wait(AGAIN_SECONDS):
                return False
        return True

    def _post(self, made: Post, patience: float) -> bool:
        """Whether there was an answer that settles it."""
        headers = {"Content-Type": made.media_type, "Idempotency-Key": made.key} | self._login(made.partner)
        self.posts.posted.setdefault(made.reference, {})[made.version] = made.filed
        try:
            answer = self._http.post(made.path, content=made.body, headers=headers, timeout=patience)
        except httpx.TransportError:
            return False
        told = Answer(reference=made.reference, partner=made.partner, version=made.version, status=answer.status_code)
        if not answer.is_success:
            self.posts.answers.append(told)
            if answer.status_code not in AGAIN:
                self.posts.refused.append(f"{made.key}: {answer.status_code} {answer.text[:300]}")
            return answer.status_code not in AGAIN
        receipt = answer.json()
        accepted = receipt["counts"]["entries"]["accepted"]
        self.posts.answers.append(replace(told, number=receipt["number"], accepted=accepted))
        return True

    def _login(self, partner: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token(partner)}"}
