"""A hand-made Pipedrive export, read right, in each form it comes in; and what each rule of its reading means."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dealtriage import clean, timeline
from dealtriage.errors import BadInput
from dealtriage.sources.pipedrive import CRM, DEAL
from dealtriage.tables import read_parquet, read_parts
from tests.exports import params_for, workspace

A, B, C = 1, 2, 3
REP, BOSS = 71, 72
Rows = dict[str, list[dict[str, Any]]]


def ref(id_: int, name: str = "Somebody") -> dict[str, Any]:
    return {"id": id_, "name": name, "value": id_}


def deal(id_: int, title: str, stage: int, status: str = "open", **more: Any) -> dict[str, Any]:
    return {"id": id_, "title": title, "value": 1000, "currency": "EUR", "status": status, "stage_id": stage, "pipeline_id": 1,
            "add_time": "2026-01-01 09:00:00", "update_time": "2026-02-15 09:00:00", "close_time": None,
            "won_time": None, "lost_time": None, "lost_reason": None, "expected_close_date": "2026-03-31", "user_id": ref(REP),
            "person_id": ref(31), "org_id": ref(52), **more}


def change(id_: int, of: int, when: str, field: str, old: Any, new: Any, bulk: bool = False) -> dict[str, Any]:
    return {"object": "dealChange", "timestamp": when, "data": {
        "id": id_, "item_id": of, "user_id": BOSS, "field_key": field, "old_value": old, "new_value": new,
        "is_bulk_update_flag": "1" if bulk else None, "log_time": when}}


def activity(id_: int, type_: str, due: str, added: str, done: str | None, **more: Any) -> dict[str, Any]:
    return {"id": id_, "deal_id": A, "type": type_, "subject": type_.title(), "due_date": due[:10], "due_time": due[11:], "duration": "00:30",
            "add_time": added, "update_time": done or added, "done": done is not None, "marked_as_done_time": done or "", "user_id": REP,
            "person_id": 31, "participants": [{"person_id": 31, "primary_flag": True}], "active_flag": True, **more}


def mail(id_: int, sent: bool, at: str, **more: Any) -> dict[str, Any]:
    ours, theirs = {"email_address": "rep@us.test", "linked_person_id": None}, {"email_address": "Anna@acme.test", "linked_person_id": 32}
    return {"id": id_, "deal_id": A, "mail_thread_id": 9, "subject": "Hello", "from": [ours if sent else theirs], "to": [theirs if sent else ours],
            "message_time": at, "add_time": at, "sent_flag": int(sent), "draft_flag": 0, "deleted_flag": 0, "user_id": REP, **more}


def tables() -> Rows:
    return {
        "deals": [deal(A, "Alpha", 3), deal(B, "Beta", 1, "won", won_time="2026-02-02 09:00:00", value=0, expected_close_date=None),
                  deal(C, "Gamma", 1, value=0, expected_close_date=None)],
        "dealflow": [
            change(1, A, "2026-01-20 09:00:00", "stage_id", "1", "3"), change(2, A, "2026-02-10 09:00:00", "value", "900", "1000"),
            change(3, A, "2026-02-11 09:00:00", "expected_close_date", "2026-02-28", "2026-03-31"),
            change(4, A, "2026-02-12 09:00:00", "user_id", str(BOSS), str(REP)),
            change(5, B, "2026-02-02 09:00:00", "status", "open", "won"),
            {"object": "activity", "timestamp": "2026-01-12 10:00:00", "data": {"id": 5, "deal_id": A, "type": "call"}}],
        "activities": [
            activity(1, "call", "2026-01-12 10:30", "2026-01-16 10:00:00", "2026-01-16 10:00:00"),
            activity(2, "meeting", "2026-01-25 10:00", "2026-01-18 09:00:00", "2026-01-27 09:00:00"),
            activity(3, "task", "2026-02-01", "2026-01-30 09:00:00", "2026-02-03 09:00:00")],
        "callLogs": [{"id": 1, "activity_id": 1, "deal_id": A, "person_id": 31, "outcome": "connected",
                      "start_time": "2026-01-12 10:31:00", "end_time": "2026-01-12 10:41:00", "user_id": REP}],
        "mailMessages": [mail(1, False, "2026-01-05T07:30:00.000Z"), mail(2, True, "2026-01-06T07:30:00.000Z")],
        "stages": [{"id": 3, "name": "Proposal", "order_nr": 1, "pipeline_id": 1, "is_deal_rot_enabled": False, "days_to_rotten": 30},
                   {"id": 1, "name": "Qualify", "order_nr": 0, "pipeline_id": 1, "is_deal_rot_enabled": True, "days_to_rotten": 14}],
        "pipelines": [{"id": 1, "name": "New business", "order_nr": 1}],
        "dealParticipants": [{"id": 1, "related_item_type": "deal", "related_item_id": A, "person_id": ref(31), "add_time": "2026-01-02 09:00:00",
                              "active_flag": True}],
        "users": [{"id": REP, "name": "Rep One", "email": "rep@us.test", "active_flag": True},
                  {"id": BOSS, "name": "Boss", "email": "boss@us.test", "active_flag": True}],
        "teams": [{"id": 1, "name": "North", "manager_id": BOSS, "users": [REP, BOSS]}],
        "persons": [{"id": 31, "name": "Anna", "email": [{"value": "anna@acme.test"}], "job_title": "CFO", "merge_what_id": 32, "active_flag": True},
                    {"id": 32, "name": "Anna", "email": [{"value": "anna@acme.test"}], "merge_what_id": None, "active_flag": False}],
        "organizations": [{"id": 51, "name": "Acme", "merge_what_id": 52, "active_flag": True},
                          {"id": 52, "name": "Acme (old)", "merge_what_id": None, "active_flag": False}],
    }


def lines(folder: Path, content: Rows) -> Path:
    """One object per line."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in content.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return folder


