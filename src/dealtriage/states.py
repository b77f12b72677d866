"""Stalled or dead, with hysteresis: a state changes only when the chance passes the threshold for good reason."""

from datetime import timedelta

import pandas as pd

LONGEST_STEP = timedelta(days=8)


def settled_states(history: pd.DataFrame, dead_below: float, margin: float) -> dict[str, str]:
    """The newest state of each deal, followed through its recent quiet weeks.

    `history`: deal_id, as_of, p, facts_known; sorted by deal and date. A deal that was active in between starts anew.
    """
    states: dict[str, str] = {}
    before: dict[str, tuple[pd.Timestamp, int]] = {}
    for row in history.itertuples(index=False):
        last = before.get(row.deal_id)
        known = last is not None and row.as_of - last[0] <= LONGEST_STEP
        has_new_fact = last is not None and row.facts_known > last[1]
        states[row.deal_id] = next_state(states[row.deal_id] if known else None, row.p, dead_below,
                                         0.0 if has_new_fact else margin)
        before[row.deal_id] = (row.as_of, row.facts_known)
    return states


def next_state(state: str | None, p: float, dead_below: float, margin: float) -> str:
    """`stalled` or `dead`: the old state holds while the chance is within `margin` of the threshold."""
    if state == "stalled" and p >= dead_below - margin:
        return "stalled"
    if state == "dead" and p < dead_below + margin:
        return "dead"
    return "dead" if p < dead_below else "stalled"
