"""What a document shows, run as it stands there."""

import asyncio
import re
from pathlib import Path

from suite.running import Suite

ROOT = Path(__file__).parents[2]


def block(document: str, language: str, before: str) -> str:
    """The first fenced block of a language after these words of a document (a path from the project's root)."""
    text = (ROOT / document).read_text()
    assert text.count(before) == 1, before
    found = re.search(rf"```{language}\n(.*?)```", text.partition(before)[2], re.DOTALL)
    assert found is not None, f"no {language} after {before!r}"
    return found[1]


def here(suite: Suite, text: str) -> str:
    """The same with the addresses of the running stack instead of the usual ones."""
    usual = {
        "18081": suite.url("intake"),
        "18082": suite.url("routing"),
        "18083": suite.url("isp-liaison"),
        "18084": suite.url("notifications"),
        "18086": suite.state.sandbox["receivers"],
    }
    for port, url in usual.items():
        text = text.replace(f"http://127.0.0.1:{port}", url)
    return text


def environment(suite: Suite, **named: str) -> dict[str, str]:
    """What a newcomer's shell has, and the stack's home."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "INTERLINK_HOME": str(suite.home.folder), **named}


async def run(suite: Suite, *command: str, **named: str) -> str:
    """What a command prints, run from the project's folder with the stack's home; it must succeed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env=environment(suite, **named),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return out.decode()
