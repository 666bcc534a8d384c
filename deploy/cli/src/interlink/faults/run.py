"""One run: a stack of its own, load, fire, quiet, and the checker's word.

It ends by itself: after the minutes under fire, and after the size's longest wait for rest. It touches nothing but
the processes of the home it is given, and loopback.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import cache, partial
from itertools import cycle
from random import Random

import httpx

from interlink.commands.token import fetch
from interlink.faults import checker, gathering, recovery, sizes
from interlink.faults.acts import catalogue, kill, outside
from interlink.faults.archive import Archive
from interlink.faults.desks import Desks
from interlink.faults.evidence import Evidence
from interlink.faults.ground import Ground, kills
from interlink.faults.holders import Holders
from interlink.faults.load import Partners
from interlink.faults.problems import Kind, Problem
from interlink.faults.report import Outcome
from interlink.faults.watch import Watch
from interlink.stack import running
from interlink.stack.home import Home
from interlink.stack.layout import StackError
from kit.time import SystemClock
from sandbox.agencies import Agencies
from sandbox.officers import Officers

WARM_SECONDS = 4.0
PAUSE_SECONDS = (0.5, 3.0)
LOOK_SECONDS = 3.0
REST_SECONDS = 4.0
LONGEST = 3.0
"""On a slow machine it is shot at for longer, so that every fault has its turn, and enough are killed."""

Tell = Callable[[str], None]
Look = Callable[[], Evidence]
"""Collects the evidence."""


def run(home: Home, *, minutes: float, seed: int, only: Sequence[str], tell: Tell) -> Outcome:
    """Start a stack in that home, which must be empty, and shoot at it; the caller stops and wipes it.

    `only` are names of faults; none means all of them. Raises `StackError` when it cannot even begin.
    """
    size = sizes.of(minutes)
    known = catalogue.everything(size)
    unknown = [name for name in only if name not in known]
    if unknown:
        raise StackError(f"There is no fault {', '.join(unknown)}; there is {', '.join(known)}.")
    found = running.start(home, tell, size.options(home))

    @cache
    def token(client: str) -> str:
        return fetch(home, found.issuer, client, [])

    archived = Archive(home) if catalogue.loses(size, only) else None
    with (
        archived or nullcontext(),
        Watch(home) as watch,
        Officers(found.services["isp-liaison"], token) as officers,
        Agencies(
            routing=found.services["routing"],
            notifications=found.services["notifications"],
            receivers=found.sandbox["receivers"],
            token=token,
        ) as agencies,
        Holders(found.services["routing"], token) as holders,
    ):
        tell("Registering the agencies' endpoints")
        agencies.register_endpoints()
        ground = Ground(home=home, size=size, watch=watch, random=Random(seed), archive=archived)  # noqa: S311 - a schedule
        partners = Partners(found.services["intake"], token, size, seed, SystemClock())
        try:
            with Desks(officers, agencies, holders, lambda: gathering.webhooks(home)) as desks:
                look = partial(gathering.gathered, home, partners, agencies)
                return _under_fire(ground, partners, desks, look, minutes=minutes, seed=seed, only=only, tell=tell)
        finally:
            partners.close()


def _under_fire(
    ground: Ground,
    partners: Partners,
    desks: Desks,
    look: Look,
    *,
    minutes: float,
    seed: int,
    only: Sequence[str],
    tell: Tell,
) -> Outcome:
    with partners:
        ground.lasts(WARM_SECONDS)
        began = time.monotonic()
        tell(f"Under fire for {minutes:g} minutes")
        _shoot(ground, minutes * 60, only)
        seconds = time.monotonic() - began
        share = ground.watch.share_ready
        outside.heal(ground)
        tell("Waiting for the last answers")
        time.sleep(WARM_SECONDS)  # work after the last fault, by which its recovery is measured
    tell("Waiting until everything is at rest")
    quiet = time.monotonic()
    seen, problems = _settled(ground.home, look, ground.size.settle_seconds)
    settled = time.monotonic() - quiet
    recovery.measure(ground.strikes, seen.records)
    problems += [Problem(kind=Kind.WAITING, words=words) for words in desks.refused]
    return Outcome(
        seed=seed,
        seconds=seconds,
        settled=None if problems else round(settled, 1),
        files=len(seen.progress),
        accepted=partners.posts.accepted,
        repeated=partners.posts.repeated,
        events=len(seen.records),
        types=dict(sorted(Counter(record.envelope.type for record in seen.records).items())),
        share_ready=share,
        strikes=ground.strikes,
        problems=problems,
    )


def _shoot(ground: Ground, seconds: float, only: Sequence[str]) -> None:
    known = catalogue.everything(ground.size)
    lanes = catalogue.lanes(ground.size, ground.random) if not only else [[known[name] for name in only]]
    missing = [set(lane) for lane in lanes]
    with ThreadPoolExecutor(len(lanes) + 1) as side_by_side:
        shooting = [side_by_side.submit(_lane, ground, *lane) for lane in zip(lanes, missing, strict=True)]
        if not only:
            shooting.append(side_by_side.submit(kill.kill_until_over, ground))
        least = 0 if only else ground.size.least_kills
        try:
            time.sleep(seconds)
            ground.wait_for(lambda: kills(ground.strikes) >= least and not any(missing), seconds * (LONGEST - 1))
        finally:
            ground.over.set()
        for lane in shooting:
            lane.result()


def _lane(ground: Ground, acts: Sequence[catalogue.Act], missing: set[catalogue.Act]) -> None:
    """One after the other, again and again, with a breath between them; what was done is missing no more."""
    for act in cycle(acts):
        if ground.over.wait(ground.random.uniform(*PAUSE_SECONDS)):
            return
        try:
            if act(ground):
                missing.discard(act)
        except (StackError, httpx.HTTPError, OSError) as error:
            ground.struck("cut short", fault=f"{type(error).__name__}: {error}")


def _settled(home: Home, look: Look, seconds: float) -> tuple[Evidence, list[Problem]]:
    """The evidence when everything is at rest, looked at twice; or when time is over, with what is wrong."""
    deadline = time.monotonic() + seconds
    clean = False
    while True:
        last = time.monotonic() > deadline
        seen, problems = _looked_at(home, look, last=last)
        if last or (clean and not problems):
            return seen, problems
        if any(not problem.kind.may_mend for problem in problems):
            return seen, problems
        clean = not problems
        time.sleep(REST_SECONDS if clean else LOOK_SECONDS)


def _looked_at(home: Home, look: Look, *, last: bool) -> tuple[Evidence, list[Problem]]:
    """Where the operator is told that something waits, the rest is read only if time is over."""
    try:
        waiting = gathering.leftovers(home)
        if waiting and not last:
            return Evidence(leftovers=waiting), [Problem(kind=Kind.WAITING, words=words) for words in waiting]
        seen = look()
        return seen, checker.check(seen)
    except (StackError, httpx.HTTPError) as error:
        words = f"The evidence could not be read: {error}"
        return Evidence(), [Problem(kind=Kind.WAITING, words=words)]
