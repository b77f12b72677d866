"""A HubSpot portal small enough to read, through its API, its pages' exports, and a connector's copy."""

import csv
import json
from pathlib import Path

import pandas as pd
import pytest

from dealtriage import clean, timeline
from dealtriage.errors import BadInput
from dealtriage.tables import read_parquet, read_parts
from tests.exports import params_for, workspace

A, B = "9001", "9002"
CONNECTED, NO_ANSWER = "f240bbac-87c9-4f6e-bf70-924b57d47db7", "73a0d17f-1163-4015-bdd5-ec830791da20"


def history(*revisions: tuple[str, str], source: str = "CRM_UI", user: str | None = "77") -> list[dict]:
    """Newest first, as HubSpot gives them."""
    return [{"value": value, "timestamp": at, "sourceType": source, "updatedByUserId": user} for at, value in reversed(revisions)]


def deal(id_: str, name: str, stage: str, more: dict | None = None, **properties: str | None) -> dict:
    return {"id": id_, "properties": {"dealname": name, "dealstage": stage, "pipeline": "default", "createdate": "2026-01-01T09:00:00Z",
                                      "hs_lastmodifieddate": "2026-02-15T09:00:00Z", "hubspot_owner_id": "1", "amount": None, "closedate": None,
                                      **properties}, "archived": False, **(more or {})}


def engagement(id_: str, deals: list[str], at: str, made: str, contact: str | None = "501", **properties: str | None) -> dict:
    ties = {"deals": {"results": [{"id": d, "type": "x_to_deal"} for d in deals]}}
    ties |= {"contacts": {"results": [{"id": contact, "type": "x_to_contact"}]}} if contact else {}
    return {"id": id_, "properties": {"hs_timestamp": at, "hs_createdate": made, "hs_lastmodifieddate": made, "hubspot_owner_id": "1", **properties},
            "archived": False, "associations": ties}


def portal() -> dict[str, list[dict]]:
    return {
        "deals": [
            deal(A, "Alpha", "proposal", {"propertiesWithHistory": {
                "dealstage": history(("2026-01-01T09:00:00Z", "qualify"), ("2026-01-20T09:00:00Z", "proposal")),
                "amount": history(("2026-01-01T09:00:00Z", "900"), ("2026-02-10T09:00:00Z", "1000")),
                "hubspot_owner_id": history(("2026-01-01T09:00:00Z", "1"))}}, amount="1000"),
            deal(B, "Beta", "won", {"propertiesWithHistory": {
                "dealstage": history(("2026-01-01T09:00:00Z", "qualify")) }}, hs_is_closed="true", hs_is_closed_won="true",
                closedate="2026-02-02T09:00:00Z")],
        "pipelines": [{"id": "default", "label": "Sales", "displayOrder": 0, "stages": [
            {"id": "qualify", "label": "Qualify", "displayOrder": 0, "metadata": {"isClosed": "false", "probability": "0.1"}},
            {"id": "proposal", "label": "Proposal", "displayOrder": 1, "metadata": {"isClosed": "false", "probability": "0.5"}},
            {"id": "won", "label": "Closed won", "displayOrder": 2, "metadata": {"isClosed": "true", "probability": "1.0"}},
            {"id": "lost", "label": "Closed lost", "displayOrder": 3, "metadata": {"isClosed": "true", "probability": "0.0"}}]}],
        "owners": [{"id": "1", "email": "one@us.test", "firstName": "Rep", "lastName": "One", "userId": 77,
                    "teams": [{"id": "5", "name": "North", "primary": True}]}],
        "contacts": [{"id": "501", "properties": {"email": "anna@acme.test", "firstname": "Anna", "lastname": "A", "jobtitle": "CFO"}}],
        "companies": [],
        "emails": [engagement("1", [A], "2026-01-05T07:30:00Z", "2026-01-05T08:00:00Z", hs_email_direction="INCOMING_EMAIL", hs_email_subject="Hello"),
                   engagement("2", [A], "2026-01-06T07:30:00Z", "2026-01-06T07:30:00Z", hs_email_direction="EMAIL", hs_email_status="BOUNCED"),
                   engagement("3", [A], "2026-01-07T07:30:00Z", "2026-01-07T07:30:00Z", hs_email_direction="INCOMING_EMAIL", hs_email_subject="Out of office")],
        "calls": [engagement("11", [A], "2026-01-12T10:00:00Z", "2026-01-16T10:00:00Z", hs_call_direction="OUTBOUND", hs_call_disposition=CONNECTED),
                  engagement("12", [A], "2026-01-13T10:00:00Z", "2026-01-13T10:00:00Z", hs_call_direction="OUTBOUND", hs_call_disposition=NO_ANSWER)],
        "meetings": [engagement("21", [A], "2026-01-25T10:00:00Z", "2026-01-18T09:00:00Z", hs_meeting_end_time="2026-01-25T11:00:00Z",
                                hs_meeting_outcome="COMPLETED", hs_lastmodifieddate="2026-01-27T09:00:00Z")],
        "tasks": [], "quotes": [engagement("31", [A], None, "2026-01-28T09:00:00Z", hs_status="APPROVAL_NOT_NEEDED", hs_quote_amount="1000")],
    }


