"""A hand-made export of Dataverse tables, read right, in each form it comes in; and what each rule of its reading means."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from dealtriage import clean, timeline
from dealtriage.errors import BadInput
from dealtriage.sources.dynamics import OPPORTUNITY
from dealtriage.tables import read_parquet, read_parts
from tests.exports import params_for, workspace

Rows = dict[str, list[dict[str, Any]]]


def guid(number: int) -> str:
    return f"{number:08x}-aaaa-4bbb-8ccc-0123456789ab"


A, B, C = guid(1), guid(2), guid(3)
REP, BOSS, ROBOT = guid(71), guid(72), guid(73)
ANNA, OLD_ANNA, ACME, OLD_ACME, EURO = guid(31), guid(32), guid(51), guid(52), guid(61)
BEN, OTHER = guid(33), guid(53)


def deal(id_: str, name: str, stage: str, state: int = 0, **more: Any) -> dict[str, Any]:
    return {"opportunityid": id_, "name": name, "customerid": OLD_ACME, "ownerid": REP, "statecode": state, "statuscode": (1, 3, 4)[state],
            "stepname": stage, "salesstage": "", "estimatedvalue": "1000.0000", "estimatedclosedate": "2026-03-31", "createdon": "2026-01-01T09:00:00Z",
            "modifiedon": "2026-02-15T09:00:00Z", "transactioncurrencyid": EURO, "exchangerate": 0.8, "lastonholdtime": "", **more}


def audit(number: int, of: str, when: str, **changes: tuple[Any, Any]) -> dict[str, Any]:
    told = [{"logicalName": name, "oldValue": old, "newValue": new} for name, (old, new) in changes.items()]
    return {"auditid": guid(800 + number), "objectid": of, "objecttypecode": "opportunity", "action": 2, "createdon": f"{when}T09:00:00Z",
            "userid": BOSS, "changedata": json.dumps({"changedAttributes": told})}


def closing(number: int, of: str, when: str, state: int, **more: Any) -> dict[str, Any]:
    return {"activityid": guid(700 + number), "opportunityid": of, "createdon": f"{when}T09:00:00Z", "actualend": f"{when}T09:00:00Z", "createdby": REP,
            "opportunitystatecode": state, "subject": "Opportunity Won" if state == 1 else "Opportunity Lost", "description": "", **more}


def activity(number: int, type_: str, **more: Any) -> dict[str, Any]:
    return {"activityid": guid(number), "activitytypecode": type_, "regardingobjectid": A, "regardingobjecttypecode": "opportunity", "subject": type_.title(),
            "actualstart": "", "actualend": "", "scheduledstart": "", "scheduledend": "", "actualdurationminutes": "", "ownerid": REP,
            "modifiedon": more["createdon"], "statecode": 1, "statuscode": "", **more}


def party(of: int, who: str, kind: str, role: int) -> dict[str, Any]:
    return {"activityid": guid(of), "partyid": who, "partyobjecttypecode": kind, "participationtypemask": role}


def activities() -> list[dict[str, Any]]:
    return [
        activity(101, "email", actualend="2026-01-05T07:30:00Z", createdon="2026-01-05T08:00:00Z", statuscode=4),
        activity(102, "email", actualend="2026-01-06T07:30:00Z", createdon="2026-01-06T08:00:00Z", statuscode=3),
        activity(103, "phonecall", actualstart="2026-01-12T10:00:00Z", actualend="2026-01-12T10:20:00Z", actualdurationminutes=20, createdon="2026-01-16T10:00:00Z"),
        activity(104, "appointment", scheduledstart="2026-01-25T10:00:00Z", scheduledend="2026-01-25T11:00:00Z", createdon="2026-01-18T09:00:00Z",
                 modifiedon="2026-01-27T09:00:00Z"),
        activity(105, "task", scheduledend="2026-02-01T00:00:00Z", actualend="2026-02-03T09:00:00Z", createdon="2026-01-30T09:00:00Z")]


def tables() -> Rows:
    return {
        "opportunity": [
            deal(A, "Alpha", "2-Proposal"), deal(B, "Beta", "1-Qualify", 1, modifiedon="2026-02-13T09:00:00Z"),
            deal(C, "Gamma", "1-Qualify", estimatedvalue="", estimatedclosedate="")],
        "opportunityclose": [closing(1, B, "2026-02-02", 1)],
        "audit": [
            audit(0, C, "2026-01-15", name=("Gama", "Gamma")), audit(1, A, "2026-01-20", stepname=("1-Qualify", "2-Proposal"), salesstage=("0", "1")),
            audit(2, B, "2026-02-02", statecode=("0", "1"), statuscode=("1", "3")), audit(3, A, "2026-02-10", estimatedvalue=("900.0000", "1000.0000")),
            audit(4, A, "2026-02-11", estimatedclosedate=("2026-02-28", "2026-03-31")),
            audit(5, A, "2026-02-12", ownerid=(f"systemuser,{BOSS}", f"systemuser,{REP}"))],
        "activitypointer": activities(),
        "email": [{"activityid": guid(101), "directioncode": "false", "senton": "2026-01-05T07:30:00Z", "conversationindex": "F" * 44 + "01", "sender": "anna@acme.test",
                   "torecipients": "rep@us.test;"},
                  {"activityid": guid(102), "directioncode": "true", "senton": "2026-01-06T07:30:00Z", "conversationindex": "F" * 44 + "02", "sender": "rep@us.test",
                   "torecipients": "anna@acme.test;"}],
        "phonecall": [{"activityid": guid(103), "directioncode": "true", "leftvoicemail": "false"}],
        "activityparty": [
            party(101, OLD_ANNA, "contact", 1), party(101, REP, "systemuser", 2), party(102, REP, "systemuser", 1), party(102, ANNA, "contact", 2),
            party(103, REP, "systemuser", 1), party(103, ANNA, "contact", 2), party(104, REP, "systemuser", 7), party(104, ANNA, "contact", 5)],
        "quote": [{"quoteid": guid(901), "opportunityid": "{" + A.upper() + "}", "name": "v1", "statecode": 3, "statuscode": 6, "totalamount": "1000", "effectiveto": "",
                   "createdon": "2026-01-28T09:00:00Z", "modifiedon": "2026-02-14T09:00:00Z", "createdby": REP}],
        "connection": [{"connectionid": guid(951), "record1id": A, "record2id": OLD_ANNA, "createdon": "2026-01-02T09:00:00Z"}],
        "systemuser": [{"systemuserid": REP, "fullname": "Rep One", "businessunitid": guid(81), "parentsystemuserid": BOSS, "isdisabled": "false", "accessmode": 0},
                       {"systemuserid": BOSS, "fullname": "Boss", "businessunitid": guid(81), "parentsystemuserid": "", "isdisabled": "false", "accessmode": 0},
                       {"systemuserid": ROBOT, "fullname": "Robot", "businessunitid": "", "parentsystemuserid": "", "isdisabled": "false", "accessmode": 4}],
        "businessunit": [{"businessunitid": guid(81), "name": "North"}],
        "account": [{"accountid": ACME, "name": "Acme", "masterid": ""}, {"accountid": OLD_ACME, "name": "Acme (old)", "masterid": ACME}],
        "contact": [{"contactid": ANNA, "fullname": "Anna", "emailaddress1": "anna@acme.test", "jobtitle": "CFO", "masterid": ""},
                    {"contactid": OLD_ANNA, "fullname": "Anna", "emailaddress1": "", "jobtitle": "", "masterid": ANNA}],
        "transactioncurrency": [{"transactioncurrencyid": EURO, "isocurrencycode": "EUR", "exchangerate": 0.8}],
        "stringmap": [{"objecttypecode": "opportunity", "attributename": "statuscode", "attributevalue": "4", "value": "Canceled", "displayorder": 1}],
    }


def as_csv(folder: Path, content: Rows) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in content.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as handle:
            writer = csv.DictWriter(handle, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return folder


def as_parquet(folder: Path, content: Rows) -> Path:
    """As Fivetran copies them: typed, with its own columns."""
    as_csv(folder, content)
    for name in content:
        path = folder / f"{name}.csv"
        duckdb.sql(f"copy (select *, false as _fivetran_deleted, now() as _fivetran_synced from read_csv('{path}', header=true)) to '{path.with_suffix('.parquet')}'")
        path.unlink()
    return folder


LABELS: dict[str, dict[str, tuple[str, ...]]] = {
    "opportunity": {"statecode": ("Open", "Won", "Lost"), "statuscode": ("", "In Progress", "On Hold", "Won", "Canceled", "Out-Sold")},
    "activitypointer": {"statecode": ("Open", "Completed", "Canceled", "Scheduled")},
    "quote": {"statecode": ("Draft", "Active", "Won", "Closed"), "statuscode": ("", "In Progress", "In Progress", "Open", "Won", "Lost", "Canceled", "Revised")},
    "activityparty": {"participationtypemask": ("", "Sender", "To Recipient", "CC Recipient", "BCC Recipient", "Required attendee", "Optional attendee", "Organizer")}}
LOOKUPS = ("ownerid", "customerid", "regardingobjectid", "partyid", "transactioncurrencyid", "masterid", "businessunitid", "record1id", "record2id")


def _told(labels: tuple[str, ...] | None, column: str, value: Any) -> Any:
    if labels and value != "":
        return labels[int(value)]
    return "{" + value.upper() + "}" if column in LOOKUPS and value else value


def as_answers(folder: Path, content: Rows) -> Path:
    """Pages of the Web API, with the labels of options and GUIDs in braces."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in content.items():
        told = [{f"_{k}_value" if k in LOOKUPS and k != name + "id" else k: _told(LABELS.get(name, {}).get(k), k, v) for k, v in row.items()} for row in rows]
        (folder / f"{name}.json").write_text(json.dumps({"@odata.context": "x", "value": told}), "utf-8")
    return folder


