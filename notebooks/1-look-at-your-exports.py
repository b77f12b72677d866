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
# # What is in your export, and what is missing?
#
# A silence means something only where the buyer's answers would have been recorded. So look here first.
# It reads what `dvc repro` (or `dealtriage run`) wrote. Nothing in it belongs to one company or one CRM.

# %%
import numpy as np
import pandas as pd
from IPython.display import display

from dealtriage.gaps import told
from dealtriage.notebook import LINES, open_run, picture
from dealtriage.report.figures import ACCENT, MUTED, RULE
from dealtriage.tables import read_parquet, read_parts
from dealtriage.workspace import read_cutoff

params, run = open_run()
cutoff = read_cutoff(run)
coverage, months, owners, gaps, quarantine = (read_parquet(run.core / f"{name}.parquet") for name in (
    "coverage", "coverage_months", "coverage_owners", "gaps", "quarantine"))

# %% [markdown]
# ## What was read
#
# File by file: how many rows came in, what a rule left out, what could not be used. Under *not found* stands what the export
# lacks and what that costs.

# %%
print((run.core / "summary.txt").read_text("utf-8"))

# %% [markdown]
# ## How far back the records go
#
# A model can learn only from what lies inside these bars. A bar that ends early is a file cut short, or something
# that is no longer recorded.

# %%
held = coverage[coverage["rows"] > 0].sort_values("first_at", ascending=False).reset_index(drop=True)
figure, axes = picture(f"The oldest record is of {held['first_at'].min():%B %Y}, the newest of {held['last_at'].max():%B %Y}",
                       height=0.26 * len(held) + 1, is_dated=True)
axes.barh(held.index, held["last_at"] - held["first_at"], left=held["first_at"], color=ACCENT, height=0.6)
axes.set_yticks(held.index, [f"{one.table_name.replace('_', ' ')} ({one.rows:,})" for one in held.itertuples()])
axes.axvline(cutoff, color="black", linewidth=1, linestyle="--")
axes.annotate("export", (cutoff, len(held) - 0.5), ha="right", va="bottom", fontsize=9)
display(figure)
usual = ["activities: email", "activities: call", "activities: meeting", "activities: task", "contact_roles", "deal_changes: stage",
         "deal_changes: owner", "deal_changes: amount", "deal_changes: close_date", "proposals: sent"]
missing = sorted(set(usual) - set(held["table_name"]))
print(f"No records of: {', '.join(missing)}. Nothing that builds on them is known." if missing else "Every usual kind of record is there.")

# %% [markdown]
# ## Month by month
#
# Each line is compared with its own usual month (the median). Look for lines that begin late, stop early, or are pale in the middle:
# a silence there may be a silence of the records. The first month and the last are often not whole.

# %%
by_month = months.pivot_table(index="record", columns="month", values="facts", aggfunc="sum").fillna(0)
by_month = by_month.loc[by_month.sum(axis=1).sort_values(ascending=False).index]
figure, axes = picture("How many records each month holds, against a usual month", height=0.26 * len(by_month) + 1.4)
image = axes.imshow(by_month.div(by_month.where(by_month > 0).median(axis=1), axis=0), cmap="Greys", aspect="auto", vmin=0, vmax=1)
axes.set_yticks(range(len(by_month)), [name.replace("_", " ") for name in by_month.index])
at = np.unique(np.linspace(0, by_month.shape[1] - 1, 4 if by_month.shape[1] > 12 else 3).round().astype(int))
axes.set_xticks(at, [f"{by_month.columns[one]:%b %Y}" for one in at])
figure.colorbar(image, label="share of a usual month", format="{x:.0%}")
figure

# %% [markdown]
# ## Team by team
#
# Records of what was done (mails, calls, meetings, tasks), for each deal that was open that month. Where teams differ, ask first whether their
# tools write down the same things. Shown are the teams with the most deals, with the people they have on the day of the export, from when owners are
# known; the first and the last month, not whole, are left out. Striped weeks are the holes listed below.

# %%
named = months.assign(team=months["team"].fillna("no team"))
worked = named[named["record"].str.startswith("activities: ")].pivot_table(index="month", columns="team", values="facts", aggfunc="sum")
in_hand = named[named["record"] == "deals"].pivot_table(index="month", columns="team", values="open_deals", aggfunc="sum")
rate = (worked / in_hand.where(in_hand >= 5)).dropna(how="all").iloc[1:-1]
largest = in_hand.sum().sort_values(ascending=False).index.difference(["no team"], sort=False)[: len(LINES)]
figure, axes = picture("What is recorded for each open deal", is_dated=True, ylabel="records for each open deal and month")
for team, line in zip(rate.columns.intersection(largest) if len(largest) else rate.columns, LINES, strict=False):
    axes.plot(rate.index + pd.Timedelta(days=14), rate[team], label=team, markersize=3, **line)
for gap in gaps.itertuples():
    axes.axvspan(gap.gap_start, gap.gap_end, color=MUTED, alpha=0.25, hatch="///", linewidth=0)
axes.set_ylim(0)
axes.legend(frameon=False, ncols=len(LINES), fontsize=8)
display(figure)

