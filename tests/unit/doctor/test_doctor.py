"""The doctor knows every export, says what it lacks and what is odd, and prints parameters that read it."""

import csv
import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from ruamel.yaml import YAML

from dealtriage import clean
from dealtriage.doctor.examine import Report, examine
from dealtriage.doctor.words import as_text
from dealtriage.params import Source, load_params
from dealtriage.sample import write_sample
from dealtriage.workspace import Workspace
from tests.conftest import ROOT, SHARED
from tests.exports import tables, write_export

DOORS = {"salesforce": "Salesforce", "hubspot": "HubSpot", "dynamics": "Dynamics 365", "pipedrive": "Pipedrive"}
DEFAULTS = load_params(ROOT / "params.yaml").source.model_dump(include={"test_deals", "answered_calls", "unanswered_calls"})


@cache
def export(door: str) -> Path:
    folder = Path(mkdtemp(prefix=f"dealtriage-doctor-{door}-"))
    write_sample(folder / "raw", folder / "truth", deals=120, seed=4, months=24, exported_at=datetime(2026, 6, 29, 6, tzinfo=UTC), crm=door)
    return folder / "raw"


def look(path: Path, tmp: Path) -> Report:
    scratch = tmp / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    return examine(path, scratch, DEFAULTS)


@pytest.mark.parametrize("door", DOORS)
def test_every_crm_is_known_and_its_params_read_it(door: str, tmp_path: Path) -> None:
    report = look(export(door), tmp_path)
    assert (report.crm, report.title, report.problem) == (door, DOORS[door], None)
    assert report.deals == 120
    text = as_text(report)
    block = text[text.index("  source:"):]
    (tmp_path / "pasted.yaml").write_text(block)
    pasted = YAML(typ="safe").load(tmp_path / "pasted.yaml")["source"]
    base = load_params(ROOT / "params.yaml")
    params = base.model_copy(update={"source": Source.model_validate(pasted)})
    assert "120 deals" in clean.run(params, Workspace(tmp_path / "out"))


def test_the_block_alone_tells_calls_that_reached_nobody() -> None:
    alone = Source.model_validate({"crm": "salesforce", "path": "x"})
    assert alone.model_dump(include=set(DEFAULTS)) == DEFAULTS


def test_a_needed_table_is_not_called_absent_where_its_file_may_lie_there(tmp_path: Path) -> None:
    folder = write_export(tmp_path / "raw", tables())
    (folder / "Event.csv").rename(folder / "Meetings 2026.xlsx")
    told = look(folder, tmp_path).suspicious
    assert any("Event: not found" in line and "Meetings 2026.xlsx" in line for line in told)


def test_the_same_file_twice_is_left_out_by_rule(tmp_path: Path) -> None:
    folder = write_export(tmp_path / "raw", tables())
    shutil.copy(folder / "Opportunity.csv", folder / "Opportunity (1).csv")
    report = look(folder, tmp_path)
    assert (report.deals, report.problem, report.quarantined) == (3, None, {})


def test_more_bad_rows_than_a_run_lets_pass_are_told(tmp_path: Path) -> None:
    content = tables()
    content["Task"][0]["WhatId"] = "0067E0000099999"
    assert any(line.startswith("1 of 2 rows of Task.csv cannot be used") for line in look(write_export(tmp_path / "raw", content), tmp_path).suspicious)


@pytest.mark.parametrize("door", DOORS)
def test_a_zip_is_known_as_its_folder(door: str, tmp_path: Path) -> None:
    shutil.make_archive(str(tmp_path / "export"), "zip", export(door))
    assert look(tmp_path / "export.zip", tmp_path).deals == 120


def test_what_is_missing_and_what_it_costs(tmp_path: Path) -> None:
    content = tables()
    del content["EmailMessage"], content["Quote"], content["User"]
    report = look(write_export(tmp_path / "raw", content), tmp_path)
    assert report.params["absent"] == ["EmailMessage"]
    assert "no proposals are known" in report.not_there["Quote"]
    assert report.params["columns"] == {"Opportunity.LossReason": "Loss_Reason__c", "Event.Outcome": "Outcome__c"}
    assert "Quote" in as_text(report)


def test_history_that_is_cut_is_told(tmp_path: Path) -> None:
    assert any(line.startswith("owner: of ") for line in look(export("salesforce"), tmp_path).history)


