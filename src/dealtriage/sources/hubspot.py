"""HubSpot: CSVs exported from its pages, objects of its API as JSON, or a copy that Fivetran, Airbyte or Singer made.

Cells that hold lists (property histories, stages of a pipeline, associations) become tables of their own.
"""

from collections.abc import Sequence

from dealtriage.errors import BadInput
from dealtriage.sources.catalogue import Found
from dealtriage.sources.crm import Crm, Reading, copy_made_by
from dealtriage.sources.declared import RawTable, table
from dealtriage.sources.hubspot_core import (
    CORE,
    EXPLODED,
    MADE_WHOLE,
    MERGED_RECORDS,
    STAGES_BY_PROBABILITY,
    STAGES_FROM_PARAMS,
    TEST_COMPANIES,
)
from dealtriage.sources.merges import survivors
from dealtriage.sources.sql import define_plain_ids, rows

ARCHIVED = {"deleted in the CRM (archived)": "r.archived"}

DEAL = table("Deal", """
    hs_object_id                      id      immutable    must | Record ID, deal_id, id
    dealname                          text    overwritten       | Deal Name
    dealstage                         text    historised   must | Deal Stage, deal_pipeline_stage_id
    createdate                        time    immutable    must | Create Date, createdAt
    pipeline                          text    overwritten       | deal_pipeline_id
    amount                            number  historised
    closedate                         time    historised        | Close Date
    hubspot_owner_id                  id      historised        | Deal owner, owner_id
    hs_lastmodifieddate               time    overwritten       | Last Modified Date, updatedAt
    hs_v2_date_entered_current_stage  time    historised   may  | Date entered current stage
    hs_is_closed                      flag    overwritten  may  | Is Closed
    hs_is_closed_won                  flag    overwritten  may  | Is Closed Won
    hs_is_closed_lost                 flag    overwritten  may  | Is closed lost
    closed_lost_reason                text    overwritten
    dealtype                          text    overwritten
    hs_deal_stage_probability         number  overwritten  may  | Deal probability
    deal_currency_code                text    immutable         | Currency
    hs_exchange_rate                  number  overwritten  may
    hs_merged_object_ids              text    overwritten  may  | Merged object IDs, Merged Deal IDs
    associated_company                text    overwritten  may  | Associated Company
    archived                          flag    overwritten  may  | is_deleted, isDeleted
    properties                        json    overwritten  may
    propertiesWithHistory             json    historised   may  | properties_with_history
    properties_versions               json    historised   may
    associations                      json    overwritten  may
    contacts                          json    overwritten  may  | Associated Contact IDs
    companies                         json    overwritten  may  | Associated Company IDs
""", names="deals crm_deals", key="hs_object_id", modified="hs_lastmodifieddate", dated="createdate", is_needed=True,
    left_out={"merged into another deal": "r.hs_object_id in (select id from survivors where now_id in (select hs_object_id from Deal__read))", **ARCHIVED})

PROPERTY_HISTORY = table("DealPropertyHistory", """
    deal_id          id    immutable   must | dealId, hs_object_id, id
    name             text  immutable   must | property
    value            text  historised  must
    timestamp        time  immutable   must
    source           text  immutable   may  | sourceType, source_type
    updatedByUserId  id    immutable   may  | updated_by_user_id
    source_id        text  immutable   may  | sourceId
""", names="deal_property_history deals_property_history property_history", dated="timestamp", deal="r.deal_id", is_exploded=True)

STAGE_ENTRY = table("DealStage", """
    deal_id       id    immutable   must
    value         text  historised  must
    date_entered  time  immutable   must | _fivetran_start
""", names="deal_stage", dated="date_entered", deal="r.deal_id", is_exploded=True, keeps_versions=True)

PIPELINE = table("Pipeline", """
    pipeline_id    id      immutable    must | id
    label          text    overwritten  must
    display_order  number  overwritten  may  | displayOrder
    stages         json    overwritten  may
""", names="deal_pipeline pipelines deal_pipelines", key="pipeline_id",
    cost="stages are in the order of their probability, unless source.stages lists them")

STAGE = table("PipelineStage", """
    stage_id       id      immutable    must | id
    label          text    overwritten  must
    display_order  number  overwritten  must | displayOrder
    pipeline_id    id      immutable    may
    is_closed      flag    immutable    may  | isClosed
    closed_won     flag    immutable    may
    probability    number  overwritten  may
""", names="deal_pipeline_stage pipeline_stages deal_stages stages", key="stage_id", keeps_versions=True, is_exploded=True)

