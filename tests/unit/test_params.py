from pathlib import Path

import pytest

from dealtriage.errors import BadInput
from dealtriage.params import load_params
from tests.conftest import ROOT

TEXT = (ROOT / "params.yaml").read_text()


@pytest.mark.parametrize("path", [ROOT / "params.yaml", ROOT / "examples" / "bpic2012" / "params.yaml"])
def test_our_own_files_load(path: Path) -> None:
    load_params(path)


@pytest.mark.parametrize(("old", "new", "message"), [
    ("quiet_days: 14", "quiet_days: none", "cohort.quiet_days"),
    ("quiet_days: 14", "quiet_days: 14\n  typo: 1", "cohort.typo: unknown key"),
    ("quiet_days: 14", "", "cohort.quiet_days: Field required"),
    ("exported_at: null", 'exported_at: "2026-06-29T06:00:00"', "needs a zone"),
    ("timezone: UTC", "timezone: Mars", "source.timezone"),
    ("crm: salesforce ", "crm: goldmine ", "source.crm"),
    ("source:", "source: [", "is not readable YAML"),
    ('test_deals: "^test', 'test_deals: "(^test', "source.test_deals.*no regular expression"),
    ("candidates: [pairwise_boosting, additive_boosting]", "candidates: [crystal_ball]", "model.candidates"),
    ("search_seconds: 0 ", "search_seconds: -1 ", "model.search_seconds"),
    ("candidates: [pairwise_boosting, additive_boosting]\n  search_seconds: 0", "candidates: [logistic_splines]\n  search_seconds: 60", "name pairwise_boosting"),
    ("dead_below: 0.2 ", "dead_below: 20 ", "publish.dead_below"),
    ("bands: [0.05, 0.1", "bands: [0.1, 0.05", "publish.bands"),
])
def test_wrong_values_are_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in TEXT
    path = tmp_path / "params.yaml"
    path.write_text(TEXT.replace(old, new, 1))
    with pytest.raises(BadInput, match=message):
        load_params(path)


def test_a_missing_file_is_said() -> None:
    with pytest.raises(BadInput, match="no parameter file"):
        load_params(Path("nowhere.yaml"))