def without_pointer(folder: Path, content: Rows) -> Path:
    """Activities whole in the tables of their kinds."""
    content = {**content}
    own = {row["activityid"]: row for name in ("email", "phonecall") for row in content.get(name, [])}
    for row in content.pop("activitypointer"):
        name = row["activitytypecode"]
        content[name] = [r for r in content.get(name, []) if r["activityid"] != row["activityid"]]
        content[name].append({k: v for k, v in row.items() if k != "activitytypecode"} | own.get(row["activityid"], {}))
    return as_csv(folder, content)


def read(tmp: Path, content: Rows | None = None, write: Any = as_csv, **source: object) -> dict[str, pd.DataFrame]:
    params = params_for(write(tmp / "raw", content or tables()), crm="dynamics", columns={}, **source)
    clean.run(params, workspace(tmp))
    timeline.run(params, workspace(tmp))
    found = {path.stem: read_parquet(path) for path in workspace(tmp).core.glob("*.parquet")}
    return {**found, "facts": read_parts(workspace(tmp).timeline)}


def kinds(facts: pd.DataFrame, of: str = A) -> list[tuple[str, str, str]]:
    own = facts[facts["deal_id"] == of]
    return [(row.kind, f"{row.occurred_at:%m-%d}", f"{row.known_at:%m-%d}") for row in own.itertuples()]