def pages(folder: Path, content: Rows) -> Path:
    """Whole answers of the API."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in content.items():
        (folder / f"{name}.json").write_text(json.dumps({"success": True, "data": rows, "additional_data": {}}), "utf-8")
    return folder


def as_csv(folder: Path, content: Rows) -> Path:
    """Tables as a warehouse has them, under snake case names; nested values are JSON text."""
    folder.mkdir(parents=True, exist_ok=True)
    snake = {"dealflow": "deal_flow", "callLogs": "call_logs", "mailMessages": "mail_messages", "dealParticipants": "deal_participants"}
    for name, rows in content.items():
        flat = [{**row, **row.pop("data")} if "data" in row else row for row in rows]
        header = list(dict.fromkeys(key for row in flat for key in row))
        with (folder / f"{snake.get(name, name)}.csv").open("w", encoding="utf-8", newline="") as handle:
            writer = csv.DictWriter(handle, header, lineterminator="\n")
            writer.writeheader()
            writer.writerows({k: json.dumps(v) if isinstance(v, dict | list) else v for k, v in row.items()} for row in flat)
    return folder


def second_version(content: Rows) -> Rows:
    """The same objects as the second version of the API has them."""
    new = {**content}
    new["deals"] = [{**{k: v["value"] if isinstance(v, dict) else v for k, v in row.items() if k != "user_id"}, "owner_id": REP,
                     "is_deleted": False, "add_time": row["add_time"].replace(" ", "T") + "Z"} for row in content["deals"]]
    new["activities"] = [{**{k: v for k, v in row.items() if k not in ("user_id", "active_flag")}, "owner_id": row["user_id"],
                          "is_deleted": not row["active_flag"], "due_time": row["due_time"] and row["due_time"] + ":00",
                          "marked_as_done_time": row["marked_as_done_time"].replace(" ", "T") + "Z"} for row in content["activities"]]
    new["persons"] = [{**{k: v for k, v in row.items() if k not in ("email", "active_flag")}, "emails": row["email"],
                       "is_deleted": not row["active_flag"]} for row in content["persons"]]
    return new


def read(tmp: Path, content: Rows | None = None, write: Any = lines, **source: object) -> dict[str, pd.DataFrame]:
    params = params_for(write(tmp / "raw", content or tables()), crm="pipedrive", columns={}, **source)
    clean.run(params, workspace(tmp))
    timeline.run(params, workspace(tmp))
    found = {path.stem: read_parquet(path) for path in workspace(tmp).core.glob("*.parquet")}
    return {**found, "facts": read_parts(workspace(tmp).timeline)}


def kinds(facts: pd.DataFrame, of: int = A) -> list[tuple[str, str, str]]:
    own = facts[facts["deal_id"] == str(of)]
    return [(row.kind, f"{row.occurred_at:%m-%d}", f"{row.known_at:%m-%d}") for row in own.itertuples()]


STORY = [
    ("account_changed", "01-01", "01-01"),
    ("amount_changed", "01-01", "01-01"), ("close_date_changed", "01-01", "01-01"),  # rolled back from the changes
    ("deal_created", "01-01", "01-01"), ("stage_changed", "01-01", "01-01"), ("contact_added", "01-02", "01-02"),
    ("email_in", "01-05", "01-05"), ("email_out", "01-06", "01-06"),
    ("call_answered", "01-12", "01-16"),                # entered four days late
    ("meeting_planned", "01-18", "01-18"), ("stage_changed", "01-20", "01-20"),
    ("meeting_held", "01-25", "01-27"),                 # known when it was marked as done
    ("task_planned", "01-30", "01-30"), ("task_done", "02-03", "02-03"), ("amount_changed", "02-10", "02-10"),
    ("close_date_changed", "02-11", "02-11"), ("owner_changed", "02-12", "02-12"),
    ("title_known", "02-12", "02-12")]                  # no history of titles: known on the export day


@pytest.mark.parametrize("write", [lines, pages, as_csv])
@pytest.mark.parametrize("version", [lambda content: content, second_version], ids=["v1", "v2"])
def test_the_story_of_a_deal_in_every_form(tmp_path: Path, write: Any, version: Any) -> None:
    found = read(tmp_path, version(tables()), write)
    assert kinds(found["facts"]) == STORY
    assert found["quarantine"].empty


def test_what_a_deal_was_at_first_is_what_its_first_changes_replaced(tmp_path: Path) -> None:
    found = read(tmp_path)
    own = found["deal_changes"].query("deal_id == '1'").fillna("")
    assert [(r.field, r.old_value, r.new_value, r.author_id) for r in own.itertuples()] == [
        ("account", "", "51", ""), ("amount", "", "900.0", ""), ("close_date", "", "2026-02-28 00:00:00", ""), ("owner", "", str(BOSS), ""),
        ("stage", "", "Qualify", ""), ("stage", "Qualify", "Proposal", str(BOSS)), ("amount", "900.0", "1000.0", str(BOSS)),
        ("close_date", "2026-02-28 00:00:00", "2026-03-31 00:00:00", str(BOSS)), ("owner", str(BOSS), str(REP), str(BOSS))]
    assert found["history_limits"].empty
    assert [k for k, *_ in kinds(found["facts"], C)] == ["account_changed", "deal_created", "stage_changed"]  # an amount of nothing is none


def test_the_organizations_of_a_deal_as_the_flow_tells(tmp_path: Path) -> None:
    """Merged ones under what is left of them."""
    content = tables()
    content["organizations"].append({"id": 54, "name": "Other", "merge_what_id": None, "active_flag": True})
    content["dealflow"] += [change(8, A, "2026-01-20 09:00:00", "org_id", "54", "52"), change(9, A, "2026-01-21 09:00:00", "org_id", "52", "51")]
    facts = read(tmp_path, content)["facts"].query("deal_id == '1' and kind == 'account_changed'")
    assert [(f"{r.known_at:%m-%d}", r.label, r.owner_id) for r in facts.fillna({"owner_id": ""}).itertuples()] == [("01-01", "54", ""), ("01-20", "51", str(BOSS))]


def test_titles_are_known_on_the_export_day(tmp_path: Path) -> None:
    content = tables()
    content["persons"].append({"id": 33, "name": "Ben", "email": [{"value": "ben@acme.test"}], "job_title": "VP Sales", "merge_what_id": None, "active_flag": True})
    content["activities"][2] |= {"person_id": 33}
    found = read(tmp_path, content)
    told = found["facts"].query("kind == 'title_known'")
    assert [(r.contact_id, f"{r.known_at:%m-%d}", r.label, r.value) for r in told.itertuples()] == [("31", "02-12", "CFO", 4), ("33", "02-12", "VP Sales", 3)]


def test_what_else_is_read(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert set(found["deals"]["account_name"]) == {"Acme"}              # merged accounts lead to the one that is left
    assert set(found["facts"]["contact_id"].dropna()) == {"31"}         # and people
    owner = found["owners"].set_index("owner_id").loc[str(REP)]
    assert (owner["name"], owner["team"], owner["manager_id"], owner["is_system"]) == ("Rep One", "North", str(BOSS), False)
    assert found["stages"][["stage", "position", "is_closed", "rotten_days"]].fillna(-1).values.tolist() == [
        ["Qualify", 1, False, 14], ["Proposal", 2, False, -1], ["won", 3, True, -1], ["lost", 4, True, -1]]
    summary = (workspace(tmp_path).core / "summary.txt").read_text()
    assert "1 not a change of a field" in summary
    assert "keeps no proposals" in summary


def stage_story(found: dict[str, pd.DataFrame], of: int = A) -> list[tuple[str, str, str]]:
    own = found["deal_changes"].query(f"deal_id == '{of}' and field == 'stage'").fillna("")
    return [(f"{r.changed_at:%m-%d}", r.old_value, r.new_value) for r in own.itertuples()]


def test_a_deal_opened_again_is_back_in_the_stage_it_has_then(tmp_path: Path) -> None:
    content = tables()
    content["dealflow"] = [
        change(1, A, "2026-01-10 09:00:00", "status", "open", "lost"), change(2, A, "2026-01-12 09:00:00", "stage_id", "1", "3"),
        change(3, A, "2026-01-20 09:00:00", "status", "lost", "open"), change(4, A, "2026-01-25 09:00:00", "status", "open", "deleted"),
        change(5, A, "2026-01-26 09:00:00", "status", "deleted", "open"), change(6, A, "2026-02-01 09:00:00", "status", "open", "won")]
    content["deals"][0] |= {"status": "won", "won_time": "2026-02-01 09:00:00"}
    found = read(tmp_path, content)
    assert stage_story(found) == [("01-01", "", "Qualify"), ("01-10", "Qualify", "lost"), ("01-20", "lost", "Proposal"), ("02-01", "Proposal", "won")]
    assert [k for k, *_ in kinds(found["facts"]) if k in ("lost", "reopened", "won")] == ["lost", "reopened", "won"]


def test_a_closing_that_the_flow_lacks_has_the_time_of_the_deal(tmp_path: Path) -> None:
    content = tables()
    content["deals"][0] |= {"status": "lost", "lost_time": "2026-02-13 09:00:00", "lost_reason": "Budget"}
    assert stage_story(read(tmp_path, content)) == [("01-01", "", "Qualify"), ("01-20", "Qualify", "Proposal"), ("02-13", "Proposal", "lost")]


def test_without_a_flow_only_closings_are_known_before_the_export(tmp_path: Path) -> None:
    """A deal's own last change says that nothing came after it: at past dates that is the outcome."""
    content = {name: rows for name, rows in tables().items() if name != "dealflow"}
    found = read(tmp_path, content)
    assert [(r.field, f"{r.changed_at:%m-%d}", r.new_value) for r in found["deal_changes"].query("deal_id == '1'").itertuples()] == [
        ("account", "02-02", "51"), ("amount", "02-02", "1000.0"), ("close_date", "02-02", "2026-03-31 00:00:00"), ("owner", "02-02", str(REP)), ("stage", "02-02", "Proposal")]
    assert stage_story(found, B) == [("02-02", "", "won")]
    assert len(found["history_limits"].query("deal_id == '1'")) == 5
    content["deals"][0]["update_time"] = "2026-01-09 09:00:00"
    pd.testing.assert_frame_equal(read(tmp_path / "still", content)["facts"], found["facts"])


