"""The backtest told: metrics as JSON and tables, figures, and one page in plain words. From the predictions alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss

from dealtriage import evaluate
from dealtriage.gate import Gate, alone_alarms, decide
from dealtriage.params import Params
from dealtriage.tables import read_parquet, replaced_folder, write_json, write_text
from dealtriage.workspace import Workspace

STRICTNESS = {"any_signal": "any buyer signal", "signal_and_progress": "a signal, then progress", "won": "won"}
LEFT_OUT = {"not_matured": "what came of them is not known yet",
            "in_gap": "their silence reaches into weeks in which records are missing (data/core/gaps.parquet), so it may be none",
            "refused": "the seller refused them (label.seller_refusal)"}
LARGE_SEGMENT = 100  # deals
MUTED, ACCENT, RULE = "#8a929c", "#0b6e99", "#b5541c"


def run(params: Params, workspace: Workspace) -> str:
    """Write reports/metrics, reports/tables, reports/figures and reports/backtest.md. Returns the page's first part."""
    table = read_parquet(workspace.predictions / "backtest.parquet")
    left_out = read_parquet(workspace.predictions / "left_out.parquet")
    alarms = alone_alarms(read_parquet(workspace.predictions / "alone.parquet"), params.model.trusted)
    choice = decide(table, Gate(params.publish.capacity, params.backtest.bootstrap, LARGE_SEGMENT, alarms, params.model.leak_auc))
    by_model = {name: evaluate.metrics(part, params.backtest.bootstrap) for name, part in table.groupby("model")}
    chosen = table[table["model"] == choice["chosen"]]
    bands = evaluate.bands(chosen, params.publish.bands, params.publish.min_band_deals)
    rules = {name for name, is_rule in zip(table["model"], table["is_rule"], strict=True) if is_rule}
    alarm = "; ".join(alarms) or _alarm(by_model[str(choice["chosen"])], params.model.leak_auc)
    with replaced_folder(workspace.reports / "metrics") as folder:
        write_json(folder / "backtest.json", {
            **by_model[str(choice["chosen"])], "model": choice["chosen"], "choice": choice, "leak_alarm": alarm,
            "horizon_days": params.label.horizon_days, "revival": params.label.revival,
            "rules": {name: by_model[name] for name in sorted(rules)},
            "candidates": {name: by_model[name] for name in sorted(set(by_model) - rules)},
            "by_revival": revived_shares(chosen, params.label.horizon_days), "dead_by": ended_shares(chosen),
            "left_out_rows": dict(zip(left_out["left_out"], left_out["rows"].tolist(), strict=True))})
    with replaced_folder(workspace.reports / "tables") as folder:
        _csv(bands, folder / "bands.csv")
        _csv(pd.DataFrame.from_dict(by_model, orient="index").rename_axis("model").reset_index(), folder / "models.csv")
        _csv(by_fold(table), folder / "folds.csv")
        _csv(at_capacity(chosen, params.publish.capacity), folder / "capacity.csv")
    with replaced_folder(workspace.reports / "figures") as folder:
        _reliability(bands, folder / "reliability.png", str(choice["chosen"]))
        _models(by_model, rules, folder / "models.png")
    page = _page(params, choice, by_model, rules, bands, chosen, alarm, left_out)
    write_text(workspace.reports / "backtest.md", page)
    return page.split("\n## ")[0]


def revived_shares(chosen: pd.DataFrame, horizon_days: int) -> dict[str, float]:
    """The share of tested rows that revived, by each strictness of the label."""
    return {name: round(float((chosen[f"days_until_{name}"] < horizon_days).mean()), 6) for name in STRICTNESS}


def ended_shares(chosen: pd.DataFrame) -> dict[str, float]:
    """How the windows of the dead rows ended, as shares: still open, lost, lost by a rule of the system, refused."""
    dead = chosen[chosen["revived"] == 0]
    return {str(k): round(float(v), 6) for k, v in dead["ended_by"].value_counts(normalize=True).sort_index().items()}


def by_fold(table: pd.DataFrame) -> pd.DataFrame:
    """Rows, revived share, AUC and log loss of every model at every fold."""
    found = []
    for (fold, model), part in table.groupby(["fold", "model"]):
        y, p = part["revived"].to_numpy(dtype=np.int64), part["p"].to_numpy(dtype=float)
        found.append({"fold": fold, "model": model, "first_as_of": part["as_of"].min(), "rows": len(part),
                      "revived_share": round(y.mean(), 6), "auc": evaluate.weighted_auc(y, p, np.ones(len(y))),
                      "log_loss": round(log_loss(y, p, labels=[0, 1]), 6)})
    return pd.DataFrame(found)


def at_capacity(chosen: pd.DataFrame, capacity: int) -> pd.DataFrame:
    """Of the deals with the highest chances each week, how many revived: k = 1, 2, 5, 10, 20 times the capacity."""
    ranked = chosen.sort_values(["as_of", "p", "deal_id"], ascending=[True, False, True])
    place = ranked.groupby("as_of").cumcount()
    rows = []
    for k in (capacity, 2 * capacity, 5 * capacity):
        top = ranked[place < k]
        rows.append({"worked_each_week": k, "revived_share": top["revived"].mean(),
                     "share_of_all_revivals": top["revived"].sum() / max(1, chosen["revived"].sum())})
    return pd.DataFrame(rows).round(4)


def _alarm(chosen: dict[str, Any], most: float) -> str | None:
    if chosen["auc"] is None or chosen["auc"] <= most:
        return None
    return f"AUC {chosen['auc']:.3f} is above {most}: too good to be true until shown otherwise. Look for a leak."


def _csv(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False, lineterminator="\n")