def stage_story(found: dict[str, pd.DataFrame], of: str = A, field: str = "stage") -> list[tuple[str, str]]:
    own = found["deal_changes"].query(f"deal_id == '{of}' and field == '{field}'")
    return [(f"{r.changed_at:%m-%d}", r.new_value) for r in own.itertuples()]


STORY = [
    ("deal_created", "01-01", "01-01"), ("contact_added", "01-02", "01-02"), ("email_in", "01-05", "01-05"), ("email_out", "01-06", "01-06"),
    ("amount_changed", "01-15", "01-15"), ("close_date_changed", "01-15", "01-15"),  # rolled back as far as the audit reaches
    ("owner_changed", "01-15", "01-15"), ("stage_changed", "01-15", "01-15"),
    ("call_answered", "01-12", "01-16"),                # entered four days late
    ("meeting_planned", "01-18", "01-18"), ("stage_changed", "01-20", "01-20"),
    ("meeting_held", "01-25", "01-27"),                 # known when it was marked as completed
    ("proposal_sent", "01-28", "01-28"), ("task_planned", "01-30", "01-30"), ("task_done", "02-03", "02-03"),
    ("amount_changed", "02-10", "02-10"), ("close_date_changed", "02-11", "02-11"), ("owner_changed", "02-12", "02-12"),
    ("account_changed", "02-14", "02-14"),              # not audited: known on the export day, as titles are
    ("proposal_withdrawn", "02-14", "02-14"), ("title_known", "02-14", "02-14")]


@pytest.mark.parametrize("write", [as_csv, as_parquet, as_answers, without_pointer])
def test_the_story_of_a_deal_in_every_form(tmp_path: Path, write: Any) -> None:
    found = read(tmp_path, write=write)
    assert kinds(found["facts"]) == STORY
    assert found["quarantine"].empty
    assert stage_story(found, B) == [("01-15", "1-Qualify"), ("02-02", "won")]  # told twice, counted once


def test_what_else_is_read(tmp_path: Path) -> None:
    found = read(tmp_path)
    deals = found["deals"].set_index("deal_id")
    assert set(deals["account_name"]) == {"Acme"}                       # merged accounts lead to the one that is left
    assert set(found["facts"]["contact_id"].dropna()) == {ANNA}         # and people
    assert deals.loc[A, ["currency", "currency_rate"]].tolist() == ["EUR", 1.25]
    assert set(found["facts"]["thread_id"].dropna()) == {"F" * 44}
    owner = found["owners"].set_index("owner_id").loc[REP]
    assert (owner["name"], owner["team"], owner["manager_id"], owner["is_active"]) == ("Rep One", "North", BOSS, True)
    assert found["owners"].query("is_system")["name"].tolist() == ["Robot"]
    assert found["stages"][["stage", "position", "is_closed"]].values.tolist() == [
        ["1-Qualify", 1, False], ["2-Proposal", 2, False], ["won", 3, True], ["lost", 4, True]]