def test_what_a_deal_was_is_the_same_whatever_became_of_it(tmp_path: Path) -> None:
    content = tables()
    before = read(tmp_path / "open", content)["facts"]
    content["deals"][0] |= {"status": "lost", "lost_time": "2026-02-14 09:00:00", "update_time": "2026-02-14 09:00:00"}
    content["dealflow"].append(change(9, A, "2026-02-14 09:00:00", "status", "open", "lost"))
    after = read(tmp_path / "lost", content)["facts"]
    then = "known_at < '2026-02-14' and kind != 'title_known'"  # titles are known on the export day, whichever that is
    pd.testing.assert_frame_equal(after.query(then).reset_index(drop=True), before.query(then).reset_index(drop=True))


def test_a_sweep_is_nobodys_decision(tmp_path: Path) -> None:
    content = tables()
    content["dealflow"][4] = change(5, B, "2026-02-02 09:00:00", "status", "open", "lost", bulk=True)
    content["deals"][1] |= {"status": "lost"}
    found = read(tmp_path, content)
    lost = found["facts"].query("kind == 'lost'")
    assert lost[["owner_id", "actor"]].values.tolist() == [["(bulk update)", "system"]]
    assert found["owners"].query("is_system")["name"].tolist() == ["Bulk update"]


CALLS = {
    "a log that says connected": ({}, "connected", ("call_answered", "01-12 10:31")),
    "a log that says otherwise": ({"duration": "00:30"}, "no_answer", ("call_unanswered", "01-12 10:31")),
    "no log, a minute long": ({"duration": "00:01"}, None, ("call_answered", "01-12 10:30")),
    "no log, no time": ({"duration": ""}, None, ("call_unanswered", "01-12 10:30")),
    "no time of day": ({"due_time": ""}, None, ("call_answered", "01-12 12:00")),
    "done before it was due": ({"due_date": "2026-01-20"}, None, ("call_answered", "01-16 10:00")),
    "not done": ({"done": False, "marked_as_done_time": ""}, None, None),
}


