"""`python -m contracts generate | release | check`: the contracts' files in a working copy.

`generate` writes schemas, AsyncAPI and tables from the registry. `release` adds the current schemas as the
next minor versions and seals them and the samples. `check` writes nothing and ends with 1 where something
is stale, edited or incompatible.
"""

import argparse
import sys
from pathlib import Path

from contracts import documentation, releases, schemas


def main(arguments: list[str] | None = None) -> int:
    """Runs one verb. Returns the exit code: 0, or 1 with a sentence per reason."""
    parser = argparse.ArgumentParser(prog="python -m contracts", description=__doc__)
    parser.add_argument("verb", choices=("generate", "release", "check"))
    parser.add_argument("--home", type=Path, default=releases.HOME, help="folder of the contracts package")
    options = parser.parse_args(arguments)
    match options.verb:
        case "generate":
            return _tell("wrote", documentation.generate(options.home), code=0)
        case "release":
            return _release(options.home)
        case _:
            return _tell("not as it must be:", problems(options.home), code=1)


def problems(home: Path) -> list[str]:
    """Everything that keeps the committed contracts from being releasable, a sentence each."""
    return [
        *(f"{path} is stale: run `python -m contracts generate`" for path in documentation.stale(home)),
        *(
            f"{subject.name} {fault}"
            for subject in schemas.subjects()
            for fault in schemas.faults(schemas.closed(subject))
        ),
        *releases.edited(home),
        *(f"{path} has no checksum: run `python -m contracts release`" for path in releases.uncovered(home)),
        *releases.breaks(home),
    ]


def _release(home: Path) -> int:
    try:
        added = releases.release(home)
    except releases.ReleaseError as error:
        return _tell("refused:", str(error).splitlines(), code=1)
    return _tell("released", [path.relative_to(home).as_posix() for path in added], code=0)


def _tell(what: str, lines: list[str], *, code: int) -> int:
    """Prints a line each; nothing to tell is success."""
    sys.stdout.writelines(f"{what} {line}\n" for line in lines)
    return code if lines else 0


if __name__ == "__main__":
    sys.exit(main())
