"""Salesforce: a Data Export, Data Loader or Bulk API files, report CSVs, or a copy that Fivetran, Airbyte, Singer or dlt made.

`Opportunity.LossReason`, `Opportunity.Product` and `Event.Outcome` are custom fields: params say which header they have.
"""

from collections.abc import Sequence

from dealtriage.errors import BadInput
from dealtriage.sources.catalogue import Found
from dealtriage.sources.crm import Crm, Reading, copy_made_by
from dealtriage.sources.declared import table
from dealtriage.sources.merges import survivors
from dealtriage.sources.rules import DealLink
from dealtriage.sources.salesforce_core import CORE, STAGES_BY_PROBABILITY, STAGES_FROM_PARAMS
from dealtriage.sources.salesforce_ids import define_id_macros
from dealtriage.sources.sql import rows

DELETED = {"deleted in the CRM (IsDeleted)": "r.IsDeleted"}

OPPORTUNITY = table("Opportunity", """
    Id                   id      immutable    must | Opportunity ID, Opportunity ID (18), 18 Digit Opportunity ID
    Name                 text    overwritten  must | Opportunity Name
    StageName            text    historised   must | Stage
    CreatedDate          time    immutable    must
    OwnerId              id      historised   must | Opportunity Owner, Owner
    AccountId            id      historised        | Account ID
    AccountName          text    overwritten  may  | Account Name
    Amount               number  historised
    CloseDate            time    historised
    Probability          number  overwritten       | Probability (%)
    IsClosed             flag    overwritten       | Closed
    IsWon                flag    overwritten       | Won
    CurrencyIsoCode      text    immutable         | Amount Currency, Opportunity Currency
    LossReason           text    overwritten
    Product              text    overwritten
    LastModifiedDate     time    overwritten
    LastStageChangeDate  time    overwritten
    IsDeleted            flag    overwritten       | Deleted
""", names="opportunities", key="Id", modified="LastModifiedDate", dated="CreatedDate", left_out=DELETED, is_needed=True)

VERSIONS = table("OpportunityVersions", """
    Id               id      immutable   must
    _fivetran_start  time    immutable   must
    StageName        text    historised  must
    Amount           number  historised
    CloseDate        time    historised
    OwnerId          id      historised
    AccountId        id      historised   may
""", names="opportunity opportunity_history", dated="_fivetran_start", deal="r.Id", keeps_versions=True, is_exploded=True)

HISTORY = table("OpportunityHistory", """
    Id             id      immutable   must
    OpportunityId  id      immutable   must
    CreatedDate    time    immutable   must | Last Modified
    StageName      text    historised  must | To Stage, Stage
    Amount         number  historised
    CloseDate      time    historised
    Probability    number  historised       | Probability (%)
    CreatedById    id      immutable
    IsDeleted      flag    overwritten
""", key="Id", dated="CreatedDate", deal="r.OpportunityId", left_out=DELETED,
    cost="past stages, amounts and close dates are known only as far as OpportunityFieldHistory reaches, or not at all")

FIELD_HISTORY = table("OpportunityFieldHistory", """
    Id             id    immutable   must
    OpportunityId  id    immutable   must
    CreatedDate    time  immutable   must | Edit Date
    Field          text  immutable   must | Field / Event
    OldValue       text  historised  must
    NewValue       text  historised  must
    CreatedById    id    immutable
    IsDeleted      flag  overwritten
""", key="Id", dated="CreatedDate", deal="r.OpportunityId", left_out=DELETED, cost="past owners and accounts are not known, only the present ones")

STAGE = table("OpportunityStage", """
    MasterLabel  text    immutable    must
    SortOrder    number  overwritten  must
    IsClosed     flag    immutable    must
    IsWon        flag    immutable    must
    ApiName      text    immutable
    IsActive     flag    overwritten
""", cost="stages are in the order of their probability, unless source.stages lists them")

CONTACT_ROLE = table("OpportunityContactRole", """
    Id             id    immutable    must
    OpportunityId  id    immutable    must
    ContactId      id    immutable    must
    CreatedDate    time  immutable    must
    Role           text  overwritten
    IsPrimary      flag  overwritten
    IsDeleted      flag  overwritten
""", key="Id", dated="CreatedDate", deal="r.OpportunityId", left_out=DELETED, cost="contacts attached to deals are not known")

