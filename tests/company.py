"""A small sample company, run once through the whole pipeline for all tests that read its results."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pandas as pd
from ruamel.yaml import YAML

from tests.conftest import ROOT

DEALS = 500
EXPORTED_AT = datetime(2026, 6, 29, 6, tzinfo=UTC)


@cache
def raw_export() -> Path:
    """The Salesforce export of the small company."""
    from dealtriage.sample import write_sample

    folder = Path(mkdtemp(prefix="dealtriage-company-"))
    write_sample(folder / "raw", folder / "truth", deals=DEALS, seed=7, months=24, exported_at=EXPORTED_AT)
    return folder / "raw"


def write_params(path: Path, raw: Path, **sections: dict) -> Path:
    """The project's parameters for another export, sized for a small company."""
    content = YAML(typ="safe").load(ROOT / "params.yaml")
    content["source"]["path"] = str(raw)
    content["backtest"] |= {"folds": 2, "bootstrap": 50, "deal_groups": 3}
    for name, changes in sections.items():
        content[name] |= changes
    path.parent.mkdir(parents=True, exist_ok=True)
    YAML().dump(content, path)
    return path


def log_of_finished_cases(folder: Path) -> Path:
    """The parameters of an event log in `folder` that has no open deal, no team, no owner and no amount."""
    rng = np.random.default_rng(1)
    lines = ["case,activity,time"]
    for case in range(400):
        at = pd.Timestamp("2024-01-01") + pd.Timedelta(days=float(rng.uniform(0, 500)))
        for activity in ["Open", *rng.choice(["In", "Out", "Meet"], rng.integers(1, 8)), rng.choice(["Win", "Lose"])]:
            lines.append(f"{case},{activity},{at:%Y-%m-%d %H:%M:%S}")
            at += pd.Timedelta(days=float(rng.exponential(12)))
    (folder / "log.csv").write_text("\n".join(lines) + "\n")
    mapping = {"stages": ["Open"], "activities": {
        "Open": {"kind": "stage", "stage": "Open"}, "In": {"kind": "buyer_message"}, "Out": {"kind": "seller_message"},
        "Meet": {"kind": "meeting_held"}, "Win": {"kind": "won"}, "Lose": {"kind": "lost"}}}
    return write_params(folder / "params.yaml", folder / "log.csv", label={"horizon_days": 30},
                        source={"crm": "event_log", "columns": {}, "event_log": mapping},
                        backtest={"test_weeks": 4, "calibration_weeks": 6})


@cache
def finished_run() -> Path:
    """The folder of one finished run of the small company, not tracked."""
    from dealtriage.params import load_params
    from dealtriage.pipeline import STAGES, run_stage
    from dealtriage.workspace import Workspace

    out = Path(mkdtemp(prefix="dealtriage-run-"))
    params = load_params(write_params(out / "params.yaml", raw_export(), phases={"playbooks": str(ROOT / "playbooks")}))
    for stage in STAGES:
        run_stage(stage, params, Workspace(out))
    return out
