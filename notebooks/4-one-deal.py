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
# # One deal: what happened, and what to do?
#
# Its past, the reasons, the win/loss sheet, and the page with the work prepared. `dealtriage deal ID` prints the same in a terminal.

# %%
import numpy as np
import pandas as pd
from IPython.display import Markdown, display
from ipywidgets import Dropdown, interact

from dealtriage.kinds import SELLER_TOUCHES
from dealtriage.notebook import drawn, open_run, picture
from dealtriage.publish.cells import safe_line
from dealtriage.publish.playbooks import HARMLESS, PAGES, Playbooks
from dealtriage.publish.told import read_facts, read_told
from dealtriage.reasons import GROUPS
from dealtriage.report import figures
from dealtriage.report.figures import ACCENT, MUTED, RULE
from dealtriage.report.page import markdown
from dealtriage.tables import read_parquet
from dealtriage.words import days, share

params, run = open_run()
told, horizon = read_told(params, run), params.label.horizon_days
judged = told.advice[told.advice["phase"].isin(PAGES) & ~told.advice["is_held_out"].astype(bool)]
judged = judged.assign(is_stalled=judged["state"] == "stalled", worth=judged["value_at_stake"].fillna(0.0))
judged = judged.sort_values(["is_stalled", "worth", "deal_id"], ascending=[False, False, True])
f"{len(told.advice):,} deals are open: {judged['is_stalled'].sum():,} stalled, {(~judged['is_stalled']).sum():,} dead with something to do, {len(told.advice) - len(judged):,} others"

# %% [markdown]
# ## Choose
#
# The first of the list is taken unless you name another. What is at stake is the chance to come back, times the chance to win then, times the amount.

# %%
columns = ["deal_id", "deal_name", "state", "phase", f"p_revive_{horizon}d", "amount", "value_at_stake"]
judged[columns].head(15).round({f"p_revive_{horizon}d": 2, "amount": 0, "value_at_stake": 0}).reset_index(drop=True)

# %%
# ==== your choice: None, or an id of the list in quotes ====
DEAL = None
# ============================================================


def plain(text: object) -> str:
    """A text of the CRM on one line, without marks that Markdown would act on."""
    return safe_line(text).translate(HARMLESS)


known = set(judged["deal_id"])
chosen = [DEAL] if DEAL in known else judged["deal_id"].head(1).tolist()  # holds one deal, or none: then nothing is shown below
if DEAL and DEAL not in known:
    print(f"{DEAL} is neither stalled nor dead, or not open.")
if not judged["is_stalled"].any():
    print("No deal is stalled." + (" A dead one is shown." if chosen else " None is dead either: there is nothing to show."))
for deal in map(told.deals.get, chosen):
    name, stage, owner = (plain(text) for text in (deal["deal_name"] or deal["deal_id"], deal["stage"], told.names.get(deal["owner_id"], deal["owner_id"])))
    display(Markdown(f"### {name}\n\n{stage}, {deal['amount']:,.0f}, owner {owner}\n\n"
                     f"**{deal['state'].capitalize()}**: a chance of {share(deal['p_revive'])} to come back within {horizon} days. The buyer has been silent for {days(deal['silence_days'])}"
                     + (f"; usually they are heard from every {days(deal['usual_gap_days'])}." if deal["usual_gap_days"] >= 1 else ".")
                     + f" Of {deal['band_deals']:,.0f} past deals given {deal['band_low']:.0%} to {deal['band_high']:.0%}, {deal['band_came_true_share']:.0%} of those weeks led to a comeback."))

# %% [markdown]
# ## Its past
#
# The chance and the communication gauge (does talking work? 0 to 1), week by week, each from what was known by then. Numbers mark the lines of the story below.

# %%
for one in chosen:
    past = read_parquet(run.winloss / "weeks.parquet").query("deal_id == @one")
    story = [(line["at"], line["what"]) for line in told.stories.get(one, [])]
    turned = told.deals[one]["turned_at"]
    display(drawn(figures.deal_past, told.deals[one]["deal_name"] or one, past, None if pd.isna(turned) else turned, story, params.cohort.quiet_days, horizon, params.publish.dead_below))
    display(Markdown("\n".join(f"{number}. {at:%d %B %Y}: {plain(what)}" for number, (at, what) in enumerate(story, start=1)) or "Nothing stands out in its story."))

