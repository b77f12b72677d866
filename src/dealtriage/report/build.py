"""The stage `evaluate`: the choice, then every number, table and figure, and the page."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from dealtriage import evaluate
from dealtriage.gate import LEAK_CHECK, Gate, alone_alarms, decide
from dealtriage.params import Params
from dealtriage.report import figures, numbers
from dealtriage.report.page import page
from dealtriage.report.words import content
from dealtriage.tables import plain, read_json, read_parquet, replaced_folder, write_json, write_text
from dealtriage.workspace import Workspace, read_cutoff

LARGE_SEGMENT = 100  # deals
PREDICTED = ("backtest", "when", "trials", "alone", "left_out")
FOUND = ("learning", "labels", "ablation", "censoring", "running", "base_rate", "drift")


def run(params: Params, workspace: Workspace) -> str:
    """Write reports/metrics (backtest.json with every number, summary.json with those that two runs are compared by), reports/tables, reports/figures and reports/model-card.md. Returns the page's first part."""
    report = assemble(params, workspace)
    metrics = plain(report.metrics())
    write_json(workspace.reports / "metrics" / "backtest.json", metrics)
    write_json(workspace.reports / "metrics" / "summary.json", summary(metrics))
    with replaced_folder(workspace.reports / "tables") as folder:
        for name, table in report.tables().items():
            table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    with replaced_folder(workspace.reports / "figures") as folder:
        drawn = draw(report, folder)
    text = page(content(report, drawn))
    write_text(workspace.reports / "model-card.md", text)
    return text.split("\n## ")[0]


@dataclass(frozen=True)
class Report:
    """All that the page tells. read: tables by name, of `backtest` and of `sensitivity`; split: how the latter split the deals; choice: see `gate.decide`."""

    params: Params
    cutoff: datetime
    read: dict[str, pd.DataFrame]
    split: dict[str, Any]
    choice: dict[str, Any]
    alarms: tuple[str, ...]

    @property
    def name(self) -> str:
        return str(self.choice["chosen"])

    @property
    def other(self) -> str:
        """What the published one is compared with: the best rule, or the learned model where a rule is published."""
        learned = self.choice["learned"]
        return str(learned if self.name != learned and learned is not None else self.choice["best_rule"])

    @property
    def resamples(self) -> int:
        return self.params.backtest.bootstrap

    @cached_property
    def rules(self) -> set[str]:
        table = self.read["backtest"]
        return set(table.loc[table["is_rule"], "model"])

    @cached_property
    def by_model(self) -> dict[str, Any]:
        return {str(name): evaluate.metrics(part, self.resamples) for name, part in self.read["backtest"].groupby("model")}

    @cached_property
    def best(self) -> dict[str, Any]:
        return self.by_model[self.name]

    @cached_property
    def chosen(self) -> pd.DataFrame:
        return numbers.of(self.read["backtest"], self.name)

    @cached_property
    def silence(self) -> pd.DataFrame:
        return numbers.of(self.read["backtest"], "silence")

    @cached_property
    def bands(self) -> pd.DataFrame:
        return evaluate.bands(self.chosen, self.params.publish.bands, self.params.publish.min_band_deals)

    @cached_property
    def segments(self) -> pd.DataFrame:
        return evaluate.by_segment(self.chosen, numbers.of(self.read["backtest"], self.other), self.resamples)

    @cached_property
    def capacities(self) -> pd.DataFrame:
        return numbers.capacities(self.read["backtest"], self.name, str(self.choice["best_rule"]), self.params.publish.capacity, self.resamples)

    @cached_property
    def when(self) -> pd.DataFrame:
        return numbers.when_said(self.chosen, self.read["when"], self.params.label, self.cutoff)

    @cached_property
    def win(self) -> pd.DataFrame:
        return numbers.win_said(self.chosen, self.read["when"], self.params.label, self.cutoff)

    @cached_property
    def restall(self) -> pd.DataFrame:
        return numbers.restall_said(self.chosen, self.read["when"], self.params.label, self.cutoff)

    @cached_property
    def months(self) -> pd.DataFrame:
        return numbers.by_month(self.chosen, self.silence)

    @cached_property
    def trend(self) -> dict[str, Any]:
        return numbers.loss_trend(self.chosen, self.resamples)

    @cached_property
    def skill(self) -> dict[str, Any]:
        return evaluate.brier_skill(self.chosen, self.resamples)

    @cached_property
    def error_ci(self) -> list[float]:
        return evaluate.error_interval(self.chosen, self.resamples)

    @property
    def alarm(self) -> str | None:
        """What rang, as the gate heard it of the learned model, published or not."""
        return next((check["told"] for check in self.choice["checks"] if check["name"] == LEAK_CHECK and not check["passed"]), "; ".join(self.alarms) or None)

    def over_silence(self, name: str) -> dict[str, Any]:
        """The gain of a model over silence alone."""
        return evaluate.gain(numbers.of(self.read["backtest"], name), self.silence, self.resamples)

    def tables(self) -> dict[str, pd.DataFrame]:
        """What is written to reports/tables."""
        models = pd.DataFrame.from_dict(self.by_model, orient="index").rename_axis("model").reset_index()
        return {"bands": self.bands, "models": models, "folds": numbers.by_fold(self.read["backtest"]), "capacity": self.capacities,
                "segments": self.segments, "when": self.when, "won": self.win, "restall": self.restall, "months": self.months, "calls": numbers.by_call(self.chosen, self.params.publish.dead_below), "trials": numbers.tried(self.read["trials"])}

    def metrics(self) -> dict[str, Any]:
        """What is written to reports/metrics/backtest.json."""
        left_out, lines = self.read["left_out"], evaluate.line_intervals(self.chosen)
        return {
            **self.best, "model": self.name, "choice": self.choice, "leak_alarm": self.alarm,
            "horizon_days": self.params.label.horizon_days, "revival": self.params.label.revival,
            "rules": {name: self.by_model[name] for name in sorted(self.rules)},
            "candidates": {name: self.by_model[name] for name in sorted(set(self.by_model) - self.rules)},
            "by_revival": numbers.revived_shares(self.chosen, self.params.label.horizon_days), "dead_by": numbers.ended_shares(self.chosen),
            "left_out_rows": dict(zip(left_out["left_out"], left_out["rows"].tolist(), strict=True)),
            "gain_over_silence": self.over_silence(self.name), "brier_skill": self.skill["brier_skill"], "brier_skill_ci": self.skill["ci"],
            "ece_ci": self.error_ci, "calibration_slope_ci": lines and lines[0], "calibration_intercept_ci": lines and lines[1],
            "capacity": self.capacities.iloc[0].to_dict(), "loss_trend": self.trend, "newest_chances": numbers.newest_chances(self.read["running"]),
            "when": {"median_days": numbers.median_days(self.chosen, self.params.label), "said": _records(self.when), "won": _records(self.win), "restall": _records(self.restall)},
            "tried": _records(numbers.tried(self.read["trials"])),
            "sensitivity": {"split": self.split, **{name: _records(self.read[name].head(10) if name == "drift" else self.read[name]) for name in FOUND}}}