# %%
in_gap = read_parts(run.cohort / "rows", ["deal_id", "is_quiet", "is_in_gap"]).query("is_quiet")
hit = in_gap[in_gap["is_in_gap"]]
print("\n".join(f"{told(gap)}; {gap.deals_affected:,} deals were open meanwhile" for gap in gaps.itertuples()) or "No holes were found.")
print(f"{len(hit):,} of {len(in_gap):,} quiet deal-weeks ({hit['deal_id'].nunique():,} deals) reach into a hole. Nothing is learnt from them.")

# %% [markdown]
# ## Where the history of a field begins
#
# Many CRMs keep only the last months of changes. Before that, nobody knows who owned a deal or how large it was, and it is left empty
# rather than filled with what holds today.

# %%
limits = read_parquet(run.core / "history_limits.parquet")
deals = read_parquet(run.core / "deals.parquet", ["deal_id", "created_at"])
late = limits.groupby("field").agg(deals=("deal_id", "nunique"), known_since=("known_since", "median"))
late.assign(share_of_deals=(late["deals"] / len(deals)).round(2)) if len(late) else "Every field's history goes back to the deal's first day."

# %% [markdown]
# ## Who records little, and who records late
#
# A point is one owner of deals that are open now; a hollow one recorded no call or meeting after the event, so nothing is known of delays. Far left: silence in their deals may be unwritten work, so ask before judging a deal. High up: calls and meetings enter
# the CRM days later, and the last days look quieter than they were. It tells about records, not about people: a team may simply not have
# the mail connected.

# %%
working = owners[owners["open_deals"] > 0].assign(each=lambda t: t["activities_on_deals"] / t["deals"])
is_low = working["each"] < 0.4 * working["each"].median()
figure, axes = picture(f"{is_low.sum()} of {len(working)} owners record far less for each deal than the others",
                       xlabel="records for each deal", ylabel="days until a call or meeting\nis recorded (median)")
for part, colour, mark in ((working[~is_low], ACCENT, "o"), (working[is_low], RULE, "s")):
    axes.plot(part["each"], part["median_days_logged_late"], mark, color=colour, markersize=6, alpha=0.8)
    unknown = part[part["median_days_logged_late"].isna()]
    axes.plot(unknown["each"], np.zeros(len(unknown)), mark, color=colour, markerfacecolor="white")
for one in working[is_low].head(8).itertuples():
    axes.annotate(one.name or one.owner_id, (one.each, np.nan_to_num(one.median_days_logged_late)), xytext=(8, -3), textcoords="offset points", fontsize=8)
axes.set_xlim(0)
if working["median_days_logged_late"].isna().all():
    axes.set_yticks([])
figure if len(working) else "No owner of an open deal is known."

# %% [markdown]
# ## What could not be used
#
# A row is dropped when it cannot be placed (no time, no known deal). A single wrong cell is taken as blank, and its row stays.
# `data/core/quarantine.parquet` has file and line of each.

# %%
reasons = quarantine.groupby(["file", "column", "reason"])["is_row_dropped"].agg(["sum", "size"]).sort_values("size").tail(12).reset_index()
figure, axes = picture(f"{quarantine['is_row_dropped'].sum():,} rows were dropped, {(~quarantine['is_row_dropped'].astype(bool)).sum():,} cells taken as blank",
                       xlabel="rows", height=0.3 * max(len(reasons), 3) + 1.2)
axes.barh(reasons.index, reasons["sum"], color=RULE, label="row dropped")
axes.barh(reasons.index, reasons["size"] - reasons["sum"], left=reasons["sum"], color=MUTED, hatch="//", edgecolor="white", label="cell taken as blank")
axes.set_yticks(reasons.index, [f"{one.file}, {one.column}: {one.reason}" for one in reasons.itertuples()], fontsize=8)
axes.set_ylim(-0.6, max(len(reasons), 3) - 0.4)
axes.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
figure if len(reasons) else "Every row could be used."

# %% [markdown]
# ## What this means for the lists
#
# Where the records are too thin to tell, a deal is called *not enough evidence*, and the advice is to ask its owner.

# %%
scores = read_parquet(run.scores / "scores.parquet")
states = scores["state"].value_counts().reindex(["active", "stalled", "dead", "not_enough_evidence"], fill_value=0)
figure, axes = picture(f"Of {len(scores):,} open deals, {states['not_enough_evidence']:,} cannot be told for lack of records", xlabel="open deals", height=2.4)
bars = axes.barh(states.index.str.replace("_", " "), states, color=[MUTED, ACCENT, RULE, "white"], edgecolor=[MUTED, ACCENT, RULE, "black"], hatch=["", "", "", "//"])
axes.bar_label(bars, fmt="{:,.0f}", padding=3)
axes.invert_yaxis()
display(figure if len(scores) else "No deal is open.")
why = scores.loc[scores["state"] == "not_enough_evidence", "why_no_evidence"].str.replace(r"\d[\d,.-]*", "…", regex=True)
old = (cutoff - scores["data_until"]).dt.days
if len(scores):
    print(f"Half of the open deals have a record from the last {old.median():.0f} days; one in ten has none for {old.quantile(0.9):.0f} days.")
why.value_counts().rename("open deals").to_frame() if len(why) else "Of every open deal enough is recorded."
