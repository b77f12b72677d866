# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What does silence mean here?
#
# How long must a buyer be silent before a deal rarely comes back? It reads what the pipeline wrote (`dvc repro` first), so it
# works on your own exports unchanged.
#
# A deal is *quiet* when the buyer gave no sign for `cohort.quiet_days`. It *came back* when what `label.revival` asks for happened within
# `label.horizon_days`. Every quiet deal is asked about once a week: a *deal-week*. Those whose time is not over yet are left out of shares.

# %%
from itertools import pairwise
from textwrap import fill

import numpy as np
import pandas as pd

from dealtriage.evaluate import came_true, deal_weights
from dealtriage.features.columns import DAY
from dealtriage.matrix import read_labelled, read_stage_names
from dealtriage.notebook import LINES, open_run, picture
from dealtriage.report.figures import ACCENT, MUTED
from dealtriage.report.page import ENDED, REVIVALS
from dealtriage.sensitivity.censoring import kaplan_meier
from dealtriage.workspace import read_cutoff

params, run = open_run()
horizon, quiet, revival = params.label.horizon_days, params.cohort.quiet_days, params.label.revival
rows = read_labelled(run)
known = rows[rows["revived"].notna()].assign(revived=lambda t: t["revived"].astype(float), p=lambda t: t["revived"].mean())
f"{len(known):,} quiet deal-weeks of {known['deal_id'].nunique():,} deals; {known['revived'].mean():.0%} came back within {horizon} days ({REVIVALS[revival]})"

# %% [markdown]
# ## The longer the silence, the rarer the comeback
#
# Bars are 95 % intervals. They count deals, as the weeks of one deal share its fate. The last point holds all longer silences.

# %%
edges = np.arange(quiet, known["silence_days"].quantile(0.97), 7)
weeks = pd.cut(known["silence_days"], [*edges, np.inf], right=False, labels=edges)
curve = pd.DataFrame({at: came_true(part) for at, part in known.groupby(weeks, observed=True)}).T
half = curve.index[curve["came_true_share"] <= curve["came_true_share"].iloc[0] / 2]
title = f"After {half[0]:.0f} days of silence a comeback is half as likely as after {quiet}" if len(half) else "A comeback never becomes half as likely as at first"
figure, axes = picture(title, f"days of silence (a week each from the day shown; {curve['deals'].min():,.0f} to {curve['deals'].max():,.0f} deals a point)",
                       f"came back within {horizon} days", percent="y")
share = curve["came_true_share"]
axes.errorbar(curve.index.astype(float), share, yerr=[share - curve["ci_low"], curve["ci_high"] - share], fmt="o-", color=ACCENT, ecolor=MUTED, capsize=2, markersize=4)
axes.set_ylim(0)
figure

# %% [markdown]
# ## The same silence means more to a deal that was lively
#
# The *usual gap* is the usual time between two signs of the buyer in this deal so far. Deal-weeks are split in thirds by it.

# %%
def in_thirds(values: pd.Series, say: str) -> pd.Series:
    """Thirds of what is known, named by their borders; none where too little is known or nearly all are alike."""
    if values.notna().sum() < 100:
        return pd.Series(np.nan, index=values.index)
    _, borders = pd.qcut(values, 3, retbins=True, duplicates="drop")
    names = [say.format(low, high) for low, high in pairwise(borders)]
    return pd.cut(values, borders, labels=names, include_lowest=True) if len(names) > 1 else pd.Series(np.nan, index=values.index)


rhythm = in_thirds(known["usual_gap_days"], "usual gap {:.0f} to {:.0f} days")
length = pd.qcut(known["silence_days"], 5, duplicates="drop")
figure, axes = picture("Silence by the deal's own rhythm", "days of silence (middle of each fifth)", f"came back within {horizon} days", percent="y")
for (name, part), line in zip(known.groupby(rhythm, observed=True), LINES, strict=False):
    cells = part.groupby(length, observed=True).agg(share=("revived", "mean"), days=("silence_days", "median"), deals=("deal_id", "nunique")).query("deals >= 20")
    axes.plot(cells["days"], cells["share"], label=f"{name} ({part['deal_id'].nunique():,} deals)", **line)
axes.set_ylim(0)
if axes.lines:
    axes.legend(frameon=False)
figure if axes.lines else "Too little is known of the usual gaps."

# %% [markdown]
# ## How long it takes to come back
#
# Now every silence counts once, from the first Monday on which the buyer had been silent for `cohort.quiet_days`. Those that still run count for as long as they were watched (the
# Kaplan-Meier estimate), so recent ones neither count as dead nor drop out. A deal that was closed and stayed closed counts as not back.

# %%
def watched(spells: pd.DataFrame, strictness: str, most: float) -> tuple[np.ndarray, np.ndarray]:
    """Days until each silence ended in a comeback or was no longer watched, and which it was."""
    followed = ((read_cutoff(run) - spells["as_of"]).dt.total_seconds() / DAY).clip(upper=most).to_numpy()
    back = spells[f"days_until_{strictness}"].fillna(np.inf).to_numpy()
    return np.minimum(back, followed), back <= followed


