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
# # Stalled or dead: can the model tell?
#
# A chance is worth something only if it comes true, and a model only if it beats a plain rule. Everything here was judged out of time: learnt from what was known
# by then, tested later, on deals that the model had not seen. `reports/model-card.md` has the same numbers and more.

# %%
import numpy as np
from IPython.display import Markdown, display

from dealtriage.features.registry import by_name
from dealtriage.matrix import read_stage_names
from dealtriage.notebook import drawn, open_run, picture
from dealtriage.reasons import group_of
from dealtriage.report import figures
from dealtriage.report.build import assemble
from dealtriage.report.figures import ACCENT, MUTED, RULE
from dealtriage.report.numbers import by_call
from dealtriage.report.page import RULES, markdown, percent
from dealtriage.tables import read_parquet, read_parts

params, run = open_run()
report, horizon = assemble(params, run), params.label.horizon_days
tested = report.chosen
Markdown(f"**Published: {report.name.replace('_', ' ')}.** {report.choice['why']}\n\nTested on {len(tested):,} quiet deal-weeks of {tested['deal_id'].nunique():,} deals, "
         f"asked from {tested['as_of'].min():%d %B %Y} to {tested['as_of'].max():%d %B %Y}; {tested['revived'].mean():.0%} came back within {horizon} days.")

# %% [markdown]
# ## Why this one is published
#
# The learned model has to pass every check. If it fails one, the best plain rule is published in its place. *Log loss* is how wrong the chances were, on average: lower is
# better. *Calibration* is whether chances come true.

# %%
Markdown(markdown(("check", "holds", "figures"), [(one["name"], "yes" if one["passed"] else "**no**", one["told"]) for one in report.choice["checks"]]))

# %% [markdown]
# ## Better than plain rules?
#
# AUC is how often the model gives the higher chance to the one that came back, when shown one deal that came back and one that did not. By tossing a coin it is 0.5.

# %%
display(drawn(figures.models, report.by_model, report.rules) if any(one["auc_ci"] for one in report.by_model.values()) else "Too few deals were tested.")
Markdown("\n".join(f"* *{name.replace('_', ' ')}*: {RULES[name]}" for name in sorted(report.rules) if name in RULES))

# %% [markdown]
# ## What that means for one week's work
#
# Take the deals with the best chances each week, as many as can be worked on, and count those that came back.

# %%
best = report.capacities.iloc[0]
who = {"silence": best["silence_revived_share"], report.choice["best_rule"]: best["rule_revived_share"], report.name: best["revived_share"]}
who = {"picked blindly": best["blind_revived_share"], **{f"{name.replace('_', ' ')}{' (published)' if name == report.name else ''}": value for name, value in who.items()}}
figure, axes = picture(f"Of the {best['worked_each_week']:.0f} deals at the top each week {best['revived_share']:.0%} came back", "share that came back", height=2.4, percent="x")
bars = axes.barh(list(who), list(who.values()), color=[MUTED, *[RULE] * (len(who) - 2), ACCENT], hatch=["", *["//"] * (len(who) - 2), ""], edgecolor="white")
axes.bar_label(bars, fmt="{:.0%}", padding=3)
figure

# %% [markdown]
# ## Do the chances come true?
#
# Each point is a band of chances. Where it lies on the dashed line, what was said is what happened.

# %%
drawn(figures.reliability, report.bands)

# %% [markdown]
# ## Stalled and dead, as they would have been called
#
# A deal is called dead under the chance `publish.dead_below`. Of those called dead some come back: that is the price of the line, and here is how many.

# %%
calls = by_call(tested, params.publish.dead_below)
quarters = sorted(set(calls["quarter"]) - {"all"})
total = calls[calls["quarter"] == "all"].set_index("called")["came_true_share"]
figure, axes = picture(" ".join(f"Of those called {name} {percent(total[name])} came back." for name in total.index), "quarter in which it was asked", f"came back within {horizon} days", percent="y")
for name, colour, mark, move in (("dead", RULE, "s", -0.06), ("stalled", ACCENT, "o", 0.06)):
    part = calls[(calls["quarter"] != "all") & (calls["called"] == name)]
    at = np.array([quarters.index(one) for one in part["quarter"]]) + move
    axes.errorbar(at, part["came_true_share"], yerr=[part["came_true_share"] - part["ci_low"], part["ci_high"] - part["came_true_share"]], fmt=mark, color=colour, capsize=3, label=f"called {name}")
axes.set_xticks(range(len(quarters)), quarters)
axes.set_ylim(0)
axes.legend(frameon=False, ncols=2)
figure

# %% [markdown]
# ## What it leans on
#
# By how much each number moves the chance of a deal that is quiet now, up or down (in log-odds; 0.1 moves a chance of 50 % by 2.5 points). For some it is known beforehand
# which way they can only work: the model is kept from learning the opposite.

