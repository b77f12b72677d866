"""Which rows of a Salesforce Data Export are set aside: bad ids and times, deleted, mirrored, copied, tests, orphans."""

import duckdb

from dealtriage.params import Source
from dealtriage.sources.quarantine import Quarantine
from dealtriage.sources.salesforce_files import FILES
from dealtriage.sources.salesforce_mapping import DEALS_IN_SCOPE, EMAIL_PEOPLE, EMAILS_WITHOUT_DEAL, MERGED
from dealtriage.sources.sql import rows

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


def set_aside(con: duckdb.DuckDBPyConnection, source: Source, files: dict[str, str], quarantine: Quarantine) -> None:
    """Leave in the loaded tables only rows that can be used, each child with its `deal_id`.

    `files` maps the objects that were found to their file names. What is wrong goes to the quarantine; what a rule
    leaves out (deleted, mirrored, copied, a test) is counted.
    """
    lost_case = _settle_ids(con, files, quarantine)
    con.execute("create or replace table every_deal as select Id as deal_id from Opportunity")
    _drop_deleted(con, files, quarantine)
    _drop_bad_times(con, source, files, quarantine)
    for table, column, macro, complaint in CELLS:
        if table in files:
            quarantine.add_rows(files[table], table, f'"{column}" is not null and {macro}("{column}") is null', column,
                                f"{complaint}: taken as blank", dropped=False)
    con.execute(EMAIL_PEOPLE)
    con.execute(EMAILS_WITHOUT_DEAL)
    for table, rule, where in (("Event", "copy for an invitee (IsChild)", "is_true(IsChild)"),
                               ("Event", "pattern of a series (IsRecurrence)", "is_true(IsRecurrence)"),
                               ("Task", "mirror of a stored email", _MIRROR)):
        _drop(con, table, where, files, quarantine, rule)
    _scope_deals(con, source, files, lost_case, quarantine)


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


def _settle_ids(con: duckdb.DuckDBPyConnection, files: dict[str, str], quarantine: Quarantine) -> set[str]:
    """Give all ids their canonical form. Returns the tables whose ids had lost their upper case."""
    lost_case = set()
    for table in files:
        if "Id" not in FILES[table].required:
            continue
        if rows(con, f"""select coalesce((bool_or(regexp_matches(Id, '[a-z]')) and not bool_or(regexp_matches(Id, '[A-Z]')))::int, 0)
                         from "{table}\""""):
            lost_case.add(table)
        _quarantine(con, table, "sf_id(Id) is null", "Id", "is no Salesforce id", files, quarantine)
        ids = [c for c in FILES[table].required + FILES[table].optional if c in ID_COLUMNS]
        canonical = ", ".join(f'coalesce(sf_id("{c}"), "{c}") as "{c}"' for c in ids)
        con.execute(f'create or replace table "{table}" as select * replace ({canonical}) from "{table}"')
        again = (f'_record in (select _record from (select _record, row_number() over (partition by Id '
                 f'order by _record) as n from "{table}") where n > 1)')
        _quarantine(con, table, again, "Id", "the same Id stands in an earlier row", files, quarantine)
    return lost_case


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


def _scope_deals(con: duckdb.DuckDBPyConnection, source: Source, files: dict[str, str], lost_case: set[str],
                 quarantine: Quarantine) -> None:
    con.execute(MERGED)
    if source.test_deals:
        con.execute("set variable test_deals = ?", [source.test_deals])
        _drop(con, "Opportunity", """regexp_matches(Name, getvariable('test_deals'), 'i') or AccountId in (
            select Id from Account where regexp_matches(Name, getvariable('test_deals'), 'i'))""",
              files, quarantine, "test deal (source.test_deals)")
    con.execute(DEALS_IN_SCOPE)
    if "Opportunity" in lost_case:
        quarantine.note("the ids in Opportunity.csv have lost their upper case; short ones are matched without it")
    for table, column in POINTS_AT_DEAL.items():
        may_fold = table in lost_case or "Opportunity" in lost_case
        con.execute(f'''create or replace table "{table}" as
            select t.*, coalesce(d.deal_id, f.deal_id) as deal_id, coalesce(d.is_kept, f.is_kept) as is_kept
            from "{table}" t left join deal_ids d on d.deal_id = t."{column}"
            left join deal_ids f on {may_fold} and d.deal_id is null and f.is_unique
                and f.folded = lower(left(t."{column}", 15))''')
        _drop(con, table, f'"{column}" is null or not starts_with("{column}", \'006\')', files, quarantine,
              "not about a deal")
        _drop(con, table, "deal_id is not null and not is_kept", files, quarantine, "belongs to a deal left out")
        if may_fold:
            _quarantine(con, table, f"""deal_id is null and lower(left("{column}", 15)) in (
                            select folded from deal_ids where not is_unique)""", column,
                        "has lost its upper case and fits several deals: export 18-character ids", files, quarantine)
        _quarantine(con, table, "deal_id is null", column, "points at a deal that is not in the export", files,
                    quarantine)