@pytest.mark.parametrize("case", CALLS)
def test_which_calls_reached_someone_and_when(tmp_path: Path, case: str) -> None:
    more, outcome, expected = CALLS[case]
    content = tables()
    content["activities"][0] |= more
    content["callLogs"] = [row | {"outcome": outcome} for row in content["callLogs"] if outcome]
    if not content["callLogs"]:
        del content["callLogs"]
    facts = read(tmp_path, content)["facts"]
    found = [(r.kind, f"{r.occurred_at:%m-%d %H:%M}") for r in facts.itertuples() if r.kind.startswith("call")]
    assert found == ([expected] if expected else [])


def test_a_call_log_without_an_activity_is_a_call_and_that_of_a_deleted_one_is_not(tmp_path: Path) -> None:
    content = tables()
    content["activities"][0]["active_flag"] = False
    content["callLogs"].append(content["callLogs"][0] | {"id": 2, "activity_id": None, "start_time": "2026-01-14 08:00:00", "end_time": "2026-01-14 08:05:00"})
    facts = read(tmp_path, content)["facts"]
    assert [k for k in kinds(facts) if k[0].startswith("call")] == [("call_answered", "01-14", "01-14")]


TYPES = {"lunch": "meeting_held", "site_visit": "meeting_held", "product_demo": "meeting_held", "deadline": "task_done", "email": "task_done"}