def test_values_at_the_beginning_are_those_the_first_changes_replaced(tmp_path: Path) -> None:
    own = read(tmp_path)["deal_changes"].query(f"deal_id == '{A}'").fillna("")
    assert [(r.field, r.old_value, r.new_value, r.author_id) for r in own.itertuples()] == [
        ("amount", "", "900.0", ""), ("close_date", "", "2026-02-28 00:00:00", ""), ("owner", "", BOSS, ""), ("stage", "", "1-Qualify", ""),
        ("stage", "1-Qualify", "2-Proposal", BOSS), ("amount", "900.0", "1000.0", BOSS),
        ("close_date", "2026-02-28 00:00:00", "2026-03-31 00:00:00", BOSS), ("owner", BOSS, REP, BOSS), ("account", "", ACME, "")]


@pytest.mark.parametrize("column", ["customerid", "parentaccountid"])
def test_accounts_as_the_audit_tells(tmp_path: Path, column: str) -> None:
    content = tables()
    for row in content["opportunity"]:
        row |= {"customerid": "", "parentaccountid": "", column: OLD_ACME}
    content["audit"].append(audit(6, A, "2026-01-25", **{column: (f"account,{OTHER}", f"account,{OLD_ACME}")}))
    found = read(tmp_path, content)
    assert stage_story(found, A, "account") == [("01-15", OTHER), ("01-25", ACME)]  # merged accounts lead to the one that is left
    assert stage_story(found, C, "account") == [("01-15", ACME)]
    own = found["facts"].query(f"deal_id == '{A}' and kind == 'account_changed'")
    assert own["label"].tolist() == [OTHER, ACME]


@pytest.mark.parametrize("code", ["contact", "2", ""])
@pytest.mark.parametrize("write", [as_csv, as_answers])
def test_titles_as_the_audit_tells(tmp_path: Path, code: str, write: Any) -> None:
    content = tables()
    content["contact"].append({"contactid": BEN, "fullname": "Ben", "emailaddress1": "ben@acme.test", "jobtitle": "Buyer", "masterid": ""})
    content["audit"] += [
        audit(7, BEN, "2026-01-04", emailaddress1=("b@acme.test", "ben@acme.test")) | {"objecttypecode": code},
        audit(8, ANNA, "2026-01-20", jobtitle=("Controller", "CFO")) | {"objecttypecode": code},
        audit(9, ANNA, "2026-01-21", jobtitle=("?", "?")) | {"objecttypecode": code, "changedata": "broken"}]
    found = read(tmp_path, content, write)
    titles = found["contact_titles"]
    assert [(r.contact_id, f"{r.known_at:%m-%d}", r.title) for r in titles.itertuples()] == [
        (ANNA, "01-04", "Controller"), (ANNA, "01-20", "CFO"), (BEN, "01-04", "Buyer")]  # rolled back as far as contacts are audited
    told = found["facts"].query("kind == 'title_known'")
    assert [(f"{r.known_at:%m-%d}", r.label, r.value) for r in told.itertuples()] == [("01-04", "Controller", 1), ("01-20", "CFO", 4)]
    assert found["quarantine"]["reason"].tolist() == ["is no list of changes"]
    assert [fact for fact in kinds(found["facts"]) if fact[0] != "title_known"] == [fact for fact in STORY if fact[0] != "title_known"]


def test_a_deal_made_under_audit_is_known_from_its_first_day(tmp_path: Path) -> None:
    content = tables()
    content["opportunity"].append(deal(guid(4), "Delta", "1-Qualify", createdon="2026-02-01T09:00:00Z"))
    content["audit"].append(audit(9, guid(4), "2026-02-01", stepname=(None, "1-Qualify"), statecode=(None, "0"), estimatedvalue=(None, "1000.0000")))
    found = read(tmp_path, content)
    assert stage_story(found, guid(4)) == [("02-01", "1-Qualify")]
    assert found["history_limits"].query(f"deal_id == '{guid(4)}'")["field"].tolist() == ["account"]  # not audited


def without(content: Rows, *names: str) -> Rows:
    return {name: rows for name, rows in content.items() if name not in names}


