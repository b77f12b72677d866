"""One model fitted again and again on one split: on fewer deals, on fewer features, on another label."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from dealtriage.backtest import FEWEST_OF_EACH, FEWEST_ROWS, known_at
from dealtriage.calendar import Fold, last_matured
from dealtriage.features.columns import DAY
from dealtriage.matrix import deal_group
from dealtriage.model.after import farthest
from dealtriage.model.base import Floats
from dealtriage.model.candidates import candidates
from dealtriage.model.cure import fit_weighted
from dealtriage.model.fitting import Known, chance
from dealtriage.model.rules import rules
from dealtriage.model.selection import NO_TRIALS, Choice, fit_choice
from dealtriage.model.when import fit_when
from dealtriage.params import Label, Params
from dealtriage.reasons import group_of

FINEST = 1000  # into so many parts deals are split when a share of them is drawn


@dataclass(frozen=True)
class Refit:
    """One refit: the split in time, the label, into how many groups the deals are split, the share of the deals learnt from, the group of features left out,
    and whether rows are asked about, too, whose windows still run."""

    one: Fold
    label: Label
    groups: int
    share: float = 1.0
    without: str = ""
    asks_running: bool = False


class Without(ClassifierMixin, BaseEstimator):
    """A classifier that sees only the named columns of a frame."""

    def __init__(self, model: BaseEstimator, columns: tuple[str, ...]) -> None:
        self.model = model
        self.columns = columns

    def fit(self, X: pd.DataFrame, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Learn from the named columns alone."""
        weight = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
        self.model_ = fit_weighted(self.model, X[list(self.columns)], np.asarray(y), weight)
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, X: pd.DataFrame) -> Floats:
        """The chances of the model inside."""
        return self.model_.predict_proba(X[list(self.columns)])


def relabelled(matrix: pd.DataFrame, label: Label, cutoff: datetime) -> pd.DataFrame:
    """The rows of `matrix.read_labelled` with is_matured, left_out and revived by another strictness or horizon.

    As `labels.label` would make them, but for refusals later than the horizon of the matrix: these are not recorded.
    """
    back = (matrix[f"days_until_{label.revival}"] < label.horizon_days).to_numpy()
    matured = (matrix["as_of"] <= last_matured(cutoff, label.horizon_days)).to_numpy()
    refused = (matrix["ended_by"] == "refused") & (matrix["ended_after_days"] < label.horizon_days) & ~back & (label.seller_refusal == "exclude")
    left_out = np.select([~matured, matrix["is_in_gap"], refused], ["not_matured", "in_gap", "refused"], "")
    revived = pd.Series(back, matrix.index).astype("Int8").where(left_out == "")
    return matrix.assign(is_matured=matured, left_out=left_out, revived=revived.astype("float64"))


def nested(deal_ids: pd.Series, share: float) -> NDArray[np.bool_]:
    """The rows of a share of the deals, drawn by their ids: a smaller share is part of any larger one."""
    return deal_group(deal_ids, FINEST, "learning") < round(share * FINEST)


def said(matrix: pd.DataFrame, columns: list[str], params: Params, cutoff: datetime, refit: Refit) -> pd.DataFrame | None:
    """What refits say of the test rows of all groups of deals, each of models that saw none of its deals; None where one cannot be fitted.

    deal_id, as_of, revived, p, p_silence (the rule of silence, from the same rows), learnt_deals; where asks_running also the rows whose windows still run,
    `revived` empty, and expected, the chance to be back by the cutoff.
    """
    rows = relabelled(matrix, refit.label, cutoff)
    group = deal_group(rows["deal_id"], refit.groups, "sensitivity")
    parts = [_of_group(rows, columns, params, cutoff, refit, group, tested) for tested in range(refit.groups)]
    found = [part for part in parts if part is not None]
    return pd.concat(found).sort_index() if len(found) == refit.groups else None


def _of_group(rows: pd.DataFrame, columns: list[str], params: Params, cutoff: datetime, refit: Refit, group: NDArray[np.int64],
              tested: int) -> pd.DataFrame | None:
    kept = (group != tested) & nested(rows["deal_id"], refit.share)
    known = known_at(rows, columns, refit.one, kept, refit.label)
    finished = known.finished
    if len(finished.y) < FEWEST_ROWS or finished.fewest < FEWEST_OF_EACH:
        return None
    asked = rows[(group == tested) & (in_test(rows, refit.one) | (still_running(rows, refit.label) & refit.asks_running))]
    model = fit_choice(Choice("", _candidate(columns, params, refit.without), False, 1.0, 0.0, NO_TRIALS), known)
    silence = clone(rules()["silence"]).fit(finished.X, finished.y)
    found = asked[["deal_id", "as_of", "revived", f"days_until_{refit.label.revival}"]].assign(
        p=chance(model, asked[columns]), p_silence=chance(silence, asked[columns]), learnt_deals=known_deals(known))
    return found.assign(expected=found["p"] * _share_by(asked, known, params, cutoff)) if refit.asks_running else found


def in_test(rows: pd.DataFrame, one: Fold) -> NDArray[np.bool_]:
    """The rows that a fold tests."""
    return (rows["as_of"].between(one.test_start, one.test_end, inclusive="left") & rows["revived"].notna()).to_numpy()


def still_running(rows: pd.DataFrame, label: Label) -> NDArray[np.bool_]:
    """The rows whose windows are not over, but for those in gaps and, where refusals are excluded, the refused."""
    refused = (rows["ended_by"] == "refused") & rows[f"days_until_{label.revival}"].isna() & (label.seller_refusal == "exclude")
    return (~rows["is_matured"] & ~rows["is_in_gap"] & ~refused).to_numpy()


def followed_days(rows: pd.DataFrame, cutoff: datetime) -> Floats:
    """How long each row has been watched."""
    return ((cutoff - rows["as_of"]).dt.total_seconds() / DAY).to_numpy(dtype=float)


def known_deals(known: Known) -> int:
    """How many deals were learnt from."""
    return len(np.unique(known.everything.deal))


def _candidate(columns: list[str], params: Params, without: str) -> BaseEstimator:
    """The first named candidate; seeing all columns but those of a group, where one is named."""
    kept = [name for name in columns if group_of(name) != without]
    name = params.model.candidates[0]
    model = candidates((name,), kept, params.model.seed)[name]
    return Without(model, tuple(kept)) if without else model


def _share_by(asked: pd.DataFrame, known: Known, params: Params, cutoff: datetime) -> Floats:
    """The part of the chance that should have come true by the cutoff."""
    when = fit_when(known, farthest(params.label))
    return np.minimum(when.share(followed_days(asked, cutoff), asked["silence_days"].to_numpy(dtype=float)), 1.0)


def as_table(found: pd.DataFrame, p: str = "p") -> pd.DataFrame:
    """The tested rows alone, in the form that `evaluate` asks for."""
    tested = found[found["revived"].notna()]
    return tested.assign(p=tested[p])


def narrowed(refit: Refit, **changes: object) -> Refit:
    """The same refit with changes."""
    return replace(refit, **changes)  # type: ignore[arg-type]
