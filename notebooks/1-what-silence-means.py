# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
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

# %%
import os
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from dealtriage.matrix import read_labelled
from dealtriage.workspace import Workspace

root = next(p for p in [Path(os.environ.get("DEALTRIAGE_ROOT", ".")), Path("..")] if (p / "data" / "cohort").is_dir())
rows = read_labelled(Workspace(root))
known = rows[rows["revived"].notna()].astype({"revived": float})
f"{len(known):,} quiet deal-weeks of {known['deal_id'].nunique():,} deals; {known['revived'].mean():.0%} came back"

# %% [markdown]
# ## The longer the silence, the rarer the comeback

# %%
weeks = (known["silence_days"] // 7).clip(upper=26)
curve = known.groupby(weeks)["revived"].agg(["mean", "size"])
figure, axes = plt.subplots(figsize=(7, 3.5), layout="constrained")
axes.plot(curve.index, curve["mean"], marker="o")
axes.set(xlabel="weeks of silence (26 = half a year or more)", ylabel="share that came back", ylim=(0, None))
plt.show()

# %% [markdown]
# ## The same silence means more to a deal that was lively
#
# Silence against the deal's own usual gap between two signs of the buyer.

# %%
rhythm = pd.cut(known["usual_gap_days"], [0, 3, 7, 14, 1000], labels=["up to 3 days", "3-7", "7-14", "over 14"])
length = pd.cut(known["silence_days"], [0, 21, 42, 90, 10_000], labels=["up to 3 weeks", "3-6 weeks", "6-13 weeks", "longer"])
known.pivot_table(index=rhythm, columns=length, values="revived", aggfunc="mean", observed=True).round(2)

# %% [markdown]
# ## How deals that did not come back ended

# %%
known.loc[known["revived"] == 0, "ended_by"].value_counts(normalize=True).round(2)
