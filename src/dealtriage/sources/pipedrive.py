"""Pipedrive: objects of its API (v1 or v2) as JSON or JSON lines, the same as CSV, or a copy in a warehouse.

Objects in id cells (`{"id", "name", "value"}`) count as the id they hold. The flow of a deal has every change of its
fields since it was made, but not what they were then.
"""

from collections.abc import Sequence

import duckdb

from dealtriage.errors import BadInput
from dealtriage.sources.catalogue import Found
from dealtriage.sources.crm import Crm, Reading, copy_made_by
from dealtriage.sources.declared import table
from dealtriage.sources.merges import survivors
from dealtriage.sources.pipedrive_core import CORE, STAGES_FROM_PARAMS

DELETED = {"deleted in the CRM": "coalesce(r.is_deleted, not r.active_flag, false)"}

DEAL = table("Deal", """
    id                   id      immutable    must
    title                text    overwritten  must
    status               text    historised   must
    stage_id             id      historised   must
    add_time             time    immutable    must
    value                number  historised
    currency             text    immutable
    owner_id             id      historised        | user_id
    person_id            id      overwritten
    org_id               id      historised
    org_name             text    overwritten  may
    expected_close_date  time    historised
    won_time             time    historised
    lost_time            time    historised
    close_time           time    historised
    lost_reason          text    overwritten
    update_time          time    overwritten
    is_deleted           flag    overwritten  may  | deleted
""", names="deals", key="id", modified="update_time", dated="add_time", is_needed=True,
    left_out={"deleted in the CRM": "coalesce(r.is_deleted, false) or r.status = 'deleted'"})

FLOW = table("Flow", """
    id                   id    immutable   must
    item_id              id    immutable   must | deal_id
    field_key            text  immutable   must | field, field_name
    old_value            text  historised  must
    new_value            text  historised  must
    log_time             time  immutable   must | timestamp
    user_id              id    immutable
    is_bulk_update_flag  flag  immutable
    object               text  immutable   may
""", names="dealflow flow deal_flow deals_flow deal_field_history", key="id", dated="log_time", deal="r.item_id",
    left_out={"not a change of a field": "coalesce(r.object, 'dealChange') <> 'dealChange'"},
    cost="past stages, amounts, close dates, owners and organizations are not known, only the present ones")

ACTIVITY = table("Activity", """
    id                   id    immutable    must
    deal_id              id    immutable    must
    type                 text  immutable    must
    add_time             time  immutable    must
    done                 flag  historised   must
    due_date             time  historised   must
    due_time             text  historised
    duration             text  historised
    marked_as_done_time  time  historised
    subject              text  immutable
    owner_id             id    immutable         | user_id, assigned_to_user_id
    person_id            id    immutable
    participants         json  immutable
    update_time          time  overwritten
    is_deleted           flag  overwritten  may
    active_flag          flag  overwritten  may
""", names="activities", key="id", modified="update_time", dated="add_time", deal="r.deal_id", left_out=DELETED, is_needed=True,
    cost="as source.absent says: calls, meetings and tasks are not known")

CALL_LOG = table("CallLog", """
    id           id      immutable   must
    outcome      text    immutable   must
    start_time   time    immutable   must
    activity_id  id      immutable
    deal_id      id      immutable
    person_id    id      immutable
    end_time     time    immutable
    user_id      id      immutable
    subject      text    immutable
""", names="call_logs", key="id", dated="start_time", deal="r.deal_id",
    cost="a call counts as answered when it lasted a minute")

MAIL = table("MailMessage", """
    id              id    immutable    must
    deal_id         id    immutable    must
    message_time    time  immutable    must
    add_time        time  immutable    must
    from            json  immutable    must
    to              json  immutable    must
    sent_flag       flag  immutable
    mail_thread_id  id    immutable
    subject         text  immutable
    user_id         id    immutable
    draft_flag      flag  overwritten
    deleted_flag    flag  overwritten
""", names="mail_messages mails", key="id", dated="add_time", happened="message_time", deal="r.deal_id", is_needed=True,
    left_out={"deleted in the CRM": "coalesce(r.deleted_flag, false)", "draft of a mail": "coalesce(r.draft_flag, false)"},
    cost="as source.absent says: mail is known only as far as activities tell of it")

STAGE = table("Stage", """
    id                   id      immutable    must
    name                 text    overwritten  must
    order_nr             number  overwritten  must
    pipeline_id          id      overwritten
    is_deal_rot_enabled  flag    overwritten       | rotten_flag
    days_to_rotten       number  overwritten       | rotten_days
    is_deleted           flag    overwritten  may
    active_flag          flag    overwritten  may
""", names="stages", key="id")

PIPELINE = table("Pipeline", """
    id        id      immutable    must
    name      text    overwritten  must
    order_nr  number  overwritten
""", names="pipelines", key="id")

