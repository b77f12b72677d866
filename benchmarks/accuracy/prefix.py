"""The aggregation encoding of event prefixes, after Teinemaa, Dumas, La Rosa, Maggi: Outcome-Oriented Predictive Process Monitoring
(ACM TKDD 13(2), 2019, doi 10.1145/3301300), section 5.2: how often each activity and each resource occurred, and mean, least, most, sum and
standard deviation of every number that events carry. Each number of an event is known when the event is.

Left out: `open_cases`, which in the authors' files counts a case as open until its last event, and so looks ahead.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from benchmarks.accuracy.history import Histories, Ints, histories
from benchmarks.accuracy.task import Floats

from dealtriage.features.columns import seconds
from dealtriage.workspace import Workspace

DAY = 86_400
OFTEN = 10
COLUMNS = ["kind", "label", "owner_id", "value"]


@dataclass(frozen=True)
class Events:
    """Events sorted by case and time.

    case: whose; time: seconds since 1970; activity, resource: what and by whom; values: the numbers that each carries.
    """

    case: Ints
    time: Ints
    activity: pd.Series
    resource: pd.Series
    values: dict[str, Floats]


@dataclass(frozen=True)
class Vocabulary:
    """The activities and the resources that are counted each by itself."""

    activities: tuple[str, ...]
    resources: tuple[str, ...]


def vocabulary(activity: pd.Series, resource: pd.Series) -> Vocabulary:
    """What occurs at least ten times in the events to learn from; the rest is not told apart."""
    often = [tuple(sorted(names.index[names >= OFTEN])) for names in (activity.value_counts(), resource.value_counts())]
    return Vocabulary(*often)


def encode(events: Events, lo: Ints, hi: Ints, words: Vocabulary) -> dict[str, Floats]:
    """The columns of the prefixes [lo, hi), one value each; numbers of an empty prefix are missing."""
    found = {"events": (hi - lo).astype(float)}
    for what, names, column in (("activity", words.activities, events.activity), ("resource", words.resources, events.resource)):
        codes = pd.Index(list(names), dtype="str").get_indexer(column)
        for number, name in enumerate(names):
            found[f"{what}_{name}"] = _count(codes == number, lo, hi)
    for name, values in {**clock_numbers(events), **events.values}.items():
        found.update({f"{name}_{how}": column for how, column in _summary(events.case, values, lo, hi).items()})
    return found


def clock_numbers(events: Events) -> dict[str, Floats]:
    """What the clock says of each event: hours since the one before and since the case's first, which one it is, time of day, week and year."""
    first = np.searchsorted(events.case, events.case, side="left")
    at = np.arange(len(events.case))
    when = pd.DatetimeIndex(pd.to_datetime(events.time, unit="s"))
    before = np.where(at > first, at - 1, at)
    return {"since_last_hours": (events.time - events.time[before]) / 3600, "since_start_hours": (events.time - events.time[first]) / 3600,
            "event_number": (at - first + 1).astype(float), "minute_of_day": (events.time % DAY / 60).astype(float),
            "weekday": when.day_of_week.to_numpy(dtype=float), "month": when.month.to_numpy(dtype=float)}


def _count(flag: np.ndarray, lo: Ints, hi: Ints) -> Floats:
    running = np.concatenate([[0], np.cumsum(flag)])
    return (running[hi] - running[lo]).astype(float)


def _summary(case: Ints, values: Floats, lo: Ints, hi: Ints) -> dict[str, Floats]:
    """Mean, least, most, sum and standard deviation within each prefix. Running per case, so that no other case's numbers touch it."""
    is_number = np.isfinite(values)
    cases = pd.DataFrame({"n": is_number.astype(float), "sum": np.where(is_number, values, 0.0), "squares": np.where(is_number, values, 0.0) ** 2,
                          "min": np.where(is_number, values, np.inf), "max": np.where(is_number, values, -np.inf)}).groupby(case)
    last, there = np.where(hi > lo, hi - 1, 0), hi > lo

    def at_end(column: pd.Series) -> Floats:
        return np.where(there, column.to_numpy()[last], np.nan) if len(column) else np.full(len(lo), np.nan)

    n, total, squares = (at_end(cases[name].cumsum()) for name in ("n", "sum", "squares"))
    least, most = at_end(cases["min"].cummin()), at_end(cases["max"].cummax())
    n = np.where(n > 0, n, np.nan)
    mean = total / n
    return {"mean": mean, "sum": total, "min": np.where(np.isfinite(least), least, np.nan), "max": np.where(np.isfinite(most), most, np.nan),
            "std": np.sqrt(np.maximum(squares / n - mean ** 2, 0))}


def of_timeline(history: Histories) -> Events:
    """The facts of a timeline as events: the activity is the kind, a stage by its name; the time is when it was known."""
    facts = history.facts
    stage = np.where((facts["kind"] == "stage_changed") & facts["label"].notna(), " " + facts["label"].fillna("").astype(str), "")
    return Events(history.case, seconds(facts["known_at"]), facts["kind"].astype(str) + stage, facts["owner_id"].astype("str").fillna("nobody"),
                  {"value": facts["value"].to_numpy(dtype=float)})


def words_before(workspace: Workspace, train: pd.DataFrame) -> Vocabulary:
    """The vocabulary of what was known of the training rows' deals by their last training row."""
    last = train.groupby("deal_id", as_index=False)["as_of"].max()
    seen = []
    for history in histories(workspace, last, COLUMNS):
        events = of_timeline(history)
        inside = np.zeros(len(events.case) + 1, dtype=np.int64)
        np.add.at(inside, history.lo, 1)
        np.add.at(inside, history.hi, -1)
        seen.append(pd.DataFrame({"activity": events.activity, "resource": events.resource})[np.cumsum(inside)[:-1] > 0])
    known = pd.concat(seen, ignore_index=True)
    return vocabulary(known["activity"], known["resource"])


def encode_rows(workspace: Workspace, rows: pd.DataFrame, words: Vocabulary) -> pd.DataFrame:
    """The encoding of what was known of each row's deal before its as-of date, in the order of the rows, and the days since its last and first event."""
    found = []
    for history in histories(workspace, rows, COLUMNS):
        events = of_timeline(history)
        columns = encode(events, history.lo, history.hi, words)
        as_of = seconds(rows["as_of"].iloc[history.rows])
        for name, at in (("since_last_event_days", history.hi - 1), ("since_first_event_days", history.lo)):
            there = history.hi > history.lo
            columns[name] = np.where(there, (as_of - events.time[np.where(there, at, 0)]) / DAY, np.nan)
        found.append(pd.DataFrame(columns, index=history.rows, dtype="float32"))
    return pd.concat(found).reindex(range(len(rows)))
