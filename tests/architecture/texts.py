"""What no tracked file may contain: somebody's machine, or where packages were fetched from."""

import re
from collections.abc import Iterator

# Written with a class of one character each, so that this file does not name what it looks for.
FORBIDDEN = {
    "a machine's path": re.compile(r"(?<![\w.])/(?:wor[k]|roo[t]|Users|home/[a-z]\w*)/[\w.]"),
    "a temporary folder": re.compile(r"(?<![\w.])/tm[p]/\w"),
    "an index address": re.compile(r"(?:extra-)?index-ur[l]\b|\[\[tool\.uv\.inde[x]|https?://[^\s\"']*/simpl[e]\b"),
    "a registry address": re.compile(
        r"https?://[^\s\"']*(?:pythonhoste[d]|registry\.npmj[s]|repo1?\.maven[.]|artifactor[y]|/nexu[s]/)"
    ),
}


def forbidden(path: str, text: str) -> Iterator[str]:
    """Lines of a file that name a machine or an index."""
    for number, line in enumerate(text.splitlines(), start=1):
        for what, pattern in FORBIDDEN.items():
            if pattern.search(line):
                yield f"{path}:{number} names {what}"
