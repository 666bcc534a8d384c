"""What was prepared need not be prepared again: a stamp beside the data says from which sources it was.

A stamp lies in the server's own folder, so it goes when the data goes.
"""

from collections.abc import Iterable
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path


def sources(package: str, *names: str) -> list[Path]:
    """Files and folders of a package, without importing it; those that are not there are left out."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return []
    root = Path(spec.origin).parent
    found = [root / name for name in names]
    return [file for path in found for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]


def digest(files: Iterable[Path], *texts: str) -> str:
    """One word for the content of all the files and texts."""
    whole = sha256()
    for file in files:
        content = file.read_bytes() if file.exists() else b""
        whole.update(sha256(str(file).encode()).digest() + sha256(content).digest())
    for text in texts:
        whole.update(sha256(text.encode()).digest())
    return whole.hexdigest()


def holds(stamp: Path, word: str) -> bool:
    """Whether what was prepared last was prepared from the same."""
    try:
        return stamp.read_text() == word
    except OSError:
        return False


def put(stamp: Path, word: str) -> None:
    """Remember it. Called when the work is done, never before."""
    stamp.write_text(word)
