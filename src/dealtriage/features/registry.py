"""The list of features. A feature is a function whose name is the column and whose docstring is its meaning."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from inspect import getdoc

import pandas as pd

from dealtriage.features.columns import Floats
from dealtriage.features.kernel import Bucket

SUBJECTS = ("silence", "rhythm", "spells", "direction", "threads", "people", "meetings", "promises", "stage", "close_date", "terms",
            "accounts", "owners", "logging", "season", "text")

_registered: dict[str, "Feature"] = {}
_weekly: dict[str, Callable[[Bucket], pd.DataFrame]] = {}


@dataclass(frozen=True)
class Feature:
    """One column of the matrix.

    `unit`, `low`, `high` (bounds of the values, None = open), `missing` (what an empty value means) are its
    dictionary entry. `trend` is the sign its effect on the chance of revival cannot be against: +1, -1, or 0 where
    either is possible. `is_optional`: a column only where `features.include` names it or its subject.
    """

    name: str
    subject: str
    ask: Callable[[Bucket], Floats]
    meaning: str
    unit: str
    low: float | None
    high: float | None
    missing: str
    trend: int
    is_optional: bool


def feature(unit: str, *, low: float | None = 0, high: float | None = None, missing: str = "never empty",
            trend: int = 0, is_optional: bool = False) -> Callable[[Callable[[Bucket], Floats]], Callable[[Bucket], Floats]]:
    """Register a function as a feature; its subject is its module."""
    def register(function: Callable[[Bucket], Floats]) -> Callable[[Bucket], Floats]:
        name, subject = function.__name__, function.__module__.rpartition(".")[2]
        if name in _registered:
            raise ValueError(f"two features are called {name}, in {_registered[name].subject} and in {subject}: give one another name")
        meaning = " ".join((getdoc(function) or "").split())
        if not meaning:
            raise ValueError(f"feature {name} has no docstring: it is its entry in the data dictionary")
        _registered[name] = Feature(name, subject, function, meaning, unit, low, high, missing, trend, is_optional)
        return function
    return register


def weekly(function: Callable[[Bucket], pd.DataFrame]) -> Callable[[Bucket], pd.DataFrame]:
    """Register a weekly table (see `features.weeks`): asked about every open deal at every Monday, it returns `weeks.sums`.

    Its name is the function's; its sums over all buckets are what `Bucket.by_then` reads.
    """
    if function.__name__ in _weekly:
        raise ValueError(f"two weekly tables are called {function.__name__}: give one another name")
    _weekly[function.__name__] = function
    return function


def weekly_tables() -> dict[str, Callable[[Bucket], pd.DataFrame]]:
    """The registered weekly tables by name."""
    features()
    return _weekly


@cache
def features() -> tuple[Feature, ...]:
    """All registered features, in the order of their subjects and definitions."""
    for subject in SUBJECTS:
        import_module(f"dealtriage.features.{subject}")
    return tuple(sorted(_registered.values(), key=lambda f: SUBJECTS.index(f.subject)))


def by_name() -> dict[str, Feature]:
    """The registered features by column name."""
    return {one.name: one for one in features()}
