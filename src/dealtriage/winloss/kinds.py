"""The kind of a no decision, by rules of thumb: status quo and indecision need opposite treatment."""

import numpy as np
import pandas as pd

from dealtriage.winloss.evidence import KIND_RULES, KIND_START, weigh
from dealtriage.winloss.outcomes import TRUST

NAMED_FROM = 0.4
NOT_TOLD = "the timeline does not tell"


def kinds(rows: pd.DataFrame, stated_kind: pd.Series) -> pd.DataFrame:
    """p_<kind> (of a no decision, they sum to 1), kind (`unknown` below 0.4, or where no rule speaks for it) and why_kind.

    rows: all features and said_<...>. A plainly stated kind is 20 times likelier.
    """
    p, because = weigh(rows, KIND_START, KIND_RULES)
    for name in KIND_START:
        is_stated = stated_kind == name
        p[name] *= np.where(is_stated, TRUST, 1.0)
        because[name] = because[name].mask(is_stated & (because[name] == ""), "the rep stated so")
    p = p.div(p.sum(axis=1), axis=0)
    likeliest = p.idxmax(axis=1)
    why = pd.Series([because.loc[row, name] for row, name in likeliest.items()], index=rows.index, dtype="str")
    is_named = (p.max(axis=1) >= NAMED_FROM) & (why != "")
    return p.add_prefix("p_").assign(kind=likeliest.where(is_named, "unknown"), why_kind=why.where(is_named, NOT_TOLD))