@pytest.mark.parametrize("type_", TYPES)
def test_what_an_activity_is(tmp_path: Path, type_: str) -> None:
    content = tables()
    content["activities"][1]["type"] = type_
    facts = read(tmp_path, content)["facts"]
    assert [k for k, *_ in kinds(facts) if k in ("meeting_held", "task_done")].count(TYPES[type_]) == (2 if TYPES[type_] == "task_done" else 1)


def test_mail_is_told_by_activities_where_there_is_no_other(tmp_path: Path) -> None:
    content = {name: rows for name, rows in tables().items() if name != "mailMessages"}
    content["activities"][0]["type"] = "email"
    assert ("email_out", "01-12", "01-16") in kinds(read(tmp_path, content, absent=["MailMessage"])["facts"])
    with pytest.raises(BadInput, match="lacks MailMessage"):
        read(tmp_path, content)


MEETINGS = {
    "nobody of the buyer's": ({"person_id": None, "participants": []}, ["task_planned", "task_done"]),
    "missed, says its subject": ({"subject": "No show: Demo"}, ["meeting_planned", "meeting_no_show"]),
    "called off, says its subject": ({"subject": "Canceled: Demo"}, ["meeting_planned", "meeting_cancelled"]),
    "over, but not marked": ({"done": False, "marked_as_done_time": ""}, ["meeting_planned"]),
    "deleted": ({"active_flag": False}, []),
    "entered afterwards": ({"add_time": "2026-01-26 09:00:00"}, ["meeting_held"]),
}


@pytest.mark.parametrize("case", MEETINGS)
def test_meetings(tmp_path: Path, case: str) -> None:
    more, expected = MEETINGS[case]
    content = tables()
    del content["activities"][2]
    content["activities"][1] |= more
    facts = read(tmp_path, content)["facts"]
    assert [k for k, *_ in kinds(facts) if k.startswith(("meeting", "task"))] == expected


