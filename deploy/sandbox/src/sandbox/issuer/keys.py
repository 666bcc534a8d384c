"""The signing key outlives the process, so that tokens survive a restart; nobody but its owner can read it."""

import os
from contextlib import suppress
from pathlib import Path

from joserfc.jwk import ECKey


def load_or_create(path: Path) -> ECKey:
    """The P-256 key kept at `path`, made there first if need be; processes that start at once agree."""
    if not path.exists():
        _create(path)
    key = ECKey.import_key(path.read_bytes())
    return ECKey.import_key(key.as_dict(private=True), {"kid": key.thumbprint(), "use": "sig", "alg": "ES256"})


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(ECKey.generate_key("P-256").as_pem(private=True))
    # A hard link fails where the name is taken: the first writer wins, and no reader sees half a key.
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