def test_without_an_audit_only_closings_are_known_before_the_export(tmp_path: Path) -> None:
    """A deal's own last change says that nothing came after it: at past dates that is the outcome."""
    content = without(tables(), "audit")
    found = read(tmp_path, content)
    assert stage_story(found) == [("02-14", "2-Proposal")]  # the newest moment of the export
    assert stage_story(found, A, "amount") == [("02-14", "1000.0")]
    assert stage_story(found, B) == [("02-02", "won")]
    assert set(found["history_limits"].query(f"deal_id == '{B}'")["field"]) == {"stage", "amount", "close_date", "owner", "account"}
    content["opportunity"][0]["modifiedon"] = "2026-01-09T09:00:00Z"
    pd.testing.assert_frame_equal(read(tmp_path / "still", content)["facts"], found["facts"])


def test_without_closings_a_closed_deal_is_closed_since_it_was_modified_last(tmp_path: Path) -> None:
    found = read(tmp_path, without(tables(), "audit", "opportunityclose"))
    assert stage_story(found, B) == [("02-13", "won")]
    content = without(tables(), "opportunityclose")
    content["audit"] = [row for row in content["audit"] if "statecode" not in row["changedata"]]  # the state is not audited
    assert stage_story(read(tmp_path / "audited", content), B) == [("01-15", "1-Qualify"), ("02-13", "won")]


def test_a_deal_opened_again_as_the_audit_tells(tmp_path: Path) -> None:
    content = tables()
    content["audit"] = [
        audit(0, C, "2026-01-15", stepname=("1-Qualify", "2-Proposal")), audit(1, C, "2026-01-16", stepname=("2-Proposal", "1-Qualify")),
        audit(2, A, "2026-01-20", statecode=("0", "2")), audit(3, A, "2026-01-25", stepname=("1-Qualify", "2-Proposal"), statecode=("2", "0"))]
    content["opportunityclose"] += [closing(2, A, "2026-01-20", 2), closing(3, A, "2026-01-10", 2)]  # the older one's end came before the audit
    found = read(tmp_path, content)
    assert stage_story(found) == [("01-10", "lost"), ("01-15", "1-Qualify"), ("01-20", "lost"), ("01-25", "2-Proposal")]
    assert [k for k, *_ in kinds(found["facts"]) if k in ("lost", "reopened")] == ["lost", "reopened", "lost", "reopened"]


def test_a_second_closing_says_that_a_deal_was_opened_again(tmp_path: Path) -> None:
    content = without(tables(), "audit")
    content["opportunity"][0] |= {"statecode": 2, "statuscode": 4}
    content["opportunityclose"] += [closing(2, A, "2026-01-10", 2, description="No budget"), closing(3, A, "2026-02-10", 2, description="Lost to competitor")]
    found = read(tmp_path, content)
    assert stage_story(found) == [("01-10", "lost"), ("02-10", "(open again)"), ("02-10", "lost")]
    assert [(k, o) for k, o, _ in kinds(found["facts"]) if k in ("lost", "reopened")] == [("lost", "01-10"), ("reopened", "02-10"), ("lost", "02-10")]
    assert found["deals"].set_index("deal_id").loc[A, "loss_reason_now"] == "Lost to competitor"


def test_a_loss_without_a_word_has_the_label_of_its_status(tmp_path: Path) -> None:
    content = tables()
    content["opportunity"][0] |= {"statecode": 2, "statuscode": 4}
    content["opportunityclose"].append(closing(2, A, "2026-02-13", 2))
    assert read(tmp_path, content)["deals"].set_index("deal_id").loc[A, "loss_reason_now"] == "Canceled"


def hold_facts(found: dict[str, pd.DataFrame]) -> list[tuple[str, str, str]]:
    return [fact for fact in kinds(found["facts"]) if "hold" in fact[0]]


def test_times_on_hold_as_the_audit_tells(tmp_path: Path) -> None:
    content = tables()
    content["audit"] += [audit(8, A, "2026-01-22", statuscode=("1", "2")), audit(9, A, "2026-01-29", statuscode=("2", "1"))]
    content["opportunity"][0]["lastonholdtime"] = "2026-01-22T09:00:00Z"
    assert hold_facts(read(tmp_path, content)) == [("put_on_hold", "01-22", "01-22"), ("taken_off_hold", "01-29", "01-29")]


HOLDS = {
    "before the audit began, over then": ({}, (), [("put_on_hold", "01-10"), ("taken_off_hold", "01-15")]),
    "and not over yet": ({}, (("2026-01-29", "2", "1"),), [("put_on_hold", "01-10"), ("taken_off_hold", "01-29")]),
    "still": ({"statuscode": 2}, (), [("put_on_hold", "01-10")]),
}


@pytest.mark.parametrize("case", HOLDS)
def test_the_last_time_on_hold_is_known_without_the_audit(tmp_path: Path, case: str) -> None:
    more, audits, expected = HOLDS[case]
    content = tables()
    content["opportunity"][0] |= {"lastonholdtime": "2026-01-10T09:00:00Z", **more}
    content["audit"] += [audit(9, A, when, statuscode=(old, new)) for when, old, new in audits]
    assert [(kind, when) for kind, when, _ in hold_facts(read(tmp_path, content))] == expected


