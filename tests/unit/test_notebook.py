"""What notebooks share: the run is found or its absence told, and figures show themselves."""

from pathlib import Path

import matplotlib
import pytest

from dealtriage.errors import BadInput
from dealtriage.notebook import drawn, open_run, picture
from tests.company import write_params

PNG = b"\x89PNG"


def test_a_run_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEALTRIAGE_ROOT", str(tmp_path))
    with pytest.raises(BadInput, match="dvc repro"):
        open_run()


def test_playbooks_are_found_from_a_folder_of_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("data/cohort", "playbooks/en", "notebooks"):
        (tmp_path / folder).mkdir(parents=True)
    write_params(tmp_path / "params.yaml", tmp_path)
    monkeypatch.delenv("DEALTRIAGE_ROOT", raising=False)
    monkeypatch.delenv("DEALTRIAGE_PARAMS", raising=False)
    monkeypatch.chdir(tmp_path / "notebooks")
    params, run = open_run()
    assert run.cohort.is_dir()
    assert (params.phases.playbooks / "en").is_dir()


def test_figures_show_themselves_and_leave_the_backend_as_it_was() -> None:
    figure, axes = picture("A title", "days", "share", percent="y", is_dated=True)
    axes.plot([0, 1], [0, 1])
    assert figure._repr_png_().startswith(PNG)
    before = matplotlib.get_backend()
    assert drawn(lambda path: path.write_bytes(PNG))._repr_png_()[0] == PNG
    assert matplotlib.get_backend() == before
