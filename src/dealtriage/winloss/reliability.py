"""How often stated reasons matched what the timeline shows, per owner: to read a stated reason by, not to rank people."""

import pandas as pd

from dealtriage.winloss.stated import CLASSES

FEWEST = 10


def agreement(losses: pd.DataFrame) -> pd.DataFrame:
    """owner_id, stated_losses, stated_matched_share: of an owner's losses with a plainly stated class, how many and the share whose class the timeline
    tells likeliest too. Owners with fewer than ten are left out."""
    stated = losses[losses["stated_class"].isin(CLASSES) & losses["owner_id"].notna()]
    matched = (stated["stated_class"] == stated["timeline_says"]).groupby(stated["owner_id"])
    table = matched.agg(["size", "mean"]).rename(columns={"size": "stated_losses", "mean": "stated_matched_share"}).reset_index()
    return table[table["stated_losses"] >= FEWEST].reset_index(drop=True)