def _page(params: Params, choice: dict[str, Any], by_model: dict[str, Any], rules: set[str], bands: pd.DataFrame,
          chosen: pd.DataFrame, alarm: str | None, left_out: pd.DataFrame) -> str:
    best = by_model[choice["chosen"]]
    shares, dead = revived_shares(chosen, params.label.horizon_days), ended_shares(chosen)
    lines = ["# Stalled or dead: how well it is told", "",
             f"Tested on {best['rows']:,} quiet deal-weeks of {best['deals']:,} deals, none of which the model had seen, "
             f"at dates after everything it learnt from. {best['revived_share']:.0%} came back within "
             f"{params.label.horizon_days} days.", "", f"**{choice['why']}**", ""]
    if alarm:
        lines += [f"**Alarm: {alarm}**", ""]
    lines += ["## Models against plain rules", "",
              "| | AUC (95 % interval) | log loss | Brier | calibration error | slope |", "| --- | --- | --- | --- | --- | --- |"]
    for name in sorted(by_model, key=lambda n: by_model[n]["log_loss"]):
        one = by_model[name]
        label = f"{name} (rule)" if name in rules else name
        lines.append(f"| {label} | {_auc(one)} | {one['log_loss']:.3f} | {one['brier']:.3f} | {one['ece']:.3f} | {_or_none(one['calibration_slope'])} |")
    lines += ["", f"Brier score of the prevalence alone: {best['brier_prevalence']:.3f}. ![models](figures/models.png)", "",
              "## Do the chances come true?", "", "| said | on average | deals | came true | 95 % interval |",
              "| --- | --- | --- | --- | --- |"]
    for band in bands[bands["rows"] > 0].itertuples():
        lines.append(f"| {band.low:.0%} to {band.high:.0%} | {band.said_share:.0%} | {band.deals:,} | {band.came_true_share:.0%} | {band.ci_low:.0%} to {band.ci_high:.0%} |")
    lines += ["", "![reliability](figures/reliability.png)", "", "## At a rep's capacity", "",
              "| deals worked each week, company-wide | of these came back | of all that came back |", "| --- | --- | --- |"]
    for row in at_capacity(chosen, params.publish.capacity).itertuples():
        lines.append(f"| {row.worked_each_week} | {row.revived_share:.0%} | {row.share_of_all_revivals:.0%} |")
    lines += ["", "## What counts as coming back", "",
              *(f"* {text}: {shares[name]:.0%} of the tested rows" + (" (the label used)" if name == params.label.revival else "")
                for name, text in STRICTNESS.items()), "", "## How the dead ended", ""]
    told = {"open": "still open at the end of the window", "lost": "closed lost", "refused": "refused by the seller",
            "lost_by_rule": "closed by a rule of the system, not by a decision", "won": "won later than the label allows"}
    by_rule = chosen.loc[(chosen["revived"] == 0) & (chosen["ended_by"] == "lost_by_rule"), "ended_by_whom"]
    users = ", ".join(sorted(by_rule.dropna().unique()))
    lines += [f"* {told[name]}{f' (user {users})' if name == 'lost_by_rule' and users else ''}: {share:.0%}"
              for name, share in dead.items()]
    lines += ["", "## Left out of training and tests", "",
              *([f"* {row.rows:,} quiet deal-weeks of {row.deals:,} deals: {LEFT_OUT[row.left_out]}" for row in left_out.itertuples()]
                or ["* nothing"])]
    return "\n".join(lines) + "\n"


def _auc(one: dict[str, Any]) -> str:
    if one["auc"] is None or one["auc_ci"] is None:
        return "-"
    return f"{one['auc']:.3f} ({one['auc_ci'][0]:.3f} to {one['auc_ci'][1]:.3f})"


def _or_none(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _axes(width: float, height: float) -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(width, height), dpi=120, layout="constrained")
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _save(figure: Any, path: Path) -> None:
    from matplotlib import pyplot as plt

    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)


def _reliability(bands: pd.DataFrame, path: Path, name: str) -> None:
    figure, axes = _axes(5, 4.2)
    seen = bands[bands["rows"] > 0]
    error = [seen["came_true_share"] - seen["ci_low"].clip(upper=seen["came_true_share"]),
             seen["ci_high"].clip(lower=seen["came_true_share"]) - seen["came_true_share"]]
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle="--")
    axes.errorbar(seen["said_share"], seen["came_true_share"], yerr=error, fmt="o", color=ACCENT, capsize=3)
    for x, y, n in zip(seen["said_share"], seen["came_true_share"], seen["deals"], strict=True):
        axes.annotate(f"{n:,} deals", (x, y), textcoords="offset points", xytext=(7, -10), fontsize=7, color=MUTED)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="chance to come back, as said", ylabel="share that came back",
             title=f"Do the chances come true? ({name})")
    _save(figure, path)


def _models(by_model: dict[str, Any], rules: set[str], path: Path) -> None:
    known = {name: one for name, one in by_model.items() if one["auc_ci"]}
    names = sorted(known, key=lambda n: known[n]["auc"])
    figure, axes = _axes(6, 0.5 * len(names) + 1.2)
    for place, name in enumerate(names):
        one = known[name]
        colour = RULE if name in rules else ACCENT
        axes.plot(one["auc_ci"], [place, place], color=colour, linewidth=2)
        axes.plot(one["auc"], place, "o", color=colour)
    axes.axvline(0.5, color=MUTED, linewidth=1, linestyle="--")
    axes.set_yticks(range(len(names)), [f"{n} (rule)" if n in rules else n for n in names])
    axes.set(xlabel="AUC with 95 % interval", title="Models against plain rules")
    _save(figure, path)
