"""Dynamics 365 Sales: Dataverse tables under their logical names, as CSV, parquet or JSON, or a copy that a tool made.

Activities are either rows of activitypointer with the columns of their own kind in a small table each, or whole rows
in the tables of their kinds. Options are told by their numbers or by their labels.
"""

from collections.abc import Sequence

import duckdb

from dealtriage.errors import BadInput
from dealtriage.sources.catalogue import Found
from dealtriage.sources.crm import Crm, Reading, copy_made_by
from dealtriage.sources.declared import RawTable, table
from dealtriage.sources.dynamics_core import CONTACTS_AUDITED, CORE, STAGES_WITHOUT_ORDER, TEST_ACCOUNTS, UNSENT_MAILS
from dealtriage.sources.merges import survivors

DELETED = {"deleted, says Synapse Link": "coalesce(r.isdelete, false)"}

OPPORTUNITY = table("opportunity", """
    opportunityid          id      immutable    must
    name                   text    overwritten  must
    statecode              text    historised   must
    createdon              time    immutable    must
    estimatedclosedate     time    historised   must
    estimatedvalue         number  historised
    statuscode             text    historised
    stepname               text    historised
    salesstage             text    historised
    stageid                text    historised   may  | _stageid_value
    ownerid                id      historised        | _ownerid_value
    customerid             id      historised        | _customerid_value
    parentaccountid        id      historised   may  | _parentaccountid_value
    parentcontactid        id      overwritten  may  | _parentcontactid_value
    transactioncurrencyid  id      immutable         | _transactioncurrencyid_value
    exchangerate           number  overwritten
    overriddencreatedon    time    immutable    may
    lastonholdtime         time    historised   may
    modifiedon             time    overwritten
    isdelete               flag    overwritten  may
""", names="opportunities", key="opportunityid", modified="modifiedon", dated="createdon", left_out=DELETED, is_needed=True)

CLOSING = table("opportunityclose", """
    activityid            id    immutable  must
    opportunityid         id    immutable  must | _opportunityid_value
    createdon             time  immutable  must
    opportunitystatecode  text  immutable
    subject               text  immutable
    description           text  overwritten
    createdby             id    immutable       | _createdby_value
    overriddencreatedon   time  immutable  may
""", names="opportunitycloses", key="activityid", dated="createdon", deal="r.opportunityid",
    cost="when deals were won or lost is known only as far as the audit reaches, or at their last change")

AUDIT = table("audit", """
    auditid         id    immutable  must
    objectid        id    immutable  must | _objectid_value
    createdon       time  immutable  must
    changedata      json  immutable  must
    objecttypecode  text  immutable       | objectid_entitytype
    userid          id    immutable       | _userid_value
""", names="audits", key="auditid", dated="createdon", deal="case when r.objectid in (select deal_id from deal_ids) then r.objectid end", left_out={
        "about another table": "lower(coalesce(r.objecttypecode, 'opportunity')) not in ('opportunity', '3')",
        "tells no change of a column": "r.changedata is null"},
    unusable={"is no list of changes": ("changedata", "not json_valid(r.changedata)")},
    cost="past stages, amounts, close dates, owners, accounts and people's titles are not known, only the present ones")

CONTACT_AUDIT = table("contact_audit", """
    auditid     id    immutable  must
    contactid   id    immutable  must
    createdon   time  immutable  must
    changedata  json  immutable  must
""", key="auditid", dated="createdon", is_exploded=True, left_out={"tells no change of a column": "r.changedata is null"},
    unusable={"is no list of changes": ("changedata", "not json_valid(r.changedata)")})

# What all kinds of activities have, in activitypointer or in the table of the kind.
COMMON = """
    regardingobjectid        id      immutable    may | _regardingobjectid_value
    regardingobjecttypecode  text    immutable    may | regardingobjectid_entitytype, _regardingobjectid_value@Microsoft.Dynamics.CRM.lookuplogicalname
    subject                  text    historised   may
    actualstart              time    historised   may
    actualend                time    historised   may
    scheduledstart           time    historised   may
    scheduledend             time    historised   may
    actualdurationminutes    number  historised   may
    ownerid                  id      immutable    may | _ownerid_value
    createdon                time    immutable    may
    overriddencreatedon      time    immutable    may
    modifiedon               time    overwritten  may
    statecode                text    historised   may
    statuscode               text    historised   may
    isdelete                 flag    overwritten  may
"""

