"""Salesforce weekly Data Export (a folder of CSV files, one per object) to core tables.

The mapping is the SQL in `salesforce_mapping.py`; here stands what SQL cannot say: which files must be there, and
which rows are set aside.
"""

from pathlib import Path

import duckdb

from dealtriage.errors import BadInput
from dealtriage.params import Source
from dealtriage.sources.delimited import TextTable, load_text_table
from dealtriage.sources.quarantine import Quarantine
from dealtriage.sources.salesforce_ids import define_id_function
from dealtriage.sources.salesforce_mapping import (
    CORE_TABLES,
    DEALS_IN_SCOPE,
    EMAIL_PEOPLE,
    IS_CALL,
    MERGED,
    STAGES_FROM_PARAMS,
)
from dealtriage.sources.sql import define_macros, rows

FILES = {
    "Opportunity": TextTable(
        ("Id", "Name", "StageName", "CreatedDate", "OwnerId"),
        ("IsDeleted", "AccountId", "Amount", "CloseDate", "IsClosed", "IsWon", "CurrencyIsoCode", "LastModifiedDate",
         "LastStageChangeDate", "LossReason")),
    "OpportunityHistory": TextTable(
        ("Id", "OpportunityId", "CreatedDate", "StageName"),
        ("CreatedById", "Amount", "CloseDate", "IsDeleted")),
    "OpportunityFieldHistory": TextTable(
        ("Id", "OpportunityId", "CreatedDate", "Field", "OldValue", "NewValue"), ("CreatedById", "IsDeleted")),
    "OpportunityStage": TextTable(("MasterLabel", "SortOrder", "IsClosed", "IsWon"), ("ApiName", "IsActive")),
    "OpportunityContactRole": TextTable(
        ("Id", "OpportunityId", "ContactId", "CreatedDate"), ("Role", "IsPrimary", "IsDeleted")),
    "Task": TextTable(
        ("Id", "WhatId", "CreatedDate", "ActivityDate", "Status", "OwnerId"),
        ("WhoId", "Subject", "Type", "TaskSubtype", "IsDeleted", "IsClosed", "CompletedDateTime",
         "CallDurationInSeconds", "CallType", "CallDisposition")),
    "Event": TextTable(
        ("Id", "WhatId", "CreatedDate", "StartDateTime", "OwnerId"),
        ("WhoId", "Subject", "Type", "EndDateTime", "DurationInMinutes", "IsDeleted", "IsChild", "IsRecurrence",
         "LastModifiedDate", "Outcome")),
    "EmailMessage": TextTable(
        ("Id", "RelatedToId", "CreatedDate", "MessageDate", "Incoming"),
        ("ActivityId", "Subject", "FromAddress", "ToAddress", "IsDeleted", "ThreadIdentifier", "FirstOpenedDate",
         "IsBounced", "AutomationType", "CreatedById")),
    "Quote": TextTable(
        ("Id", "OpportunityId", "Status", "CreatedDate"),
        ("Name", "GrandTotal", "ExpirationDate", "LastModifiedDate", "CreatedById", "IsDeleted")),
    "User": TextTable(("Id", "Name"), ("IsActive", "UserRoleId", "ManagerId", "UserType")),
    "UserRole": TextTable(("Id", "Name")),
    "Account": TextTable(("Id", "Name"), ("MasterRecordId", "IsDeleted")),
    "Contact": TextTable(("Id", "AccountId"), ("Name", "FirstName", "LastName", "Email", "Title", "MasterRecordId",
                                               "IsDeleted")),
    "CurrencyType": TextTable(("IsoCode", "ConversionRate")),
}
COSTS = {
    "Quote": ": no proposals are known",
    "OpportunityFieldHistory": ": the present owner is taken for all of a deal's life",
    "OpportunityContactRole": ": contacts attached to deals are not known",
    "User": ": owners are shown by their ids, and there are no managers' lists",
    "UserRole": ": teams are not known",
    "Account": ": account names are not known",
    "Contact": ": people are told apart by their mail addresses",
    "CurrencyType": ": all amounts are taken to be in one currency",
    "Task": ", as source.absent says: calls and tasks are not known",
    "Event": ", as source.absent says: meetings are not known",
    "EmailMessage": ", as source.absent says: mail is known only as far as tasks mirror it",
}
NEEDED = ("Opportunity", "OpportunityHistory", "Task", "Event", "EmailMessage")
TIMES = {"Opportunity": "CreatedDate", "OpportunityHistory": "CreatedDate", "OpportunityFieldHistory": "CreatedDate",
         "Task": "CreatedDate", "Event": "CreatedDate", "EmailMessage": "CreatedDate", "Quote": "CreatedDate",
         "OpportunityContactRole": "CreatedDate"}
