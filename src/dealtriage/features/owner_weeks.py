"""What each owner logged, week by week: the one thing about a deal that lies outside the deal.

Weeks end on Mondays 00:00 UTC and hold only what was known before that instant, so a feature that adds up whole weeks
before its as-of date sees no further than that date.
"""

import numpy as np
import pandas as pd

from dealtriage.features.kernel import DAY, Bucket, seconds

BY_HAND = ("call_in", "call_answered", "call_unanswered", "meeting_held", "meeting_no_show", "task_done", "note")
COLUMNS = ["owner_id", "week_end", "logged", "lag_seconds", "prompt", "open_deals", "active_deals"]


def owner_weeks(facts: pd.DataFrame, q: Bucket) -> pd.DataFrame:
    """The sums of one bucket: `q` asks about every open deal at every Monday. Sums of buckets add up.

    Columns: owner_id, week_end; logged (facts entered by hand), lag_seconds (their delays, added up), prompt (those
    entered within a day), open_deals (at week_end), active_deals (of these, with any fact recorded in the week).
    """
    return total([_logged(facts), _kept(q)])


def total(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Add up tables of sums; one row per owner and week, in order."""
    added = pd.concat(tables, ignore_index=True).groupby(["owner_id", "week_end"], as_index=False, sort=True)[COLUMNS[2:]].sum()
    return added[COLUMNS].sort_values(["owner_id", "week_end"], kind="stable").reset_index(drop=True)


def _logged(facts: pd.DataFrame) -> pd.DataFrame:
    by_hand = facts[facts["kind"].isin(BY_HAND) & facts["owner_id"].notna() & (facts["actor"] != "system")]
    lag = seconds(by_hand["known_at"]) - seconds(by_hand["occurred_at"])
    return pd.DataFrame({
        "owner_id": by_hand["owner_id"], "week_end": _next_monday(by_hand["known_at"]), "logged": 1,
        "lag_seconds": lag, "prompt": (lag <= DAY).astype(np.int64), "open_deals": 0, "active_deals": 0})


def _kept(q: Bucket) -> pd.DataFrame:
    every = np.ones(len(q.facts), dtype=bool)
    kept = pd.DataFrame({
        "owner_id": pd.Series(q.owner, dtype="str"), "week_end": q.rows["as_of"], "logged": 0, "lag_seconds": 0,
        "prompt": 0, "open_deals": 1, "active_deals": (q.count(every, 7) > 0).astype(np.int64)})
    return kept[kept["owner_id"].notna()]


def _next_monday(known_at: pd.Series) -> pd.Series:
    day = known_at.dt.normalize()
    return (day + pd.to_timedelta(7 - day.dt.day_of_week, unit="D")).astype("datetime64[us]")
