"""Win/loss over all deals: by cause, stated against inferred, by team, product, size and quarter. Of deals, not of employees."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from dealtriage.report.page import markdown, percent, render
from dealtriage.winloss.causes import CAUSES
from dealtriage.winloss.outcomes import too_few_stated
from dealtriage.winloss.stated import CLASSES

FEWEST = 30  # a smaller part says nothing
SIZES = ("small", "middle", "large")
PARTS = ("team", "product", "size", "quarter")


def with_parts(closed: pd.DataFrame, owners: pd.DataFrame) -> pd.DataFrame:
    """The rows of closed deals with team (of the present owner), product (as the CRM names it), size (thirds of the amount) and quarter (of the closing); empty where not known."""
    team = closed["owner_id"].map(owners.set_index("owner_id")["team"])
    rank = closed["worth"].rank(method="first", pct=True)
    size = pd.Series(np.select([rank <= 1 / 3, rank <= 2 / 3, rank > 2 / 3], list(SIZES), ""), index=closed.index)
    return closed.assign(team=team.astype("str").fillna(""), product=closed["product"].astype("str").fillna(""), size=size.where(closed["worth"].notna(), ""), quarter=closed["as_of"].dt.to_period("Q").astype("str"))


def by_part(closed: pd.DataFrame, losses: pd.DataFrame) -> pd.DataFrame:
    """part, name, closed, won_share, lost, and of the lost the share of each class (the inferred ones), and of the newest lost the mean share of each cause.

    A row for all, and for every team, product, size and quarter with at least 30 closed deals.
    """
    closed = closed[closed["ending"] != "refused"]
    lost = closed[["deal_id", *PARTS]].merge(losses, on="deal_id")
    found = [_one("all", "all", closed, lost)]
    for part in PARTS:
        names = SIZES if part == "size" else sorted(closed[part].unique())
        found += [_one(part, name, closed[closed[part] == name], lost[lost[part] == name]) for name in names if name and (closed[part] == name).sum() >= FEWEST]
    return pd.DataFrame(found)


def _one(part: str, name: str, closed: pd.DataFrame, lost: pd.DataFrame) -> dict[str, Any]:
    share = (closed["ending"] == "won").mean() if len(closed) else np.nan
    classes = {one: (lost["outcome_class"] == one).mean() if len(lost) else np.nan for one in (*CLASSES, "unknown")}
    causes = {one: lost[f"cause_{one}_share"].mean() for one in CAUSES}
    return {"part": part, "name": name, "closed": len(closed), "won_share": share, "lost": len(lost), **classes, **causes}


def stated_against_inferred(losses: pd.DataFrame) -> pd.DataFrame:
    """How many lost deals each stated reason has, and of these the share of each class that the timeline alone makes likeliest; the most frequent first."""
    reasons = losses["loss_reason"].fillna("(none)")
    counts = pd.crosstab(reasons, losses["timeline_says"]).reindex(columns=list(CLASSES), fill_value=0)
    total = counts.sum(axis=1)
    return counts.div(total, axis=0).assign(lost=total).sort_values("lost", ascending=False, kind="stable").rename_axis("stated").reset_index()


def page(closed: pd.DataFrame, losses: pd.DataFrame, agreed: pd.DataFrame, deals: pd.DataFrame) -> tuple[str, pd.DataFrame, pd.DataFrame]:
    """reports/win-loss.md, and the two tables its figures are drawn from (`by_part`, `stated_against_inferred`). closed: see `with_parts`."""
    parts, stated = by_part(closed, losses), stated_against_inferred(losses)
    plain = losses["stated_class"].isin(CLASSES)
    matched = (losses.loc[plain, "stated_class"] == losses.loc[plain, "timeline_says"]).mean() if plain.any() else None
    kinds = losses.loc[losses["outcome_class"] == "no_decision", "kind"].value_counts()
    content = {
        "all": parts.iloc[0].to_dict(), "plainly_stated": plain.mean() if len(losses) else None, "matched": matched, "owners": len(agreed),
        "open_deals": len(deals), "turned": int(deals["turned_at"].notna().sum()), "comparable": deals["is_comparable"].mean() if len(deals) else None,
        "refused": int((closed["ending"] == "refused").sum()), "is_by_rules": bool(len(losses)) and too_few_stated(losses["stated_class"]),
        "newest": int(losses["cause"].notna().sum()),
        "stated": markdown(("stated by the rep", "lost deals", *_named(CLASSES)),
                           [(one["stated"], f"{one['lost']:,}", *(percent(one[name]) for name in CLASSES)) for one in stated.to_dict("records")]),
        "kinds": markdown(("kind of no decision", "lost deals", "share"), [(name.replace("_", " "), f"{count:,}", percent(count / kinds.sum())) for name, count in kinds.items()]),
        "causes": _causes(losses),
        **{name: _table(parts[parts["part"] == name]) for name in PARTS}}
    return render("dealtriage.winloss", ("win-loss.md.j2",), content), parts, stated


def _table(parts: pd.DataFrame) -> str:
    heads = ("", "closed", "won", *(f"lost: {name}" for name in _named(CLASSES)), *CAUSES)
    return markdown(heads, [(one["name"], f"{one['closed']:,}", percent(one["won_share"]), *(percent(one[name]) for name in (*CLASSES, *CAUSES))) for one in parts.to_dict("records")])


def _causes(losses: pd.DataFrame) -> str:
    known = losses[losses["cause"].notna()]
    counts = known["cause"].value_counts()
    rows = [(name, f"{count:,}", percent(count / len(known)), *(percent((known.loc[known["cause"] == name, "outcome_class"] == one).mean()) for one in CLASSES))
            for name, count in counts.items()]
    return markdown(("whose mistake it looks like", "lost deals", "share", *(f"of them {name}" for name in _named(CLASSES))), rows)


def _named(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name.replace("_", " ") for name in names)
