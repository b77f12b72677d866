"""The sample company: an invented firm's deals, simulated, and written as a CRM's export with all its dirt.

Nothing here is drawn from real people or firms. See docs/sample-company.md for the model and its measured rates.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from .accounts import accounts_brought, draw_account
from .clock import days_of, months_before
from .company import found
from .door import Door
from .dynamics import Dynamics
from .hubspot import HubSpot
from .pipedrive import Pipedrive
from .rates import RATES, Rates
from .salesforce import Salesforce
from .story import World, live
from .truth import Truth

__all__ = ["DOORS", "write_sample"]

DOORS: dict[str, Callable[[Path, World], Door]] = {
    "salesforce": Salesforce,
    "hubspot": HubSpot,
    "dynamics": Dynamics,
    "pipedrive": Pipedrive,
}
TOLD_EVERY = 10_000
log = logging.getLogger(__name__)


def write_sample(
    raw: Path, truth: Path, *, deals: int, seed: int, months: int, exported_at: datetime, crm: str = "salesforce", rates: Rates = RATES
) -> None:
    """Simulate `deals` deals over the `months` before `exported_at`; export them to `raw`, the truth to `truth`.

    `rates`: the model's numbers. `crm` is one of `DOORS` and chooses the form of the export alone: the deals are the same behind every door. Files are
    byte-identical for the same arguments. Memory does not grow with `deals`: each deal is written before the next is
    drawn, and a deal's life depends on the seed and its own number alone.
    """
    start, end = days_of(months_before(exported_at, months)), days_of(exported_at)
    world = World(seed, start, end, found(seed, start, end), rates)
    with DOORS[crm](raw, world) as door, Truth(truth) as facts:
        door.put_fixed()
        for number in range(deals):
            if number and number % TOLD_EVERY == 0:
                log.info("sample: deal %s of %s", f"{number:,}", f"{deals:,}")
            life = live(world, number)
            for account in accounts_brought(number, number + 1):
                door.put_account(draw_account(seed, account, world.rates), life.champion_dead)
            door.put_life(life)
            facts.put(life, door.deal_id(number))
