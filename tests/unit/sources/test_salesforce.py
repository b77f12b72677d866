"""A hand-made export, read right; and the same export damaged in every way a real one is."""

from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from dealtriage import clean, timeline
from dealtriage.errors import BadInput
from dealtriage.tables import read_json, read_parquet, read_parts
from tests.exports import ACME, ANNA, OLD, REP, A, B, C, deal, params_for, tables, workspace, write_export

OTHER, BEN = "0017E000001aaACQAY", "0037E000001abcEQAQ"


def read(tmp: Path, content: dict | None = None, encoding: str = "utf-8", **source: object) -> dict[str, pd.DataFrame]:
    params = params_for(write_export(tmp / "raw", content or tables(), encoding), **source)
    clean.run(params, workspace(tmp))
    timeline.run(params, workspace(tmp))
    core = workspace(tmp).core
    found = {path.stem: read_parquet(path) for path in core.glob("*.parquet")}
    return {**found, "facts": read_parts(workspace(tmp).timeline)}


def kinds(facts: pd.DataFrame, of: str = A) -> list[tuple[str, str, str]]:
    own = facts[facts["deal_id"] == of]
    return [(row.kind, f"{row.occurred_at:%m-%d}", f"{row.known_at:%m-%d}") for row in own.itertuples()]


def test_the_story_of_a_deal(tmp_path: Path) -> None:
    assert kinds(read(tmp_path)["facts"]) == [
        ("amount_changed", "01-01", "01-01"), ("close_date_changed", "01-01", "01-01"),
        ("deal_created", "01-01", "01-01"), ("stage_changed", "01-01", "01-01"),
        ("email_in", "01-05", "01-05"),                 # its mirror task is dropped
        ("call_answered", "01-12", "01-16"),            # logged four days late
        ("meeting_planned", "01-18", "01-18"), ("stage_changed", "01-20", "01-20"),
        ("meeting_held", "01-25", "01-27"),             # known when its outcome was recorded
        ("proposal_sent", "01-28", "01-28"), ("amount_changed", "02-10", "02-10"),
        ("close_date_changed", "02-10", "02-10"), ("proposal_withdrawn", "02-14", "02-14"),
        ("account_changed", "02-15", "02-15"),          # no history of accounts, owners and titles: the present ones, on the export day
        ("owner_changed", "02-15", "02-15"), ("title_known", "02-15", "02-15")]


def test_won_and_untouched_deals(tmp_path: Path) -> None:
    facts = read(tmp_path)["facts"]
    assert ("won", "02-02", "02-02") in kinds(facts, B)
    assert [k for k, *_ in kinds(facts, C)] == ["deal_created", "stage_changed", "account_changed", "owner_changed"]


