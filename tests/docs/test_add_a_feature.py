"""The page on adding a feature, followed to the letter in a copy of the project."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.mutation.mistakes import environment, planted

PAGE = (ROOT / "docs" / "add-a-feature.md").read_text("utf-8")
HONEST, LEAKING = re.findall(r"```python\n(.*?)```", PAGE, flags=re.S)
IMPORT = re.findall(r"`(from dealtriage\.features\.columns import [^`]*)`", PAGE)[0]
WITHOUT_SQL = re.findall(r"```py\n(.*?)\n```", PAGE, flags=re.S)[0]
TABLE, ANSWER = (re.findall(rf"```{kind}\n(.*?)```", PAGE, flags=re.S)[0] for kind in ("markdown", "text"))


def checks(folder: Path, name: str, function: str, table: str) -> str:
    """What `make feature` says of a function and a table added to a copy of the project."""
    planted(None, folder)
    module, page = folder / "src/dealtriage/features/meetings.py", folder / "tests/spec/features/meetings.md"
    text = module.read_text("utf-8").replace("from dealtriage.features.columns import DAY, Floats\n", f"{IMPORT}\n")
    assert IMPORT in text
    oracle = folder / "tests/oracle/test_features_against_sql.py"
    empty = next(line for line in oracle.read_text("utf-8").splitlines() if line.startswith("WITHOUT_SQL"))
    oracle.write_text(oracle.read_text("utf-8").replace(empty, WITHOUT_SQL.replace("meetings_called_off_share", name)), "utf-8")
    module.write_text(f"{text}\n\n{function}", "utf-8")
    page.write_text(f"{page.read_text('utf-8')}\n{table}", "utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", "-p", "no:cacheprovider", "tests/spec", "tests/property", "tests/oracle", "-k", name]
    return subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True, check=False).stdout


def test_what_the_page_adds_passes(tmp_path: Path) -> None:
    said = checks(tmp_path, "meetings_called_off_share", HONEST, TABLE)
    assert re.search(r"\b1[0-9] passed", said) and "failed" not in said, said


def test_what_leaks_on_the_page_is_told_as_the_page_says(tmp_path: Path) -> None:
    said = checks(tmp_path, "meetings_ever", LEAKING, TABLE.replace("meetings_called_off_share", "meetings_ever"))
    assert numberless(ANSWER.strip()) in numberless(said), said


def numberless(text: str) -> str:
    return re.sub(r"\d+", "0", text)


@pytest.mark.parametrize("question", re.findall(r"\bq\.(\w+)", PAGE))
def test_what_can_be_asked_is_there(question: str) -> None:
    from dealtriage.features.kernel import Bucket

    assert hasattr(Bucket, question) or f"self.{question}" in (ROOT / "src/dealtriage/features/facts.py").read_text() + (
        ROOT / "src/dealtriage/features/kernel.py").read_text()