# %% [markdown]
# ## Who did what, week by week
#
# Up: signs of the buyer. Down: approaches of ours. Bars below without bars above are us chasing.

# %%
for one in chosen:
    facts = read_facts(run, pd.Series([one]))
    week = facts["occurred_at"].dt.to_period("W").dt.start_time
    buyer, ours = (week[flag].value_counts() for flag in (facts["is_buyer_signal"], facts["kind"].isin(SELLER_TOUCHES)))
    figure, axes = picture(f"{buyer.sum()} signs of the buyer, {ours.sum()} approaches of ours", ylabel="a week", height=2.8, is_dated=True)
    axes.bar(buyer.index, buyer, width=5, color=ACCENT, label="the buyer")
    axes.bar(ours.index, -ours, width=5, color=RULE, hatch="///", edgecolor="white", label="us")
    axes.axhline(0, color="black", linewidth=0.8)
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):.0f}")
    axes.legend(frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 1))
    display(figure)

# %% [markdown]
# ## Why this chance
#
# What each side adds to the chance (in log-odds, against the typical quiet deal), and the three strongest reasons, with how past deals like it fared.

# %%
for deal in map(told.deals.get, chosen):
    adds = np.nan_to_num([deal[f"{side}_adds"] for side in GROUPS])
    figure, axes = picture(f"Together {adds.sum():+.2f} against the typical quiet deal", "adds to the log-odds", height=2.3)
    axes.barh(GROUPS, adds, color=[ACCENT if value >= 0 else RULE for value in adds], hatch=["" if value >= 0 else "//" for value in adds], edgecolor="white")
    axes.axvline(0, color=MUTED, linewidth=1)
    axes.invert_yaxis()
    display(figure, Markdown("\n".join(f"* {plain(deal[name])}" for name in ("reason_1", "reason_2", "reason_3") if deal[name])))

# %% [markdown]
# ## The win/loss sheet
#
# Filled in from the timeline as far as it goes, for your team alone. The last line is yours.

# %%
for one in chosen:
    lines = [(line["question"], plain(line["your_answer"] or line["answer"]), plain(line["evidence"])) for line in told.sheets.get(one, [])]
    display(Markdown(markdown(("question", "answer", "evidence"), lines)))

# %% [markdown]
# ## What to do: the phase and its page
#
# The page is made from the templates in `playbooks/`, which your team may edit. Nothing is ever sent.

# %%
for deal in map(told.deals.get, chosen):
    one = deal["deal_id"]
    display(Markdown(f"**{deal['phase'].replace('_', ' ').capitalize()}** ({deal['step']}): {deal['why_phase']}. Until: {deal['until']}."))
    display(Markdown(Playbooks(params.phases).page(deal, told.sheets.get(one, []), told.stories.get(one, []), told.differences.get(one, []))))

# %% [markdown]
# ## Any other, from a list
#
# The same in short: choose a deal, see its past and its page.


# %%
def in_short(one: str) -> None:
    """The past and the page of a deal."""
    deal, past = told.deals[one], read_parquet(run.winloss / "weeks.parquet").query("deal_id == @one")
    display(drawn(figures.deal_past, deal["deal_name"] or one, past, None if pd.isna(deal["turned_at"]) else deal["turned_at"],
                  [(line["at"], line["what"]) for line in told.stories.get(one, [])], params.cohort.quiet_days, horizon, params.publish.dead_below))
    display(Markdown(Playbooks(params.phases).page(deal, told.sheets.get(one, []), told.stories.get(one, []), told.differences.get(one, []))))


if len(judged):
    names = [f"{safe_line(name or one, 60)} ({state})" for one, name, state in zip(judged["deal_id"], judged["deal_name"], judged["state"], strict=True)]
    interact(in_short, one=Dropdown(options=list(zip(names, judged["deal_id"], strict=True)), description="deal"))