CELLS = [("Opportunity", "Amount", "as_number", "is no number"), ("Opportunity", "CloseDate", "as_time", "is no date"),
         ("OpportunityHistory", "Amount", "as_number", "is no number"),
         ("OpportunityHistory", "CloseDate", "as_time", "is no date"),
         ("Quote", "GrandTotal", "as_number", "is no number"), ("Task", "ActivityDate", "as_time", "is no date"),
         ("Task", "CompletedDateTime", "as_time", "is no time")]
ROW_TIMES = [("Event", "StartDateTime"), ("EmailMessage", "MessageDate")]
POINTS_AT_DEAL = {"OpportunityHistory": "OpportunityId", "OpportunityFieldHistory": "OpportunityId",
                  "OpportunityContactRole": "OpportunityId", "Task": "WhatId", "Event": "WhatId",
                  "EmailMessage": "RelatedToId", "Quote": "OpportunityId"}
ID_COLUMNS = {"Id", "OpportunityId", "AccountId", "ContactId", "OwnerId", "WhatId", "WhoId", "RelatedToId", "ActivityId",
              "CreatedById", "MasterRecordId", "UserRoleId", "ManagerId"}
EARLIEST = "timestamp '1990-01-01'"
FAR_AFTER = "interval 400 days"


def read(source: Source, con: duckdb.DuckDBPyConnection, quarantine: Quarantine) -> dict[str, int]:
    """Create the core tables in `con` from the export's folder. Returns the rows read per file.

    Raises BadInput for a wrong folder, missing files or columns, or an export without deals.
    """
    paths = _find_files(source)
    define_macros(con, source.timezone)
    define_id_function(con)
    counts = {}
    for name, expected in FILES.items():
        if name in paths:
            counts[paths[name].name] = load_text_table(con, paths[name], name, expected, _renamed(source, name),
                                                       quarantine)
        else:
            quarantine.note(f"{name}.csv is not there{COSTS.get(name, '')}")
            columns = ", ".join(f'null::varchar as "{c}"' for c in expected.required + expected.optional)
            con.execute(f'create or replace table "{name}" as select {columns}, 0::bigint as _record where false')
    files = {name: path.name for name, path in paths.items()}
    _set_aside(con, source, files, quarantine)
    if not rows(con, "select count(*) from Opportunity"):
        raise BadInput(f"{paths['Opportunity']} holds no usable deal.",
                       "Check that the export includes all opportunities, and source.test_deals.")
    _map(con, source)
    return counts


def _find_files(source: Source) -> dict[str, Path]:
    folder = source.path
    if not folder.exists():
        raise BadInput(f"There is no folder {folder.absolute()}.", "Put the export there or correct source.path.")
    if not folder.is_dir():
        raise BadInput(f"{folder} is no folder.", "Unpack the Data Export and name its folder in source.path.")
    lower = {path.name.casefold(): path for path in sorted(folder.iterdir()) if path.is_file()}
    found = {name: lower[f"{name.casefold()}.csv"] for name in FILES if f"{name.casefold()}.csv" in lower}
    if not found:
        here = ", ".join(sorted(lower)[:8]) or "nothing"
        raise BadInput(f"{folder} is no Salesforce Data Export: looked for {', '.join(f'{n}.csv' for n in NEEDED)}; "
                       f"found {here}.", "Name the folder that holds these files in source.path.")
    missing = [name for name in NEEDED if name not in found and name not in source.absent]
    if missing:
        raise BadInput(f"{folder} lacks {', '.join(f'{name}.csv' for name in missing)}.",
                       "Export these objects too. If your company does not use one, say so in params.yaml, and know "
                       f"that silence may then mean missing data: source.absent: [{', '.join(missing)}]")
    if "OpportunityStage" not in found and not source.stages:
        raise BadInput(f"{folder} lacks OpportunityStage.csv, so the order of the stages is not known.",
                       "Export it, or list the stages in order in source.stages.")
    return found


def _renamed(source: Source, file: str) -> dict[str, str]:
    prefix = file + "."
    return {key.removeprefix(prefix): header for key, header in source.columns.items() if key.startswith(prefix)}


def _set_aside(con: duckdb.DuckDBPyConnection, source: Source, files: dict[str, str], quarantine: Quarantine) -> None:
    _settle_ids(con, files, quarantine)
    _drop_deleted(con, files, quarantine)
    _drop_bad_times(con, source, files, quarantine)
    for table, column, macro, complaint in CELLS:
        if table in files:
            quarantine.add_rows(files[table], table, f'"{column}" is not null and {macro}("{column}") is null', column,
                                f"{complaint}: taken as blank", dropped=False)
    con.execute(EMAIL_PEOPLE)
    for table, rule, where in (("Event", "copy for an invitee (IsChild)", "is_true(IsChild)"),
                               ("Event", "pattern of a series (IsRecurrence)", "is_true(IsRecurrence)"),
                               ("Task", "mirror of a stored email", _MIRROR)):
        _drop(con, table, where, files, quarantine, rule)
    _scope_deals(con, source, files, quarantine)


