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
# # Why are deals lost?
#
# What reps stated, against what the timeline shows; by team, product, size and quarter; whose mistake it looks like; which kind of no decision.
# It is about deals. Nothing here ranks people, and what differs between teams may lie in what they sell and to whom.
# [docs/win-loss.md](../docs/win-loss.md) tells how each answer is found and how good it is.

# %%
import numpy as np
import pandas as pd
from IPython.display import Markdown, display
from scipy.stats import binomtest

from dealtriage.notebook import drawn, open_run, picture
from dealtriage.report import figures
from dealtriage.report.figures import ACCENT, MUTED, RULE
from dealtriage.report.page import percent
from dealtriage.tables import read_parquet
from dealtriage.winloss.causes import CAUSES
from dealtriage.winloss.report import FEWEST, SIZES, stated_against_inferred, with_parts
from dealtriage.winloss.stated import CLASSES

params, run = open_run()
losses = read_parquet(run.winloss / "losses.parquet")
products = read_parquet(run.core / "deals.parquet", ["deal_id", "product_now"]).rename(columns={"product_now": "product"})
owners = read_parquet(run.core / "owners.parquet", ["owner_id", "team"])
lost = with_parts(losses.rename(columns={"closed_at": "as_of"}).merge(products, on="deal_id", how="left"), owners)
classes = {name: name.replace("_", " ") for name in (*CLASSES, "unknown")}
nothing = Markdown("*Nothing to show: no deal was lost, or too little was recorded.*")


def interval(count: int, total: int) -> tuple[float, float]:
    """The 95 % interval (Wilson) of a share."""
    found = binomtest(int(count), int(total)).proportion_ci(method="wilson")
    return found.low, found.high


f"{len(lost):,} lost deals, closed from {lost['as_of'].min():%d %B %Y} to {lost['as_of'].max():%d %B %Y}" if len(lost) else "No deal was lost."

# %% [markdown]
# ## What kind of outcome it was
#
# Learnt from the reasons that reps stated plainly, and from the timeline; a plainly stated reason counts most. Bars are 95 % intervals.


# %%
def shares(values: pd.Series, names: dict[str, str], title: str) -> object:
    """A bar for each value, with its share, interval and count."""
    counts = values.value_counts().reindex(list(names), fill_value=0)
    counts = counts[counts > 0].sort_values()
    if counts.empty:
        return nothing
    low, high = np.array([interval(count, counts.sum()) for count in counts]).T
    share = counts / counts.sum()
    figure, axes = picture(title.format(names[counts.index[-1]], share.iloc[-1]), f"share of {counts.sum():,} lost deals", height=0.35 * len(counts) + 1.2, percent="x")
    axes.barh([names[name] for name in counts.index], share, xerr=[share - low, high - share], color=ACCENT, ecolor="black", capsize=3, height=0.6)
    for place, (end, count) in enumerate(zip(high, counts, strict=True)):
        axes.annotate(f"{count:,}", (end, place), xytext=(5, 0), textcoords="offset points", va="center", fontsize=9)
    axes.margins(x=0.15)
    return figure


shares(lost["outcome_class"], classes, "Most often: {} ({:.0%})")

# %% [markdown]
# ## What was stated, and what the timeline shows
#
# One line for each reason as stated, with the number of deals. The bars are the likeliest class by the timeline alone, by a model that saw neither this
# reason nor any other of the same fifth of the deals. "Price" or "no response" name no class.

# %%
stated = stated_against_inferred(losses).head(12)
stated = stated.assign(label=stated["stated"].str.slice(0, 40) + " (" + stated["lost"].map("{:,}".format).astype("str") + ")")
drawn(figures.stacked, stated, {name: classes[name] for name in CLASSES}, "What was stated, and what the timeline shows") if len(stated) else nothing

# %% [markdown]
# ## How well do stated reasons agree with the timeline?
#
# Of the plainly stated ones. The second line is what would agree by chance, if stated reasons were shuffled among the deals. The timeline is no surer than the reps are: where
# they disagree, nobody knows yet who is right.

# %%
plain = losses[losses["stated_class"].isin(CLASSES)]
agree = (plain["stated_class"] == plain["timeline_says"]).sum()
by_chance = sum((plain["stated_class"] == name).mean() * (plain["timeline_says"] == name).mean() for name in CLASSES)
Markdown(f"**{agree / len(plain):.0%}** agree (95 % {' to '.join(map(percent, interval(agree, len(plain))))}; {len(plain):,} of {len(losses):,} lost deals have a plain reason). "
         f"By chance it would be {by_chance:.0%}.") if len(plain) else nothing

