"""Why a deal's chance is what it is: what each feature adds to the log-odds, and the three strongest reasons, told with their evidence."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import permutations
from math import factorial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from dealtriage.features.registry import by_name
from dealtriage.lookalikes import Ranges, fared, supports
from dealtriage.model.fitting import Calibrated, chance, log_odds
from dealtriage.sentences import say, silence

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COUNT = 3
AT_ONCE = 20_000  # rows asked of a model at once
SMALLEST = 0.05  # log-odds
MOST_OF_A_GROUP = 2
GROUPS = ("buyer", "seller", "communication", "terms", "context")
SUBJECT_GROUP = {
    "silence": "buyer", "rhythm": "buyer", "spells": "buyer", "people": "buyer",
    "promises": "seller", "owners": "seller", "logging": "seller",
    "direction": "communication", "threads": "communication", "meetings": "communication", "text": "communication",
    "terms": "terms", "close_date": "terms",
    "stage": "context", "accounts": "context", "season": "context",
}
FEATURE_GROUP = {  # of subjects in which both sides act
    **dict.fromkeys(("buyer_signals_7d", "buyer_signals_14d", "buyer_signals_30d", "buyer_signals_90d", "buyer_signals_trend", "buyer_reply_days",
                     "buyer_reply_days_90d", "inbound_threads_90d"), "buyer"),
    **dict.fromkeys(("seller_touches_7d", "seller_touches_14d", "seller_touches_30d", "seller_touches_90d", "seller_touches_trend",
                     "days_since_seller_touch", "seller_reply_days", "unanswered_messages", "waiting_days", "waiting_over_usual"), "seller"),
}


class Reason(NamedTuple):
    """What features of one subject and group say of a deal: the strength (log-odds) with its sign, the sentence, and the feature it is about."""

    strength: float
    group: str
    feature: str
    sentence: str


def group_of(feature: str) -> str:
    """Which of GROUPS a feature belongs to."""
    return FEATURE_GROUP.get(feature) or SUBJECT_GROUP[by_name()[feature].subject]


def contributions(model: BaseEstimator, rows: pd.DataFrame, typical: dict[str, float | None]) -> pd.DataFrame:
    """What each feature adds to a deal's log-odds, against the typical deal: its Shapley value.

    One column per feature, one row per row of `rows`. Exact where features act alone or in pairs, as in all that may be published, and for rules that
    name the few columns they read: the sum over features is then the distance from the typical deal, unless a chance is cut off at 0.01 % or 99.99 %.
    """
    def ask(values: Floats) -> Floats:
        return log_odds(chance(model, pd.DataFrame(values, columns=rows.columns)))

    x = rows.to_numpy(dtype=float)
    b = np.array([typical[name] for name in rows.columns], dtype=float)
    inner = model.model if isinstance(model, Calibrated) else model
    few = [rows.columns.get_loc(name) for name in getattr(inner, "columns", ())]
    adds = np.zeros_like(x)
    if len(rows):
        adds = _of_few(ask, x, b, few) if few else _of_pairs(ask, x, b)
    return pd.DataFrame(adds, index=rows.index, columns=rows.columns)


def _of_pairs(ask: Callable[[Floats], Floats], x: Floats, b: Floats) -> Floats:
    """The Shapley values of a game of pairs: half of what a value adds to the typical deal, half of what it adds to the rest of its own deal.

    What a pair does together comes in with the second half alone, and so is shared evenly.
    """
    adds, typical, here = np.zeros_like(x), ask(b[None])[0], ask(x)
    for moves in _batches(_Move.of(x, b, at) for at in range(x.shape[1])):
        odds = ask(np.concatenate([one.rows for one in moves]))
        for one, own in zip(moves, np.split(odds, np.cumsum([len(one.rows) for one in moves])[:-1]), strict=True):
            alone, without = np.split(own, [len(own) - len(one.differs)])
            adds[one.differs, one.at] = (alone[one.which] - typical + here[one.differs] - without) / 2
    return adds


class _Move(NamedTuple):
    """What has to be asked about the column `at`, for the rows that differ from the typical deal there: the typical deal with each
    of their values (`which` is a row's), then their rows with the typical value."""

    at: int
    differs: Ints
    which: Ints
    rows: Floats

    @classmethod
    def of(cls, x: Floats, b: Floats, at: int) -> "_Move":
        differs = np.flatnonzero((x[:, at] != b[at]) & ~(np.isnan(x[:, at]) & np.isnan(b[at])))
        values, which = np.unique(x[differs, at], return_inverse=True)
        rows = np.concatenate([np.repeat(b[None], len(values), axis=0), x[differs]])
        rows[:, at] = np.append(values, np.full(len(differs), b[at]))
        return cls(at, differs, which, rows)


def _batches(moves: Iterable[_Move]) -> Iterator[list[_Move]]:
    """Moves of AT_ONCE rows or a little more: to ask is dear for a few rows, to hold all is dear for many."""
    some: list[_Move] = []
    for one in moves:
        some.append(one)
        if sum(len(move.rows) for move in some) >= AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _of_few(ask: Callable[[Floats], Floats], x: Floats, b: Floats, players: list[int]) -> Floats:
    """The Shapley values of a model that reads these columns alone: the mean over all orders in which the deal's values take the typical ones' place."""
    adds = np.zeros_like(x)
    for order in permutations(players):
        mixed = np.repeat(b[None], len(x), axis=0)
        before = ask(mixed)
        for at in order:
            mixed[:, at] = x[:, at]
            after = ask(mixed)
            adds[:, at] += (after - before) / factorial(len(players))
            before = after
    return adds


def added_by_group(adds: pd.DataFrame) -> pd.DataFrame:
    """buyer_adds, seller_adds, communication_adds, terms_adds, context_adds: the sums of contributions (log-odds). Empty where those are."""
    groups = [group_of(name) for name in adds.columns]
    sums = adds.T.groupby(groups, sort=False).sum(min_count=1).T
    return sums.reindex(columns=list(GROUPS)).fillna(0.0).where(adds.notna().any(axis=1), np.nan).add_suffix("_adds")


def against_trend(rows: pd.DataFrame, adds: pd.DataFrame, typical: dict[str, float | None]) -> pd.DataFrame:
    """Which contributions go against the known trend of their feature: a model without constraints may have learnt such, and they are not told."""
    base = np.array([typical[name] for name in adds.columns], dtype=float)
    known = by_name()
    trend = np.array([known[name].trend for name in adds.columns])
    return (np.sign(rows[adds.columns].to_numpy(dtype=float) - base) * trend * adds) < 0


def reasons(rows: pd.DataFrame, adds: pd.DataFrame, typical: dict[str, float | None], stage_names: dict[int, str],
            lookalikes: Ranges | None = None) -> pd.DataFrame:
    """reason_1 to reason_3 for every row: the subjects that move its chance most, each as a sentence, and how past deals alike in it fared.

    rows: all features; adds: their contributions. At most two reasons of one group. most_against: the sentence of the subject that lowers the
    chance most. Empty where the model has no further reason, and for rows without contributions (deals that are not quiet).
    """
    said = adds.mask(against_trend(rows, adds, typical), 0.0)
    told = [_told(row, own, sayable, lookalikes or {}) for row, own, sayable in zip(
        named(rows, stage_names).to_dict("records"), adds.to_dict("records"), said.to_dict("records"), strict=True)]
    return pd.DataFrame(told, columns=[*(f"reason_{n + 1}" for n in range(COUNT)), "most_against"], index=rows.index)


def named(rows: pd.DataFrame, stage_names: dict[int, str]) -> pd.DataFrame:
    """The rows with stage_name and furthest_name, which sentences speak of."""
    def name(at: float) -> str:
        return stage_names.get(int(at), "its stage") if at >= 0 else "its stage"

    return rows.assign(stage_name=rows["stage_position"].map(name), furthest_name=rows["stage_furthest"].map(name))


def _told(row: dict[Any, Any], adds: dict[Any, float], sayable: dict[Any, float], lookalikes: Ranges) -> list[str]:
    if all(np.isnan(add) for add in adds.values()):
        return [""] * (COUNT + 1)
    found = found_reasons(row, adds, sayable, lookalikes)
    told = [_in_words(one, row, lookalikes) for one in strongest(found)] or [f"speaks neither way: {silence(row['silence_days'], row, 0.0)}"]
    against = next((one.sentence for one in found if one.strength < 0), "")
    return [*told, *[""] * (COUNT - len(told)), against]


def found_reasons(row: dict[Any, Any], adds: dict[Any, float], sayable: dict[Any, float], lookalikes: Ranges) -> list[Reason]:
    """Every reason of a deal, strongest first.

    The features of a subject that belong to one group make one reason: it has the sign of their sum. Its sentence is about the one that adds most in that
    direction and of which something can be said; it is as strong as what can be said adds, and no stronger than the sum. What the model
    makes of a feature while its look-alikes fared no better (or no worse) than all deals is an effect of other features beside it: it is not said, as nobody could follow.
    """
    found = []
    for (_, group), names in _topics(tuple(adds)).items():
        net = sum(adds[name] for name in names)
        same = sorted((name for name in names if sayable[name] * net > 0), key=lambda name: -abs(sayable[name]))
        told = [(name, sentence) for name in same if (sentence := say(name, row, net))
                and supports(net, fared(row, name, lookalikes), lookalikes)]
        strength = min(abs(net), sum(abs(sayable[name]) for name, _ in told))
        if strength >= SMALLEST:
            found.append(Reason(float(np.copysign(strength, net)), group, *told[0]))
    return sorted(found, key=lambda one: -abs(one.strength))


def strongest(found: list[Reason]) -> list[Reason]:
    """The three to be told, at most two of one group."""
    told: list[Reason] = []
    for one in found:
        if len(told) < COUNT and sum(other.group == one.group for other in told) < MOST_OF_A_GROUP:
            told.append(one)
    return told


@cache
def _topics(names: tuple[str, ...]) -> dict[tuple[str, str], list[str]]:
    topics: dict[tuple[str, str], list[str]] = {}
    known = by_name()
    for name in names:
        topics.setdefault((known[name].subject, group_of(name)), []).append(name)
    return topics


def _in_words(one: Reason, row: dict[Any, Any], lookalikes: Ranges) -> str:
    alike = fared(row, one.feature, lookalikes)
    evidence = f" ({alike[0]:,} past deals stood like this; {alike[1]:.0%} of those weeks led to a comeback)" if alike else ""
    return f"{'speaks for it' if one.strength > 0 else 'speaks against it'}: {one.sentence}{evidence}"
