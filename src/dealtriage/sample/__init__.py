"""The sample company: an invented firm's deals, simulated, and written as a Salesforce export with all its dirt.

Nothing here is drawn from real people or firms. See docs/sample-company.md for the model and its measured rates.
"""

from __future__ import annotations

import logging
import random
from datetime import datetime
from pathlib import Path

from .accounts import accounts_brought, draw_account
from .clock import days_of, months_before
from .company import found
from .deal_rows import put_deal
from .dirt import SpoilingSheets, put_junk, put_test_account
from .fixed_rows import put_account, put_fixed
from .ids import make_id
from .story import World, live
from .talk_rows import Desk, put_talk
from .truth import Truth

__all__ = ["write_sample"]

TOLD_EVERY = 10_000
log = logging.getLogger(__name__)


def write_sample(
    raw: Path, truth: Path, *, deals: int, seed: int, months: int, exported_at: datetime
) -> None:
    """Simulate `deals` deals over the `months` before `exported_at`; export them to `raw`, the truth to `truth`.

    Files are byte-identical for the same arguments. Memory does not grow with `deals`: each deal is written
    before the next is drawn, and a deal's life depends on the seed and its own number alone.
    """
    start, end = days_of(months_before(exported_at, months)), days_of(exported_at)
    world = World(seed, start, end, found(seed, start, end))
    with SpoilingSheets(raw) as sheets, Truth(truth) as facts:
        put_fixed(sheets, world.company, world.rates, start)
        put_test_account(sheets, start)
        for number in range(deals):
            if number and number % TOLD_EVERY == 0:
                log.info("sample: deal %s of %s", f"{number:,}", f"{deals:,}")
            _write_deal(world, number, sheets, facts)


def _write_deal(world: World, number: int, sheets: SpoilingSheets, facts: Truth) -> None:
    life = live(world, number)
    rng = random.Random(f"{world.seed}:dirt:{number}")
    dirt = world.rates.dirt
    sheets.rng, sheets.share = rng, dirt.unparsable
    deal = make_id("Opportunity", number)
    for account in accounts_brought(number, number + 1):
        put_account(sheets, draw_account(world.seed, account, world.rates), world.start, life.champion_dead)
    last = put_talk(Desk(sheets, life, deal, rng, rng.random() < dirt.zoned_mail))
    put_deal(sheets, life, deal, rng, last)
    put_junk(sheets, life, rng)
    facts.put(life, deal)
