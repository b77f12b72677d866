"""Who may import what, and what DVC must know of a stage's code."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from dealtriage.features.registry import SUBJECTS
from dealtriage.pipeline import STAGES
from tests.conftest import ROOT

SRC = ROOT / "src"
MODULES = sorted((SRC / "dealtriage").rglob("*.py"))
DVC = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]


def module_path(name: str) -> Path | None:
    base = SRC.joinpath(*name.split("."))
    return next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()), None)


def imported_names(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def reachable(path: Path, seen: set[Path]) -> set[Path]:
    if path in seen:
        return seen
    seen.add(path)
    for name in imported_names(path):
        if name.startswith("dealtriage") and (found := module_path(name)):
            reachable(found, seen)
    return seen


def who_imports(prefix: str) -> set[str]:
    return {str(p.relative_to(SRC / "dealtriage")) for p in MODULES
            if any(name == prefix or name.startswith(prefix + ".") for name in imported_names(p))}


def test_features_never_import_labels() -> None:
    for path in (SRC / "dealtriage" / "features").glob("*.py"):
        assert SRC / "dealtriage" / "labels.py" not in reachable(path, set()), path


def test_only_tracking_imports_mlflow() -> None:
    assert {p.split("/")[0] for p in who_imports("mlflow")} == {"tracking"}


def test_only_the_spark_engine_imports_pyspark() -> None:
    assert who_imports("pyspark") == {"engines/spark.py"}


def test_only_params_reads_params_files() -> None:
    assert who_imports("ruamel") == {"params.py", "tracking/lock.py"}


def test_only_the_sample_command_knows_the_sample() -> None:
    assert {p for p in who_imports("dealtriage.sample") if not p.startswith("sample/")} == {"cli.py"}


def test_nobody_but_the_sample_names_the_truth() -> None:
    named = {p.name for p in MODULES if '"truth"' in p.read_text() and "sample" not in p.parts}
    assert named == {"cli.py"}


def test_publish_reads_tables_never_the_model() -> None:
    for path in (SRC / "dealtriage" / "publish").rglob("*.py"):
        assert not any(name.startswith("dealtriage.model") for name in imported_names(path))


NETWORK = ("requests", "simple_salesforce", "tenacity")


def test_only_a_push_reaches_for_the_network() -> None:
    asked = {str(p.relative_to(SRC / "dealtriage")) for p in MODULES if any(f'package("{name}")' in p.read_text() for name in NETWORK)}
    assert asked == {"crm/web.py", "crm/salesforce.py"}
    assert {path for name in NETWORK for path in who_imports(name)} <= {"crm/web.py", "crm/salesforce.py", "crm/hubspot.py"}
    assert who_imports("dealtriage.crm.web") == {"crm/push.py", "crm/salesforce.py", "crm/hubspot.py"}
    assert who_imports("dealtriage.crm.push") == {"cli.py"}


def test_no_stage_can_reach_what_pushes() -> None:
    entries = {module_path(name) for name in STAGES.values()}
    assert not {SRC / "dealtriage" / "crm" / f"{name}.py" for name in ("web", "push", "journal")} & {p for entry in entries if entry for p in reachable(entry, set())}


def test_loading_the_push_loads_no_package_of_the_network() -> None:
    code = f"import sys, dealtriage.crm.push; sys.exit(any(name in sys.modules for name in {NETWORK}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("path", [p for p in MODULES if p.name != "cli.py"], ids=lambda p: str(p.relative_to(SRC)))
def test_nobody_asks_the_clock_prints_or_exits(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called.rpartition(".")[2] not in {"now", "today", "utcnow", "print", "exit"}, f"line {node.lineno}"
            assert not called.startswith("time."), f"line {node.lineno}"


@pytest.mark.parametrize("path", ["timeline.py", "cohort.py", "labels.py", *(f"features/{subject}.py" for subject in SUBJECTS)])
def test_no_fact_or_feature_reads_a_column_that_only_the_export_day_knows(path: str) -> None:
    assert "_now" not in (SRC / "dealtriage" / path).read_text()


def test_no_feature_reads_the_gaps_that_only_hindsight_finds() -> None:
    for path in (SRC / "dealtriage" / "features").glob("*.py"):
        assert not reachable(path, set()) & {SRC / "dealtriage" / f"{name}.py" for name in ("gaps", "holes", "records")}, path
        assert not any(word in path.read_text() for word in ("is_in_gap", "gap_number", "gaps.parquet", "coverage_months")), path


def covered(stage: str, path: Path) -> bool:
    deps = [ROOT / dep for dep in DVC[stage]["deps"]]
    return any(path == dep or dep in path.parents for dep in deps)


@pytest.mark.parametrize("stage", STAGES)
def test_dvc_knows_all_code_of_a_stage(stage: str) -> None:
    entry = module_path(STAGES[stage])
    assert entry is not None
    missing = [str(p.relative_to(ROOT)) for p in sorted(reachable(entry, set()))
               if p.name != "__init__.py" and not covered(stage, p)]
    assert missing == []


def test_dvc_runs_the_stages_of_the_pipeline() -> None:
    assert list(DVC) == ["sample", *STAGES, "track"]
    assert all(DVC[stage]["cmd"] == f"dealtriage {stage}" and DVC[stage]["desc"] for stage in DVC)
