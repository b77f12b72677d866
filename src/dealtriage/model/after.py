"""What the chance to revive leaves open: when a stalled deal comes back, whether it lasts and whether it is won then."""

import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from dealtriage.model.fitting import Known
from dealtriage.model.restall import comebacks, fit_restall
from dealtriage.model.telling import fit_telling, told
from dealtriage.model.when import When, fit_when
from dealtriage.params import Label


def after(known: Known, label: Label, rows: pd.DataFrame) -> pd.DataFrame:
    """What is learnt of when, of lasting and of winning, said of `rows`: share_<n>d for each of label.when_days, wait_days, p_win and p_restall."""
    longest = farthest(label)
    when = fit_when(known, longest)
    return said_after(when, fit_win(known, longest), fit_restall(comebacks(known, when)), label.when_days, rows)


def farthest(label: Label) -> int:
    """How many days ahead is looked at most: the horizon, or beyond."""
    return max(label.horizon_days, *label.when_days)


def said_after(when: When, win: Pipeline, restall: BaseEstimator, when_days: tuple[int, ...], rows: pd.DataFrame) -> pd.DataFrame:
    """share_<n>d, wait_days, p_win and p_restall of each row."""
    silence = rows["silence_days"].to_numpy(dtype=float)
    shares = {f"share_{days}d": when.share(days, silence) for days in when_days}
    return pd.DataFrame({**shares, "wait_days": when.wait_days(silence), "p_win": told(win, rows), "p_restall": told(restall, rows)}, index=rows.index)


def fit_win(known: Known, within_days: float) -> Pipeline:
    """The chance that a deal is won within so many days of the as-of date, if it comes back within the horizon."""
    watched = known.watched
    asked = (watched.followed >= within_days) & (watched.back < known.horizon_days)
    return fit_telling(known.everything.X[asked], watched.won[asked] < within_days, C=0.05)