PARTICIPANT = table("Participant", """
    deal_id      id    immutable    must | related_item_id
    person_id    id    immutable
    add_time     time  immutable
    is_deleted   flag  overwritten  may
    active_flag  flag  overwritten  may
""", names="deal_participants participants", deal="r.deal_id", left_out=DELETED, cost="of a deal's contacts only the present main one is known")

USER = table("User", """
    id           id    immutable    must
    name         text  overwritten  must
    email        text  overwritten
    is_deleted   flag  overwritten  may
    active_flag  flag  overwritten  may
""", names="users", key="id", cost="owners are shown by their ids")

TEAM = table("Team", """
    id          id    immutable    must
    name        text  overwritten  must
    manager_id  id    overwritten
    users       json  overwritten
""", names="teams", key="id", cost="teams and managers are not known")

PERSON = table("Person", """
    id             id    immutable    must
    name           text  overwritten  must
    email          text  overwritten       | emails, primary_email
    job_title      text  overwritten  may
    merge_what_id  id    overwritten  may
    is_deleted     flag  overwritten  may
    active_flag    flag  overwritten  may
""", names="persons people", key="id", cost="people are told apart by their mail addresses")

ORGANIZATION = table("Organization", """
    id             id    immutable    must
    name           text  overwritten  must
    merge_what_id  id    overwritten  may
    is_deleted     flag  overwritten  may
    active_flag    flag  overwritten  may
""", names="organizations organisations", key="id", cost="account names are not known")

TABLES = (DEAL, FLOW, ACTIVITY, CALL_LOG, MAIL, STAGE, PIPELINE, PARTICIPANT, USER, TEAM, PERSON, ORGANIZATION)


def define_ids(con: duckdb.DuckDBPyConnection) -> None:
    """Define as_key(text) and as_id(text): plain ids, or the id that an object holds."""
    con.execute(r"""create or replace macro held_id(s) as case when s like '{%' then try(coalesce(s->>'$.value', s->>'$.id')) else s end;
                    create or replace macro as_key(s) as regexp_replace(held_id(s), '^(\d+)\.0+$', '\1');
                    create or replace macro as_id(s) as as_key(s)""")


def check(reading: Reading) -> None:
    """The order of the stages must come from somewhere."""
    if not (reading.is_there("Stage") or reading.source.stages):
        raise BadInput(f"{reading.source.path} lacks stages, so the order of the stages is not known.",
                       "Export them (GET /v1/stages), or list their ids in order in source.stages.")


def prepare(reading: Reading) -> None:
    """What the mapping cannot say: ids of flow items that are no changes, deals of call logs, merges, stages from params."""
    con = reading.con
    if not reading.is_there("Stage"):
        con.execute(STAGES_FROM_PARAMS)
    con.execute("update Flow__read set id = object || ' in ' || _file || ' ' || _record where object <> 'dealChange'")
    con.execute("""update CallLog__read c set deal_id = a.deal_id from Activity__read a where a.id = c.activity_id and c.deal_id is null""")
    for name in ("Person", "Organization"):
        con.execute(f"create or replace table {name}Survivors as {survivors(MERGED.format(name=name))}")
    con.execute("""create or replace table OrganizationName as
        select o.id, any_value(o.name) as name from Organization__read o where o.id is not null group by o.id""")
    con.execute(f"create or replace table present_tables as select {reading.is_there('MailMessage')} as has_mails")
    reading.quarantine.note("Pipedrive keeps no proposals: none are known")


# Pipedrive names in the record that is left what was merged into it; a deleted one that names one not deleted is the
# other way round.
MERGED = """
with gone as (select *, coalesce(is_deleted, not active_flag, false) as is_gone from {name}__read)
select case when is_left then merge_what_id else id end as id, case when is_left then id else merge_what_id end as into_id
from (select a.id, a.merge_what_id, not a.is_gone or coalesce(b.is_gone, true) as is_left
      from gone a left join gone b on b.id = a.merge_what_id where a.merge_what_id is not null)
"""


def form(found: Sequence[Found]) -> str:
    """Which of Pipedrive's exports this is."""
    deals = {header for one in found if one.table is DEAL for header in one.headers}
    version = "v2" if "is_deleted" in deals else "v1"
    kinds = {one.item.kind for one in found if one.table is DEAL}
    return copy_made_by(found) or f"API {version} objects ({'JSON' if 'json' in kinds else 'tables'})"


CRM = Crm(
    name="pipedrive", title="Pipedrive", tables=TABLES, deals="Deal", define_ids=define_ids, core=CORE, check=check, prepare=prepare,
    form=form, test_deals="""regexp_matches(r.title, getvariable('test_deals'), 'i') or regexp_matches(r.org_name, getvariable('test_deals'), 'i')
        or r.org_id in (select id from OrganizationName where regexp_matches(name, getvariable('test_deals'), 'i'))""")