# %%
agreed = read_parquet(run.winloss / "agreement.parquet")
figure, axes = picture(f"Stated reasons that agree, for {len(agreed)} owners with ten or more (without names)", "share of an owner's stated reasons that the timeline shows too", "owners", height=2.6, percent="x")
axes.hist(agreed["stated_matched_share"], bins=np.linspace(0, 1, 21), color=ACCENT, edgecolor="white")
axes.axvline(by_chance, color=RULE, linestyle="--")
axes.annotate("by chance", (by_chance, 0.98), xycoords=("data", "axes fraction"), xytext=(-4, 0), textcoords="offset points", ha="right", va="top", fontsize=9)
figure if len(agreed) else nothing

# %% [markdown]
# ## By quarter, product, size and team
#
# The class of the outcome. A part with fewer than 30 lost deals is left out. Sizes are thirds of the amounts of lost deals. Before you read anything into a difference, look at the table of
# intervals below.

# %%
def by_part(part: str) -> pd.DataFrame:
    """The share of each class in every large enough part of the lost deals, and in all."""
    sizes = lost[part][lost[part] != ""].value_counts()
    names = [name for name in (SIZES if part == "size" else sorted(sizes.index)) if sizes.get(name, 0) >= FEWEST]
    parts = {**{name: lost[lost[part] == name] for name in names[-16:]}, "all": lost}
    return pd.DataFrame([{"label": f"{name} ({len(rows):,})", "name": name, "lost": len(rows), **{one: (rows["outcome_class"] == one).mean() for one in classes}} for name, rows in parts.items()])


tables = {part: by_part(part) for part in ("quarter", "product", "size", "team")} if len(lost) else {}
for part, table in tables.items():
    if len(table) > 2:
        display(drawn(figures.stacked, table, classes, f"Lost deals by {part}"))
    else:
        print(f"By {part}: there are not two parts with {FEWEST} lost deals or more.")

# %%
told = [(part, one["name"], one["lost"], *(f"{one[name]:.0%} ({' to '.join(map(percent, interval(round(one[name] * one['lost']), one['lost'])))})" for name in CLASSES))
        for part, table in tables.items() for one in table.to_dict("records") if one["name"] != "all"]
pd.DataFrame(told, columns=["by", "part", "lost deals", *(classes[name] for name in CLASSES)])

# %% [markdown]
# ## No decision: which kind
#
# By rules of thumb. Status quo wants a reason to change, indecision wants less choice: what helps one harms the other.

# %%
kinds = lost.loc[lost["outcome_class"] == "no_decision", "kind"]
shares(kinds, {name: name.replace("_", " ") for name in kinds.unique()}, "No decision is most often {} ({:.0%})")

# %% [markdown]
# ## Whose mistake it looks like
#
# Of the deals lost last: what spoke against each on the day it was closed. *Ours*: answers, chasing, price. *Theirs*: people lost, slower answers. *Miscommunication*: meetings missed or moved,
# dates pushed. *Clutter*: too many messages, promises, versions. "Unclear" is an answer, too. In the second
# picture the shares are means; what is missing to 100 % are deals that nothing spoke against.

# %%
newest = lost[lost["cause"].notna()]
shares(newest["cause"], {name: name for name in (*CAUSES, "unclear")}, "Most often: {} ({:.0%})")

# %%
mean = newest[[f"cause_{name}_share" for name in CAUSES]].groupby(newest["outcome_class"]).mean().rename(columns=lambda name: name.removeprefix("cause_").removesuffix("_share"))
count = newest["outcome_class"].value_counts()
mean = mean.loc[[name for name in classes if count.get(name, 0) >= FEWEST]].assign(label=lambda t: [f"{classes[name]} ({count[name]:,})" for name in t.index]).reset_index()
drawn(figures.stacked, mean, {name: name for name in CAUSES}, "What spoke against the deal, by outcome") if len(mean) else nothing

# %% [markdown]
# ## Who tells, and how sure it is
#
# From whom the class of a deal is known, and the chance of the likeliest class. Under 40 % it is called unknown.

# %%
sources = {"rep": "the rep stated it", "buyer": "the buyer wrote it", "crm_note": "noted in the CRM", "inferred": "inferred from the timeline"}
sure = lost[[f"p_{name}" for name in CLASSES]].max(axis=1)
figure, axes = picture(f"Half of the lost deals have a class that is {percent(sure.median())} sure or more", "chance of the likeliest class", "lost deals", percent="x", height=3)
present = [name for name in sources if (lost["reason_source"] == name).any()]
axes.hist([sure[lost["reason_source"] == name] for name in present], bins=np.linspace(0.3, 1, 15), stacked=True, label=[sources[name] for name in present],
          color=[ACCENT, RULE, MUTED, "#d9b44a"][: len(present)], hatch=["", "//", "", ".."][: len(present)], edgecolor="white") if present else None
axes.legend(frameon=False, fontsize=8, loc="upper left") if present else None
figure if present else nothing
