"""The company's CRM files say what its lists say, and nothing of who is meant."""

import csv

import pandas as pd

from dealtriage.tables import read_parquet
from tests.company import finished_run


def test_crm_files_hold_every_open_deal_as_its_list_does() -> None:
    lists = finished_run() / "data" / "lists"
    told = pd.concat([pd.read_csv(path, dtype="str", keep_default_na=False) for path in lists.glob("rep-*.csv")]).set_index("deal_id").sort_index()
    with (lists / "crm" / "opportunities.csv").open(encoding="utf-8", newline="") as handle:
        written = pd.DataFrame(list(csv.DictReader(handle))).set_index("Id").replace("#N/A", "")
    assert written.index.tolist() == told.index.tolist()
    for name, listed in {"State": "state", "Phase": "phase", "Do_Next": "do_next", "Reason_1": "reason_1", "Why_This_Phase": "why_this_phase", "Rank": "rank", "Value_At_Stake": "value_at_stake"}.items():
        assert (written[f"Dealtriage_{name}__c"] == told[listed].str.slice(0, 255)).all(), name
    chances = pd.to_numeric(written["Dealtriage_P_Revive__c"]).dropna()
    assert ((chances - pd.to_numeric(told.loc[chances.index, "chance_to_revive_90d"].str.rstrip("%")) / 100).abs() <= 0.00506).all()
    assert (told.drop(chances.index)["chance_to_revive_90d"] == "").all()


def test_crm_files_name_nobody() -> None:
    out = finished_run()
    advice, owners = read_parquet(out / "data" / "advice" / "advice.parquet"), read_parquet(out / "data" / "core" / "owners.parquet")
    people = advice["whom"].str.split(",").str[0]
    names = {name for name in pd.concat([advice["deal_name"], advice["account_name"], owners["name"], people]).dropna() if len(name) > 3 and not name.startswith("the contact")}
    text = "".join(path.read_text("utf-8") for path in (out / "data" / "lists" / "crm").iterdir())
    assert [name for name in sorted(names) if name in text] == []