# %%
adds = read_parquet(run.scores / "contributions.parquet").set_index("deal_id").dropna(how="all")
top = adds.abs().mean().sort_values(ascending=False).head(12)[::-1]
trends = {1: ("the more, the likelier a comeback", ACCENT, ""), -1: ("the more, the rarer", RULE, "//"), 0: ("either way", MUTED, "")}
figure, axes = picture(f"What moved the chances of {len(adds):,} quiet deals most", "moves the log-odds by (mean)", height=0.3 * len(top) + 1.2)
for trend, (told, colour, hatch) in trends.items():
    part = top.where([by_name()[name].trend == trend for name in top.index], 0.0)
    axes.barh(top.index.str.replace("_", " "), part, color=colour, hatch=hatch, edgecolor="white", label=told)
axes.legend(frameon=False, loc="lower right")
display(figure if len(adds) else "No deal is quiet now.")
Markdown("\n".join(f"* *{name.replace('_', ' ')}* ({group_of(name)}): {by_name()[name].meaning}" for name in top.index[::-1] if len(adds)))

# %% [markdown]
# ## How the three strongest work
#
# A point is a quiet deal of today. Above the line the number speaks for a comeback, below against one.

# %%
now = read_parts(run.features).merge(read_parquet(run.scores / "scores.parquet", ["deal_id", "as_of"])).set_index("deal_id").reindex(adds.index)
figure, axes = picture("What the value of a number does to the chance", height=3)
axes.remove()
for panel, name in zip(figure.subplots(1, 3, sharey=True), top.index[::-1], strict=False):
    panel.plot(now[name], adds[name], ".", color=ACCENT, alpha=0.4)
    panel.axhline(0, color=MUTED, linewidth=1, linestyle="--")
    panel.set_xlabel(f"{name.replace('_', ' ')}\n({now[name].isna().mean():.0%} not known)", fontsize=8)
    panel.spines[["top", "right"]].set_visible(False)
figure.supylabel("adds to the log-odds", fontsize=9)
figure if len(adds) else "No deal is quiet now."

# %% [markdown]
# ## What is lost without a whole group of numbers
#
# Learnt anew without each group. An interval across the dashed line means: it cannot be told whether it is missed, as groups stand in for each other.

# %%
drawn(figures.ablation, report.read["ablation"]) if len(report.read["ablation"]) else "The history is too short to ask this."

# %% [markdown]
# ## Where it is weak
#
# The gain over the rule it is compared with, part by part, with 95 % intervals. Right of the line it is better. An interval that crosses the line means that too little is known to
# say so of this part alone.

# %%
parts = report.segments[report.segments["kind"] != "month"].reset_index(drop=True)
stages = {f"stage {at}": name for at, name in read_stage_names(run).items()}
parts["called"] = parts["kind"] + ": " + parts["segment"].map(lambda name: stages.get(name, name)) + parts["deals"].map(" ({:,})".format)
worse, unsure = (parts["gain_high"] < 0).sum(), ((parts["gain_low"] < 0) & (parts["gain_high"] > 0)).sum()
figure, axes = picture(f"Worse than {report.other.replace('_', ' ')} in {worse} of {len(parts)} parts, not to be told in {unsure}", "gain in log loss, with 95 % interval (deals in brackets)", height=0.28 * len(parts) + 1.2)
gain = parts["log_loss_gain"]
axes.errorbar(gain, parts.index, xerr=[(gain - parts["gain_low"]).clip(lower=0), (parts["gain_high"] - gain).clip(lower=0)], fmt="o", color=ACCENT, ecolor=MUTED, capsize=2)
axes.axvline(0, color="black", linewidth=1, linestyle="--")
axes.set_yticks(parts.index, parts["called"])
axes.set_ylim(-0.6, len(parts) - 0.4)
axes.invert_yaxis()
display(figure)
off = parts[~parts["said_share"].between(parts["ci_low"], parts["ci_high"])]
Markdown("**Parts in which chances did not come true:**\n\n" + markdown(("part", "said on average", "came true", "95 % interval"), (
    (one.called, percent(one.said_share), percent(one.came_true_share), f"{one.ci_low:.0%} to {one.ci_high:.0%}") for one in off.itertuples()))
    if len(off) else f"In all {len(parts)} parts what was said lies within the interval of what came true.")

# %% [markdown]
# ## Does it still hold?
#
# Shares move with the times. The newest deals cannot be judged yet; those that are back so far are compared with those that should be.

# %%
display(drawn(figures.base_rate, report.read["base_rate"], report.months) if len(report.read["base_rate"]) else "The history is too short to ask this.")
running = report.read["running"].query("month == 'all'")
"\n".join(f"Of {one.rows:,} windows that still run {one.seen_share:.0%} are back so far, {one.expected_share:.0%} were expected (difference {one.difference:+.1%}, 95 % {one.ci_low:+.1%} to {one.ci_high:+.1%})."
          for one in running.itertuples()) or "Of windows that still run too little is known."
