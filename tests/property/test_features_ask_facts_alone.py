"""A feature is made of the facts of its bucket and of nothing else: no file, no clock, no label. Read from the code of its module."""

import ast
from pathlib import Path

import pytest

import dealtriage.features
from dealtriage.features.registry import by_name

FOLDER = Path(dealtriage.features.__file__).parent
MAY_IMPORT = ("numpy", "pandas", "dealtriage.features", "dealtriage.kinds")
CLOCKS = {"Timestamp", "datetime", "now", "today", "utcnow", "to_datetime", "time"}
FILES = {"open", "Path", "exec", "eval", "__import__", "import_module", "load", "loadtxt", "genfromtxt", "fromfile", "memmap"}
NO_CLOCK = "it would be another value tomorrow. Times are q.as_of, q.known, q.occurred: use their differences"
NO_FILE = "what lies in files today was not known at past dates. Ask the Bucket"


def wrong(code: str) -> list[str]:
    """What a module of features may not do, each with line and reason."""
    found = []
    for node in ast.walk(ast.parse(code)):
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found += [f"line {node.lineno} imports {module}: a feature is made of facts alone ({', '.join(MAY_IMPORT)} may be imported); labels look past "
                  "the as-of date, files hold what was not known then" for module in modules
                  if not any(module == one or module.startswith(one + ".") for one in MAY_IMPORT)]
        if name in CLOCKS:
            found.append(f"line {node.lineno} uses {name}: {NO_CLOCK}")
        if name in FILES or name.startswith("read_"):
            found.append(f"line {node.lineno} uses {name}: {NO_FILE}")
        if name.startswith("_") and isinstance(node, ast.Attribute) and not name.startswith("__"):
            found.append(f"line {node.lineno} uses {name}, which is the kernel's own: {NO_FILE}")
    return found


@pytest.mark.parametrize("name", by_name())
def test_only_facts_are_asked(name: str) -> None:
    path = FOLDER / f"{by_name()[name].subject}.py"
    if said := wrong(path.read_text("utf-8")):
        pytest.fail(f"{path.name}: " + "; ".join(said), pytrace=False)


@pytest.mark.parametrize(("code", "because"), [
    ("import pandas as pd\nx = pd.read_csv('Opportunity.csv')", "uses read_csv"), ("import dealtriage.labels", "imports dealtriage.labels"),
    ("from dealtriage.tables import PartColumns", "imports dealtriage.tables"), ("x = pd.Timestamp('today').year", "uses Timestamp"),
    ("x = open('a')", "uses open"), ("import datetime", "imports datetime"), ("x = q.columns._frame", "uses _frame")])
def test_what_is_not_facts_is_seen(code: str, because: str) -> None:
    assert because in "; ".join(wrong(code))