def test_what_else_is_read(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert found["deals"].set_index("deal_id").loc[A, "account_name"] == "Acme"  # merged accounts lead to the survivor
    assert found["owners"].set_index("owner_id").loc[REP, "name"] == "Rep One"
    assert found["facts"].query("kind == 'email_in'")["contact_id"].tolist() == [ANNA]
    assert found["owners"]["is_system"].sum() == 1
    assert read_json(workspace(tmp_path).core / "export.json")["cutoff"] == "2026-02-15 09:00:01"


def lower(content: dict, *files: str) -> dict:
    ids = ("Id", "OpportunityId", "WhatId", "RelatedToId", "ActivityId", "OwnerId", "WhoId", "AccountId", "ManagerId")
    return {name: [{k: v.lower() if k in ids and (name in files or not files) else v for k, v in row.items()}
                   for row in rows] for name, rows in content.items()}


def test_long_ids_folded_to_lower_case_are_restored(tmp_path: Path) -> None:
    expected = read(tmp_path / "good")["facts"]
    found = read(tmp_path / "folded", lower(tables()))["facts"]  # its quote has a short id: matched without case
    assert [kinds(found, d) for d in (A, B, C)] == [kinds(expected, d) for d in (A, B, C)]


def test_short_ids_folded_to_lower_case_find_their_deal(tmp_path: Path) -> None:
    content = tables()
    for name in ("Task", "Event"):
        for row in content[name]:
            row["Id"], row["WhatId"] = row["Id"].lower(), row["WhatId"][:15].lower()
    content["EmailMessage"][0]["ActivityId"] = content["EmailMessage"][0]["ActivityId"].lower()
    assert kinds(read(tmp_path, content)["facts"]) == kinds(read(tmp_path / "good")["facts"])


def test_every_bad_row_is_quarantined_with_its_line(tmp_path: Path) -> None:
    content = tables()
    content["Opportunity"][0]["Name"] = "Alpha\nand\nmore"  # two line breaks push what follows down
    content["OpportunityHistory"][1]["CreatedDate"] = "yesterday"
    content["OpportunityHistory"][5]["Amount"] = "a lot"
    content["Opportunity"].append(deal("not-an-id", "Odd", "Qualify"))
    content["Opportunity"].append(deal(A, "Alpha again", "Qualify"))
    content["Task"][0]["WhatId"] = "0067E0000099999"
    found = read(tmp_path, content)["quarantine"]
    told = [(r.file, r.line, r.column, r.is_row_dropped) for r in found.itertuples()]
    assert told == [("Opportunity.csv", 7, "Id", True), ("Opportunity.csv", 8, "Id", True),
                    ("OpportunityHistory.csv", 3, "CreatedDate", True), ("OpportunityHistory.csv", 7, "Amount", False),
                    ("Task.csv", 2, "WhatId", True)]


@pytest.mark.parametrize("cut", [3, 20, 45])
@pytest.mark.parametrize("quoted", [True, False])
def test_a_file_cut_short_is_refused(tmp_path: Path, cut: int, quoted: bool) -> None:
    folder = write_export(tmp_path / "raw", tables())
    path = folder / "OpportunityHistory.csv"
    text = path.read_text() if quoted else path.read_text().replace('"', "")
    path.write_text(text[:-cut])
    with pytest.raises(BadInput, match=r"OpportunityHistory.csv is cut short: what starts on line 7 does not end"):
        clean.run(params_for(folder), workspace(tmp_path))


def test_a_broken_line_in_the_middle_is_quarantined(tmp_path: Path) -> None:
    folder = write_export(tmp_path / "raw", tables())
    path = folder / "OpportunityHistory.csv"
    lines = path.read_text().split("\n")
    lines[2] = '"0087E0000001AAB","0067E0000028LZPQA2"'
    lines[3] += ',"too","much"'
    path.write_text("\n".join(lines))
    clean.run(params_for(folder), workspace(tmp_path))
    found = read_parquet(workspace(tmp_path).core / "quarantine.parquet")
    assert [(r.file, r.line) for r in found.itertuples()] == [("OpportunityHistory.csv", 3), ("OpportunityHistory.csv", 4)]


def test_one_bad_byte_costs_one_line_not_all_umlauts(tmp_path: Path) -> None:
    content = tables()
    for row in content["Opportunity"]:
        row["Name"] = "Zürich Zürich Zürich Zürich"
    folder = write_export(tmp_path / "raw", content)
    path = folder / "Opportunity.csv"
    head, tail = path.read_bytes().rsplit("Zürich".encode(), 1)
    path.write_bytes(head + "Zürich".encode("latin-1") + tail)
    clean.run(params_for(folder), workspace(tmp_path))
    assert set(read_parquet(workspace(tmp_path).core / "deals.parquet")["name"]) == {"Zürich Zürich Zürich Zürich"}
    assert read_parquet(workspace(tmp_path).core / "quarantine.parquet").query("file == 'Opportunity.csv'")["line"].tolist() == [4]


DISPOSITIONS = {
    "Connected": True, "Answered": True, "Spoke to buyer": True, "Interested": True, "Not interested": True,
    "Call back later": True, "Completed": True, "No Answer": False, "Not reached": False, "Left Voicemail": False,
    "Voice mail": False, "Busy": False, "Wrong number": False, "Disconnected number": False, "Unanswered": False,
    "Did not answer": False, "Left message, no contact": False, "Attempted to connect": False}


@pytest.mark.parametrize(("disposition", "answered"), DISPOSITIONS.items())
def test_which_calls_reached_someone(tmp_path: Path, disposition: str, answered: bool) -> None:
    content = tables()
    content["Task"][0]["CallDisposition"] = disposition
    found = {kind for kind, *_ in kinds(read(tmp_path, content)["facts"])}
    assert ("call_answered" in found, "call_unanswered" in found) == (answered, not answered)


def test_children_of_a_deleted_deal_stay_with_it(tmp_path: Path) -> None:
    """Ids that differ in case alone are different deals."""
    twin = "0067E0000028LZp"
    content = tables()
    content["Opportunity"].append(deal(twin, "Twin", "Qualify") | {"IsDeleted": "1"})
    content["Task"].append(content["Task"][0] | {"Id": "00T7E0000001ZZZ", "WhatId": twin})
    found = read(tmp_path, content)
    assert len(found["facts"].query("kind == 'call_answered'")) == 1
    assert found["quarantine"].empty
    assert "1 belongs to a deal left out" in (workspace(tmp_path).core / "summary.txt").read_text()


def test_a_mail_without_deal_takes_that_of_its_mirror(tmp_path: Path) -> None:
    content = tables()
    content["EmailMessage"][0]["RelatedToId"] = ""
    assert ("email_in", "01-05", "01-05") in kinds(read(tmp_path, content)["facts"])


def test_a_planned_call_is_known_when_it_was_done(tmp_path: Path) -> None:
    content = tables()
    content["Task"][0] |= {"CreatedDate": "2026-01-10 09:00:00", "ActivityDate": "2026-01-30", "CompletedDateTime": "",
                           "LastModifiedDate": "2026-02-01 09:00:00"}
    assert ("call_answered", "01-30", "02-01") in kinds(read(tmp_path, content)["facts"])


def test_a_cancellation_told_by_the_subject_is_known_when_it_was_written(tmp_path: Path) -> None:
    content = tables()
    content["Event"][0] |= {"Outcome__c": "", "Subject": "Canceled: Demo", "LastModifiedDate": "2026-01-22 09:00:00"}
    assert ("meeting_cancelled", "01-22", "01-22") in kinds(read(tmp_path, content)["facts"])


def test_a_meeting_without_a_buyer_is_no_signal(tmp_path: Path) -> None:
    content = tables()
    content["Event"].append(content["Event"][0] | {"Id": "00U7E0000001AAB", "WhoId": "", "Subject": "Deal review"})
    assert [k for k, *_ in kinds(read(tmp_path, content)["facts"])].count("meeting_held") == 1


def test_dates_stay_dates_east_of_greenwich(tmp_path: Path) -> None:
    facts = read(tmp_path, timezone="Pacific/Auckland")["facts"]
    assert ("call_answered", "01-12") in [(k, occurred) for k, occurred, _ in kinds(facts)]


def test_exported_at_may_have_any_offset(tmp_path: Path) -> None:
    at = datetime.fromisoformat("2026-02-15T00:00:01-09:00")  # = 09:00:01 UTC, a second after the newest fact
    assert read(tmp_path, exported_at=at)["quarantine"].empty
    with pytest.raises(BadInput, match=r"source\.exported_at is 2026-02-15 08:00:01 UTC"):
        params = params_for(tmp_path / "raw", exported_at=datetime.fromisoformat("2026-02-15T08:00:01+00:00"))
        clean.run(params.model_copy(update={"clean": params.clean.model_copy(update={"max_bad_share": 0.0})}),
                  workspace(tmp_path))


def test_an_owner_is_not_known_before_the_history_begins(tmp_path: Path) -> None:
    content = tables()
    content["OpportunityFieldHistory"] = [{
        "Id": "0177E0000001AAA", "OpportunityId": B, "CreatedById": REP, "CreatedDate": "2026-01-20 00:00:00",
        "Field": "created", "OldValue": "", "NewValue": "", "IsDeleted": "0"}]
    facts = read(tmp_path, content)["facts"]
    owners = facts[(facts["deal_id"] == A) & facts["kind"].isin(["deal_created", "owner_changed"])]
    assert [(row.kind, f"{row.known_at:%m-%d}") for row in owners.itertuples()] == [
        ("deal_created", "01-01"), ("owner_changed", "01-20")]
    assert owners["owner_id"].fillna("nobody").tolist() == ["nobody", REP]


ACCOUNT_CHANGE = {"Id": "0177E0000001AAB", "OpportunityId": A, "CreatedById": REP, "CreatedDate": "2026-01-10 09:00:00", "Field": "Account",
                  "OldValue": OTHER, "NewValue": OLD, "IsDeleted": "0"}
CREATED = {**ACCOUNT_CHANGE, "Id": "0177E0000001AAA", "OpportunityId": B, "CreatedDate": "2025-12-01 00:00:00", "Field": "created", "OldValue": "", "NewValue": ""}
NAMES = {**ACCOUNT_CHANGE, "Id": "0177E0000001AAC", "OldValue": "Other", "NewValue": "Acme (old)"}


def labels(found: dict[str, pd.DataFrame], kind: str, of: str = A) -> list[tuple[str, str]]:
    own = found["facts"].query(f"deal_id == '{of}' and kind == '{kind}'")
    return [(f"{row.known_at:%m-%d}", row.label) for row in own.itertuples()]


def test_the_accounts_of_a_deal_as_the_history_tells(tmp_path: Path) -> None:
    """Merged ones under what is left of them; one that nothing changed was the present one since changes are kept."""
    content = tables()
    content["OpportunityFieldHistory"] = [CREATED, ACCOUNT_CHANGE, NAMES]
    found = read(tmp_path, content)
    assert labels(found, "account_changed") == [("01-01", OTHER), ("01-10", ACME)]
    assert labels(found, "account_changed", C) == [("01-01", ACME)]
    told = found["deal_changes"].query(f"deal_id == '{A}' and field == 'account'").fillna("")
    assert told[["old_value", "new_value", "author_id"]].values.tolist() == [["", OTHER, ""], [OTHER, ACME, REP]]


@pytest.mark.parametrize("rows", [[CREATED], [CREATED, NAMES]])
def test_where_no_change_of_an_account_is_told_by_its_id_the_present_one_is_known_on_the_export_day(tmp_path: Path, rows: list) -> None:
    content = tables()
    content["OpportunityFieldHistory"] = rows
    found = read(tmp_path, content)
    assert labels(found, "account_changed") == [("02-15", ACME)]
    assert set(found["history_limits"].query(f"deal_id == '{A}'")["field"]) == {"account"}
    assert found["deals"].set_index("deal_id")["history_since"].isna()[A]  # of what the deal itself is, all is known


def test_a_merge_is_no_change_of_account(tmp_path: Path) -> None:
    content = tables()
    content["OpportunityFieldHistory"] = [CREATED, ACCOUNT_CHANGE | {"OldValue": OLD, "NewValue": ACME}]
    assert labels(read(tmp_path, content), "account_changed") == [("01-01", ACME)]


def title_change(when: str, old: str, new: str, number: int = 1, of: str = ANNA, field: str = "Title") -> dict[str, str]:
    return {"Id": f"03j7E000000{number:04d}", "ContactId": of, "CreatedById": REP, "CreatedDate": f"{when} 09:00:00", "Field": field, "DataType": "Text",
            "OldValue": old, "NewValue": new, "IsDeleted": "0"}


def test_titles_as_the_history_tells(tmp_path: Path) -> None:
    """Of the titles had before a person took part the newest counts; a title is known of a deal once the person is."""
    content = tables()
    content["ContactHistory"] = [
        title_change("2025-12-01", "Clerk", "Controller"), title_change("2025-12-20", "Controller", "Head of Finance", 2),
        title_change("2026-01-20", "Head of Finance", "CFO", 3), title_change("2026-01-22", "a@acme.test", "anna@acme.test", 4, field="Email")]
    found = read(tmp_path, content)
    told = found["facts"].query("kind == 'title_known'")
    assert [(f"{r.known_at:%m-%d}", r.contact_id, r.label, r.value, r.actor) for r in told.itertuples()] == [
        ("01-05", ANNA, "Head of Finance", 3, "seller"), ("01-20", ANNA, "CFO", 4, "seller")]
    assert not (told["is_buyer_signal"] | told["is_seller_touch"]).any()
    assert (told["known_at"] == told["occurred_at"]).all()
    titles = found["contact_titles"]
    assert [(f"{r.known_at:%y-%m-%d}", r.title) for r in titles.itertuples()] == [
        ("25-12-01", "Controller"), ("25-12-20", "Head of Finance"), ("26-01-20", "CFO")]


def test_a_title_is_rolled_back_as_far_as_changes_are_kept(tmp_path: Path) -> None:
    content = tables()
    content["Contact"] = [row | {"CreatedDate": "2025-01-01 09:00:00"} for row in content["Contact"]]
    content["Contact"] += [
        {**content["Contact"][0], "Id": BEN, "Name": "Ben", "Email": "ben@acme.test", "Title": "Buyer", "CreatedDate": "2025-12-24 09:00:00"},
        {**content["Contact"][0], "Id": "0037E000001abcFQAQ", "Name": "Cleo", "Email": "", "Title": ""}]
    content["ContactHistory"] = [title_change("2025-11-01", "", "", 1, field="created"), title_change("2026-01-20", "Controller", "CFO", 2)]
    titles = read(tmp_path, content)["contact_titles"]
    assert [(r.contact_id, f"{r.known_at:%y-%m-%d}", r.title) for r in titles.itertuples()] == [
        (ANNA, "25-11-01", "Controller"), (ANNA, "26-01-20", "CFO"), (BEN, "25-12-24", "Buyer")]


def test_without_a_change_of_title_in_the_history_titles_are_known_on_the_export_day(tmp_path: Path) -> None:
    content = tables()
    content["ContactHistory"] = [title_change("2025-11-01", "a@acme.test", "anna@acme.test", field="Email")]
    found = read(tmp_path, content)
    assert [(f"{r.known_at:%m-%d}", r.title) for r in found["contact_titles"].itertuples()] == [("02-15", "CFO")]
    assert labels(found, "title_known") == [("02-15", "CFO")]


def test_a_title_that_was_emptied_is_no_fact(tmp_path: Path) -> None:
    content = tables()
    content["Contact"][0]["Title"] = ""
    content["ContactHistory"] = [title_change("2026-01-04", "", "", 1, field="created"), title_change("2026-01-20", "CFO", "", 2)]
    found = read(tmp_path, content)
    assert found["contact_titles"]["title"].fillna("").tolist() == ["CFO", ""]
    assert labels(found, "title_known") == [("01-05", "CFO")]


def test_an_account_taken_away_is_a_fact(tmp_path: Path) -> None:
    content = tables()
    content["Opportunity"][0]["AccountId"] = ""
    content["OpportunityFieldHistory"] = [CREATED, ACCOUNT_CHANGE | {"OldValue": OTHER, "NewValue": ""}]
    facts = read(tmp_path, content)["facts"].query(f"deal_id == '{A}' and kind == 'account_changed'")
    assert facts["label"].fillna("").tolist() == [OTHER, ""]


def test_an_export_without_any_activity_is_refused(tmp_path: Path) -> None:
    content = tables()
    for name in ("Task", "Event", "EmailMessage"):
        for row in content[name]:
            row["WhatId" if name != "EmailMessage" else "RelatedToId"] = ""
    with pytest.raises(BadInput, match="no mail, call or meeting"):
        read(tmp_path, content)


def test_a_column_that_is_not_read_cannot_be_renamed(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"Task\.Mood"):
        read(tmp_path, columns={"Task.Mood": "Mood__c"})


def test_a_repeated_header_is_no_deal(tmp_path: Path) -> None:
    content = tables()
    content["Opportunity"].insert(1, {name: name for name in content["Opportunity"][0]})
    found = read(tmp_path, content)
    assert len(found["deals"]) == 3
    assert found["quarantine"]["reason"].tolist() == ["the header line stands here again"]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8-sig", "utf-16"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    content = tables()
    content["Opportunity"][0]["Name"] = "Zürich"
    assert "Zürich" in set(read(tmp_path, content, encoding)["deals"]["name"])


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_delimiters(tmp_path: Path, delimiter: str) -> None:
    folder = write_export(tmp_path / "raw", tables())
    for path in folder.iterdir():
        path.write_text(path.read_text().replace('","', f'"{delimiter}"'))
    clean.run(params_for(folder), workspace(tmp_path))
    assert len(read_parquet(workspace(tmp_path).core / "deals.parquet")) == 3


def test_dates_far_from_the_export_are_quarantined(tmp_path: Path) -> None:
    content = tables()
    content["OpportunityHistory"][2]["CreatedDate"] = "2099-01-01 00:00:00"
    content["OpportunityHistory"][4]["CreatedDate"] = "1970-01-01 00:00:00"
    found = read(tmp_path, content, exported_at=datetime.fromisoformat("2026-03-01T00:00:00+00:00"))
    assert set(found["quarantine"]["reason"]) == {"lies outside the time of this export"}


def test_times_without_zone_take_the_declared_one(tmp_path: Path) -> None:
    found = read(tmp_path, timezone="America/New_York")
    created = found["deals"].set_index("deal_id").loc[A, "created_at"]
    assert created == pd.Timestamp("2026-01-01 14:00:00")
    assert found["facts"].query("kind == 'email_in'")["occurred_at"].tolist() == [pd.Timestamp("2026-01-05 07:30:00")]


def test_deals_named_like_tests_are_left_out(tmp_path: Path) -> None:
    content = tables()
    content["Opportunity"][2]["Name"] = "TEST please ignore"
    assert set(read(tmp_path, content)["deals"]["deal_id"]) == {A, B}


def renamed(folder: Path, old: str, new: str) -> None:
    path = folder / "Opportunity.csv"
    path.write_text(path.read_text().replace(f'"{old}"', f'"{new}"'))


def test_other_headers_are_params(tmp_path: Path) -> None:
    folder = write_export(tmp_path / "raw", tables())
    renamed(folder, "StageName", "StageName Text")
    with pytest.raises(BadInput, match=r'(?s)has no column StageName.*"Opportunity.StageName": "StageName Text"'):
        clean.run(params_for(folder), workspace(tmp_path))
    columns = {**params_for(folder).source.columns, "Opportunity.StageName": "StageName Text"}
    clean.run(params_for(folder, columns=columns), workspace(tmp_path))


BREAKS = {
    "no such folder": (lambda f: f.rename(f.with_name("gone")), "There is nothing at"),
    "another folder": (lambda f: [p.unlink() for p in f.iterdir()], "There is no table in"),
    "a missing file": (lambda f: (f / "Task.csv").unlink(), "lacks Task"),
    "an empty file": (lambda f: (f / "Event.csv").write_text(""), "Event.csv is empty"),
    "no deal": (lambda f: (f / "Opportunity.csv").write_text((f / "Opportunity.csv").read_text().split("\n")[0] + "\n"),
                "holds no usable deal"),
    "a workbook": (lambda f: (f / "Opportunity.csv").write_bytes(b"PK\x03\x04\x00\x00\x00"), "is not a text table"),
    "a missing column": (lambda f: renamed(f, "CreatedDate", "Made"), "has no column CreatedDate"),
}


@pytest.mark.parametrize("what", BREAKS)
def test_what_cannot_be_read_is_said_and_leaves_the_old_tables(tmp_path: Path, what: str) -> None:
    folder = write_export(tmp_path / "raw", tables())
    clean.run(params_for(folder), workspace(tmp_path))
    before = {p.name: p.read_bytes() for p in workspace(tmp_path).core.iterdir()}
    damage, message = BREAKS[what]
    damage(folder)
    with pytest.raises(BadInput, match=message):
        clean.run(params_for(folder), workspace(tmp_path))
    assert {p.name: p.read_bytes() for p in workspace(tmp_path).core.iterdir()} == before


def test_a_file_the_company_does_not_have_can_be_declared(tmp_path: Path) -> None:
    content = {name: rows for name, rows in tables().items() if name not in ("Task", "Quote", "Contact", "Account", "User")}
    assert len(read(tmp_path, content, absent=["Task"])["deals"]) == 3
    summary = (workspace(tmp_path).core / "summary.txt").read_text()
    assert "Quote is not there: no proposals are known" in summary


def test_a_custom_column_that_is_not_there_is_noted(tmp_path: Path) -> None:
    content = tables()
    for row in content["Event"]:
        del row["Outcome__c"]
    facts = read(tmp_path, content)["facts"]
    assert ("meeting_held", "01-25", "01-25") in kinds(facts)  # without outcomes, a past meeting counts as held
    assert "Outcome__c: left empty" in (workspace(tmp_path).core / "summary.txt").read_text()


def test_a_stage_that_the_stage_list_lacks_keeps_its_meaning(tmp_path: Path) -> None:
    content = tables()
    content["OpportunityHistory"][4]["StageName"] = content["Opportunity"][1]["StageName"] = "Signed!"
    content["OpportunityHistory"][1]["StageName"] = "Old stage"
    found = read(tmp_path, content)
    assert ("won", "02-02", "02-02") in kinds(found["facts"], B)
    assert found["stages"].query("position == 0")["stage"].tolist() == ["Old stage", "Signed!"]


def test_too_many_bad_rows_stop_the_run(tmp_path: Path) -> None:
    content = tables()
    for row in content["OpportunityHistory"][:4]:
        row["CreatedDate"] = "?"
    params = params_for(write_export(tmp_path / "raw", content))
    strict = params.model_copy(update={"clean": params.clean.model_copy(update={"max_bad_share": 0.5})})
    with pytest.raises(BadInput, match=r"4 of 6 rows of OpportunityHistory.csv.*4 of them like line 2, CreatedDate = \?: is no time"):
        clean.run(strict, workspace(tmp_path))
