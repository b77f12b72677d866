"""The stage `effects`: the evidence, what it tells of each phase, what an experiment tells, and the page."""

from dataclasses import asdict
from typing import Any

import pandas as pd

from dealtriage.effects.checks import Checked, check
from dealtriage.effects.compare import comparable, compared, read_covariates
from dealtriage.effects.evidence import PHASES, evidence
from dealtriage.effects.experiment import Experiment, experiment, outcomes, read_log
from dealtriage.effects.words import content
from dealtriage.params import Params
from dealtriage.report import figures
from dealtriage.report.page import render
from dealtriage.tables import plain, replaced_folder, write_json, write_parquet, write_text
from dealtriage.workspace import Workspace

FOLDS = 5


def run(params: Params, workspace: Workspace) -> str:
    """Write data/evidence, reports/phase-effects.md, reports/phase-effects.png and reports/metrics/phase-effects.json. Returns the page's first part."""
    log = read_log(workspace)
    table = pd.concat(evidence(params, workspace, log), ignore_index=True).sort_values(["deal_id", "as_of"], kind="stable")
    with replaced_folder(workspace.evidence) as folder:
        write_parquet(table, folder / "evidence.parquet")
    found = [check(phase, compared(rows, read_covariates(workspace, rows), FOLDS))
             for phase in PHASES for rows in [comparable(table, phase)]]
    held_out = experiment(outcomes(workspace, params.label, log))
    write_json(workspace.reports / "metrics" / "phase-effects.json", metrics(found, held_out))
    figures.phase_effects(estimates(found, held_out), workspace.reports / "phase-effects.png")
    text = render("dealtriage.effects", ("phase-effects.md.j2",), content(found, held_out, table, params.label))
    write_text(workspace.reports / "phase-effects.md", text)
    return text.split("\n## ")[0]


def estimates(found: list[Checked], held_out: Experiment) -> pd.DataFrame:
    """name, value, low, high, is_known of every estimate there is, for the figure."""
    rows = [(one.phase, one.effect.value, one.effect.low, one.effect.high, not one.against) for one in found if one.effect]
    if held_out.effect:
        rows.append(("told, against held out", held_out.effect.value, held_out.effect.low, held_out.effect.high, True))
    return pd.DataFrame(rows, columns=["name", "value", "low", "high", "is_known"])


def metrics(found: list[Checked], held_out: Experiment) -> dict[str, Any]:
    """What is written to reports/metrics/phase-effects.json: numbers alone, null where there are none."""
    phases = {one.phase: {"is_known": not one.against, "rows_done": one.rows_done, "deals_done": one.deals_done, "deals_undone": one.deals_undone,
                          "inside_share": one.inside_share, "effective_rows": one.effective_rows,
                          "largest_gap": None if one.gaps is None else one.gaps["after"].abs().max(),
                          "effect": _numbers(one.effect), "placebo": _numbers(one.placebo)} for one in found}
    trial = {"deals_told": held_out.deals_told, "deals_held_out": held_out.deals_held_out, "deals_running": held_out.deals_running,
             "effect": _numbers(held_out.effect)}
    return {"phases": plain(phases), "experiment": plain(trial)}


def _numbers(effect: Any) -> dict[str, float] | None:
    return None if effect is None else asdict(effect)
