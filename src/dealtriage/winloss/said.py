"""What was said about the reason: words in subjects of the buyer's mails and of our own tasks and notes."""

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SAYING = ("email_in", "task_planned", "task_done", "note", "call_answered", "call_in", "meeting_held")
LATELY = pd.Timedelta(days=180)


def said(facts: pd.DataFrame, asked: pd.DataFrame, patterns: Mapping[str, str]) -> pd.DataFrame:
    """One column per pattern, one row per row of `asked` and in its order: who said so, `buyer`, `crm_note` (we wrote it down) or empty; and `what`: the newest of these, told.

    asked: deal_id, as_of. Read are labels of what was known in the 180 days before. patterns: regular expressions by what they tell, case ignored.
    """
    told = facts[facts["kind"].isin(SAYING) & facts["label"].notna()]
    near = told.merge(asked[["deal_id", "as_of"]], on="deal_id")
    near = near[(near["known_at"] < near["as_of"]) & (near["known_at"] >= near["as_of"] - LATELY)]
    by = near["is_buyer_signal"].map({True: "buyer", False: "crm_note"})
    found = pd.DataFrame(index=pd.Index(asked["deal_id"], name="deal_id"))
    speaks = {name: _speaks(near["label"], pattern) for name, pattern in patterns.items()}
    for name, is_hit in speaks.items():
        hits = by[is_hit]
        who = hits.groupby(near.loc[hits.index, "deal_id"]).min()  # buyer comes before crm_note
        found[name] = who.reindex(found.index).fillna("").to_numpy()
    told_of = near[np.logical_or.reduce([np.zeros(len(near), dtype=bool), *speaks.values()])]
    newest = told_of.sort_values(["deal_id", "known_at", "fact_id"], kind="stable").drop_duplicates("deal_id", keep="last").set_index("deal_id")
    what = [f'on {one.occurred_at:%d %B %Y} {"they wrote" if one.is_buyer_signal else "we noted"}: "{one.label}"' for one in newest.itertuples()]
    found["what"] = pd.Series(what, index=newest.index, dtype="str").reindex(found.index).fillna("").to_numpy()
    return found.reset_index(drop=True)


def _speaks(labels: pd.Series, pattern: str) -> NDArray[np.bool_]:
    """Which labels match the pattern; an empty one matches none."""
    if not pattern:
        return np.zeros(len(labels), dtype=bool)
    matches = re.compile(pattern, re.IGNORECASE).search
    return np.array([matches(label) is not None for label in labels], dtype=bool)