ACTIVITY = table("activitypointer", COMMON + """
    activityid        id    immutable  must
    activitytypecode  text  immutable  must
""", names="activitypointers activity", key="activityid", modified="modifiedon", dated="createdon",
    deal="""case when lower(r.regardingobjecttypecode) in ('opportunity', '3') or r.regardingobjecttypecode is null
            and r.regardingobjectid in (select deal_id from deal_ids) then r.regardingobjectid end""",
    left_out={**DELETED, "activity of another kind": "kind_of(r.activitytypecode) is null",
              "mail not sent (draft, pending or cancelled)": "r.activityid in (select activityid from unsent_mails)"})


def of_kind(name: str, columns: str, names: str) -> RawTable:
    """The table of one kind of activity."""
    return table(name, "activityid id immutable must\n" + COMMON + columns, names=names, key="activityid", modified="modifiedon")


EMAIL = of_kind("email", """
    directioncode           text  immutable
    senton                  time  immutable
    conversationindex       text  immutable
    conversationtrackingid  id    immutable  may
    trackingtoken           text  immutable  may
    torecipients            text  immutable
    sender                  text  immutable
""", "emails")
PHONE_CALL = of_kind("phonecall", """
    directioncode  text  immutable
    leftvoicemail  flag  historised
""", "phonecalls")
APPOINTMENT = of_kind("appointment", "", "appointments")
TASK = of_kind("task", "", "tasks")
KINDS = (EMAIL, PHONE_CALL, APPOINTMENT, TASK)

PARTY = table("activityparty", """
    activityid              id    immutable  must | _activityid_value
    partyid                 id    immutable  must | _partyid_value
    participationtypemask   text  immutable  must
    partyobjecttypecode     text  immutable       | partyid_entitytype, _partyid_value@Microsoft.Dynamics.CRM.lookuplogicalname
""", names="activityparties", cost="people are told apart by their mail addresses, and who phoned is not known")

QUOTE = table("quote", """
    quoteid              id      immutable    must
    opportunityid        id      immutable    must | _opportunityid_value
    statecode            text    historised   must
    createdon            time    immutable    must
    statuscode           text    historised
    name                 text    immutable
    totalamount          number  immutable
    effectiveto          time    overwritten
    modifiedon           time    overwritten
    createdby            id      immutable         | _createdby_value
    overriddencreatedon  time    immutable    may
    isdelete             flag    overwritten  may
""", names="quotes", key="quoteid", modified="modifiedon", dated="createdon", deal="r.opportunityid", left_out=DELETED,
    cost="no proposals are known")

CONNECTION = table("connection", """
    connectionid         id    immutable  must
    record1id            id    immutable  must | _record1id_value
    record2id            id    immutable  must | _record2id_value
    createdon            time  immutable  must
    overriddencreatedon  time  immutable  may
    isdelete             flag  overwritten  may
""", names="connections", key="connectionid", dated="createdon", left_out=DELETED, deal="""case when r.record1id in (select deal_id from deal_ids) then r.record1id
            when r.record2id in (select deal_id from deal_ids) then r.record2id end""", cost="contacts attached to deals are not known")

USER = table("systemuser", """
    systemuserid        id    immutable    must
    fullname            text  overwritten  must
    businessunitid      id    overwritten       | _businessunitid_value
    parentsystemuserid  id    overwritten       | _parentsystemuserid_value
    isdisabled          flag  overwritten
    accessmode          text  immutable
    applicationid       id    immutable    may
""", names="systemusers", key="systemuserid", cost="owners are shown by their ids, and there are no managers' lists")

UNIT = table("businessunit", """
    businessunitid  id    immutable    must
    name            text  overwritten  must
""", names="businessunits", key="businessunitid", cost="teams are not known")

ACCOUNT = table("account", """
    accountid  id    immutable    must
    name       text  overwritten  must
    masterid   id    overwritten       | _masterid_value
""", names="accounts", key="accountid", cost="account names are not known")

CONTACT = table("contact", """
    contactid      id    immutable    must
    fullname       text  overwritten
    firstname      text  overwritten  may
    lastname       text  overwritten  may
    emailaddress1  text  overwritten
    jobtitle       text  historised
    createdon      time  immutable    may
    masterid       id    overwritten       | _masterid_value
""", names="contacts", key="contactid", cost="people are told apart by their mail addresses")

