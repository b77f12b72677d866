"""The list of features. A feature is a function whose name is the column and whose docstring is its meaning."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from inspect import getdoc

from dealtriage.features.kernel import Bucket, Floats

SUBJECTS = ("silence", "direction", "people", "meetings", "stage", "close_date", "terms", "logging", "season")

_registered: dict[str, "Feature"] = {}


@dataclass(frozen=True)
class Feature:
    """One column of the matrix.

    `unit`, `low`, `high` (bounds of the values, None = open), `missing` (what an empty value means) are its
    dictionary entry. `trend` is the sign its effect on the chance of revival cannot be against: +1, -1, or 0 where
    either is possible.
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


def feature(unit: str, *, low: float | None = 0, high: float | None = None, missing: str = "never empty",
            trend: int = 0) -> Callable[[Callable[[Bucket], Floats]], Callable[[Bucket], Floats]]:
    """Register a function as a feature; its subject is its module."""
    def register(function: Callable[[Bucket], Floats]) -> Callable[[Bucket], Floats]:
        name, subject = function.__name__, function.__module__.rpartition(".")[2]
        if name in _registered and _registered[name].subject != subject:
            raise ValueError(f"two features are called {name}")
        meaning = " ".join((getdoc(function) or "").split())
        if not meaning:
            raise ValueError(f"feature {name} has no docstring: it is its entry in the data dictionary")
        _registered[name] = Feature(name, subject, function, meaning, unit, low, high, missing, trend)
        return function
    return register


@cache
def features() -> tuple[Feature, ...]:
    """All registered features, in the order of their subjects and definitions."""
    for subject in SUBJECTS:
        import_module(f"dealtriage.features.{subject}")
    return tuple(sorted(_registered.values(), key=lambda f: SUBJECTS.index(f.subject)))


def by_name() -> dict[str, Feature]:
    """The registered features by column name."""
    return {one.name: one for one in features()}
