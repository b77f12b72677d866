"""What the page's templates are filled with: tables as Markdown, and sentences that depend on the numbers."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from dealtriage import evaluate
from dealtriage.report import numbers, page
from dealtriage.report.page import percent, signed, span

if TYPE_CHECKING:
    from dealtriage.report.build import Report


def content(report: "Report", drawn: set[str]) -> dict[str, Any]:
    """All that the templates name."""
    params, chosen, bands = report.params, report.chosen, report.bands[report.bands["rows"] > 0]
    lines = evaluate.line_intervals(chosen)
    return {
        "name": report.name, "is_rule": report.name in report.rules, "rule_words": page.RULES.get(report.name, ""), "why": report.choice["why"],
        "alarm": report.alarm, "best": report.best, "horizon": params.label.horizon_days, "longest": max(params.label.when_days),
        "first_as_of": f"{chosen['as_of'].min():%Y-%m-%d}", "last_as_of": f"{chosen['as_of'].max():%Y-%m-%d}",
        "capacity": report.capacities.iloc[0].to_dict(), "bands_count": len(bands), "bands_right": _right(bands),
        "median_days": numbers.median_days(chosen, params.label), "running_words": _running(report.read["running"]), "figures": drawn,
        "gain": report.over_silence(report.name), "learned": report.choice["learned"],
        "learned_gain": report.over_silence(str(report.choice["learned"])) if report.choice["learned"] else None,
        "slope_ci": lines and lines[0], "intercept_ci": lines and lines[1], "ece_ci": report.error_ci,
        "ece_noise": evaluate.error_of_noise(chosen, report.resamples), "skill": report.skill, "compared": report.other, "leak_auc": params.model.leak_auc,
        "trend_words": _trend(report.trend), "split": report.split, "is_drawn_on": not report.read["learning"]["is_measured"].all(), "split_words": _split(report.split), "labels_words": _labels(report),
        "revivals": _revivals(report), "ended": _ended(report), "left_out": _left_out(report.read["left_out"]), "tables": _tables(report)}


def _tables(report: "Report") -> dict[str, str]:
    read, rule = report.read, str(report.choice["best_rule"])
    shown = tuple(dict.fromkeys([report.name, report.other, "silence"]))
    days = report.when.assign(days=[f"within {days} days" for days in report.when["days"]])
    return {
        "bands": page.bands(report.bands), "when": page.came_true(days, ("back",), ("days",)),
        "checks": page.markdown(("check", "holds", "figures"), ((one["name"], "yes" if one["passed"] else "**no**", one["told"]) for one in report.choice["checks"])),
        "models": page.models(report.by_model, report.rules), "folds": page.folds(numbers.by_fold(read["backtest"]), shown),
        "segments": page.segments(report.segments), "capacity": page.capacity(report.capacities, rule), "trials": page.trials(numbers.tried(read["trials"])),
        "win": page.came_true(report.win, ("by the chance said",), ("part",)), "restall": page.came_true(report.restall, ("by the chance said",), ("part",)), "alone": page.alone(read["alone"]), "months": page.months(report.months),
        "base_rate": page.base_rate(read["base_rate"]), "drift": page.drift(read["drift"]), "learning": page.learning(read["learning"]),
        "labels": page.labels(read["labels"]), "ablation": page.ablation(read["ablation"]), "censoring": page.censoring(read["censoring"]),
        "running": page.running(read["running"])}


def _right(bands: pd.DataFrame) -> int:
    return int(bands["said_share"].between(bands["ci_low"], bands["ci_high"]).sum())


def _running(table: pd.DataFrame) -> str:
    verdict = numbers.newest_chances(table)
    if verdict == "not known":
        return "Of windows that still run too little is known to say whether it does."
    one = table[table["month"] == "all"].iloc[0]
    so_far = f"Of the newest deals, whose windows still run, {percent(one['seen_share'])} are back so far; {percent(one['expected_share'])} were expected by now"
    if verdict == "as expected":
        return f"{so_far}: no more apart than chance explains."
    return f"{so_far}. **That is {'fewer' if verdict == 'too high' else 'more'} than chance explains: the chances may be {verdict} at present.**"


def _trend(trend: dict[str, Any]) -> str:
    if trend["ci"] is None:
        return "The tests span too short a time to say whether the log loss moves."
    low, high = trend["ci"]
    moves = "it rises" if low > 0 else "it falls" if high < 0 else "it does not move beyond chance"
    return f"Over the tested months the log loss changes by {signed(trend['log_loss_a_month'], 4)} a month ({span(trend['ci'], 4)}): {moves}."


def _split(split: dict[str, Any]) -> str:
    part = "" if split["deals"] == split["deals_in_all"] else f" {split['deals']:,} of the {split['deals_in_all']:,} deals, drawn by their ids, take part."
    return (f"What follows comes from refits of {split['candidate']}, without a choice among candidates and without putting the chances straight, on one split in "
            f"time: what was known at {split['test_start']} is learnt from, and deal-weeks up to {split['test_end']} are asked about. Deals are split in "
            f"three parts (learning curve, running windows) or two (the rest), each asked by models that saw none of its deals.{part}")


def _labels(report: "Report") -> str:
    start, split = report.split.get("labels_test_start"), report.split
    if start is None:
        return "The history is too short to ask this."
    asked = f"All lines ask about deal-weeks from {start} to {split['labels_test_end']}, whose windows are over under the longest horizon."
    late = " Refusals later than the usual horizon are not recorded, so under the longest they count as dead." if report.params.label.seller_refusal == "exclude" else ""
    return asked + late


def _revivals(report: "Report") -> list[str]:
    shares = numbers.revived_shares(report.chosen, report.params.label.horizon_days)
    return [f"{text}: {shares[name]:.0%} of the tested rows" + (" (the label used)" if name == report.params.label.revival else "")
            for name, text in page.REVIVALS.items()]


def _ended(report: "Report") -> list[str]:
    chosen = report.chosen
    by_rule = chosen.loc[(chosen["revived"] == 0) & (chosen["ended_by"] == "lost_by_rule"), "ended_by_whom"]
    users = ", ".join(sorted(by_rule.dropna().unique()))
    return [f"{page.ENDED[name]}{f' (user {users})' if name == 'lost_by_rule' and users else ''}: {share:.0%}"
            for name, share in numbers.ended_shares(chosen).items()] or ["none of the tested rows was dead"]


def _left_out(table: pd.DataFrame) -> list[str]:
    return [f"{row.rows:,} quiet deal-weeks of {row.deals:,} deals: {page.LEFT_OUT[row.left_out]}" for row in table.itertuples()] or ["nothing"]