def back_by(spells: pd.DataFrame, strictness: str, grid: np.ndarray, weight: np.ndarray | None = None) -> list[float]:
    """The share that came back by each number of days."""
    return [kaplan_meier(*watched(spells, strictness, day), weight) for day in grid]


began = (rows["as_of"] - pd.to_timedelta(rows["silence_days"], unit="D")).dt.round("h")
is_first = ~pd.DataFrame({"deal_id": rows["deal_id"], "began": began}).duplicated()
spells = rows[is_first & ~rows["is_in_gap"]].reset_index(drop=True)
longest = min(2 * horizon, (read_cutoff(run) - spells["as_of"].min()).days)
grid = np.linspace(0, longest, 31)
by_strictness = {name: back_by(spells, name, grid) for name in REVIVALS}
figure, axes = picture(f"What became of {len(spells):,} silences of {spells['deal_id'].nunique():,} deals", "days since the buyer was first seen quiet", "share so far", percent="y")
for (name, told), line in zip(REVIVALS.items(), LINES, strict=False):
    axes.plot(grid, by_strictness[name], label=told + ("\n(what counts here)" if name == revival else ""), markevery=5, markersize=4, **line)
axes.set_ylim(0)
axes.axvline(horizon, color=MUTED, linewidth=1)
axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8)
figure

# %% [markdown]
# ## Who comes back sooner
#
# The same curve for groups of silences, by what was known when they were first seen. The number in the legend is the share back at the end of the horizon (the grey line),
# with its 95 % interval by drawing deals anew. Groups differ in more than what names them: it tells what goes together, not what causes what.

# %%
def compare(groups: pd.Series, title: str) -> object:
    """Curves of the groups that have 30 deals or more, the largest four; a sentence where there are not two."""
    deals = spells.groupby(groups, observed=True)["deal_id"].nunique()
    large = [name for name in deals.index if deals[name] >= 30 and name in deals.nlargest(len(LINES)).index]
    if len(large) < 2:
        return f"{title}: there are not two groups of 30 deals."
    figure, axes = picture(title, "days since the buyer was first seen quiet", "came back so far", percent="y")
    for name, line in zip(large, LINES, strict=False):
        part = spells[groups == name]
        low, high = np.quantile([back_by(part, revival, [horizon], weight)[0] for weight in deal_weights(part["deal_id"], 100)], [0.025, 0.975])
        axes.plot(grid, back_by(part, revival, grid), label=f"{name}\n{part['deal_id'].nunique():,} deals; {low:.0%} to {high:.0%}", markevery=5, markersize=4, **line)
    axes.axvline(horizon, color=MUTED, linewidth=1)
    axes.set_ylim(0)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8)
    return figure


compare(in_thirds(spells["usual_gap_days"], "usual gap {:.0f} to {:.0f} days"), "By the usual gap between two signs of the buyer")

# %%
before = spells["quiet_spells_survived"].map(lambda n: {0: "never quiet before", 1: "came out of one silence"}.get(n, "came out of several"), na_action="ignore")
compare(pd.Categorical(before, ["never quiet before", "came out of one silence", "came out of several"]), "By how often the buyer broke a silence before")

# %%
out = spells["is_proposal_outstanding"].map({0: "no proposal is out", 1: "a proposal is out"})
compare(out, "By whether a proposal is out")

# %%
stages = {at: name for at, name in read_stage_names(run).items() if (spells["stage_position"] == at).any()}
compare(pd.Categorical(spells["stage_position"].map(stages), list(dict.fromkeys(stages.values()))), "By the stage the deal stands in (the largest four)")

# %% [markdown]
# ## How deals that did not come back ended
#
# Most dead deals are closed by somebody. Those still open when the time is over are the ones that nobody wants to admit.

# %%
dead = known[known["revived"] == 0]
ended = dead.groupby("ended_by").agg(rows=("deal_id", "size"), deals=("deal_id", "nunique"), days=("ended_after_days", "median")).sort_values("rows")
figure, axes = picture(f"{(dead['ended_by'] == 'open').mean():.0%} of what did not come back was still open {horizon} days later", f"share of {len(dead):,} deal-weeks that did not come back", height=0.45 * len(ended) + 1.2, percent="x")
bars = axes.barh([fill(ENDED.get(name, name), 24) for name in ended.index], ended["rows"] / len(dead), color=ACCENT)
axes.bar_label(bars, [f"{one.deals:,} deals" + (f", half of them within {one.days:.0f} days" if one.days == one.days else "") for one in ended.itertuples()], padding=3, fontsize=8)
axes.set_xlim(0, 2 * (ended["rows"] / len(dead)).max())
axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
figure