def test_mails(tmp_path: Path) -> None:
    content = tables()
    content["mailMessages"] = [
        mail(1, True, "2026-01-05T07:30:00Z", sent_flag=None),                        # a user's address tells
        mail(2, False, "2026-01-06T07:30:00Z", sent_flag=None), mail(3, False, "2026-01-07T07:30:00Z", subject="Automatic reply: Hello"),
        mail(4, True, "2026-01-08T07:30:00Z", draft_flag=1), mail(5, True, "2026-01-09T07:30:00Z", deleted_flag=1),
        mail(6, False, "2026-01-10T07:30:00Z", **{"from": [{"email_address": "ANNA@acme.test"}]}),
        mail(7, False, "2026-01-11T07:30:00Z", **{"from": [{"email_address": "New@acme.test"}]})]
    facts = read(tmp_path, content)["facts"]
    own = facts[facts["kind"].str.startswith("email")]
    assert own[["kind", "contact_id"]].values.tolist() == [
        ["email_out", "31"], ["email_in", "31"], ["email_auto_reply", "31"], ["email_in", "31"], ["email_in", "new@acme.test"]]


def test_stages_of_several_pipelines(tmp_path: Path) -> None:
    content = tables()
    content["pipelines"].append({"id": 2, "name": "Renewals", "order_nr": 0})
    content["stages"] += [{"id": 8, "name": "Qualify", "order_nr": 0, "pipeline_id": 2}, {"id": 9, "name": "Won", "order_nr": 1, "pipeline_id": 2}]
    content["deals"][2]["stage_id"] = 8
    found = read(tmp_path, content)
    assert found["stages"]["stage"].tolist() == ["Renewals: Qualify", "Renewals: Won", "New business: Qualify", "Proposal", "won", "lost"]
    assert stage_story(found, C) == [("01-01", "", "Renewals: Qualify")]


def test_a_stage_that_is_gone_keeps_its_number(tmp_path: Path) -> None:
    content = tables()
    content["dealflow"].insert(0, change(9, A, "2026-01-19 09:00:00", "stage_id", "77", "1"))
    found = read(tmp_path, content)
    assert stage_story(found)[0] == ("01-01", "", "77")
    assert found["stages"].query("position == 0")["stage"].tolist() == ["77"]


def test_merges_in_a_chain_either_way_and_in_a_circle(tmp_path: Path) -> None:
    content = tables()
    content["persons"] += [
        {"id": 33, "name": "Anna", "email": None, "merge_what_id": 31, "active_flag": True},    # 32 in 31 in 33
        {"id": 34, "name": "Ben", "email": None, "merge_what_id": 35, "active_flag": False},    # the other way round
        {"id": 35, "name": "Ben", "email": None, "merge_what_id": None, "active_flag": True},
        {"id": 36, "name": "Cleo", "email": None, "merge_what_id": 37, "active_flag": True},    # a circle
        {"id": 37, "name": "Cleo", "email": None, "merge_what_id": 36, "active_flag": True}]
    content["dealParticipants"] += [{"related_item_id": A, "person_id": ref(n), "add_time": "2026-01-03 09:00:00"} for n in (34, 36, 37)]
    found = read(tmp_path, content)
    roles = found["contact_roles"].query("deal_id == '1'")
    assert roles[["contact_id", "is_primary"]].values.tolist() == [["33", True], ["35", False], ["36", False]]
    assert set(found["facts"].query("kind == 'email_in'")["contact_id"]) == {"33"}


