"""A Salesforce Data Export small enough to read: three deals, their story known."""

import csv
from pathlib import Path

from dealtriage.params import Clean, Params, Source, load_params
from dealtriage.workspace import Workspace

ROOT = Path(__file__).parent.parent
A, B, C = "0067E0000028LZPQA2", "0067E0000028LZqQAM", "0067E0000028LaBQAU"
REP, BOSS, ROBOT = "0057E000000WzGzQAK", "0057E000000WzH1QAK", "0057E000000WzH2QAK"
ANNA = "0037E000001abcDQAQ"
ACME, OLD = "0017E000001aaAAQAY", "0017E000001aaABQAY"


def tables() -> dict[str, list[dict[str, str]]]:
    """File -> rows; change them before writing to make an export of your own."""
    return {
        "Opportunity": [
            deal(A, "Alpha", "Proposal", amount="1000", close="2026-03-31"),
            deal(B, "Beta", "Closed Won", amount="500", closed=True, won=True),
            deal(C, "Gamma", "Qualify", amount="", close=""),
        ],
        "OpportunityHistory": [
            history("0087E0000001AAA", A, "2026-01-01 09:00:00", "Qualify", "900", "2026-02-28"),
            history("0087E0000001AAB", A, "2026-01-20 09:00:00", "Proposal", "900", "2026-02-28"),
            history("0087E0000001AAC", A, "2026-02-10 09:00:00", "Proposal", "1000", "2026-03-31"),
            history("0087E0000001AAD", B, "2026-01-02 09:00:00", "Qualify", "500", "2026-02-28"),
            history("0087E0000001AAE", B, "2026-02-02 09:00:00", "Closed Won", "500", "2026-02-02"),
            history("0087E0000001AAF", C, "2026-01-03 09:00:00", "Qualify", "", ""),
        ],
        "OpportunityStage": [
            {"MasterLabel": name, "ApiName": name, "IsActive": "1", "SortOrder": str(n), "IsClosed": str(int(n > 2)),
             "IsWon": str(int(n == 3))} for n, name in enumerate(["Qualify", "Proposal", "Closed Won", "Closed Lost"], 1)],
        "Task": [
            {"Id": "00T7E0000001AAA", "WhoId": ANNA, "WhatId": A, "Subject": "Call", "ActivityDate": "2026-01-12",
             "Status": "Completed", "OwnerId": REP, "TaskSubtype": "Call", "IsClosed": "1", "IsDeleted": "0",
             "CompletedDateTime": "2026-01-16 10:00:00", "CreatedDate": "2026-01-16 10:00:00", "CallType": "Outbound",
             "CallDisposition": "Connected", "Type": "Call"},
            {"Id": "00T7E0000001AAB", "WhoId": ANNA, "WhatId": A, "Subject": "Email: Hello", "ActivityDate": "2026-01-05",
             "Status": "Completed", "OwnerId": REP, "TaskSubtype": "Email", "IsClosed": "1", "IsDeleted": "0",
             "CompletedDateTime": "", "CreatedDate": "2026-01-05 08:00:00", "CallType": "", "CallDisposition": "",
             "Type": ""}],
        "Event": [
            {"Id": "00U7E0000001AAA", "WhoId": ANNA, "WhatId": A, "Subject": "Demo", "StartDateTime": "2026-01-25 10:00:00",
             "EndDateTime": "2026-01-25 11:00:00", "OwnerId": REP, "IsDeleted": "0", "IsChild": "0", "IsRecurrence": "0",
             "CreatedDate": "2026-01-18 09:00:00", "LastModifiedDate": "2026-01-27 09:00:00", "Outcome__c": "Held"}],
        "EmailMessage": [
            {"Id": "02s7E0000001AAA", "ActivityId": "00T7E0000001AAB", "RelatedToId": A, "CreatedDate": "2026-01-05 08:00:00",
             "MessageDate": "2026-01-05T07:30:00.000Z", "Incoming": "1", "Subject": "Hello",
             "FromAddress": "anna@acme.test", "ToAddress": "rep@us.test", "IsDeleted": "0", "ThreadIdentifier": "t1",
             "IsBounced": "0", "FirstOpenedDate": ""}],
        "Quote": [
            {"Id": "0Q07E0000001AAA", "OpportunityId": A[:15], "Name": "v1", "Status": "Withdrawn", "GrandTotal": "1000",
             "CreatedDate": "2026-01-28 09:00:00", "LastModifiedDate": "2026-02-14 09:00:00", "ExpirationDate": "",
             "IsDeleted": "0"}],
        "User": [user(REP, "Rep One", manager=BOSS), user(BOSS, "Boss"), user(ROBOT, "Robot", kind="AutomatedProcess")],
        "Account": [{"Id": ACME, "Name": "Acme", "MasterRecordId": "", "IsDeleted": "0"},
                    {"Id": OLD, "Name": "Acme (old)", "MasterRecordId": ACME, "IsDeleted": "1"}],
        "Contact": [{"Id": ANNA, "AccountId": ACME, "Name": "Anna", "Email": "anna@acme.test", "Title": "CFO"}],
    }


def deal(id_: str, name: str, stage: str, amount: str = "", close: str = "2026-02-28", closed: bool = False,
         won: bool = False) -> dict[str, str]:
    return {"Id": id_, "IsDeleted": "0", "AccountId": OLD, "Name": name, "StageName": stage, "Amount": amount,
            "CloseDate": close, "IsClosed": str(int(closed)), "IsWon": str(int(won)), "OwnerId": REP,
            "CreatedDate": "2026-01-01 09:00:00", "LastModifiedDate": "2026-02-15 09:00:00", "Loss_Reason__c": ""}


def history(id_: str, of: str, when: str, stage: str, amount: str, close: str) -> dict[str, str]:
    return {"Id": id_, "OpportunityId": of, "CreatedById": REP, "CreatedDate": when, "StageName": stage,
            "Amount": amount, "CloseDate": close, "IsDeleted": "0"}


def user(id_: str, name: str, manager: str = "", kind: str = "Standard") -> dict[str, str]:
    return {"Id": id_, "Name": name, "IsActive": "1", "UserRoleId": "", "ManagerId": manager, "UserType": kind}


def write_export(folder: Path, content: dict[str, list[dict[str, str]]], encoding: str = "utf-8") -> Path:
    """Write the tables as a weekly Data Export does: one file per object, everything quoted."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in content.items():
        with (folder / f"{name}.csv").open("w", encoding=encoding, newline="") as handle:
            writer = csv.DictWriter(handle, list(rows[0]), quoting=csv.QUOTE_ALL, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return folder


def params_for(folder: Path, **source: object) -> Params:
    """The project's parameters, reading this folder and forgiving many bad rows."""
    base = load_params(ROOT / "params.yaml")
    changed = Source.model_validate({**base.source.model_dump(), "path": folder, **source})
    return base.model_copy(update={"source": changed, "clean": Clean(max_bad_share=0.9)})


def workspace(tmp: Path) -> Workspace:
    return Workspace(tmp / "out")