_MIRROR = "Id in (select ActivityId from EmailMessage where ActivityId is not null)"


def _drop(con: duckdb.DuckDBPyConnection, table: str, where: str, files: dict[str, str], quarantine: Quarantine,
          rule: str) -> None:
    if table in files:
        quarantine.count(files[table], rule, rows(con, f'select count(*) from "{table}" where {where}'))
        con.execute(f'delete from "{table}" where {where}')


def _quarantine(con: duckdb.DuckDBPyConnection, table: str, where: str, column: str, reason: str,
                files: dict[str, str], quarantine: Quarantine) -> None:
    if table in files:
        quarantine.add_rows(files[table], table, where, column, reason)
        con.execute(f'delete from "{table}" where {where}')


def _settle_ids(con: duckdb.DuckDBPyConnection, files: dict[str, str], quarantine: Quarantine) -> None:
    for table in files:
        if "Id" not in FILES[table].required:
            continue
        _quarantine(con, table, "sf_id(Id) is null", "Id", "is no Salesforce id", files, quarantine)
        ids = [c for c in FILES[table].required + FILES[table].optional if c in ID_COLUMNS]
        canonical = ", ".join(f'coalesce(sf_id("{c}"), "{c}") as "{c}"' for c in ids)
        con.execute(f'create or replace table "{table}" as select * replace ({canonical}) from "{table}"')
        again = (f'_record in (select _record from (select _record, row_number() over (partition by Id '
                 f'order by _record) as n from "{table}") where n > 1)')
        _quarantine(con, table, again, "Id", "the same Id stands in an earlier row", files, quarantine)


def _drop_deleted(con: duckdb.DuckDBPyConnection, files: dict[str, str], quarantine: Quarantine) -> None:
    merged = {"Account", "Contact"}
    for table in files:
        if "IsDeleted" in FILES[table].optional and table not in merged:
            _drop(con, table, "is_true(IsDeleted)", files, quarantine, "deleted in the CRM (IsDeleted)")


def _drop_bad_times(con: duckdb.DuckDBPyConnection, source: Source, files: dict[str, str],
                    quarantine: Quarantine) -> None:
    for table, column in TIMES.items():
        _quarantine(con, table, f'as_time("{column}") is null', column, "is no time", files, quarantine)
    for table, column in ROW_TIMES:
        _quarantine(con, table, f'as_time("{column}") is null', column, "is no time", files, quarantine)
    union = " union all ".join(f'select as_time("{c}") as moment from "{t}"' for t, c in TIMES.items())
    newest = (f"timestamp '{source.exported_at:%Y-%m-%d %H:%M:%S}'" if source.exported_at else
              f"(select quantile_disc(moment, 0.995) + {FAR_AFTER} from ({union}))")
    for table, column in TIMES.items():
        where = f'as_time("{column}") < {EARLIEST} or as_time("{column}") > {newest}'
        _quarantine(con, table, where, column, "lies outside the time of this export", files, quarantine)


def _scope_deals(con: duckdb.DuckDBPyConnection, source: Source, files: dict[str, str],
                 quarantine: Quarantine) -> None:
    con.execute(MERGED)
    con.execute("create or replace table every_deal as select Id as deal_id from Opportunity")
    if source.test_deals:
        con.execute("set variable test_deals = ?", [source.test_deals])
        _drop(con, "Opportunity", """regexp_matches(Name, getvariable('test_deals'), 'i') or AccountId in (
            select Id from Account where regexp_matches(Name, getvariable('test_deals'), 'i'))""",
              files, quarantine, "test deal (source.test_deals)")
    con.execute(DEALS_IN_SCOPE)
    for table, column in POINTS_AT_DEAL.items():
        con.execute(f'''create or replace table "{table}" as select t.*, coalesce(d.deal_id, f.deal_id) as deal_id,
            coalesce(d.is_kept, f.is_kept) as is_kept from "{table}" t left join deal_ids d on d.deal_id = t."{column}"
            left join folded_ids f on d.deal_id is null and f.folded = lower(left(t."{column}", 15))''')
        _drop(con, table, f'"{column}" is null or not starts_with("{column}", \'006\')', files, quarantine,
              "not about a deal")
        _drop(con, table, "deal_id is not null and not is_kept", files, quarantine, "belongs to a test deal")
        _quarantine(con, table, "deal_id is null", column, "points at a deal that is not in the export", files,
                    quarantine)


def _map(con: duckdb.DuckDBPyConnection, source: Source) -> None:
    con.execute(IS_CALL)
    con.execute("set variable answered = ?", [source.answered_calls])
    con.execute("set variable system_users = ?", [list(source.system_users)])
    if source.stages:
        con.execute("set variable stages = ?", [list(source.stages)])
        con.execute(STAGES_FROM_PARAMS)
    for table, query in CORE_TABLES.items():
        con.execute(f"create or replace table {table} as {query}")
