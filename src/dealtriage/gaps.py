"""Weeks in which a team's mail is missing, so that the silence of its deals proves nothing."""

from datetime import timedelta

import numpy as np
import pandas as pd

RECENT_WEEKS = 8
USUAL_WEEKS = 26
MISSING_SHARE = 0.25
QUIET_SEASON = (0.1, 0.5)
FEWEST_USUAL = 10
WEEK = timedelta(days=7)


def mail_gaps(owner_weeks: pd.DataFrame, teams: dict[str, str]) -> dict[str, pd.Timestamp]:
    """For each team, the end of its newest gap of the last 8 weeks: two weeks or more with hardly any mail.

    A week is missing when the team's deals have less than a quarter of the mail that is usual for it (the median of the 26
    weeks before), unless the other teams have less than half of theirs, as in a holiday season; when they have less than a
    tenth, everybody's mail is missing. Teams with fewer than 10 mails a week are not judged. An owner without a team is
    a team of their own.
    """
    if owner_weeks.empty:
        return {}
    team = owner_weeks["owner_id"].map(lambda owner: teams.get(owner, owner))
    mails = owner_weeks.assign(team=team).pivot_table(index="team", columns="week_end", values="mails", aggfunc="sum")
    weeks = pd.date_range(mails.columns.min(), mails.columns.max(), freq="7D", unit="us")
    mails = mails.reindex(columns=weeks).fillna(0)
    recent, before = mails.iloc[:, -RECENT_WEEKS:], mails.iloc[:, -RECENT_WEEKS - USUAL_WEEKS:-RECENT_WEEKS]
    if before.shape[1] < RECENT_WEEKS:
        return {}
    usual = before.median(axis=1)
    low, high = QUIET_SEASON
    others = _share_of_the_others(recent, usual)
    season = (others > low) & (others < high)
    missing = recent.lt(MISSING_SHARE * usual, axis=0).to_numpy() & ~season & (usual >= FEWEST_USUAL).to_numpy()[:, None]
    pairs = missing & np.concatenate([np.zeros((len(missing), 1), dtype=bool), missing[:, :-1]], axis=1)
    return {str(name): recent.columns[np.flatnonzero(row)[-1]] for name, row in zip(recent.index, pairs, strict=True) if row.any()}


def _share_of_the_others(recent: pd.DataFrame, usual: pd.Series) -> np.ndarray:
    """For each team and week, the mail of all other teams over what is usual for them; its own where there are none."""
    their_usual = usual.sum() - usual
    theirs = (recent.sum() - recent).div(their_usual.where(their_usual >= FEWEST_USUAL), axis=0)
    return theirs.fillna(recent.div(usual.where(usual > 0), axis=0)).fillna(1.0).to_numpy()


def is_silence_in_gap(rows: pd.DataFrame, gaps: dict[str, pd.Timestamp], teams: dict[str, str]) -> np.ndarray:
    """Rows (owner, as_of, silence_days) whose silence reaches back into a gap of their owner's team."""
    gap_end = pd.Series([gaps.get(teams.get(owner, owner), pd.NaT) for owner in rows["owner"].fillna("")],
                        index=rows.index, dtype="datetime64[us]")
    heard = rows["as_of"] - pd.to_timedelta(rows["silence_days"], unit="D")
    return (heard < gap_end).to_numpy()
