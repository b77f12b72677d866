"""When it started to go wrong: from which day on the outlook fell and did not recover."""

import numpy as np
import pandas as pd

STILL_GOOD = 0.7  # of the way from the outlook now to its best, in log-odds
SMALLEST_FALL = 0.05
LATELY_DAYS = 7.0
TALKING = 0.9


def turning_points(weeks: pd.DataFrame) -> pd.DataFrame:
    """deal_id, turned_at, has_sign (turned_at is the last sign of the buyer before the fall; else there was none, and it is the beginning of the deal), good_until, p_before, p_after: of each deal whose outlook fell by at least 5 points.

    weeks: deal_id, as_of, p, silence_days, gauge and buyer_signals_total of each deal's weeks to the export, in order. All was still good in the last week (`good_until`, with the chance
    p_before) in which its log-odds were within 30 % of the way from their best to what they are now (p_after), or the buyer was heard from within the week and the gauge
    stood at 90 %: an outlook that falls for age alone is not the relationship's. The deal turned with the buyer's last sign before the week after that.
    """
    odds = np.log(weeks["p"] / (1 - weeks["p"]))
    by_deal = odds.groupby(weeks["deal_id"], sort=False)
    now = by_deal.transform("last")
    is_talking = (weeks["silence_days"] <= LATELY_DAYS) & (weeks["gauge"] >= TALKING)
    is_good = (odds >= now + STILL_GOOD * (by_deal.transform("max") - now)) | is_talking
    place = pd.Series(np.arange(len(weeks)), index=weeks.index)
    last_good = place[is_good].groupby(weeks["deal_id"], sort=False).last()
    newest = place.groupby(weeks["deal_id"], sort=False).last()
    good, end = weeks.iloc[last_good], weeks.iloc[newest]
    after = weeks.iloc[np.minimum(last_good.to_numpy() + 1, newest.to_numpy())]
    found = pd.DataFrame({
        "deal_id": good["deal_id"].to_numpy(), "good_until": good["as_of"].to_numpy(),
        "turned_at": (after["as_of"] - pd.to_timedelta(after["silence_days"], unit="D")).dt.floor("s").to_numpy(),
        "has_sign": (after["buyer_signals_total"] > 0).to_numpy(), "p_before": good["p"].to_numpy(), "p_after": end["p"].to_numpy()})
    return found[found["p_before"] - found["p_after"] >= SMALLEST_FALL].reset_index(drop=True)