CURRENCY = table("transactioncurrency", """
    transactioncurrencyid  id      immutable    must
    isocurrencycode        text    immutable    must
    exchangerate           number  overwritten  must
""", names="transactioncurrencies", key="transactioncurrencyid", cost="currencies are known by the rates of the deals alone")

LABEL = table("stringmap", """
    objecttypecode  text    immutable    must
    attributename   text    immutable    must
    attributevalue  text    immutable    must
    value           text    overwritten  must
    displayorder    number  overwritten
    langid          text    immutable    may
""", names="stringmaps", cost="options are shown by their numbers")

TABLES = (OPPORTUNITY, CLOSING, AUDIT, CONTACT_AUDIT, USER, UNIT, ACCOUNT, CONTACT, CURRENCY, LABEL, *KINDS, PARTY, ACTIVITY, QUOTE, CONNECTION)


def define_ids(con: duckdb.DuckDBPyConnection) -> None:
    """Define as_key(text) and as_id(text) for GUIDs, however they are written, and option(text, labels) for numbered options."""
    con.execute(r"""
        create or replace macro as_key(s) as nullif(regexp_extract(regexp_replace(lower(s), '^\{?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?$',
            '\1-\2-\3-\4-\5'), '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'), '');
        create or replace macro as_id(s) as coalesce(as_key(s), s);
        create or replace macro option(s, labels) as coalesce(try_cast(s as int), nullif(list_position(labels, lower(s)), 0) - 1);
        create or replace macro kind_of(s) as case lower(s) when 'email' then 'email' when '4202' then 'email' when 'phonecall' then 'call'
            when 'phone call' then 'call' when '4210' then 'call' when 'appointment' then 'meeting' when '4201' then 'meeting' when 'task' then 'task'
            when '4212' then 'task' end""")


def check(reading: Reading) -> None:
    """Activities must be there in one of their two forms."""
    whole = [one.name for one in KINDS if reading.has(one.name, "regardingobjectid")]
    if not whole and not reading.is_there("activitypointer") and "activitypointer" not in reading.source.absent:
        raise BadInput(f"{reading.source.path} lacks activitypointer, and no email, phonecall, appointment or task has a regardingobjectid.",
                       "Export activitypointer too, or the tables of activities with all their columns. If your company uses no "
                       "activities, silence cannot be told from missing data.")


def prepare(reading: Reading) -> None:
    """What the mapping cannot say: activities that are whole in their own tables, mails never sent, merges, the order of stages."""
    con = reading.con
    shared = ", ".join(line.split()[0] for line in COMMON.strip().splitlines())
    for one in KINDS:
        if reading.has(one.name, "regardingobjectid"):
            con.execute(f"""insert into activitypointer__read by name select activityid, '{one.name}' as activitytypecode, {shared}, _file, _record
                            from {one.name}__read where activityid not in (select activityid from activitypointer__read where activityid is not null)""")
    for statement in CONTACTS_AUDITED:
        con.execute(statement)
    con.execute(UNSENT_MAILS)
    con.execute("create or replace table survivors as " + survivors(
        "select accountid as id, masterid as into_id from account__read union all select contactid, masterid from contact__read"))
    con.execute(TEST_ACCOUNTS)
    without = [stage for (stage,) in con.execute(STAGES_WITHOUT_ORDER).fetchall()]
    if len(without) > 1:
        raise BadInput(f"The order of the stages is not known: nothing tells it of {', '.join(without[:6])}.",
                       "Export stringmap and salesstage too, or list the stages in order in source.stages.")


def form(found: Sequence[Found]) -> str:
    """Which of the ways out of Dynamics this is."""
    kinds = {one.item.kind for one in found}
    return copy_made_by(found) or ("answers of the Web API (JSON)" if "json" in kinds else "Dataverse tables")


CRM = Crm(
    name="dynamics", title="Dynamics 365", tables=TABLES, deals="opportunity", define_ids=define_ids, core=CORE, check=check, prepare=prepare,
    form=form, test_deals="""regexp_matches(r.name, getvariable('test_deals'), 'i') or r.parentaccountid in (select accountid from test_accounts)
        or r.customerid in (select accountid from test_accounts)""")
