"""A small frozen company, from its raw export to the list: what changes here changes for users, and belongs in the
changelog. After a change that is meant: `python -m tests.golden.test_frozen_company` writes the new picture."""

import json
from pathlib import Path

import pandas as pd

from dealtriage.publish.lists import fullest_list
from dealtriage.tables import read_json, read_parquet, read_parts
from dealtriage.workspace import Workspace
from tests.company import finished_run

FROZEN = Path(__file__).parent / "company.json"


def picture() -> dict:
    workspace = Workspace(finished_run())
    facts = read_parts(workspace.timeline)
    labels = read_parts(workspace.cohort / "labels")
    advice = read_parquet(workspace.advice / "advice.parquet")
    path = fullest_list(workspace)
    assert path is not None
    rows = pd.read_csv(path, dtype="str", keep_default_na=False)
    return {
        "cutoff": read_json(workspace.core / "export.json")["cutoff"],
        "quarantined": int(read_parquet(workspace.core / "quarantine.parquet")["is_row_dropped"].sum()),
        "facts": {k: int(v) for k, v in facts["kind"].value_counts().sort_index().items()},
        "quiet_rows": len(labels), "matured": int(labels["is_matured"].sum()), "revived": int(labels["revived"].sum()),
        "model": read_json(workspace.model / "card.json")["model"],
        "states": {k: int(v) for k, v in advice["state"].value_counts().sort_index().items()},
        "phases": {k: int(v) for k, v in advice["phase"].value_counts().sort_index().items()},
        "first_rows": rows[["do_next", "deal", "state", "reason_1"]].head(5).to_dict("records"),
    }


def test_the_company_looks_as_it_did() -> None:
    assert picture() == json.loads(FROZEN.read_text("utf-8"))


if __name__ == "__main__":
    FROZEN.write_text(json.dumps(picture(), indent=1, ensure_ascii=False) + "\n", "utf-8")