def test_without_an_audit_a_hold_is_over_when_the_deal_was_closed_or_at_the_end_of_the_export(tmp_path: Path) -> None:
    content = without(tables(), "audit")
    content["opportunity"][0]["lastonholdtime"] = "2026-01-10T09:00:00Z"
    assert [when for _, when, _ in hold_facts(read(tmp_path / "open", content))] == ["01-10", "02-14"]
    content["opportunityclose"].append(closing(2, A, "2026-02-01", 2))
    content["opportunity"][0] |= {"statecode": 2, "statuscode": 4}
    assert [when for _, when, _ in hold_facts(read(tmp_path / "closed", content))] == ["01-10", "02-01"]


CALLS = {
    "a voicemail": ({"leftvoicemail": "true"}, {}, ["call_unanswered"]),
    "no minute, where others have some": ({}, {"actualdurationminutes": 0}, ["call_unanswered"]),
    "incoming": ({"directioncode": "false"}, {}, ["call_in"]),
    "no direction: a user phoned": ({"directioncode": ""}, {}, ["call_answered"]),
    "not made yet": ({}, {"statecode": 0}, []),
}


@pytest.mark.parametrize("case", CALLS)
def test_calls(tmp_path: Path, case: str) -> None:
    call, pointer, expected = CALLS[case]
    content = tables()
    content["phonecall"][0] |= call
    content["activitypointer"][2] |= pointer
    content["activitypointer"].append(activity(109, "phonecall", regardingobjectid=B, actualdurationminutes=5, actualend="2026-01-20T10:00:00Z", createdon="2026-01-20T10:00:00Z"))
    assert [k for k, *_ in kinds(read(tmp_path, content)["facts"]) if k.startswith("call")] == expected


def test_who_sent_tells_the_direction_where_no_column_does(tmp_path: Path) -> None:
    content = tables()
    for row in (*content["email"], *content["phonecall"]):
        row["directioncode"] = ""
    content["activityparty"][4:6] = [party(103, ANNA, "", 1), party(103, REP, "", 2)]  # their kinds are known from their tables
    found = [k for k, *_ in kinds(read(tmp_path, content)["facts"]) if k.startswith(("email", "call"))]
    assert found == ["email_in", "email_out", "call_in"]


def test_mails(tmp_path: Path) -> None:
    content = tables()
    made = {"createdon": "2026-01-08T08:00:00Z", "actualend": "2026-01-08T08:00:00Z"}
    content["activitypointer"] += [
        activity(111, "email", statecode=0, statuscode=8, **made), activity(112, "email", statecode=0, statuscode=1, **made),
        activity(113, "email", statecode=1, statuscode=6, **made), activity(114, "email", statecode=2, statuscode=5, **made),
        activity(115, "email", statuscode=4, **made | {"subject": "Automatic reply: Hello"}), activity(116, "letter", **made)]
    content["email"] += [{"activityid": guid(115), "sender": "New@acme.test", "torecipients": "rep@us.test"}]
    found = read(tmp_path, content)
    own = found["facts"].query("kind.str.startswith('email')")
    assert own[["kind", "contact_id"]].fillna("").values.tolist() == [["email_in", ANNA], ["email_out", ANNA], ["email_auto_reply", "new@acme.test"], ["email_bounced", ""]]
    summary = (workspace(tmp_path).core / "summary.txt").read_text()
    assert "3 mail not sent (draft, pending or cancelled)" in summary
    assert "1 activity of another kind" in summary


MEETINGS = {
    "completed": ({}, ["meeting_planned", "meeting_held"]),
    "cancelled": ({"statecode": 2}, ["meeting_planned", "meeting_cancelled"]),
    "missed, says its subject": ({"statecode": 2, "subject": "No show: Demo"}, ["meeting_planned", "meeting_no_show"]),
    "scheduled": ({"statecode": 3}, ["meeting_planned"]),
    "open": ({"statecode": 0}, ["meeting_planned"]),
    "entered afterwards": ({"createdon": "2026-01-26T09:00:00Z"}, ["meeting_held"]),
}


@pytest.mark.parametrize("case", MEETINGS)
def test_meetings(tmp_path: Path, case: str) -> None:
    more, expected = MEETINGS[case]
    content = tables()
    content["activitypointer"][3] |= more
    facts = read(tmp_path, content)["facts"]
    assert [k for k, *_ in kinds(facts) if k.startswith("meeting")] == expected