OWNER = table("Owner", """
    owner_id    id    immutable    must | id
    email       text  overwritten
    first_name  text  overwritten       | firstName
    last_name   text  overwritten       | lastName
    user_id     id    immutable    may  | userId, active_user_id
    teams       json  overwritten  may
    archived    flag  overwritten  may  | is_deleted
""", names="owners", key="owner_id", cost="owners are shown by their ids")

OWNER_TEAM = table("OwnerTeam", """
    owner_id         id    immutable    must
    team_id          id    overwritten  must
    is_team_primary  flag  overwritten  may
""", names="owner_team", is_exploded=True)

TEAM = table("Team", """
    id    id    immutable    must
    name  text  overwritten  must
""", names="teams", key="id", is_exploded=True)

CONTACT = table("Contact", """
    hs_object_id          id    immutable    must | id, Record ID, contact_id
    email                 text  overwritten
    firstname             text  overwritten       | First Name
    lastname              text  overwritten       | Last Name
    jobtitle              text  historised        | Job Title
    hs_merged_object_ids  text  overwritten  may
    archived              flag  overwritten  may  | is_deleted
    propertiesWithHistory json  historised   may  | properties_with_history
    properties_versions   json  historised   may
""", names="contacts", key="hs_object_id", cost="people are told apart by their mail addresses")

TITLE_HISTORY = table("ContactPropertyHistory", """
    contact_id  id    immutable   must | contactId, hs_object_id, vid
    name        text  immutable   must | property
    value       text  historised  must
    timestamp   time  immutable   must
""", names="contact_property_history contacts_property_history", dated="timestamp", is_exploded=True,
    left_out={"not the job title": "r.name <> 'jobtitle'"})

COMPANY = table("Company", """
    hs_object_id          id    immutable    must | id, Record ID, company_id
    name                  text  overwritten  must | Company name
    hs_merged_object_ids  text  overwritten  may
    archived              flag  overwritten  may  | is_deleted
""", names="companies", key="hs_object_id", cost="account names are not known")

MERGED = table("MergedDeal", """
    deal_id         id  immutable  must
    merged_deal_id  id  immutable  must
""", names="merged_deal", is_exploded=True)

ENGAGEMENT = table("Engagement", """
    id            id    immutable    must | engagement_id
    type          text  immutable    may
    created_at    time  immutable    may
    timestamp     time  immutable    may
    last_updated  time  overwritten  may
    owner_id      id    overwritten  may
""", names="engagement", key="id", is_exploded=True)

TIED_TO_DEAL = table("EngagementDeal", """
    engagement_id  id  immutable  must
    deal_id        id  immutable  must
""", names="engagement_deal", deal="r.deal_id", is_exploded=True)

TIED_TO_CONTACT = table("EngagementContact", """
    engagement_id  id  immutable  must
    contact_id     id  immutable  must
""", names="engagement_contact", is_exploded=True)

DEAL_CONTACT = table("DealContact", """
    deal_id     id  overwritten  must
    contact_id  id  overwritten  must
""", names="deal_contact", deal="r.deal_id", is_exploded=True)

DEAL_COMPANY = table("DealCompany", """
    deal_id     id  overwritten  must
    company_id  id  overwritten  must
""", names="deal_company", deal="r.deal_id", is_exploded=True)

# What every engagement has.
COMMON = """
    hs_object_id         id    immutable    must | id, engagement_id, Record ID
    hs_timestamp         time  immutable         | Activity date, timestamp, Due date
    hs_createdate        time  immutable         | Create date, createdAt, created_at
    hs_lastmodifieddate  time  overwritten  may  | Last modified date, Last modified at, updatedAt, last_updated
    hubspot_owner_id     id    immutable    may  | owner_id, Activity assigned to, Assigned to
    archived             flag  overwritten  may  | is_deleted
    associations         json  overwritten  may
    deals                json  overwritten  may  | Associated Deal IDs
    contacts             json  overwritten  may  | Associated Contact IDs
"""


def engagement(name: str, columns: str, names: str, **more: object) -> RawTable:
    """A table of engagements: its own columns beside those that all have."""
    own = {"not about a deal": "r.hs_object_id not in (select engagement_id from EngagementDeal__told where engagement_id is not null)",
           "belongs to a deal left out, or to none of the export":
               "r.hs_object_id not in (select engagement_id from EngagementDeal)"}
    return table(name, COMMON + columns, names=names, key="hs_object_id", modified="hs_lastmodifieddate", dated="hs_createdate",
                 left_out={**ARCHIVED, **own}, **more)


EMAIL = engagement("Email", """
    hs_email_direction   text  immutable       | Email direction
    hs_email_status      text  historised  may | Email send status
    hs_email_thread_id   id    immutable   may
    hs_email_subject     text  immutable   may | Email subject
    hs_email_from_email  text  immutable   may | Email from address
    hs_email_to_email    text  immutable   may | Email to address
""", "emails engagement_email engagements_emails", happened="hs_timestamp", is_needed=True, cost="as source.absent says: mail is not known")

