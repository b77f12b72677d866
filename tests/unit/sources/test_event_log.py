from pathlib import Path

import pandas as pd
import pytest

from dealtriage import clean, timeline
from dealtriage.errors import BadInput
from dealtriage.params import EventLogMapping
from dealtriage.tables import read_parquet, read_parts
from tests.exports import params_for, workspace

MAPPING = {
    "case_column": "case", "activity_column": "what", "time_column": "when", "resource_column": "who",
    "amount_column": "worth", "stages": ["New", "Offer"],
    "activities": {"Created": {"kind": "stage", "stage": "New"}, "Mail in": {"kind": "buyer_message"},
                   "Offer": [{"kind": "proposal_sent"}, {"kind": "stage", "stage": "Offer"}], "Yes": {"kind": "won"},
                   "Expired": {"kind": "lost"}, "No": {"kind": "refused"}},
    "ignored": ["Note"]}
LOG = """case,what,when,who,worth
1,Created,2026-01-01T09:00:00+01:00,ann,100
1,Offer,2026-01-05 09:00:00,ann,100
1,Note,2026-01-06 09:00:00,ann,100
1,Mail in,2026-01-07 09:00:00,ann,100
1,Yes,2026-01-09 09:00:00,ann,100
2,Created,2026-01-01 10:00:00,ann,
2,Expired,2026-02-01 10:00:00,robot,
"""


def read(tmp: Path, log: str = LOG, name: str = "log.csv", **mapping: object) -> dict[str, pd.DataFrame]:
    path = tmp / name
    path.write_text(log)
    chosen = EventLogMapping.model_validate({**MAPPING, **mapping})
    params = params_for(path, crm="event_log", columns={}, event_log=chosen.model_dump(), system_users=["robot"])
    clean.run(params, workspace(tmp))
    timeline.run(params, workspace(tmp))
    return {"facts": read_parts(workspace(tmp).timeline), **{
        p.stem: read_parquet(p) for p in workspace(tmp).core.glob("*.parquet")}}


def test_a_csv_log(tmp_path: Path) -> None:
    found = read(tmp_path)
    kinds = found["facts"].groupby("deal_id")["kind"].apply(list).to_dict()
    assert kinds["1"] == ["amount_changed", "deal_created", "stage_changed", "proposal_sent", "stage_changed",
                          "email_in", "won"]
    assert found["facts"].query("kind == 'lost'")["actor"].tolist() == ["system"]
    assert found["deals"]["amount_now"].tolist()[0] == 100
    assert found["deals"]["created_at"].tolist()[0] == pd.Timestamp("2026-01-01 08:00:00")


XES = """<?xml version="1.0"?><log xmlns="http://www.xes-standard.org/"><trace>
<string key="concept:name" value="7"/><string key="AMOUNT_REQ" value="250"/>
<event><string key="concept:name" value="Created"/><date key="time:timestamp" value="2026-01-01T10:00:00.000+01:00"/>
<string key="lifecycle:transition" value="COMPLETE"/><string key="org:resource" value="ann"/></event>
<event><string key="concept:name" value="Mail in"/><date key="time:timestamp" value="2026-01-03T10:00:00.000+01:00"/>
<string key="lifecycle:transition" value="START"/><string key="org:resource" value="ann"/></event>
<event><string key="concept:name" value="Mail in"/><date key="time:timestamp" value="2026-01-04T10:00:00.000+01:00"/>
<string key="lifecycle:transition" value="COMPLETE"/><string key="org:resource" value="ann"/></event>
</trace></log>"""


def test_an_xes_log_counts_completions(tmp_path: Path) -> None:
    found = read(tmp_path, XES, "log.xes")
    assert found["facts"]["kind"].tolist() == ["amount_changed", "deal_created", "stage_changed", "email_in"]
    assert found["deals"]["amount_now"].tolist() == [250]


def test_an_activity_without_meaning_is_quarantined(tmp_path: Path) -> None:
    found = read(tmp_path, LOG + "2,Dance,2026-01-02 10:00:00,ann,\n2,Created,soon,ann,\n")
    assert [(r.line, r.column) for r in found["quarantine"].itertuples()] == [(9, "activity"), (10, "time")]


@pytest.mark.parametrize(("log", "name", "mapping", "message"), [
    (XES[:700], "log.xes", {}, "cannot be read"),
    ("nonsense", "log.xes", {}, "cannot be read"),
    ("nonsense", "log.xes.gz", {}, "cannot be unpacked"),
    (LOG, "log.csv", {"activity_column": "activity"}, "has no column activity"),
    (LOG, "log.csv", {"activities": {"Created": {"kind": "dance"}}}, "unknown kinds: dance"),
    (LOG, "log.csv", {"activities": {"Created": {"kind": "stage", "stage": "Odd"}}}, "without a place in the order: Odd"),
    ("case,what,when,who,worth\n", "log.csv", {}, "holds no usable event"),
])
def test_what_cannot_be_read(tmp_path: Path, log: str, name: str, mapping: dict, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read(tmp_path, log, name, **mapping)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_a_log_written_otherwise(tmp_path: Path, delimiter: str, encoding: str) -> None:
    (tmp_path / "plain").mkdir()
    expected = read(tmp_path / "plain", LOG)
    (tmp_path / "log.csv").write_text(LOG.replace(",", delimiter).replace("ann", "Zoë"), encoding)
    found = run_on(tmp_path, tmp_path / "log.csv")
    assert found["facts"]["kind"].tolist() == expected["facts"]["kind"].tolist()
    assert "Zoë" in set(found["owners"]["name"])


@pytest.mark.parametrize("row", ["3,Created,1970-01-01 00:00:00,ann,", "3,Created,2099-01-01 00:00:00,ann,", "case,what,when,who,worth"])
def test_rows_of_a_log_that_cannot_be(tmp_path: Path, row: str) -> None:
    found = read(tmp_path, LOG + "2,Mail in,2026-01-05 09:00:00,ann,\n" * 300 + row + "\n")
    assert sorted(found["deals"]["deal_id"]) == ["1", "2"]
    assert found["quarantine"]["line"].tolist() == [309]


@pytest.mark.parametrize("worth", ['"1,234.50"', "$1234.50", '"1.234,50 €"'])
def test_amounts_of_a_log(tmp_path: Path, worth: str) -> None:
    assert read(tmp_path, LOG.replace("ann,100", f"ann,{worth}"))["deals"].set_index("deal_id").loc["1", "amount_now"] == 1234.5


def test_a_log_in_a_zip_with_long_and_broken_names(tmp_path: Path) -> None:
    import zipfile

    name = "x" * 10_000 + '\n""quoted""'
    with zipfile.ZipFile(tmp_path / "log.zip", "w") as archive:
        archive.writestr("log.csv", LOG.replace("\n2,", f'\n"{name}",'))
    assert name.replace('""', '"') in set(run_on(tmp_path, tmp_path / "log.zip")["deals"]["deal_id"])


def test_a_log_cut_short(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cut short"):
        read(tmp_path, LOG[:-12])


def run_on(tmp: Path, path: Path) -> dict[str, pd.DataFrame]:
    """Read whatever log lies at `path` by the mapping above."""
    params = params_for(path, crm="event_log", columns={}, event_log=MAPPING, system_users=["robot"])
    clean.run(params, workspace(tmp))
    timeline.run(params, workspace(tmp))
    return {"facts": read_parts(workspace(tmp).timeline), **{
        p.stem: read_parquet(p) for p in workspace(tmp).core.glob("*.parquet")}}