def test_a_meeting_is_never_known_to_be_held_before_its_end(tmp_path: Path) -> None:
    content = tables()
    content["activitypointer"][3]["modifiedon"] = "2026-01-20T09:00:00Z"
    facts = read(tmp_path, content)["facts"]
    assert facts.query("kind == 'meeting_held'")["known_at"].tolist() == [pd.Timestamp("2026-01-25 11:00")]


QUOTES = {(0, 1): ["proposal_sent"], (1, 3): ["proposal_sent"], (2, 4): ["proposal_sent", "proposal_accepted"], (3, 5): ["proposal_sent", "proposal_rejected"],
          (3, 6): ["proposal_sent", "proposal_withdrawn"], (3, 7): ["proposal_sent"]}


@pytest.mark.parametrize("codes", QUOTES)
def test_what_became_of_a_quote(tmp_path: Path, codes: tuple[int, int]) -> None:
    content = tables()
    content["quote"][0] |= {"statecode": codes[0], "statuscode": codes[1]}
    found = read(tmp_path, content)
    assert [k for k, *_ in kinds(found["facts"]) if k.startswith("proposal")] == QUOTES[codes]
    assert found["proposals"]["is_draft_now"].tolist()[-1] == (codes[0] == 0)


def test_stages_by_the_values_of_a_choice_and_by_params(tmp_path: Path) -> None:
    content = without(tables(), "audit")
    for row, value in zip(content["opportunity"], (1, 0, 0), strict=True):
        row |= {"stepname": "", "salesstage": value}
    content["stringmap"] += [{"objecttypecode": "opportunity", "attributename": "salesstage", "attributevalue": str(n), "value": label, "displayorder": n}
                             for n, label in enumerate(("Qualify", "Develop"))]
    assert read(tmp_path / "choice", content)["stages"]["stage"].tolist() == ["Qualify", "Develop", "won", "lost"]
    for row, stage in zip(content["opportunity"], ("Deep", "Shallow", "Shallow"), strict=True):
        row |= {"stepname": stage, "salesstage": ""}
    with pytest.raises(BadInput, match="The order of the stages is not known: nothing tells it of Deep, Shallow"):
        read(tmp_path / "names", content)
    assert read(tmp_path / "listed", content, stages=["Shallow", "Deep"])["stages"]["stage"].tolist() == ["Shallow", "Deep", "won", "lost"]


def test_a_record_brought_from_elsewhere_is_not_known_before_it_came(tmp_path: Path) -> None:
    content = tables()
    content["opportunity"][2]["overriddencreatedon"] = "2026-02-05T09:00:00Z"
    content["activitypointer"][0]["overriddencreatedon"] = "2026-02-05T09:00:00Z"
    facts = read(tmp_path, content)["facts"]
    assert ("email_in", "01-05", "02-05") in kinds(facts)
    assert {known for kind, _, known in kinds(facts, C) if kind != "account_changed"} == {"02-05"}


def test_merges_in_a_chain_and_in_a_circle(tmp_path: Path) -> None:
    content = tables()
    content["contact"][0]["masterid"] = guid(33)  # and Anna herself into another
    content["contact"] += [{"contactid": guid(33), "fullname": "Anna"}, {"contactid": guid(34), "masterid": guid(35), "fullname": "Ben"},
                           {"contactid": guid(35), "masterid": guid(34), "fullname": "Ben"}]
    content["connection"] += [{"connectionid": guid(952 + n), "record1id": person, "record2id": A, "createdon": "2026-01-03T09:00:00Z"}
                              for n, person in enumerate((guid(34), guid(35)))]  # the deal may stand on either side
    found = read(tmp_path, content)
    assert found["contact_roles"]["contact_id"].tolist() == [guid(33), guid(34)]
    assert set(found["facts"].query("kind == 'email_in'")["contact_id"]) == {guid(33)}


def test_the_newest_copy_counts_and_test_deals_do_not(tmp_path: Path) -> None:
    content = tables()
    content["opportunity"] += [deal(A, "Older", "1-Qualify", modifiedon="2026-01-02T09:00:00Z"), deal(guid(5), "TEST one", "1-Qualify"),
                               deal(guid(6), "Other", "1-Qualify", customerid=guid(53)), deal(guid(7), "Gone", "1-Qualify", isdelete="True")]
    content["account"].append({"accountid": guid(53), "name": "Test account"})
    found = read(tmp_path, content)
    assert found["deals"]["name"].tolist() == ["Alpha", "Beta", "Gamma"]
    assert kinds(found["facts"]) == STORY


OVERWRITTEN = [c.name for c in OPPORTUNITY.columns if c.permanence == "overwritten" and not c.name.startswith("_")]


