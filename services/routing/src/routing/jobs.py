"""Due work of routing: nothing of it calls outside."""

from typing import Any

from kit.database import Transaction
from kit.jobs import Again, Done, Job, Outcome
from routing.application import Application
from routing.commands import flag_overdue as overdue


async def flag_overdue(app: Application, tx: Transaction, _job: Job, _result: Any) -> Outcome:
    """Flag late assignments; at once again while there are more than fit into one transaction."""
    flagged = await overdue.flag_overdue(tx)
    return Again(app.clock.now()) if flagged == overdue.AT_ONCE else Done()
