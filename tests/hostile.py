"""Names that a CRM may hold and that must do no harm anywhere."""

import shutil
from pathlib import Path

import pandas as pd

from dealtriage.params import Params, load_params
from dealtriage.publish import lists
from dealtriage.tables import read_parquet, write_parquet
from dealtriage.workspace import Workspace
from tests.company import finished_run

NAMES = (
    "<script>window.hacked = 1</script>", "<img src=x onerror='window.hacked=1'>", '"><svg onload=window.hacked=1>', "' onmouseover='window.hacked=1' x='",
    "</script><script>window.hacked=1</script>", "]]><script>window.hacked=1</script>", "javascript:window.hacked=1", "{{ 7 * 7 }}{% raw %}", "${window.hacked=1}",
    "[click](javascript:window.hacked=1)", "![x](http://example.com/x.png)", "<http://example.com/>", "=HYPERLINK(\"http://example.com\",\"x\")", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)",
    "\t=1+1", "＝1+1", "../../../etc/passwd", "C:\\Windows\\system32", "CON", "a/b\\c:d*e?f", "\u202egnp.exe", "\u200f\u2066right\u2069", "name\nwith\r\nlines", "nul\x00byte\x1b[31m",
    "x" * 10_000, "👩‍👩‍👧‍👦 Family & Co 🚀", "Ζωή Ångström 株式会社", "`rm -rf`", "| a | b |", "# heading", "--- ", "&lt;b&gt;&amp;", " ", "",
)
TABLES = ("data/core/owners.parquet", "data/advice", "data/winloss", "data/scores", "data/timeline", "data/evidence", "reports/tables", "reports/figures")


def hostile_run(out: Path, **publish: object) -> tuple[Params, Workspace]:
    """Publishes the small company's results once more, every name in them one of NAMES."""
    run = finished_run()
    for name in TABLES:
        (shutil.copytree if (run / name).is_dir() else _copy)(run / name, out / name)
    workspace = Workspace(out)
    _renamed(workspace.advice / "advice.parquet", "deal_name", "account_name", "whom", "stage", "sheet_note", "needs_note", "changed", "why_phase")
    _renamed(workspace.advice / "sheets.parquet", "answer", "evidence", "your_answer")
    _renamed(workspace.winloss / "stories.parquet", "what")
    _renamed(workspace.core / "owners.parquet", "name")
    params = load_params(run / "params.yaml")
    params = params.model_copy(update={"publish": params.publish.model_copy(update=publish)})
    lists.run(params, workspace)
    return params, workspace


def _renamed(path: Path, *columns: str) -> None:
    table = read_parquet(path)
    names = pd.Series([NAMES[number % len(NAMES)] for number in range(len(table))], index=table.index, dtype="str")
    write_parquet(table.assign(**dict.fromkeys(columns, names)), path)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