@pytest.mark.parametrize("column", [c for c in OVERWRITTEN if c not in ("modifiedon", "isdelete", "exchangerate")])
def test_what_only_the_export_day_knows_changes_no_fact(tmp_path: Path, column: str) -> None:
    content = tables()
    expected = read(tmp_path / "as it is", content)
    for row, outcome in zip(content["opportunity"], (991, 992, 993), strict=True):
        row[column] = guid(outcome)
    found = read(tmp_path / "planted", content)
    for name in ("deal_changes", "activities", "proposals", "facts"):
        pd.testing.assert_frame_equal(found[name], expected[name])


def test_what_lies_before_the_audit_stays_dark_whatever_becomes_of_a_deal(tmp_path: Path) -> None:
    """Two deals that were alike when the audit began have the same past, though one was lost since."""
    content = tables()
    before = read(tmp_path / "open", content)
    content["opportunity"][0] |= {"statecode": 2, "statuscode": 4, "modifiedon": "2026-02-14T09:00:00Z"}
    content["audit"].append(audit(9, A, "2026-02-14", statecode=("0", "2"), statuscode=("1", "4")))
    after = read(tmp_path / "lost", content)
    after, before = (found["facts"].query("known_at < '2026-02-14'").reset_index(drop=True) for found in (after, before))
    pd.testing.assert_frame_equal(after, before)


BREAKS = {
    "cut short": (lambda f: (f / "opportunity.csv").write_text((f / "opportunity.csv").read_text()[:-30]), r"opportunity\.csv is cut short"),
    "no deals": (lambda f: (f / "opportunity.csv").unlink(), "lacks opportunity"),
    "no activities": (lambda f: (f / "activitypointer.csv").unlink(), "lacks activitypointer"),
    "an empty file": (lambda f: (f / "audit.csv").write_text(""), r"audit\.csv is empty"),
    "a missing column": (lambda f: (f / "opportunity.csv").write_text((f / "opportunity.csv").read_text().replace("statecode", "where")),
                         r"opportunity\.csv has no column statecode"),
}


@pytest.mark.parametrize("what", BREAKS)
def test_what_cannot_be_read_is_said(tmp_path: Path, what: str) -> None:
    folder = as_csv(tmp_path / "raw", tables())
    damage, message = BREAKS[what]
    damage(folder)
    with pytest.raises(BadInput, match=message):
        clean.run(params_for(folder, crm="dynamics", columns={}), workspace(tmp_path))


def test_bad_rows_are_quarantined(tmp_path: Path) -> None:
    content = tables()
    content["audit"][1]["changedata"] = "~1-Qualify~2-Proposal"
    content["audit"].append(audit(9, guid(404), "2026-02-02", statecode=("0", "1")))   # of a deal that was deleted
    content["opportunity"].append(deal("no guid", "Odd", "1-Qualify"))
    content["activitypointer"][0]["regardingobjectid"] = guid(404)
    found = read(tmp_path, content)["quarantine"]
    assert [(r.file, r.column, r.reason) for r in found.itertuples() if r.is_row_dropped] == [
        ("activitypointer.csv", "regardingobjectid", "points at a deal that is not in the export"),
        ("audit.csv", "changedata", "is no list of changes"), ("opportunity.csv", "opportunityid", "no id that can be read")]



def test_the_sample_is_read_whole(tmp_path: Path) -> None:
    from dealtriage.sample import write_sample

    at = datetime(2026, 6, 29, 6, tzinfo=UTC)
    write_sample(tmp_path / "raw", tmp_path / "truth", deals=60, seed=7, months=24, exported_at=at, crm="dynamics")
    params = params_for(tmp_path / "raw", crm="dynamics", columns={}, exported_at=at)
    clean.run(params, workspace(tmp_path))
    timeline.run(params, workspace(tmp_path))
    facts, truth = read_parts(workspace(tmp_path).timeline), pd.read_parquet(tmp_path / "truth" / "deals.parquet")
    assert set(facts["deal_id"]) == set(truth["deal_id"])
    holds = facts[facts["kind"].isin(["put_on_hold", "taken_off_hold"])]
    assert len(holds) > 10
    assert not holds.groupby("deal_id")["kind"].agg(lambda kinds: (kinds == kinds.shift()).any()).any()  # each hold ends before the next


def test_close_dates_that_the_audit_writes_as_in_the_states(tmp_path: Path) -> None:
    content = tables()
    for row in content["audit"]:
        row["changedata"] = row["changedata"].replace("2026-02-28", "02/28/2026 00:00:00").replace("2026-03-31", "03/31/2026 00:00:00")
    pd.testing.assert_frame_equal(read(tmp_path / "states", content)["deal_changes"], read(tmp_path / "iso")["deal_changes"])
