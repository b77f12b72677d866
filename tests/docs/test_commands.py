"""What README and docs tell to type does what they say: every block of commands marked `sh` is run, in a copy of the project with a small company."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.company import DEALS
from tests.conftest import ROOT

pytestmark = pytest.mark.xdist_group("commands")
BIN = Path(sys.executable).parent
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]  # README's first: it runs the pipeline
COPIED = ("src", "playbooks", "dvc.yaml", "data/actions.csv", "data/answers.csv", "data/README.md", "models/README.md", ".dvcignore", ".gitignore")
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "DVC_NO_ANALYTICS": "1", "OMP_NUM_THREADS": "1", "MLFLOW_DISABLE_TELEMETRY": "true",
               **{f"GIT_{who}_{what}": "dealtriage" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}}


def blocks() -> list[tuple[Path, str]]:
    return [(page, block) for page in PAGES for block in BLOCK.findall(page.read_text("utf-8"))]


def typed(command: str, project: Path) -> str:
    done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", command], cwd=project, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy under git and DVC, its sample company small."""
    folder = tmp_path_factory.mktemp("project")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    params = YAML(typ="safe").load(ROOT / "params.yaml")
    params["sample"] |= {"deals": DEALS, "months": 24}
    params["backtest"] |= {"folds": 2, "bootstrap": 50, "deal_groups": 3}
    YAML().dump(params, folder / "params.yaml")
    typed("git init -q && dvc init -q && git add -A && git commit -qm start", folder)
    return folder


def test_every_block_of_commands_works_from_top_to_bottom(project: Path) -> None:
    told = {}
    assert len(blocks()) >= 5
    for page, block in blocks():
        told[page.name, block] = typed(block, project)
    said = "".join(told.values())
    assert "lists in data/lists" in said and "champion of dealtriage: version 1" in said and "Nothing was sent" in said
    shown = next(out for (page, block), out in told.items() if "dvc plots show" in block)
    assert "log_loss_of_the_best_rule" in shown and (project / "dvc_plots" / "index.html").is_file()
    assert "Do the chances come true?" in (project / "dvc_plots" / "index.html").read_text("utf-8")

    typed("git add -A && git commit -qm run", project)
    typed("dvc exp run -q -S publish.redact=true", project)  # changes the last two stages alone
    assert "publish.redact" in typed("dvc metrics diff && dvc params diff", project)


def test_the_stages_are_those_of_the_picture() -> None:
    """docs/architecture.md draws and explains every stage of dvc.yaml, in an order in which each reads from those before it alone."""
    stages = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]
    picture = (ROOT / "docs" / "architecture.md").read_text("utf-8").split("```")[1]
    drawn = set(re.findall(r"[a-z]+", picture))
    assert {name for name in stages if name != "sample"} <= drawn
    boxes = re.findall(r"^\| ([a-z]+) \|", (ROOT / "docs" / "architecture.md").read_text("utf-8").split("## How it learns")[0], re.MULTILINE)
    order = [name for name in boxes if name != "box"]
    assert sorted(order) == sorted(name for name in stages if name != "sample")
    made_by = {path: name for name, stage in stages.items() for kind in ("outs", "metrics", "plots") for one in stage.get(kind, ()) for path in one}
    for name in order:
        read = {maker for path, maker in made_by.items() for dep in stages[name]["deps"] if dep == path or dep.startswith(f"{path}/")}
        late = read - {"sample", *order[: order.index(name)]}
        assert late == set(), f"{name} reads from {late}"
