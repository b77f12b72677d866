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
