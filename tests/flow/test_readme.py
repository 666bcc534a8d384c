"""What the README shows works as it stands there: the partner's post and the subscriber's program."""

import asyncio
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from suite.running import Suite

from sandbox.generator.files import files

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
INTAKE = "http://127.0.0.1:18081"
NOW = datetime.now(UTC)  # noqa: TID251 - captures must be of these days, as in life


def block(language: str, before: str) -> str:
    """The first fenced block of a language after these words."""
    assert README.count(before) == 1, before
    found = re.search(rf"```{language}\n(.*?)```", README.partition(before)[2], re.DOTALL)
    assert found is not None, f"no {language} after {before!r}"
    return found[1]


async def run(suite: Suite, *command: str, **named: str) -> str:
    """What a command prints, run from the project's folder with the stack's home; it must succeed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "INTERLINK_HOME": str(suite.home.folder), **named},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return out.decode()


async def test_the_partners_post_is_answered_with_the_receipt_that_is_promised(suite: Suite) -> None:
    script = block("bash", "## For partners")
    assert script.count(INTAKE) == 1
    script = script.replace(INTAKE, suite.url("intake"))

    first = await run(suite, "bash", "-euo", "pipefail", "-c", script)
    again = await run(suite, "bash", "-euo", "pipefail", "-c", script)

    receipt = json.loads(first)
    assert again == first
    assert set(receipt) == {
        "number", "partner", "reference", "version", "received_at", "sha256", "status", "counts", "verdicts",
    }  # fmt: skip
    assert receipt["counts"]["entries"] == {"accepted": 1, "rejected": 0}
    assert receipt["counts"]["items"]["rejected"] == 0
    async with suite.client("intake", receipt["partner"]) as http:
        shown = (await http.get(f"/v1/referrals/{receipt['number']}")).json()
    assert [entry["reference"] for entry in shown["entries"]] == ["s-1"]
    await suite.settled(await suite.entries_of([receipt]))


async def test_the_subscribers_program_reads_a_determination(suite: Suite) -> None:
    (made,) = files(4000, 1, 5, now=NOW)
    entries = await suite.entries_of([await suite.deliver("bureau-nl", made.body)])
    await suite.settled(entries)
    interlink = (sys.executable, "-m", "interlink")
    password = await run(suite, *interlink, "topics", "--password", "subscriber")
    assert README.count("`interlink topics --password subscriber` prints the password") == 1

    printed = await run(
        suite,
        sys.executable,
        "-W",
        "error",
        "-c",
        block("python", "<!-- run: subscriber -->"),
        INTERLINK_KAFKA=suite.state.kafka.address,
        SUBSCRIBER_PASSWORD=password.strip(),
    )

    entry, branch, body, confidence = printed.split()
    rows = await suite.rows(
        "SELECT branch, body, confidence FROM routing.determination WHERE entry::text = $1 ORDER BY version", entry
    )
    assert (branch, body, confidence) in [(row["branch"], row["body"], row["confidence"]) for row in rows]


def test_every_address_the_readme_names_is_the_stacks_usual_one() -> None:
    ports = (ROOT / "deploy/local/ports.toml").read_text()
    assert "intake-api = 18081" in ports
    named = set(re.findall(r"127\.0\.0\.1:(\d+)", README))
    assert named == {"18081"}
