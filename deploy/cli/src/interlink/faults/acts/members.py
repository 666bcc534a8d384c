"""A second worker beside a service's own: a dynamic member that joins the group, works and leaves; partitions move."""

import subprocess
import sys

from interlink.faults.ground import Ground
from interlink.stack import preparing, processes
from interlink.stack.environment import inherited
from interlink.stack.processes import Process
from interlink.stack.servers import Database

WORKS_SECONDS = 7.0
DRAIN_SECONDS = 20.0


def strike(ground: Ground) -> bool:
    """One joins, works for a while, and drains as a deployment would have it."""
    admin_url = Database(home=ground.home).admin_url
    if admin_url is None:
        return False
    workers = [process for process in processes.load() if process.name.endswith("-worker")]
    chosen = ground.random.choice(workers)
    around = preparing.surroundings(ground.home, admin_url)
    told = processes.environment(chosen, around) | ground.size.options(ground.home)
    member = _started(ground, chosen, {name: value for name, value in told.items() if "CONSUMER_INSTANCE" not in name})
    try:
        ground.lasts(WORKS_SECONDS)
        died = member.poll() is not None
        member.terminate()
        member.wait(DRAIN_SECONDS)
    except subprocess.TimeoutExpired:
        member.kill()
        member.wait()
        ground.struck("member added and removed", fault=f"a second {chosen.name} did not drain")
        return True
    ground.struck("member added and removed", fault=f"a second {chosen.name} died" if died else "")
    return True


def _started(ground: Ground, chosen: Process, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    with ground.home.log(f"{chosen.name}-member").open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", *chosen.arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**inherited(), **environment},
            start_new_session=True,
        )
