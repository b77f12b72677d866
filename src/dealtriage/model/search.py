"""A search for settings within a budget of seconds. What it finds depends on the machine's speed, and it is off unless asked for (docs/decisions/0010)."""

from collections.abc import Callable
from typing import Any

from sklearn.base import clone

from dealtriage.errors import BadInput
from dealtriage.model.boosting import TrendBoosting

SEARCHED = "searched_boosting"
TREES_PER_ROOT = (0.3, 4.0)
LEARNING_RATE = (0.02, 0.15)
LEAVES = (3, 16)
FEWEST_IN_LEAF = (10, 200)


def searched(model: TrendBoosting, loss: Callable[[TrendBoosting], float], seconds: float) -> TrendBoosting:
    """The model with the settings of the lowest loss among those that a tree-structured Parzen estimator, seeded as the model is, tries in so many seconds.

    One is tried however short the time. Raises BadInput where optuna is not installed.
    """
    optuna = _optuna()

    def judged(trial: Any) -> float:
        return loss(clone(model).set_params(**_settings(trial)))

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=model.seed))
    study.optimize(judged, n_trials=1)
    study.optimize(judged, timeout=seconds)
    return clone(model).set_params(**study.best_params)


def _settings(trial: Any) -> dict[str, float | int]:
    return {"trees_per_root": trial.suggest_float("trees_per_root", *TREES_PER_ROOT, log=True),
            "learning_rate": trial.suggest_float("learning_rate", *LEARNING_RATE, log=True),
            "leaves": trial.suggest_int("leaves", *LEAVES),
            "fewest_in_leaf": trial.suggest_int("fewest_in_leaf", *FEWEST_IN_LEAF, log=True)}


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise BadInput("model.search_seconds is above 0, but optuna is not installed.",
                       "pip install 'dealtriage[search]', or model.search_seconds: 0") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