def assemble(params: Params, workspace: Workspace) -> Report:
    """Read what earlier stages wrote, and choose."""
    read = {**{name: read_parquet(workspace.predictions / f"{name}.parquet") for name in PREDICTED},
            **{name: read_parquet(workspace.sensitivity / f"{name}.parquet") for name in FOUND}}
    alarms = alone_alarms(read["alone"], params.model.trusted)
    gate = Gate(params.publish.capacity, params.backtest.bootstrap, LARGE_SEGMENT, alarms, params.model.leak_auc)
    return Report(params, read_cutoff(workspace), read, read_json(workspace.sensitivity / "split.json"), decide(read["backtest"], gate), alarms)


def summary(metrics: dict[str, Any]) -> dict[str, Any]:
    """The few numbers that two runs are compared by, flat, as `dvc metrics diff` shows them."""
    gain, choice, capacity = metrics["gain_over_silence"], metrics["choice"], metrics["capacity"]
    low, high = gain["ci"] or (None, None)
    same = {name: metrics[name] for name in ("rows", "deals", "revived_share", "auc", "log_loss", "brier_skill", "ece", "calibration_slope")}
    rule = metrics["rules"][choice["best_rule"]]["log_loss"]
    return {"published": metrics["model"], "best_rule": choice["best_rule"], **same, "log_loss_of_the_best_rule": rule,
            "gain_over_silence": gain["log_loss_gain"], "gain_over_silence_low": low, "gain_over_silence_high": high,
            "came_back_of_those_worked_on": capacity["revived_share"], "came_back_by_shortest_silence": capacity["silence_revived_share"]}


def draw(report: Report, folder: Path) -> set[str]:
    """Write the figures for which there are numbers; returns their names."""
    read, drawn = report.read, {"reliability", "capacity"}
    curves = {name.replace("_", " "): numbers.caught(numbers.of(read["backtest"], name)) for name in _shown(report)}
    figures.reliability(report.bands, folder / "reliability.png")
    figures.capacity(curves, folder / "capacity.png")
    if any(one["auc_ci"] for one in report.by_model.values()):
        figures.models(report.by_model, report.rules, folder / "models.png")
        drawn.add("models")
    if len(read["base_rate"]) and len(report.months):
        figures.base_rate(read["base_rate"], report.months, folder / "base-rate.png")
        drawn.add("base_rate")
    if len(read["learning"]):
        figures.learning(read["learning"], folder / "learning.png")
        drawn.add("learning")
    if len(read["ablation"]):
        figures.ablation(read["ablation"], folder / "ablation.png")
        drawn.add("ablation")
    return drawn


def _shown(report: Report) -> list[str]:
    """The published one, the best other, silence: each once."""
    return list(dict.fromkeys([report.name, report.other, "silence"]))


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return table.to_dict("records")