def test_a_contact_of_unknown_time_is_no_fact(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert found["contact_roles"].query("deal_id == '3'")["created_at"].isna().all()
    assert found["facts"].query("kind == 'contact_added'")["deal_id"].tolist() == ["1"]


def test_deleted_and_test_deals_are_left_out(tmp_path: Path) -> None:
    content = tables()
    content["deals"] += [deal(4, "Twin", 1, "deleted"), deal(5, "Twin", 1, is_deleted=True), deal(6, "TEST one", 1),
                         deal(7, "Other", 1, org_id={"name": "Test account", "value": 53}), deal(A, "Older", 1, update_time="2026-01-02 09:00:00")]
    content["organizations"].append({"id": 53, "name": "Test account", "merge_what_id": None, "active_flag": True})
    found = read(tmp_path, content)
    assert found["deals"]["deal_id"].tolist() == ["1", "2", "3"]
    assert kinds(found["facts"]) == STORY


OUTCOME = [c.name for c in DEAL.columns if c.permanence == "overwritten" and not c.name.startswith("_")]


@pytest.mark.parametrize("column", [c for c in OUTCOME if c not in ("update_time", "is_deleted")])
def test_what_only_the_export_day_knows_changes_no_fact(tmp_path: Path, column: str) -> None:
    content = tables()
    expected = read(tmp_path / "as it is", content)
    planted = CRM.table("Deal")
    assert planted.has(column)
    for row, outcome in zip(content["deals"], (991, 992, 993), strict=True):
        row[column] = str(outcome)
    found = read(tmp_path / "planted", content)
    for name in ("deal_changes", "activities", "proposals", "facts"):
        pd.testing.assert_frame_equal(found[name], expected[name])


def test_nothing_is_known_before_it_was_recorded(tmp_path: Path) -> None:
    facts = read(tmp_path)["facts"]
    born = facts["deal_id"].map(facts.query("kind == 'deal_created'").set_index("deal_id")["known_at"])
    assert (facts["known_at"] >= facts["occurred_at"]).all()
    assert (facts["known_at"] >= born).all()


BREAKS = {
    "cut short": (lambda f: (f / "deals.jsonl").write_text((f / "deals.jsonl").read_text()[:-20]), r"deals\.jsonl is cut short"),
    "no deals": (lambda f: (f / "deals.jsonl").unlink(), "lacks Deal"),
    "no activities": (lambda f: (f / "activities.jsonl").unlink(), "lacks Activity"),
    "no stages": (lambda f: (f / "stages.jsonl").unlink(), "lacks stages"),
    "an empty file": (lambda f: (f / "users.jsonl").write_text(""), r"users\.jsonl is empty"),
    "a missing column": (lambda f: (f / "deals.jsonl").write_text((f / "deals.jsonl").read_text().replace("add_time", "made")),
                         r"deals\.jsonl has no column add_time"),
}


@pytest.mark.parametrize("what", BREAKS)
def test_what_cannot_be_read_is_said(tmp_path: Path, what: str) -> None:
    folder = lines(tmp_path / "raw", tables())
    damage, message = BREAKS[what]
    damage(folder)
    with pytest.raises(BadInput, match=message):
        clean.run(params_for(folder, crm="pipedrive", columns={}), workspace(tmp_path))


def test_stages_may_be_listed_in_params(tmp_path: Path) -> None:
    content = {name: rows for name, rows in tables().items() if name != "stages"}
    assert read(tmp_path, content, stages=["1", "3"])["stages"]["stage"].tolist() == ["1", "3", "won", "lost"]


def test_the_sample_is_read_whole(tmp_path: Path) -> None:
    from dealtriage.sample import write_sample

    at = datetime(2026, 6, 29, 6, tzinfo=UTC)
    write_sample(tmp_path / "raw", tmp_path / "truth", deals=60, seed=7, months=24, exported_at=at, crm="pipedrive")
    params = params_for(tmp_path / "raw", crm="pipedrive", columns={}, exported_at=at)
    clean.run(params, workspace(tmp_path))
    timeline.run(params, workspace(tmp_path))
    facts, truth = read_parts(workspace(tmp_path).timeline), pd.read_parquet(tmp_path / "truth" / "deals.parquet")
    assert set(facts["deal_id"]) == set(truth["deal_id"])
    assert read_parquet(workspace(tmp_path).core / "quarantine.parquet")["is_row_dropped"].sum() < 20


def one_file_per_deal(folder: Path, content: Rows) -> Path:
    """As a script saves what it asks deal by deal."""
    lines(folder, {name: rows for name, rows in content.items() if name not in ("dealflow", "mailMessages")})
    (folder / "mailMessages").mkdir()
    for number, row in enumerate(content["dealflow"]):
        (folder / f"deals_{number}_flow.json").write_text(json.dumps({"success": True, "data": [row]}))
    for number, row in enumerate(content["mailMessages"]):
        (folder / "mailMessages" / f"deal_{number}.json").write_text(json.dumps({"success": True, "data": [row]}))
    return folder


def test_one_file_per_deal(tmp_path: Path) -> None:
    pd.testing.assert_frame_equal(read(tmp_path / "many", write=one_file_per_deal)["facts"], read(tmp_path / "one")["facts"])