CALL = engagement("Call", """
    hs_call_direction    text    immutable   may | Call direction
    hs_call_disposition  text    historised      | Call outcome, disposition
    hs_call_duration     number  historised  may | Call duration
    hs_call_status       text    historised  may | Call status
    hs_call_title        text    immutable   may | Call title
""", "calls engagement_call engagements_calls", happened="hs_timestamp", is_needed=True, cost="as source.absent says: calls are not known")

MEETING = engagement("Meeting", """
    hs_meeting_start_time  time  historised       | Meeting start time, start_time
    hs_meeting_end_time    time  historised   may | Meeting end time, end_time
    hs_meeting_outcome     text  historised       | Meeting outcome
    hs_meeting_title       text  immutable    may | Meeting name, title
""", "meetings engagement_meeting engagements_meetings", happened="hs_timestamp", is_needed=True, cost="as source.absent says: meetings are not known")

TASK = engagement("Task", """
    hs_task_status           text  historised       | Task status, status
    hs_task_completion_date  time  historised   may | Completed at, completion_date
    hs_task_subject          text  immutable    may | Task title, subject
""", "tasks engagement_task engagements_tasks", cost="tasks are not known")

NOTE = engagement("Note", "", "notes engagement_note engagements_notes", happened="hs_timestamp", cost="notes are not known")

QUOTE = engagement("Quote", """
    hs_status           text    historised   must
    hs_title            text    immutable    may | Quote title
    hs_quote_amount     number  immutable        | Quote amount
    hs_expiration_date  time    overwritten  may
    hs_esign_date       time    historised   may
""", "quotes", cost="no proposals are known")

ENGAGEMENTS = (EMAIL, CALL, MEETING, TASK, NOTE, QUOTE)
TABLES = (DEAL, PROPERTY_HISTORY, STAGE_ENTRY, PIPELINE, STAGE, OWNER, OWNER_TEAM, TEAM, CONTACT, TITLE_HISTORY, COMPANY, MERGED, ENGAGEMENT, TIED_TO_DEAL,
          TIED_TO_CONTACT, DEAL_CONTACT, DEAL_COMPANY, *ENGAGEMENTS)


def prepare(reading: Reading) -> None:
    """Lists in cells become tables; merged records lead to the one that is left; stages get an order."""
    con = reading.con
    for statement in EXPLODED:
        con.execute(statement)
    for one in ENGAGEMENTS:
        for kind, target in (("deal", "EngagementDeal"), ("contact", "EngagementContact")):
            con.execute(f"""insert into {target}__read by name select hs_object_id as engagement_id, as_key(unnest(associated(associations, '{kind}s', {kind}s)))
                            as {kind}_id, _file, _record from "{one.name}__read" """)
        con.execute(MADE_WHOLE.format(name=one.name, start="hs_meeting_start_time" if one is MEETING else "hs_timestamp"))
    con.execute(f"create or replace table survivors as {survivors(MERGED_RECORDS)}")
    con.execute(TEST_COMPANIES)
    for target, column in (("EngagementDeal", "deal_id"), ("EngagementContact", "contact_id"), ("DealContact", "contact_id"), ("DealCompany", "company_id")):
        con.execute(f'update "{target}__read" set {column} = now_id from survivors where {column} = id')
    if reading.source.stages:
        con.execute("delete from PipelineStage__read")
        con.execute(STAGES_FROM_PARAMS)
    elif not rows(con, "select count(*) from PipelineStage__read"):
        if not (reading.has("Deal", "hs_deal_stage_probability")):
            raise BadInput(f"{reading.source.path} has no pipelines, so the order of the stages is not known.",
                           "Add the answer of /crm/v3/pipelines/deals, or list the stages in order in source.stages.")
        con.execute(STAGES_BY_PROBABILITY)


def form(found: Sequence[Found]) -> str:
    """Which of HubSpot's exports this is."""
    if any(one.item.kind == "json" for one in found):
        return copy_made_by(found) or "API objects (JSON)"
    return copy_made_by(found) or ("export from its pages (CSV with labels)" if any(" " in h for one in found for h in one.headers) else "tables")


CRM = Crm(name="hubspot", title="HubSpot", tables=TABLES, deals="Deal", define_ids=define_plain_ids, core=CORE, prepare=prepare, form=form,
          most_revisions=20, test_deals="regexp_matches(coalesce(r.dealname, ''), getvariable('test_deals'), 'i') or r.hs_object_id in (select deal_id from test_companies_deals)")
