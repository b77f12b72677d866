"""Simulated rows in which deals differ, and what differs decides both what is done and what follows."""

import numpy as np
import pandas as pd

from dealtriage.effects.compare import Compared
from dealtriage.matrix import deal_group


def simulated(effect: float, *, deals: int = 1500, weeks: int = 4, seed: int = 3, hidden: float = 0.0, base: float = -3.0) -> tuple[Compared, float]:
    """Rows, and the true mean effect (a share) on those in which it was done. effect: in log-odds. Good deals are treated more often; `hidden`: by how much
    a trait that no covariate tells, but the past does, decides both."""
    rng = np.random.default_rng(seed)
    deal = np.repeat(np.arange(deals), weeks)
    seen, unseen = rng.normal(size=(2, deals))
    x = np.column_stack([seen[deal] + 0.3 * rng.normal(size=len(deal)), rng.normal(size=(len(deal), 3))])
    bare = -1.2 + 1.2 * x[:, 0] + 0.4 * x[:, 1] + hidden * unseen[deal]
    done = rng.random(len(deal)) < _share(base + 1.2 * x[:, 0] + hidden * unseen[deal])
    y = rng.random(len(deal)) < _share(bare + effect * done)
    before = rng.random(len(deal)) < _share(0.8 * x[:, 0] + 1.5 * np.sign(hidden) * unseen[deal])
    ids = pd.Series([f"d{number}" for number in deal])
    rows = Compared(pd.DataFrame(x, columns=["a", "b", "c", "d"]), done.astype(np.int64), y.astype(np.int64), before.astype(float), deal, deal_group(ids, 5, "effects"))
    return rows, float((_share(bare + effect) - _share(bare))[done].mean())


def _share(log_odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-log_odds))
