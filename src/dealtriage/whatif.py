"""What would have to change for a deal to stay once it is back: single changes, asked of the chance to stall again."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from dealtriage.model.telling import told
from dealtriage.words import many, share

SMALLEST = 0.03  # of the chance; less is not worth an act
MOST = 2
CHASING = 0.33


def changes(restall: BaseEstimator, levers: dict[str, float], rows: pd.DataFrame) -> pd.Series:
    """Of each deal, the one or two changes that would lower its chance to stall again most, in words with their numbers; empty where none lowers it by three points.

    restall: see `model.restall`; levers: feature -> the value it is moved to, alone, where the deal has less; rows: all features.
    """
    before = told(restall, rows)
    found: list[list[tuple[float, str]]] = [[] for _ in range(len(rows))]
    for name, aim in levers.items():
        here = rows[name].to_numpy(dtype=float)
        then = told(restall, rows.assign(**{name: np.fmax(here, aim)}))
        for at in np.flatnonzero((before - then >= SMALLEST) & (here < aim)):
            found[at].append((then[at], f"{share(then[at])} instead of {share(before[at])} if {SAID[name](aim, here[at])}"))
    return pd.Series(["; ".join(text for _, text in sorted(one)[:MOST]) for one in found], index=rows.index, dtype="str")


def _people(aim: float, here: float) -> str:
    return f"{many(aim, 'person', 'people')} of theirs took part within 60 days ({_none_or(here)} did)"


def _meetings(aim: float, here: float) -> str:
    return f"there had been {many(aim, 'meeting')} ({_none_or(here)} so far)"


def _next_steps(aim: float, here: float) -> str:
    return f"{many(aim, 'next step')} with a date lay ahead ({_none_or(here)} does)"


def _work(aim: float, here: float) -> str:
    return f"the buyer did more of the work ({'now mostly we do' if here < -CHASING else 'now both sides do their part'})"


def _none_or(count: float) -> str:
    return f"{count:.0f}" if count else "none"


SAID: dict[str, Callable[[float, float], str]] = {
    "contacts_active_60d": _people, "meetings_held_total": _meetings, "next_steps_ahead": _next_steps, "hand_90d": _work}