EMAIL = table("EmailMessage", """
    Id                id    immutable    must
    RelatedToId       id    immutable    must
    CreatedDate       time  immutable    must
    MessageDate       time  immutable    must
    Incoming          flag  immutable    must | Is Incoming
    ActivityId        id    immutable
    Subject           text  immutable
    FromAddress       text  immutable
    ToAddress         text  immutable
    ThreadIdentifier  text  immutable
    FirstOpenedDate   time  historised
    IsBounced         flag  historised
    AutomationType    text  immutable
    CreatedById       id    immutable
    IsDeleted         flag  overwritten
""", key="Id", dated="CreatedDate", happened="MessageDate", deal="case when starts_with(r.RelatedToId, '006') then r.RelatedToId end", left_out=DELETED,
    is_needed=True, cost="as source.absent says: mail is known only as far as tasks mirror it, and theirs counts as ours: no sign of a buyer's mail")

TASK = table("Task", """
    Id                     id      immutable    must | Activity ID, Task ID
    WhatId                 id      immutable    must | Opportunity ID
    CreatedDate            time    immutable    must
    ActivityDate           time    overwritten  must | Due Date, Date
    Status                 text    historised   must
    OwnerId                id      overwritten  must | Assigned
    WhoId                  id      immutable         | Contact ID
    Subject                text    immutable
    Type                   text    immutable
    TaskSubtype            text    immutable
    IsClosed               flag    historised        | Closed
    CompletedDateTime      time    historised        | Completed Date/Time
    LastModifiedDate       time    overwritten
    CallDurationInSeconds  number  historised        | Call Duration
    CallType               text    historised
    CallDisposition        text    historised        | Call Result
    IsDeleted              flag    overwritten
""", key="Id", modified="LastModifiedDate", dated="CreatedDate", deal="case when starts_with(r.WhatId, '006') then r.WhatId end",
    left_out={**DELETED, "mirror of a stored email": "r.Id in (select ActivityId from EmailMessage where ActivityId is not null)"},
    is_needed=True, cost="as source.absent says: calls and tasks are not known")

EVENT = table("Event", """
    Id                 id      immutable    must
    WhatId             id      immutable    must | Opportunity ID
    CreatedDate        time    immutable    must
    StartDateTime      time    historised   must | Start, ActivityDateTime
    OwnerId            id      overwritten  must | Assigned
    WhoId              id      immutable         | Contact ID
    Subject            text    historised
    Type               text    immutable
    EndDateTime        time    historised        | End
    DurationInMinutes  number  historised
    Outcome            text    historised
    LastModifiedDate   time    overwritten
    IsChild            flag    immutable
    IsRecurrence       flag    immutable
    IsDeleted          flag    overwritten
""", key="Id", modified="LastModifiedDate", dated="CreatedDate", happened="StartDateTime", deal="case when starts_with(r.WhatId, '006') then r.WhatId end",
    left_out={**DELETED, "copy for an invitee (IsChild)": "r.IsChild", "pattern of a series (IsRecurrence)": "r.IsRecurrence"},
    is_needed=True, cost="as source.absent says: meetings are not known")

QUOTE = table("Quote", """
    Id                id      immutable    must
    OpportunityId     id      immutable    must
    Status            text    historised   must
    CreatedDate       time    immutable    must
    Name              text    immutable
    GrandTotal        number  immutable
    ExpirationDate    time    overwritten
    LastModifiedDate  time    overwritten
    CreatedById       id      immutable
    IsDeleted         flag    overwritten
""", key="Id", modified="LastModifiedDate", dated="CreatedDate", deal="r.OpportunityId", left_out=DELETED, cost="no proposals are known")

USER = table("User", """
    Id          id    immutable    must
    Name        text  overwritten  must
    IsActive    flag  overwritten
    UserRoleId  id    overwritten
    ManagerId   id    overwritten
    UserType    text  immutable
""", key="Id", cost="owners are shown by their ids, and there are no managers' lists")

ROLE = table("UserRole", """
    Id    id    immutable    must
    Name  text  overwritten  must
""", key="Id", cost="teams are not known")

ACCOUNT = table("Account", """
    Id              id    immutable    must
    Name            text  overwritten  must
    MasterRecordId  id    overwritten
    IsDeleted       flag  overwritten
""", key="Id", cost="account names are not known")

CONTACT = table("Contact", """
    Id              id    immutable    must
    AccountId       id    overwritten  must
    Name            text  overwritten
    FirstName       text  overwritten
    LastName        text  overwritten
    Email           text  overwritten
    Title           text  historised
    CreatedDate     time  immutable    may
    MasterRecordId  id    overwritten
    IsDeleted       flag  overwritten
""", key="Id", cost="people are told apart by their mail addresses")

CONTACT_VERSIONS = table("ContactVersions", """
    Id               id    immutable   must
    _fivetran_start  time  immutable   must
    Title            text  historised  must
""", names="contact contact_history", dated="_fivetran_start", keeps_versions=True, is_exploded=True)

