"""What our estimators share: two classes, named or numbered columns, missing values allowed."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

Floats = NDArray[np.float64]


class TwoClasses(ClassifierMixin, BaseEstimator):
    """A classifier of two classes; for us: 0 stays silent, 1 revives."""

    def _learn(self, X: ArrayLike, y: ArrayLike) -> tuple[Floats, NDArray[np.int64]]:
        """X as numbers and y as 0 or 1, both checked; sets classes_."""
        values, target = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan")
        check_classification_targets(target)
        self.classes_, codes = np.unique(target, return_inverse=True)
        if len(self.classes_) > 2:
            raise ValueError(f"Only binary classification is supported. The target has {len(self.classes_)} classes.")
        if len(self.classes_) == 1:
            raise ValueError("The target has 1 class; two are needed to learn from.")
        return values, codes.astype(np.int64)

    def _look(self, X: ArrayLike) -> Floats:
        """X as numbers, with the columns of fit."""
        check_is_fitted(self)
        return validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)

    def _place(self, column: str | int) -> int:
        """Where a column of X stands: by its name, or by its number where X has no names."""
        if isinstance(column, int):
            return min(column, self.n_features_in_ - 1)
        return list(self.feature_names_in_).index(column)

    def predict(self, X: ArrayLike) -> NDArray[np.generic]:
        """The likelier class."""
        likelier = self.predict_proba(X)[:, 1] > 0.5
        return self.classes_[likelier.astype(int)]

    def __sklearn_tags__(self):  # type: ignore[no-untyped-def]
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags.multi_class = False
        return tags


def two_columns(chance: Floats) -> Floats:
    """The chance of the first class beside that of the second."""
    return np.column_stack([1 - chance, chance])
