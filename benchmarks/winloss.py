"""The win/loss analysis of sample companies against their truth: when deals turned, what kind of outcome they had, whether the gauge tells.

    python -m benchmarks.winloss RUN [RUN ...]

RUN is the folder of a finished run of a sample company (`dealtriage sample --out RUN`, then `dealtriage run --out RUN`), with its truth in RUN/data/truth.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score, roc_auc_score

from dealtriage.gauge import gauge
from dealtriage.matrix import read_labelled
from dealtriage.tables import read_parquet
from dealtriage.winloss.stated import CLASSES, KINDS
from dealtriage.workspace import Workspace

DAY = pd.Timedelta(days=1)
SURE = (0.0, 0.5, 0.7, 0.9, 1.01)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("runs", nargs="+", type=Path)
    for run in asked.parse_args().runs:
        print(f"## {run}\n")
        workspace, truth = Workspace(run), _truth(run)
        deals, losses = (read_parquet(workspace.winloss / f"{name}.parquet") for name in ("deals", "losses"))
        turning(deals, truth)
        classes(losses.merge(truth, on="deal_id"))
        kinds(losses.merge(truth, on="deal_id"))
        still_open(deals.merge(truth, on="deal_id"))
        gauges(workspace)


def turning(deals: pd.DataFrame, truth: pd.DataFrame) -> None:
    """Days between the turn that is told and the day the buyer's hidden state left `engaged`, of open deals where it did."""
    both = deals.merge(truth[["deal_id", "left_engaged_at"]], on="deal_id").dropna(subset=["left_engaged_at"])
    away = ((both["turned_at"] - both["left_engaged_at"]) / DAY).dropna()
    print(f"turned: {len(both)} deals truly changed, {len(away)} told; median distance {away.abs().median():.1f} days, median {away.median():+.1f}, "
          f"{(away.abs() <= 14).mean():.0%} within 14 days")


def classes(lost: pd.DataFrame) -> None:
    """Macro-F1 over the three classes, of lost deals; and how often the likeliest class is right by how sure it is."""
    lost = lost[lost["true_outcome_class"].isin(CLASSES)]
    told = {"inferred": "outcome_class", "the timeline alone": "timeline_says", "the stated reason": "stated_class"}
    found = {name: f1_score(lost["true_outcome_class"], lost[column], labels=list(CLASSES), average="macro", zero_division=0) for name, column in told.items()}
    print(f"class, {len(lost)} lost deals, macro-F1: " + ", ".join(f"{name} {score:.3f}" for name, score in found.items()))
    p = lost[[f"p_{name}" for name in CLASSES]].to_numpy()
    right = np.array(CLASSES)[p.argmax(axis=1)] == lost["true_outcome_class"].to_numpy()
    for low, high in pairwise(SURE):
        part = (p.max(axis=1) >= low) & (p.max(axis=1) < high)
        if part.any():
            print(f"    said {p.max(axis=1)[part].mean():.0%}, right {right[part].mean():.0%} ({part.sum()} deals)")


def kinds(lost: pd.DataFrame) -> None:
    """Macro-F1 over the six kinds, of deals lost to no decision, against the stated kind; and how well status quo and indecision are told apart."""
    lost = lost[lost["true_reason"].isin(KINDS) & (lost["true_outcome_class"] == "no_decision")]
    likeliest = lost[[f"p_{name}" for name in KINDS]].idxmax(axis=1).str.removeprefix("p_")
    found = [f1_score(lost["true_reason"], told, labels=list(KINDS), average="macro", zero_division=0) for told in (likeliest, lost["stated_kind"])]
    two = lost[lost["true_reason"].isin(["indecision", "status_quo"])]
    auc = roc_auc_score(two["true_reason"] == "indecision", two["p_indecision"] / (two["p_indecision"] + two["p_status_quo"]))
    print(f"kind, {len(lost)} deals, macro-F1: rules {found[0]:.3f}, the stated reason {found[1]:.3f}; AUC of indecision against status quo {auc:.3f}")


def still_open(deals: pd.DataFrame) -> None:
    """Of deals still open, whose buyer's state is what it is: no decision or the competitor."""
    known = deals[deals["true_reason"] != ""]
    truth = np.where(known["true_reason"] == "competitor", "lost_to_competitor", "no_decision")
    told = known[["p_lost_to_competitor", "p_no_decision"]].idxmax(axis=1).str.removeprefix("p_")
    print(f"open: {len(known)} deals, macro-F1 of no decision against competitor {f1_score(truth, told, average='macro'):.3f}")


def gauges(workspace: Workspace) -> None:
    """How well the gauge alone tells quiet deal-weeks that revive."""
    rows = read_labelled(workspace)
    known = rows[rows["revived"].notna()]
    score = gauge(known)
    print(f"gauge: AUC {roc_auc_score(known['revived'].astype(int), score.fillna(score.median())):.3f} on {len(known)} quiet deal-weeks\n")


def _truth(run: Path) -> pd.DataFrame:
    truth = read_parquet(run / "data" / "truth" / "deals.parquet").rename(columns={"turned_at": "left_engaged_at"})
    return truth.assign(left_engaged_at=truth["left_engaged_at"].dt.tz_localize(None))


if __name__ == "__main__":
    main()
