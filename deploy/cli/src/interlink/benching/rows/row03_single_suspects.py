"""Row 3: accept referrals of a single suspect, from sixteen clients."""

from interlink.benching.figures import Row
from interlink.benching.ground import Ground
from interlink.benching.rows.row01_small_files import CLIENTS, small


async def measure(ground: Ground) -> Row:
    """As row 1."""
    return await small(ground, "3", f"accept files of one suspect, {CLIENTS} clients", 1)
