"""What the README shows works as it stands there: the partner's post and the subscriber's program."""

import json
import re
import sys
from datetime import UTC, datetime

from suite.guides import ROOT, block, here, run
from suite.running import Suite

from sandbox.generator.files import files

README = "README.md"
NOW = datetime.now(UTC)  # noqa: TID251 - captures must be of these days, as in life


async def test_the_partners_post_is_answered_with_the_receipt_that_is_promised(suite: Suite) -> None:
    script = here(suite, block(README, "bash", "## For partners"))
    assert script.count(suite.url("intake")) == 1

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


async def test_the_batch_is_answered_with_a_receipt_and_posted_again_has_the_same(suite: Suite) -> None:
    script = here(suite, block(README, "bash", "<!-- run: batch -->"))
    assert script.count(suite.url("intake")) == 1

    first = await run(suite, "bash", "-euo", "pipefail", "-c", script)
    again = await run(suite, "bash", "-euo", "pipefail", "-c", script)

    receipt = json.loads(first)
    assert again == first
    assert receipt["counts"] == {
        "entries": {"accepted": 2, "rejected": 0},
        "items": {"accepted": 2, "warned": 0, "rejected": 0},
    }
    await suite.settled(await suite.entries_of([receipt]))


async def test_the_subscribers_program_reads_a_determination(suite: Suite) -> None:
    (made,) = files(4000, 1, 5, now=NOW)
    entries = await suite.entries_of([await suite.deliver("bureau-nl", made.body)])
    await suite.settled(entries)
    interlink = (sys.executable, "-m", "interlink")
    password = await run(suite, *interlink, "topics", "--password", "subscriber")
    assert (ROOT / README).read_text().count("`interlink topics --password subscriber` prints the password") == 1

    printed = await run(
        suite,
        sys.executable,
        "-W",
        "error",
        "-c",
        block(README, "python", "<!-- run: subscriber -->"),
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
    named = set(re.findall(r"127\.0\.0\.1:(\d+)", (ROOT / README).read_text()))
    assert named == {"18081"}
