"""Partners that post files of mixed sizes, steadily, each until it is told that we have it.

One in ten posts is repeated with the same key: after its answer, beside itself, or after the client lost patience.
One file in five is handed in as a batch, line by line.
"""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeAlias
from uuid import UUID

import httpx

from interlink.faults.evidence import Answer
from interlink.faults.sizes import Size
from kit.time import Clock
from sandbox.generator.files import NativeFile, native_file_of
from sandbox.generator.networks import announced

TokenOf: TypeAlias = Callable[[str], str]

PARTNER = "bureau-nl"
SIZES = (1, 1, 1, 2, 3, 5, 5, 8, 20, 40)
VICTIMS = (0, 0, 0, 1)
REPEATED = 0.1
BATCHED = 0.2
PATIENCE_SECONDS, IMPATIENT_SECONDS = 15.0, 0.02
AGAIN_SECONDS = 0.3
LEFT_SECONDS = 60.0
AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


@dataclass(slots=True)
class Posts:
    """What partners were told, written by all of them."""

    answers: list[Answer] = field(default_factory=list[Answer])
    posted: set[str] = field(default_factory=set[str])
    repeated: int = 0
    refused: list[str] = field(default_factory=list[str])
    """Answers that no careful partner can mend: a fault of the suite."""

    @property
    def accepted(self) -> int:
        """Suspects and victims that were accepted."""
        return sum({answer.number: answer.accepted for answer in self.answers if answer.taken}.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A file as it goes over the wire."""

    reference: str
    path: str
    media_type: str
    body: bytes


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

    def progress(self, number: str) -> frozenset[UUID]:
        """The accepted entries of a referral, as intake tells its partner. Raises `httpx.HTTPError`."""
        found: set[UUID] = set()
        after: int | None = 0
        while after is not None:
            page = self._get(f"/v1/referrals/{number}", after)
            found |= {UUID(entry["id"]) for entry in page["entries"]}
            after = page["next"]
        return frozenset(found)

    def _get(self, path: str, after: int) -> Any:
        answer = self._http.get(path, params={"after": after}, headers=self._login())
        return answer.raise_for_status().json()

    def _client(self, number: int) -> None:
        random = Random(f"{self._seed} partner {number}")  # noqa: S311 - a schedule, not a secret
        addresses = announced()
        for count in range(self._size.most_files // self._size.clients):
            if self._stop.wait(random.uniform(0.5, 1.5) * self._size.pace_seconds):
                return
            made = native_file_of(
                f"NL-F{self._seed}-{number}-{count:05}",
                self._seed + 1_000_003 * number + 101 * count,
                random.choice(SIZES),
                random.choice(VICTIMS),
                now=self._clock.now(),
                addresses=addresses,
                flawed=0,
            )
            self._deliver(as_batch(made) if random.random() < BATCHED else as_file(made), random)

    def _deliver(self, made: Post, random: Random) -> None:
        repeats = random.random() < REPEATED
        if not repeats:
            self._until_answered(made)
            return
        self.posts.repeated += 1
        match random.choice(("after", "beside", "impatient")):
            case "after":
                self._until_answered(made)
                self._until_answered(made)
            case "beside":
                with ThreadPoolExecutor(2) as both:
                    for posting in [both.submit(self._until_answered, made) for _ in range(2)]:
                        posting.result()
            case _:
                self._post(made, IMPATIENT_SECONDS)
                self._until_answered(made)

    def _until_answered(self, made: Post) -> None:
        while not self._post(made, PATIENCE_SECONDS):
            if self._late.wait(AGAIN_SECONDS):
                return

    def _post(self, made: Post, patience: float) -> bool:
        """Whether there was an answer that settles it."""
        headers = {"Content-Type": made.media_type, "Idempotency-Key": made.reference} | self._login()
        self.posts.posted.add(made.reference)
        try:
            answer = self._http.post(made.path, content=made.body, headers=headers, timeout=patience)
        except httpx.TransportError:
            return False
        if not answer.is_success:
            self.posts.answers.append(Answer(reference=made.reference, status=answer.status_code))
            if answer.status_code not in AGAIN:
                self.posts.refused.append(f"{made.reference}: {answer.status_code} {answer.text[:300]}")
            return answer.status_code not in AGAIN
        receipt = answer.json()
        self.posts.answers.append(
            Answer(
                reference=made.reference,
                status=answer.status_code,
                number=receipt["number"],
                accepted=receipt["counts"]["entries"]["accepted"],
            )
        )
        return True

    def _login(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token(PARTNER)}"}


def as_file(made: NativeFile) -> Post:
    """As JSON, whole."""
    return Post(reference=made.reference, path="/v1/referrals", media_type="application/json", body=made.body)


def as_batch(made: NativeFile) -> Post:
    """The same file with its entries below its head, a line each."""
    head = json.loads(made.body)
    kinds = {"suspect": head.pop("suspects", []), "victim": head.pop("victims", [])}
    lines = [head, *({kind: entry} for kind, entries in kinds.items() for entry in entries)]
    return Post(
        reference=made.reference,
        path="/v1/referrals:batch",
        media_type="application/x-ndjson",
        body=b"".join(json.dumps(line).encode() + b"\n" for line in lines),
    )
