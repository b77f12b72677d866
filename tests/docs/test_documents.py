"""Documents say what the code does, and name what is there."""

import re
import shutil
from pathlib import Path

import pytest

from dealtriage.crm.fields import CRMS as CRM_FIELDS
from dealtriage.crm.fields import field_table, meaning_table
from dealtriage.described import what_is_read
from dealtriage.dictionary import dictionary
from dealtriage.params import Source
from dealtriage.sources.reading import CRMS, crm_of
from tests.conftest import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "data" / "README.md", *sorted((ROOT / "docs").rglob("*.md")),
         *sorted((ROOT / "examples").rglob("*.md"))]


def test_the_data_dictionary_is_the_registrys() -> None:
    assert (ROOT / "docs" / "data-dictionary.md").read_text("utf-8") == dictionary(ROOT / "tests" / "spec" / "features"), "make dictionary"


def test_the_page_of_columns_is_what_the_sources_declare() -> None:
    assert (ROOT / "docs" / "what-is-read.md").read_text("utf-8") == what_is_read(), "make dictionary"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_named_in_text_exist(page: Path) -> None:
    for name in re.findall(r"`((?:src|docs|tests|examples|notebooks)/[\w./-]+)`", page.read_text("utf-8")):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_exist(page: Path) -> None:
    from typer.main import get_command

    from dealtriage.cli import app

    known = set(get_command(app).commands)
    for command in re.findall(r"`dealtriage ([a-z-]+)", page.read_text("utf-8")):
        assert command in known, command
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for target in re.findall(r"`make ([a-z]+)", page.read_text("utf-8")):
        assert target in targets, target


def test_the_readme_fits() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) < 200


def test_actions_in_the_readme_are_those_of_the_code() -> None:
    from dealtriage.phases.actions import ACTIONS

    text = (ROOT / "README.md").read_text("utf-8")
    assert all(f"`{action}`" in text for action in ACTIONS)


def test_event_kinds_in_the_docs_are_those_of_the_code() -> None:
    from dealtriage.sources.event_log import KINDS

    text = (ROOT / "docs" / "bring-your-own-export.md").read_text("utf-8")
    assert all(f"`{kind}`" in text for kind in KINDS)


@pytest.mark.parametrize("name", CRMS)
def test_every_crm_has_its_section(name: str) -> None:
    text = (ROOT / "docs" / "bring-your-own-export.md").read_text("utf-8")
    assert re.search(rf"^## (An )?{crm_of(name).title}$", text, re.MULTILINE)


def test_every_parameter_of_the_source_is_explained() -> None:
    text = (ROOT / "docs" / "bring-your-own-export.md").read_text("utf-8")
    assert [key for key in Source.model_fields if key != "event_log" and f"`{key}`" not in text] == []


@pytest.mark.parametrize("crm", CRM_FIELDS)
def test_the_fields_to_create_in_a_crm_are_those_that_are_written(crm: str) -> None:
    text = (ROOT / "docs" / "into-the-crm.md").read_text("utf-8")
    assert re.search(rf"^## {CRM_FIELDS[crm].title}$", text, re.MULTILINE)
    assert field_table(crm) in text, field_table(crm)
    assert meaning_table() in text, meaning_table()


def test_the_page_of_the_push_names_every_variable_that_is_read() -> None:
    text = (ROOT / "docs" / "into-the-crm.md").read_text("utf-8")
    read = set(re.findall(r"\b(?:SF|HUBSPOT)_[A-Z_]+\b", "".join((ROOT / "src" / "dealtriage" / "crm" / f"{name}.py").read_text("utf-8") for name in ("salesforce", "hubspot"))))
    assert {name for name in read if f"`{name}`" not in text} == set()


NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebooks_are_clean_and_paired(path: Path) -> None:
    import json

    import jupytext

    cells = json.loads(path.with_suffix(".ipynb").read_text("utf-8"))["cells"]
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in cells)
    paired = jupytext.read(path.with_suffix(".ipynb")).cells
    assert [c.source for c in paired] == [c.source for c in jupytext.read(path).cells]


@pytest.mark.xdist_group("company")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebooks_run_on_another_company(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os
    import subprocess
    import sys

    from tests.company import finished_run

    shutil.copy(path, tmp_path / path.name)
    done = subprocess.run([sys.executable, "-W", "ignore", path.name], cwd=tmp_path, capture_output=True, text=True,
                          check=False, env={**os.environ, "DEALTRIAGE_ROOT": str(finished_run()), "MPLBACKEND": "Agg"})
    assert done.returncode == 0, done.stderr


def test_notebooks_say_so_where_nothing_is_there(tmp_path: Path) -> None:
    """A log without open deals, owners, teams and amounts; then even without a deal that was lost."""
    import os
    import subprocess
    import sys

    from dealtriage.params import load_params
    from dealtriage.pipeline import STAGES, run_stage
    from dealtriage.tables import read_parquet, write_parquet
    from dealtriage.workspace import Workspace
    from tests.company import log_of_finished_cases

    params, run = load_params(log_of_finished_cases(tmp_path)), Workspace(tmp_path)
    for stage in STAGES:
        run_stage(stage, params, run)

    def said(*paths: Path) -> str:
        done = subprocess.run([sys.executable, "-W", "ignore", "-c", "import runpy, sys\nfor path in sys.argv[1:]:\n    runpy.run_path(path)", *map(str, paths)],
                              capture_output=True, text=True, check=False, env={**os.environ, "DEALTRIAGE_ROOT": str(tmp_path), "MPLBACKEND": "Agg"})
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "there is nothing to show" in said(*NOTEBOOKS)
    for name in ("losses", "agreement"):
        write_parquet(read_parquet(run.winloss / f"{name}.parquet").iloc[:0], run.winloss / f"{name}.parquet")
    said(*(path for path in NOTEBOOKS if path.stem.endswith("win-loss")))


@pytest.mark.xdist_group("company")
def test_a_notebook_shows_its_pictures_in_jupyter(tmp_path: Path) -> None:
    import json
    import os
    import subprocess
    import sys

    from tests.company import finished_run

    path = tmp_path / "notebook.ipynb"
    shutil.copy(next(one for one in NOTEBOOKS if one.stem.endswith("one-deal")).with_suffix(".ipynb"), path)
    env = {**os.environ, "DEALTRIAGE_ROOT": str(finished_run()), "JUPYTER_PLATFORM_DIRS": "1", "IPYTHONDIR": str(tmp_path), "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    command = [str(Path(sys.executable).parent / "jupyter-execute"), "--kernel_name=python3", "--timeout=60", "--inplace", str(path)]
    for _ in range(3):  # now and then nbclient waits for ever for a cell with a widget: https://github.com/jupyter/nbclient/issues/312
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
        if "CellTimeoutError" not in done.stderr:
            break
    assert done.returncode == 0, done.stderr
    outputs = [output for cell in json.loads(path.read_text("utf-8"))["cells"] for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output["output_type"] == "error" or output.get("name") == "stderr"]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 3
