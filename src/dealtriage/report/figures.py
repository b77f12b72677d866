"""The report's figures, as PNG with the same bytes for the same numbers."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

STACK, HATCH = ("#0b6e99", "#b5541c", "#d9b44a", "#8a929c", "#c9ced4"), ("", "//", "..", "", "")
MUTED, ACCENT, RULE = "#8a929c", "#0b6e99", "#b5541c"
SIZE: Any = {"font.size": 10, "axes.titlesize": 11, "axes.titleweight": "bold", "axes.titlelocation": "left"}


def reliability(bands: pd.DataFrame, path: Path) -> None:
    """Said against came true, band by band."""
    figure, axes = _axes("Do the chances come true?", 5.8, 4.6)
    seen = bands[bands["rows"] > 0]
    y = seen["came_true_share"]
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle="--")
    axes.errorbar(seen["said_share"], y, yerr=_around(y, seen["ci_low"], seen["ci_high"]), fmt="o", color=ACCENT, capsize=3, zorder=3)
    for x, at, n in zip(seen["said_share"], y, seen["deals"], strict=True):
        axes.annotate(f"{n:,} deals", (x, at), textcoords="offset points", xytext=(8, -12), fontsize=8, color=MUTED,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5}, zorder=2.5)
    top = min(1.0, float(max(seen["ci_high"].max(), seen["said_share"].max())) + 0.1)
    axes.set(xlim=(0, top), ylim=(0, top), xlabel="chance to come back, as said", ylabel="share that came back")
    _percent(axes.xaxis, axes.yaxis)
    _save(figure, path)


def models(by_model: dict[str, Any], rules: set[str], path: Path) -> None:
    """The AUC of every model and rule, with its interval."""
    known = {name: one for name, one in by_model.items() if one["auc_ci"]}
    names = sorted(known, key=lambda n: known[n]["auc"])
    figure, axes = _axes("The model against plain rules", 6.4, 0.42 * len(names) + 1.5)
    for place, name in enumerate(names):
        one, colour = known[name], RULE if name in rules else ACCENT
        axes.plot(one["auc_ci"], [place, place], color=colour, linewidth=2)
        axes.plot(one["auc"], place, "o", color=colour)
    axes.axvline(0.5, color=MUTED, linewidth=1, linestyle="--")
    axes.set_yticks(range(len(names)), [f"{n.replace('_', ' ')} (rule)" if n in rules else n for n in names])
    axes.set(xlabel="AUC with 95 % interval (0.5 = by chance)")
    _save(figure, path)


def capacity(curves: dict[str, pd.DataFrame], path: Path) -> None:
    """Cumulative gains: of all that came back, how many are among the deals worked on."""
    figure, axes = _axes("How many that come back are caught", 6.4, 4.4)
    styles = [(ACCENT, "-", 2.4), (RULE, "-", 1.6), (RULE, ":", 1.8)]
    for (name, curve), (colour, line, width) in zip(curves.items(), styles, strict=False):
        axes.plot(curve["worked_share"], curve["revived_share"], color=colour, linestyle=line, linewidth=width, label=name)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle="--", label="picked blindly")
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="share of each week's quiet deals that is worked on, best chances first",
             ylabel="share of all that came back")
    axes.legend(frameon=False, loc="lower right")
    _percent(axes.xaxis, axes.yaxis)
    _save(figure, path)


def learning(curve: pd.DataFrame, path: Path) -> None:
    """The gain over silence by the number of deals learnt from; open points are no measurements."""
    figure, axes = _axes("What more deals bring", 6.4, 4)
    for is_measured, face, label in ((True, ACCENT, "measured"), (False, "white", "if it goes on like this")):
        part = curve[curve["is_measured"] == is_measured]
        if len(part):
            error = _around(part["log_loss_gain"], part["gain_low"], part["gain_high"])
            axes.errorbar(part["learnt_deals"], part["log_loss_gain"], yerr=error, fmt="o", color=ACCENT if is_measured else MUTED,
                          markerfacecolor=face, capsize=3, label=label)
    axes.plot(curve["learnt_deals"], curve["log_loss_gain"], color=ACCENT, linewidth=1, alpha=0.5)
    axes.axhline(0, color=MUTED, linewidth=1, linestyle="--")
    axes.set_xscale("log", base=2)
    axes.set_xticks(curve["learnt_deals"], [f"{deals:,.0f}" for deals in curve["learnt_deals"]])
    axes.minorticks_off()
    axes.set(xlabel="deals learnt from", ylabel="gain in log loss over silence alone")
    axes.legend(frameon=False, loc="lower right")
    _save(figure, path)


def base_rate(quarters: pd.DataFrame, said: pd.DataFrame, path: Path) -> None:
    """How many came back, quarter by quarter, and what was said in the tested months."""
    figure, axes = _axes("How many come back, over time", 6.8, 4)
    middle, y = quarters["middle"], quarters["revived_share"]
    axes.errorbar(middle, y, yerr=_around(y, quarters["ci_low"], quarters["ci_high"]), fmt="o", color=MUTED, capsize=3, label="came back, by quarter")
    months = pd.to_datetime(said["month"]) + pd.Timedelta(days=14)
    axes.plot(months, said["came_true_share"], "o", color=RULE, markersize=4, label="came back, by tested month")
    axes.plot(months, said["said_share"], color=ACCENT, linewidth=2.2, label="said in that month")
    axes.set(ylim=(0, min(1.0, float(max(quarters["ci_high"].max(), said["said_share"].max(), said["came_true_share"].max())) * 1.3)),
             ylabel="share of quiet deals")
    span = len(pd.period_range(min(middle.min(), months.min()), max(middle.max(), months.max()), freq="M"))
    axes.xaxis.set_major_locator(_dates().MonthLocator(interval=-(-span // 6)))
    axes.xaxis.set_major_formatter(_dates().DateFormatter("%b %Y"))
    axes.legend(frameon=False, loc="upper right", ncols=1)
    _percent(axes.yaxis)
    _save(figure, path)


def ablation(table: pd.DataFrame, path: Path) -> None:
    """By how much the log loss rises without each group of features."""
    figure, axes = _axes("What each group of features brings", 6.4, 0.5 * len(table) + 1.4)
    ordered = table.iloc[::-1].reset_index(drop=True)
    axes.errorbar(ordered["log_loss_rise"], ordered.index, xerr=_around(ordered["log_loss_rise"], ordered["rise_low"], ordered["rise_high"]),
                  fmt="o", color=ACCENT, capsize=3)
    axes.axvline(0, color=MUTED, linewidth=1, linestyle="--")
    axes.set_yticks(ordered.index, [f"{name} ({count})" for name, count in zip(ordered["left_out"], ordered["features"], strict=True)])
    axes.set_ylim(-0.6, len(ordered) - 0.4)
    axes.set(xlabel="rise of the log loss without it, 95 % interval")
    _save(figure, path)


def phase_effects(table: pd.DataFrame, path: Path) -> None:
    """Each estimate with its interval; open points failed a check."""
    figure, axes = _axes("Does a phase help?", 6.4, 0.5 * len(table) + 1.4)
    for is_known, face, label in ((True, ACCENT, "checks passed"), (False, "white", "not known: a check failed")):
        part = table[table["is_known"] == is_known]
        if len(part):
            axes.errorbar(part["value"], part.index, xerr=_around(part["value"], part["low"], part["high"]), fmt="o", color=ACCENT if is_known else MUTED,
                          markerfacecolor=face, capsize=3, label=label)
    axes.axvline(0, color=MUTED, linewidth=1, linestyle="--")
    axes.set_yticks(table.index, [name.replace("_", " ") for name in table["name"]])
    axes.set_ylim(len(table) - 0.4, -0.6)
    axes.set(xlabel="difference in the share that came back, 95 % interval")
    if len(table):
        axes.legend(frameon=False, loc="best")
    _percent(axes.xaxis)
    _save(figure, path)


def stacked(table: pd.DataFrame, shares: dict[str, str], title: str, path: Path) -> None:
    """Shares that add up to one, a bar per row. table: label and the share columns; shares: column -> what it is called."""
    figure, axes = _axes(title, 7.2, 0.34 * len(table) + 1.6)
    left = np.zeros(len(table))
    for (name, called), colour, hatch in zip(shares.items(), STACK, HATCH, strict=False):
        values = table[name].fillna(0).to_numpy(dtype=float)
        axes.barh(np.arange(len(table)), values, left=left, color=colour, hatch=hatch, edgecolor="white", label=called)
        left = left + values
    axes.set_yticks(np.arange(len(table)), table["label"])
    axes.set_ylim(len(table) - 0.4, -0.6)
    axes.set_xlim(0, max(1.0, float(left.max(initial=0.0))))
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.35 / (0.34 * len(table) + 1.6)), ncols=len(shares))
    _percent(axes.xaxis)
    _save(figure, path)


def deal_past(name: str, weeks: pd.DataFrame, turned_at: pd.Timestamp | None, events: list[tuple[pd.Timestamp, str]], quiet_days: int, horizon_days: int, dead_below: float, path: Path) -> None:
    """One deal's past: the chance to come back and the communication gauge, week by week; its turn and what happened are marked, silence is shaded.

    weeks: as_of, p, gauge, silence_days. events: (when, what), numbered in the figure in their order.
    """
    figure, axes = _axes(name if len(name) <= 60 else f"{name[:59]}…", 7.6, 4.2)
    as_of = weeks["as_of"]
    axes.fill_between(as_of, 0, 1, where=weeks["silence_days"] >= quiet_days, step="mid", color=MUTED, alpha=0.15, linewidth=0, label="the buyer is quiet")
    axes.plot(as_of, weeks["p"], color=ACCENT, linewidth=2.2, label=f"chance to come back in {horizon_days} days")
    axes.plot(as_of, weeks["gauge"], color=RULE, linewidth=1.4, linestyle="--", label="communication gauge")
    axes.axhline(dead_below, color=MUTED, linewidth=1, linestyle=":", label="below: dead")
    if turned_at is not None:
        axes.axvline(turned_at, color="black", linewidth=1.2)
        axes.annotate("turned", (turned_at, 1.0), textcoords="offset points", xytext=(4, -10), fontsize=9)
    for number, (at, _) in enumerate(events, start=1):
        axes.plot([at], [0.03], marker="v", color="black", markersize=4)
        axes.annotate(str(number), (at, 0.03), textcoords="offset points", xytext=(0, 6 + 9 * (number % 3)), ha="center", fontsize=8)
    axes.set(ylim=(0, 1))
    locator = _dates().AutoDateLocator(maxticks=7)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(_dates().ConciseDateFormatter(locator))
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=4, fontsize=8)
    _percent(axes.yaxis)
    _save(figure, path)


def _around(y: pd.Series, low: pd.Series, high: pd.Series) -> np.ndarray:
    return np.vstack([(y - low).clip(lower=0), (high - y).clip(lower=0)])


def _percent(*axes: Any) -> None:
    from matplotlib.ticker import PercentFormatter

    for one in axes:
        one.set_major_formatter(PercentFormatter(1.0, decimals=0))


def _dates() -> Any:
    from matplotlib import dates

    return dates


def _axes(title: str, width: float, height: float) -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["text.parse_math"] = False  # names and reasons from a CRM may hold dollar signs, and are no formulas
    from matplotlib import pyplot as plt
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    with plt.rc_context(SIZE):
        figure, axes = plt.subplots(figsize=(width, height), dpi=120, layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08))
        axes.set_title(title)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _save(figure: Any, path: Path) -> None:
    from matplotlib import pyplot as plt

    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)
