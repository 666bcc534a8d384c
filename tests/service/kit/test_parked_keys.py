"""Which decisions release a parked key: those about the letter it waits for, and any where no letter was told."""

from sqlalchemy import text

from kit import parking
from kit.database import Database

KEY: parking.Key = ("interlink.referrals", b"key")
FIRST, SECOND = (KEY, "0/1"), (KEY, "0/2")

# As the build before parks, which knows no letters.
PARK_BEFORE = text("""
    INSERT INTO parked_key (topic, key, state) VALUES (:topic, :key, 'parked')
    ON CONFLICT (topic, key) DO UPDATE SET state = 'parked'
""")


async def test_a_key_waits_for_the_letter_that_parked_it_until_that_one_is_decided(probe: Database) -> None:
    async with probe.as_system() as tx:
        await parking.park(tx, FIRST)
        await parking.park(tx, SECOND)
        await parking.release(tx, {SECOND})
        assert await parking.next_released(tx) is None
        await parking.release(tx, {FIRST, SECOND})
        assert await parking.next_released(tx) == KEY


async def test_after_a_release_it_waits_for_the_letter_that_parks_it_again(probe: Database) -> None:
    async with probe.as_system() as tx:
        await parking.park(tx, FIRST)
        await parking.release(tx, {FIRST})
        await parking.park(tx, SECOND)
        await parking.release(tx, {FIRST})
        assert await parking.next_released(tx) is None
        await parking.release(tx, {SECOND})
        assert await parking.next_released(tx) == KEY


async def test_any_decision_releases_what_the_build_before_has_parked(probe: Database) -> None:
    """Also behind a letter of this build, while both run."""
    async with probe.as_system() as tx:
        await tx.execute(PARK_BEFORE, {"topic": KEY[0], "key": KEY[1]})
        await parking.release(tx, {FIRST})
        assert await parking.next_released(tx) == KEY

        await parking.free(tx, KEY)
        await parking.park(tx, FIRST)
        await parking.release(tx, {FIRST})
        await tx.execute(PARK_BEFORE, {"topic": KEY[0], "key": KEY[1]})
        await parking.release(tx, {SECOND})
        assert await parking.next_released(tx) == KEY
