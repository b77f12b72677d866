"""Boosted trees that cannot act against a known trend, of one feature each or of pairs, so that reasons stay exact."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from dealtriage.model.base import Floats, TwoClasses

BINS = 255


class TrendBoosting(TwoClasses):
    """Histogram gradient boosting on the features that differ in training.

    trends: per column +1 (the chance cannot fall as the column rises), -1 or 0; None = all 0. interactions: `none` = each
    tree splits on one feature, `pairs` = on two at most; either way the Shapley values of a row are a sum of look-ups (see `reasons`).
    fewest_in_leaf: None = a fortieth of the rows, between 20 and 100.
    Trees are as many as the root of the number of rows times `trees_per_root` (docs/decisions/0010): what can be learnt grows with the data.
    A feature that is the same everywhere would only take the place of a telling one where a tree draws its features.
    """

    def __init__(self, trends: tuple[int, ...] | None = None, interactions: str = "none", trees_per_root: float = 1.0, leaves: int = 6,
                 fewest_in_leaf: int | None = None, learning_rate: float = 0.06, seed: int = 0) -> None:
        self.trends = trends
        self.interactions = interactions
        self.trees_per_root = trees_per_root
        self.leaves = leaves
        self.fewest_in_leaf = fewest_in_leaf
        self.learning_rate = learning_rate
        self.seed = seed

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Find the features that differ, and boost them. Missing values are allowed in X; y holds two classes."""
        values, outcome = self._learn(X, y)
        differing = np.flatnonzero([not np.isclose(column, column[0], equal_nan=True).all() for column in values.T])
        rows = len(outcome) if sample_weight is None else float(np.asarray(sample_weight).sum())
        fewest = self.fewest_in_leaf or int(np.clip(len(outcome) // 40, 20, 100))
        self.kept_ = differing if len(differing) else np.array([0])
        self.edges_ = [_edges(values[:, at]) for at in self.kept_]
        trends = self.trends or (0,) * values.shape[1]
        self.model_ = CodedBoosting(
            learning_rate=self.learning_rate, max_iter=max(round(self.trees_per_root * np.sqrt(rows)), 1), max_leaf_nodes=self.leaves, min_samples_leaf=fewest,
            l2_regularization=10.0, max_features=0.5, early_stopping=False, random_state=self.seed,
            interaction_cst="no_interactions" if self.interactions == "none" else "pairwise",
            monotonic_cst=[trends[at] for at in self.kept_]).fit(self._coded(values), outcome, sample_weight=sample_weight)
        return self

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Two columns: the chance of either class, in the order of classes_ (for us: to stay silent, to revive)."""
        values = self._look(X)
        return self.model_.predict_proba(self._coded(values))

    def _coded(self, values: Floats) -> Floats:
        """The bin of each value of the kept columns; missing stays missing. Column by column: trees ask it in less than half of the time."""
        found = np.full((len(values), len(self.kept_)), np.nan, order="F")
        for number, (at, edges) in enumerate(zip(self.kept_, self.edges_, strict=True)):
            column = values[:, at]
            found[:, number] = np.where(np.isnan(column), np.nan, np.searchsorted(edges, column, side="left"))
        return found


class CodedBoosting(HistGradientBoostingClassifier):
    """The library's boosting of columns that hold whole numbers from 0 to 254: each number is a bin.

    The library sorts all rows of every column to find the bins, a seventh of the time of a fit. Here it is shown each number once, and finds
    the same. Should it no longer call this method, a fit only takes longer.
    """

    def _bin_data(self, X: Floats, sample_weight: Floats | None, is_training_data: bool) -> NDArray[np.uint8]:
        counted = X if sample_weight is None else X[sample_weight != 0]
        self._bin_mapper.fit(_each_once(counted))
        binned: NDArray[np.uint8] = self._bin_mapper.transform(X)
        return binned


def _each_once(codes: Floats) -> Floats:
    """The different numbers of each column, the rest of it missing."""
    found = np.full((BINS, codes.shape[1]), np.nan)
    for at, column in enumerate(codes.T):
        present = np.flatnonzero(np.bincount(column[~np.isnan(column)].astype(np.int64)))
        found[: len(present), at] = present
    return found


def _edges(column: Floats) -> Floats:
    """Borders of at most 255 bins that hold equally many rows: midpoints where so few values occur, else values.

    The library makes the same bins, but with row weights takes ten times as long for it as for the trees.
    """
    ordered = np.sort(column[~np.isnan(column)])
    known = ordered[np.diff(ordered, prepend=-np.inf) > 0]
    if len(known) <= BINS:
        return (known[1:] + known[:-1]) / 2
    return np.unique(np.quantile(ordered, np.arange(1, BINS) / BINS))
