"""Deal-weeks in which a phase was done beside those in which it could have been: the rows an effect is estimated from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dealtriage.effects.evidence import KEY
from dealtriage.matrix import deal_group
from dealtriage.tables import column_names, parts, read_parquet
from dealtriage.workspace import Workspace

COVARIATES = (
    "silence_days", "silence_over_usual_gap", "waiting_days", "buyer_signals_90d", "unanswered_messages", "seller_touches_30d", "days_since_seller_touch",
    "deal_age_days", "stage_position", "stage_age_days", "amount", "is_proposal_outstanding", "days_since_proposal", "proposals_sent", "contacts_engaged",
    "champion_silence_days", "emails_opened_30d", "meetings_held_total", "next_meeting_days", "hand_90d", "buyer_reply_days", "close_date_overdue_days",
    "proposals_withdrawn", "help_sought", "owner_open_deals", "owner_win_share", "owner_comeback_share", "owner_logged_share", "quarter_end_days")
BEFORE = "quiet_spells_survived"  # what the placebo is made of; no covariate
HABIT = "owner_habit"
FEW_WEEKS = 50  # deal-weeks of an owner for which the company's habit counts as much as their own
MOST_UNDONE = 8000  # rows; the effect on the treated does not depend on how many of the others are drawn
SEED = 20240229


@dataclass(frozen=True)
class Compared:
    """Rows in which a phase was done (1) or not (0), in the order of deals and as-of dates.

    X: the covariates, see `prepared`; done; y: whether the deal came back (0 or 1); before: whether the deal had come back from a silence before, which nothing done later
    can have caused (NaN where not known); deal: the number of each row's deal, from 0; fold: one of `folds`, the same for all rows of a deal.
    """

    X: pd.DataFrame
    done: NDArray[np.int64]
    y: NDArray[np.int64]
    before: NDArray[np.float64]
    deal: NDArray[np.int64]
    fold: NDArray[np.int64]

    @property
    def deals_done(self) -> int:
        return len(np.unique(self.deal[self.done == 1]))

    @property
    def deals_undone(self) -> int:
        return len(np.unique(self.deal[self.done == 0]))


def comparable(evidence: pd.DataFrame, phase: str) -> pd.DataFrame:
    """The rows of the evidence to compare: deal_id, as_of, done, revived, owner_habit.

    The phase was possible and new, and the buyer silent until it was done. A row without it is held to the same silence, up to a moment drawn from
    those of the rows with it: otherwise deals whose buyer stirred early in the week could only count as rows without it (immortal time; Zhou et al. 2005,
    Survival bias associated with time-to-treatment initiation). Of the rows without it at most MOST_UNDONE are drawn.
    """
    rows = evidence[evidence[f"can_{phase}"]]
    after = rows[f"{phase}_after_days"].to_numpy(dtype=float)
    done = ~np.isnan(after)
    rng = np.random.default_rng(SEED)
    moment = np.where(done, after, rng.choice(after[done], len(rows)) if done.any() else 0.0)
    kept = rows["still_days"].to_numpy(dtype=float) > moment
    undone = kept & ~done
    kept &= done | (rng.random(len(rows)) < MOST_UNDONE / max(undone.sum(), 1))
    told = rows.assign(done=done.astype(np.int64))
    told[HABIT] = habit(told)
    return told.loc[kept, [*KEY, "done", "revived", HABIT]].sort_values(KEY, kind="stable").reset_index(drop=True)


def habit(rows: pd.DataFrame) -> pd.Series:
    """How often the owner of each row does the phase in their other deals, over how often all do; 1 where nothing is known of the owner.

    rows: deal_id, owner_id, done. Owners differ in what they do, and those who never do it have all the deals in which it was long due.
    """
    mine = rows.groupby(["owner_id", "deal_id"])["done"].transform
    all_of = rows.groupby("owner_id")["done"].transform
    acts, weeks = all_of("sum") - mine("sum"), all_of("size") - mine("size")
    usual = max(rows["done"].mean(), 1 / max(len(rows), 1))
    return ((acts + FEW_WEEKS * usual) / (weeks + FEW_WEEKS) / usual).fillna(1.0)


def compared(rows: pd.DataFrame, covariates: pd.DataFrame, folds: int) -> Compared:
    """Rows of `comparable` with their covariates (see `read_covariates`)."""
    joined = rows.merge(covariates, on=KEY, how="left", validate="1:1")
    known = [name for name in (*COVARIATES, HABIT) if name in joined]
    before = joined[BEFORE] > 0 if BEFORE in joined else pd.Series(np.nan, index=joined.index)
    return Compared(prepared(joined[known]), joined["done"].to_numpy(), joined["revived"].to_numpy(dtype=np.int64), before.to_numpy(dtype=float),
                    pd.factorize(joined["deal_id"])[0], deal_group(joined["deal_id"], folds, "effects"))


def prepared(covariates: pd.DataFrame) -> pd.DataFrame:
    """Signed logarithms, in standard deviations from the mean; what is missing counts as the median, and as a column of its own, <name>_missing."""
    logs = (np.sign(covariates) * np.log1p(covariates.abs())).astype(float)
    filled = logs.fillna(logs.median()).fillna(0)
    table = pd.concat([filled, logs.isna().astype(float).add_suffix("_missing")], axis=1)
    spread = table.std(ddof=0)
    kept = spread.index[spread > 0]
    return (table[kept] - table[kept].mean()) / spread[kept]


def read_covariates(workspace: Workspace, rows: pd.DataFrame) -> pd.DataFrame:
    """deal_id, as_of and the covariates that the features hold, of some rows (deal_id, as_of); read part by part."""
    found = []
    for part in parts(workspace.features):
        wanted = [name for name in (*COVARIATES, BEFORE) if name in column_names(part)]
        found.append(rows[KEY].merge(read_parquet(part, [*KEY, *wanted]), on=KEY))
    return pd.concat(found, ignore_index=True)