def test_one_user_who_closes_everything_is_odd(tmp_path: Path) -> None:
    content = tables()
    deal, history = content["Opportunity"][2], content["OpportunityHistory"][5]
    for n in range(60):
        id_ = f"0067E00000300{n:02d}"
        content["Opportunity"].append({**deal, "Id": id_, "Name": f"Deal {n}", "StageName": "Closed Lost", "IsClosed": "1"})
        content["OpportunityHistory"].append({**history, "Id": f"0087E00000300{n:02d}", "OpportunityId": id_, "StageName": "Closed Lost"})
    told = look(write_export(tmp_path / "raw", content), tmp_path).suspicious
    assert any("Rep One closed 60 of 60 lost deals (100%)" in line for line in told)
    assert any("were closed on 2026-01-03" in line for line in told)


def test_ids_without_upper_case_are_odd(tmp_path: Path) -> None:
    content = {name: [{key: value.lower() if key.endswith("Id") or key == "Id" else value for key, value in row.items()} for row in rows]
               for name, rows in tables().items()}
    for row in content["Opportunity"]:
        row["Id"] = row["Id"][:15]
    assert any("lost their upper case" in line for line in look(write_export(tmp_path / "raw", content), tmp_path).suspicious)


def test_encodings_are_told(tmp_path: Path) -> None:
    content = tables()
    content["Opportunity"][0]["Name"] = "Zürich"
    report = look(write_export(tmp_path / "raw", content, "latin-1"), tmp_path)
    assert next(t for t in report.tables if t.table == "Opportunity").written == "Latin-1"


def test_an_unknown_thing_is_told_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "weather.csv").write_text("place,degrees\nhere,3\n")
    report = look(tmp_path / "raw", tmp_path)
    assert report.problem is not None
    assert set(report.looked_for) >= set(DOORS.values())
    assert "weather.csv: place, degrees" in as_text(report)


def test_an_event_log_lists_its_activities(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("case_id,activity,timestamp\n1,Offer,2026-01-01 10:00:00\n1,Reply,2026-01-02 10:00:00\n2,Offer,2026-01-03 10:00:00\n")
    report = look(tmp_path / "log.csv", tmp_path)
    assert report.activities == {"Offer": 2, "Reply": 1}
    assert report.params["event_log"]["time_column"] == "timestamp"


def test_a_damaged_file_is_told_with_the_rest(tmp_path: Path) -> None:
    folder = write_export(tmp_path / "raw", tables())
    (folder / "Task.csv").write_text("")
    report = look(folder, tmp_path)
    assert "Task" in str(report.problem)
    assert report.crm == "salesforce"


SEEDS = SHARED / "fivetran"


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the Fivetran seeds are not beside the project")
@pytest.mark.parametrize(("crm", "problem"), [("salesforce", "10 rows|deleted"), ("hubspot", "No mail, call or meeting")])
def test_the_seeds_of_fivetrans_packages(crm: str, problem: str, tmp_path: Path) -> None:
    report = look(SEEDS / crm, tmp_path)
    assert (report.crm, report.form) == (crm, "a copy made by Fivetran")
    assert report.problem is not None
    assert any(part in report.problem for part in problem.split("|"))
    with (SEEDS / crm / {"hubspot": "deal_data.csv", "salesforce": "sf_opportunity_data.csv"}[crm]).open() as handle:
        rows = len(list(csv.DictReader(handle)))
    assert report.tables[0].rows == rows


def doctor(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-W", "ignore", "-c", "from dealtriage.cli import main; main()", "doctor", *arguments],
                          capture_output=True, text=True, check=False, cwd=ROOT)


def test_the_command_as_text_and_as_json(tmp_path: Path) -> None:
    folder = write_export(tmp_path / "raw", tables())
    said = doctor(str(folder))
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith(f"{folder}: Salesforce, Data Export")
    assert len(said.stdout.splitlines()) < 60  # one screen, or little more
    assert json.loads(doctor(str(folder), "--json").stdout)["deals"] == 3


def test_the_command_on_nothing(tmp_path: Path) -> None:
    said = doctor(str(tmp_path / "nowhere"))
    assert (said.returncode, "Traceback" in said.stderr) == (2, False)
    assert "There is nothing at" in said.stderr