def write(folder: Path, content: dict[str, list[dict]], form: str = "lines") -> Path:
    folder.mkdir(parents=True)
    for name, objects in content.items():
        if form == "lines":
            (folder / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in objects) or '{"results": []}')
        elif form == "pages":
            for number in range(0, max(1, len(objects)), 2):
                page = {"results": objects[number:number + 2], "paging": {"next": {"after": str(number + 2)}}}
                (folder / f"{name}_page_{number}.json").write_text(json.dumps(page, indent=2))
        else:
            (folder / f"{name}.json").write_text(json.dumps(objects))
    return folder


def read(tmp: Path, content: dict[str, list[dict]] | None = None, form: str = "lines", **source: object) -> dict[str, pd.DataFrame]:
    params = params_for(write(tmp / "raw", content or portal(), form), crm="hubspot", columns={}, **source)
    return run(tmp, params)


def run(tmp: Path, params: object) -> dict[str, pd.DataFrame]:
    clean.run(params, workspace(tmp))  # type: ignore[arg-type]
    found = {path.stem: read_parquet(path) for path in workspace(tmp).core.glob("*.parquet")}
    if len(found["activities"]):
        timeline.run(params, workspace(tmp))  # type: ignore[arg-type]
        found["facts"] = read_parts(workspace(tmp).timeline)
    return found


def kinds(facts: pd.DataFrame, of: str = A) -> list[tuple[str, str, str]]:
    return [(row.kind, f"{row.occurred_at:%m-%d}", f"{row.known_at:%m-%d}") for row in facts[facts["deal_id"] == of].itertuples()]


STORY = [("amount_changed", "01-01", "01-01"), ("deal_created", "01-01", "01-01"), ("stage_changed", "01-01", "01-01"), ("email_in", "01-05", "01-05"),
         ("email_bounced", "01-06", "01-06"), ("email_auto_reply", "01-07", "01-07"), ("call_unanswered", "01-13", "01-13"),
         ("call_answered", "01-12", "01-16"), ("meeting_planned", "01-18", "01-18"), ("stage_changed", "01-20", "01-20"),
         ("meeting_held", "01-25", "01-27"), ("proposal_sent", "01-28", "01-28"), ("amount_changed", "02-10", "02-10"),
         ("title_known", "02-10", "02-10")]  # no history of titles: the present one, on the export day


@pytest.mark.parametrize("form", ["lines", "pages", "array"])
def test_the_story_of_a_deal_in_every_form_of_the_api(tmp_path: Path, form: str) -> None:
    assert kinds(read(tmp_path, form=form)["facts"]) == STORY