CONTACT_HISTORY = table("ContactHistory", """
    Id           id    immutable   must
    ContactId    id    immutable   must
    CreatedDate  time  immutable   must | Edit Date
    Field        text  immutable   must | Field / Event
    OldValue     text  historised  must
    NewValue     text  historised  must
    IsDeleted    flag  overwritten
""", key="Id", dated="CreatedDate", left_out=DELETED, cost="past titles of contacts are not known, only the present ones")

CURRENCY = table("CurrencyType", """
    IsoCode         text    immutable    must
    ConversionRate  number  overwritten  must
""", key="IsoCode", cost="all amounts are taken to be in one currency, unless source.currency_rates says otherwise")


def check(reading: Reading) -> None:
    """The order of the stages must come from somewhere."""
    if not (reading.is_there("OpportunityStage") or reading.source.stages or reading.has("Opportunity", "Probability")
            or reading.has("OpportunityHistory", "Probability")):
        raise BadInput(f"{reading.source.path} lacks OpportunityStage, so the order of the stages is not known.",
                       "Export it, or list the stages in order in source.stages.")


def prepare(reading: Reading) -> None:
    """What the mapping cannot say: stages from elsewhere, kept versions, mirrors of mails, merges, test accounts."""
    con = reading.con
    con.execute("update Opportunity__read set Id = whole_key(Id) where Id <> whole_key(Id)")
    if reading.source.stages:
        con.execute("delete from OpportunityStage__read")
        con.execute(STAGES_FROM_PARAMS)
    elif not reading.is_there("OpportunityStage"):
        con.execute(STAGES_BY_PROBABILITY)
    if reading.has("Opportunity", "_fivetran_start"):
        con.execute("""insert into OpportunityVersions__read by name select Id, _fivetran_start, StageName, Amount, CloseDate, OwnerId,
                       AccountId, _file, _record from Opportunity__read where _fivetran_start is not null""")
    if reading.has("Contact", "_fivetran_start"):
        con.execute("""insert into ContactVersions__read by name select Id, _fivetran_start, Title, _file, _record from Contact__read
                       where _fivetran_start is not null""")
    con.execute("""create or replace table email_people as select Id as task_id, any_value(WhoId) as who_id, any_value(WhatId) as what_id
                   from Task__read where Id in (select ActivityId from EmailMessage__read where ActivityId is not null) group by Id""")
    con.execute("""update EmailMessage__read set RelatedToId = what_id from email_people
                   where task_id = ActivityId and RelatedToId is null and what_id is not null""")
    merged = "select Id as id, MasterRecordId as into_id from {0}__read"
    con.execute(f"create or replace table survivors as {survivors(merged.format('Account') + ' union all ' + merged.format('Contact'))}")
    con.execute("create or replace table AccountName as select Id, any_value(Name) as Name from Account__read where Id is not null group by Id")


def link(reading: Reading) -> DealLink:
    """Ids are compared whole; where one finds no deal, with its last three characters computed anew, and where short ids
    have lost their case, without it."""
    tables = [t for t in TABLES if (t.key == "Id" and t.deal) or t is OPPORTUNITY]
    lost = [t.name for t in tables if rows(reading.con, f"""select coalesce(not bool_or(regexp_matches(left(Id, 15), '[A-Z]'))
            and bool_or(regexp_matches(left(Id, 15), '[a-z]')), false)::int from "{t.name}__read\"""")]
    if "Opportunity" in lost:
        reading.quarantine.note("the ids in Opportunity have lost their upper case; short ones are matched without it")
    return DealLink("lower(left({0}, 15))" if lost else "whole_key({0})")


def form(found: Sequence[Found]) -> str:
    """Which of Salesforce's exports this is."""
    if any(" " in header for one in found for header in one.headers):
        return "report CSV (labels)"
    return copy_made_by(found) or "Data Export, Data Loader or Bulk API (one file per object)"


TABLES = (OPPORTUNITY, VERSIONS, HISTORY, FIELD_HISTORY, STAGE, CONTACT_ROLE, EMAIL, TASK, EVENT, QUOTE, USER, ROLE, ACCOUNT, CONTACT,
          CONTACT_VERSIONS, CONTACT_HISTORY, CURRENCY)

CRM = Crm(
    name="salesforce", title="Salesforce", tables=TABLES, deals="Opportunity", define_ids=define_id_macros, core=CORE, check=check,
    prepare=prepare, link=link, form=form, test_deals="""regexp_matches(r.Name, getvariable('test_deals'), 'i') or r.AccountId in (
        select Id from AccountName where regexp_matches(Name, getvariable('test_deals'), 'i'))""")
