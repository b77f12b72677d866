"""The Salesforce door: the weekly Data Export, one CSV per object."""

from __future__ import annotations

import random
from pathlib import Path

from ..accounts import Account
from ..door import Door
from ..life import Life
from ..story import World
from .deal_rows import put_deal
from .dirt import SpoilingSheets, put_junk, put_test_account
from .fixed_rows import put_account, put_fixed
from .ids import make_id
from .past_rows import put_account_history, put_title_history
from .talk_rows import Desk, put_talk

__all__ = ["Salesforce"]


class Salesforce(Door):
    """Salesforce keeps all there is to see, its field histories for 18 months."""

    def __init__(self, folder: Path, world: World) -> None:
        self._sheets = SpoilingSheets(folder)
        super().__init__(self._sheets, world)

    def put_fixed(self) -> None:
        put_fixed(self._sheets, self.world.company, self.world.rates, self.world.start)
        put_test_account(self._sheets, self.world.start)

    def put_account(self, account: Account, bounced: bool) -> None:
        put_account(self._sheets, account, self.world.start, bounced)
        put_title_history(self._sheets, account, self.world)

    def put_life(self, life: Life) -> None:
        rng = random.Random(f"{self.world.seed}:dirt:{life.number}")
        dirt = life.rates.dirt
        self._sheets.rng, self._sheets.share = rng, dirt.unparsable
        deal = self.deal_id(life.number)
        last = put_talk(Desk(self._sheets, life, deal, rng, rng.random() < dirt.zoned_mail))
        put_deal(self._sheets, life, deal, self.world.seed, rng, last)
        put_account_history(self._sheets, life, deal, self.world.seed)
        put_junk(self._sheets, life, self.world.seed, rng)

    def deal_id(self, number: int) -> str:
        return make_id("Opportunity", number)