def test_a_closed_deal_whose_history_lacks_the_end(tmp_path: Path) -> None:
    assert ("won", "02-02", "02-02") in kinds(read(tmp_path)["facts"], B)


def test_names_owners_and_stages(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert found["owners"][["name", "team"]].values.tolist() == [["Rep One", "North"]]
    assert found["stages"]["stage"].tolist() == ["Qualify", "Proposal", "Closed won", "Closed lost"]
    assert found["deal_changes"].query("field == 'stage'")["author_id"].dropna().unique().tolist() == ["1"]  # the user behind it


def test_a_workflow_is_a_program(tmp_path: Path) -> None:
    content = portal()
    content["deals"][0]["propertiesWithHistory"]["dealstage"] = history(("2026-01-01T09:00:00Z", "qualify"))
    content["deals"][0]["propertiesWithHistory"]["dealstage"].insert(0, history(("2026-02-01T00:00:00Z", "lost"), source="AUTOMATION_PLATFORM", user=None)[0])
    content["deals"][0]["properties"]["dealstage"] = "lost"
    facts = read(tmp_path, content)["facts"]
    assert facts.query(f"deal_id == '{A}' and kind == 'lost'")["actor"].tolist() == ["system"]


def test_a_history_of_twenty_revisions_begins_where_it_was_cut(tmp_path: Path) -> None:
    content = portal()
    content["deals"][0]["propertiesWithHistory"]["amount"] = history(*((f"2026-01-{day:02d}T09:00:00Z", str(day)) for day in range(5, 25)))
    content["deals"][0]["properties"]["amount"] = "24"
    found = read(tmp_path, content)
    limits = found["history_limits"].query(f"deal_id == '{A}' and field == 'amount'")
    assert [f"{at:%m-%d}" for at in limits["known_since"]] == ["01-05"]
    assert f"{found['deals'].set_index('deal_id').loc[A, 'history_since']:%m-%d}" == "01-05"
    assert found["deal_changes"].query(f"deal_id == '{A}' and field == 'amount'")["changed_at"].min() == pd.Timestamp("2026-01-05 09:00")


def titles_told(found: dict[str, pd.DataFrame]) -> list[tuple[str, str, float]]:
    return [(f"{r.known_at:%m-%d}", r.label, r.value) for r in found["facts"].query("kind == 'title_known'").itertuples()]


TITLES = history(("2025-11-01T09:00:00Z", "Clerk"), ("2026-01-01T09:00:00Z", "Controller"), ("2026-01-20T09:00:00Z", "Chief Financial Officer"))
TOLD = [("01-05", "Controller", 1), ("01-20", "Chief Financial Officer", 4)]


@pytest.mark.parametrize("form", ["api", "singer", "fivetran", "airbyte"])
def test_titles_as_the_history_tells(tmp_path: Path, form: str) -> None:
    content = portal()
    contact = content["contacts"][0]
    contact["properties"]["jobtitle"] = "Chief Financial Officer"
    if form == "api":
        contact["propertiesWithHistory"] = {"jobtitle": TITLES, "email": history(("2025-11-01T09:00:00Z", "anna@acme.test"))}
    elif form == "singer":
        contact["properties_versions"] = [{"name": "jobtitle", "value": r["value"], "timestamp": r["timestamp"]} for r in TITLES]
    elif form == "fivetran":
        content["contact_property_history"] = [{"contact_id": "501", "name": name, "value": r["value"], "timestamp": r["timestamp"]} for name in ("jobtitle", "email")
                                               for r in TITLES]
    else:
        content["contacts_property_history"] = [{"vid": "501", "property": "jobtitle", "value": r["value"], "timestamp": r["timestamp"]} for r in TITLES]
    found = read(tmp_path, content)
    assert titles_told(found) == TOLD
    assert found["quarantine"].empty
    assert ("3 not the job title" in (workspace(tmp_path).core / "summary.txt").read_text()) == (form == "fivetran")


def test_titles_of_people_merged_away_are_not_those_of_who_is_left(tmp_path: Path) -> None:
    content = portal()
    content["contacts"][0]["properties"]["hs_merged_object_ids"] = "502"
    content["contacts"].append({"id": "502", "properties": {"email": "old@acme.test", "jobtitle": "Clerk"},
                                "propertiesWithHistory": {"jobtitle": history(("2025-11-01T09:00:00Z", "Clerk"))}})
    assert titles_told(read(tmp_path, content)) == [("02-10", "CFO", 4)]


def test_a_company_is_known_on_the_export_day(tmp_path: Path) -> None:
    content = portal()
    content["companies"] = [{"id": "601", "properties": {"name": "Acme"}}]
    content["deals"][0]["associations"] = {"companies": {"results": [{"id": "601", "type": "deal_to_company"}]}}
    found = read(tmp_path, content)
    accounts = found["facts"].query("kind == 'account_changed'")
    assert [(r.deal_id, f"{r.known_at:%m-%d}", r.label) for r in accounts.itertuples()] == [(A, "02-10", "601")]


def test_an_engagement_of_two_deals_belongs_to_both(tmp_path: Path) -> None:
    content = portal()
    content["calls"][0]["associations"]["deals"]["results"].append({"id": B, "type": "call_to_deal"})
    facts = read(tmp_path, content)["facts"]
    assert all(("call_answered", "01-12", "01-16") in kinds(facts, of) for of in (A, B))


def test_merged_deals_lead_to_the_one_that_is_left(tmp_path: Path) -> None:
    content = portal()
    content["deals"][0]["properties"]["hs_merged_object_ids"] = "8001;8002"
    content["deals"].append(deal("8001", "Alpha, twice", "qualify"))
    content["calls"][0]["associations"]["deals"]["results"][0]["id"] = "8001"
    content["calls"][1]["associations"]["deals"]["results"][0]["id"] = "8002"  # gone from the export
    found = read(tmp_path, content)
    assert sorted(found["deals"]["deal_id"]) == [A, B]
    assert kinds(found["facts"]) == STORY
    assert found["quarantine"].empty


def test_archived_records_are_left_out_and_counted(tmp_path: Path) -> None:
    content = portal()
    content["calls"][0]["archived"] = True
    assert ("call_answered", "01-12", "01-16") not in kinds(read(tmp_path, content)["facts"])
    assert "1 deleted in the CRM (archived)" in (workspace(tmp_path).core / "summary.txt").read_text()


def test_a_broken_line_costs_one_object(tmp_path: Path) -> None:
    folder = write(tmp_path / "raw", portal())
    lines = (folder / "emails.jsonl").read_text().splitlines()
    (folder / "emails.jsonl").write_text("\n".join([lines[0], lines[1][:50], lines[2]]) + "\n")
    found = run(tmp_path, params_for(folder, crm="hubspot", columns={}))
    assert found["quarantine"][["file", "line", "reason"]].values.tolist() == [["emails.jsonl", 2, "is no JSON object"]]


UI = """"Record ID","Deal Name","Deal Stage","Pipeline","Amount","Close Date","Create Date","Last Activity Date","Last Modified Date",\
"Deal probability","Deal Score","Deal owner","Is Closed Won","Is closed lost","Associated Company","Cumulative time in ""Qualify (Sales)"" (HH:mm:ss)"
"123","Acme","Closed won ","Sales","1200.50","2026-01-10 10:00","2026-01-01 09:30","2026-01-10 09:00","2026-01-12 11:00","1.0","","Ann Bee","true","false","Acme","2705:47:48"
"124","Beta","Qualify","Sales","","2026-06-01 10:00","2026-01-05 09:30","","2026-01-05 11:00","0.2","55","Ann Bee","false","false","Beta","100:00:00"
"""
UI_CALLS = """"Record ID","Activity date","Create date","Call direction","Call outcome","Call duration","Associated Deal IDs"
"9","2026-01-06 10:00","2026-01-06 10:05","Outbound","Connected","65000","124"
"10","2026-01-07 10:00","2026-01-07 10:05","Outbound","No answer","0","124;123"
"""


def test_what_is_exported_from_its_pages(tmp_path: Path) -> None:
    (tmp_path / "hubspot-crm-exports-all-deals-2026-01-31.csv").write_text(UI)
    (tmp_path / "hubspot-crm-exports-all-calls-2026-01-31.csv").write_text(UI_CALLS)
    found = run(tmp_path / "out", params_for(tmp_path, crm="hubspot", columns={}, absent=["Email", "Meeting"], timezone="America/New_York"))
    deals = found["deals"].set_index("deal_id")
    assert deals.loc["123", ["stage_now", "amount_now", "is_won_now", "owner_id_now", "account_name"]].tolist() == ["Closed won", 1200.5, True, "Ann Bee", "Acme"]
    assert deals.loc["123", "created_at"] == pd.Timestamp("2026-01-01 14:30")  # the portal's zone
    assert kinds(found["facts"], "124") == [("deal_created", "01-05", "01-05"), ("call_answered", "01-06", "01-06"),
                                           ("call_unanswered", "01-07", "01-07"), ("close_date_changed", "01-10", "01-10"),
                                           ("owner_changed", "01-10", "01-10"), ("stage_changed", "01-10", "01-10")]  # known on the export day
    assert ("won", "01-10", "01-10") in kinds(found["facts"], "123")


FIVETRAN = {
    "deal": [{"deal_id": "1", "deal_pipeline_id": "p", "deal_pipeline_stage_id": "s2", "owner_id": "7", "is_deleted": "false", "property_dealname": "Alpha",
              "property_createdate": "2026-01-01 09:00:00", "property_amount": "10", "property_hs_lastmodifieddate": "2026-02-01 00:00:00",
              "_fivetran_synced": "2026-03-01 00:00:00"}],
    "deal_stage": [{"deal_id": "1", "value": "s1", "date_entered": "2026-01-01 09:00:00", "_fivetran_active": "false"},
                   {"deal_id": "1", "value": "s2", "date_entered": "2026-01-10 09:00:00", "_fivetran_active": "true"}],
    "deal_pipeline": [{"pipeline_id": "p", "label": "Sales", "display_order": "0"}],
    "deal_pipeline_stage": [{"stage_id": "s1", "label": "First", "display_order": "0", "is_closed": "false", "closed_won": "false", "probability": "0.1", "pipeline_id": "p"},
                            {"stage_id": "s2", "label": "Second", "display_order": "1", "is_closed": "false", "closed_won": "false", "probability": "0.2", "pipeline_id": "p"}],
    "engagement": [{"id": "50", "type": "CALL", "created_at": "2026-01-03 10:00:00", "timestamp": "2026-01-02 10:00:00", "owner_id": "7"}],
    "engagement_deal": [{"engagement_id": "50", "deal_id": "1"}],
    "engagement_call": [{"engagement_id": "50", "disposition": CONNECTED, "_fivetran_synced": "2026-03-01 00:00:00"}],
    "merged_deal": [{"deal_id": "1", "merged_deal_id": "2"}, {"deal_id": "2", "merged_deal_id": "1"}],  # a circle
}


def test_a_connectors_copy(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    for name, rows in FIVETRAN.items():
        with (tmp_path / "raw" / f"hubspot_{name}_data.csv").open("w", newline="") as handle:
            writer = csv.DictWriter(handle, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    found = run(tmp_path, params_for(tmp_path / "raw", crm="hubspot", columns={}, absent=["Email", "Meeting"]))
    assert kinds(found["facts"], "1") == [("deal_created", "01-01", "01-01"), ("stage_changed", "01-01", "01-01"), ("call_answered", "01-02", "01-03"),
                                         ("amount_changed", "01-10", "01-10"), ("owner_changed", "01-10", "01-10"), ("stage_changed", "01-10", "01-10")]


def test_a_portal_without_pipelines_or_probabilities_asks_for_the_stages(tmp_path: Path) -> None:
    content = portal()
    del content["pipelines"]
    with pytest.raises(BadInput, match="order of the stages"):
        read(tmp_path, content)
    assert read(tmp_path / "again", content, stages=["qualify", "proposal", "won", "lost"])["stages"]["stage"].tolist()[:2] == ["qualify", "proposal"]


def test_meetings_without_contacts_are_meetings_where_none_has_any(tmp_path: Path) -> None:
    content = portal()
    content["meetings"][0]["associations"].pop("contacts")
    assert kinds(read(tmp_path, content)["facts"]) == STORY


def test_a_missing_last_page_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path / "raw", portal())
    (folder / "calls.jsonl").unlink()
    page = {"results": portal()["calls"][:1], "paging": {"next": {"after": "1"}}}
    (folder / "calls_0001.json").write_text(json.dumps(page))
    run(tmp_path, params_for(folder, crm="hubspot", columns={}))
    assert "is the last page of Call missing?" in (workspace(tmp_path).core / "summary.txt").read_text()


@pytest.mark.parametrize("flat", [False, True])
def test_values_with_their_times_as_singers_tap_writes_them(tmp_path: Path, flat: bool) -> None:
    content = portal()
    for deal_ in content["deals"]:
        for name, value in deal_.pop("properties").items():
            deal_ |= {f"property_{name}__value": value} if flat else {f"property_{name}": {"value": value, "timestamp": "2026-01-01T00:00:00Z"}}
    assert kinds(read(tmp_path, content)["facts"]) == STORY


def test_an_array_of_pages(tmp_path: Path) -> None:
    folder = write(tmp_path / "raw", portal())
    (folder / "emails.jsonl").unlink()
    (folder / "engagements_emails.json").write_text(json.dumps([{"results": [one]} for one in portal()["emails"]]))
    assert kinds(run(tmp_path, params_for(folder, crm="hubspot", columns={}))["facts"]) == STORY


def test_a_copy_by_airbyte(tmp_path: Path) -> None:
    """Nested or flat properties; the history in a stream of its own, with its times in milliseconds."""
    content = portal()
    for name, objects in content.items():
        for one in objects:
            one |= {"_airbyte_raw_id": "x", "_airbyte_extracted_at": 1772000000000}
            if name in ("emails", "calls"):  # flattened, associations as lists of ids
                one |= {f"properties_{key}": value for key, value in one.pop("properties").items()}
                ties = one.pop("associations")
                one |= {kind: [tie["id"] for tie in ties[kind]["results"]] for kind in ties}
    history_rows = []
    for deal_ in content["deals"]:
        for name, revisions in deal_.pop("propertiesWithHistory").items():
            history_rows += [{"dealId": deal_["id"], "property": name, "value": r["value"], "sourceType": r["sourceType"],
                              "timestamp": int(pd.Timestamp(r["timestamp"]).timestamp() * 1000)} for r in revisions]
    content["deals_property_history"] = history_rows
    assert kinds(read(tmp_path, content)["facts"]) == STORY


def test_a_copy_by_singer(tmp_path: Path) -> None:
    """Versions of properties in a list."""
    content = portal()
    for deal_ in content["deals"]:
        deal_["_sdc_batched_at"] = "2026-02-16T00:00:00Z"
        deal_["properties_versions"] = [{"name": name, "value": r["value"], "timestamp": r["timestamp"], "source": r["sourceType"]}
                                        for name, revisions in deal_.pop("propertiesWithHistory").items() for r in revisions]
    assert kinds(read(tmp_path, content)["facts"]) == STORY
