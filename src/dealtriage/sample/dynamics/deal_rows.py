"""A deal, its closings, its contacts and its quotes."""

from __future__ import annotations

from itertools import pairwise

from .. import entered
from ..entered import Snapshot
from ..junk import JUNK, has_deleted_twin, has_test_deal, test_deal
from ..life import STAGES, Quote
from ..stages import PROBABILITY, is_closed
from ..words import SENIOR_TITLES
from .audit import put_audit
from .desk import Desk
from .holds import holds, moments
from .states import stage_name, states
from .tables import Row
from .values import date_of, exchange_rate, guid, moment, money


def put_deal(desk: Desk, audited_from: float) -> None:
    """The deal with all that hangs on it but its activities; its audit begins at `audited_from`."""
    life, past = desk.life, entered.snapshots(desk.life)
    every = moments(life, past)
    desk.put("opportunity", _opportunity(desk, every))
    put_audit(desk, every, audited_from)
    for before, now in pairwise(past):
        if is_closed(now.stage) and not is_closed(before.stage):
            desk.put("opportunityclose", _closing(desk, now))
    _put_contacts(desk)
    for quote in entered.quotes(life):
        desk.put("quote", _quote(desk, quote))
    if has_deleted_twin(life.number):  # an older copy of the row, from an export that was not cleared away
        desk.tables.put("opportunity", _opportunity(desk, every[:1]))
    if has_test_deal(life.number):
        account = guid("account", JUNK)
        ids = {"opportunityid": guid("opportunity", test_deal(life.number)), "customerid": account}
        names = {"parentaccountid": account, "name": f"TEST {life.number}"}
        desk.tables.put("opportunity", _opportunity(desk, every[:1]) | ids | names)


def _opportunity(desk: Desk, every: list[tuple[Snapshot, bool]]) -> Row:
    """The row after the last of some moments."""
    life, (last, on_hold) = desk.life, every[-1]
    account, (state, status), (stage, step) = life.account, states(last, on_hold), stage_name(last)
    stale = account.has_merged and desk.rng.random() < 0.5
    customer = guid("account", account.merged_number if stale else account.number)
    return {
        "opportunityid": desk.deal, "name": entered.deal_name(life, desk.seed), "customerid": customer,
        "parentaccountid": customer, "ownerid": guid("systemuser", last.owner.number), "statecode": str(state),
        "statuscode": str(status), "stageid": guid("processstage", int(stage)), "stepname": step, "salesstage": stage,
        "estimatedvalue": money(last.amount), "estimatedvalue_base": desk.base(last.amount),
        "estimatedclosedate": date_of(last.expected_day), "closeprobability": str(PROBABILITY[STAGES[last.open_stage]]),
        "actualclosedate": date_of(int(last.at)) if state else "",
        "actualvalue": money(last.amount) if state == 1 else "",
        "createdon": moment(life.created), "createdby": guid("systemuser", every[0][0].by),
        "modifiedon": moment(_modified(desk, last)), "modifiedby": guid("systemuser", last.by),
        "transactioncurrencyid": guid("transactioncurrency", int(account.in_euro)),
        "exchangerate": f"{exchange_rate(account.in_euro, life.rates):.10f}", **_hold_times(desk, last.at),
    }  # fmt: skip


def _hold_times(desk: Desk, t: float) -> Row:
    """When the deal was last put on hold, and the minutes of the holds that are over."""
    spans = [(since, over) for since, over in holds(desk.life) if since <= t]
    minutes = sum(round((over - since) * 1440) for since, over in spans if over <= t)
    return {"lastonholdtime": moment(spans[-1][0]) if spans else "", "onholdtime": str(minutes) if minutes else ""}


def _modified(desk: Desk, last: Snapshot) -> float:
    touched = last.at
    if is_closed(last.stage) and desk.rng.random() < desk.life.rates.dirt.logged_after_close:
        touched += desk.rng.uniform(0.5, 20)
    return min(touched, desk.life.end - 0.001)


def _closing(desk: Desk, now: Snapshot) -> Row:
    """One end of the deal; a reason for a loss has no other place than the note."""
    (state, status), at = states(now, False), moment(now.at)
    revenue = money(now.amount or 0.0) if state == 1 else money(0.0)
    return {
        "activityid": desk.tables.new_id("opportunityclose"), "opportunityid": desk.deal, "actualend": at,
        "actualrevenue": revenue, "statecode": "1", "statuscode": "2", "createdon": at,
        "createdby": guid("systemuser", now.by), "subject": "Opportunity Won" if state == 1 else "Opportunity Lost",
        "opportunitystatecode": str(state), "opportunitystatuscode": str(status), "description": now.loss_reason,
    }  # fmt: skip


def _put_contacts(desk: Desk) -> None:
    people = desk.life.account.contacts
    for slot, at in entered.participants(desk.life, desk.seed):
        role = guid("connectionrole", int(people[slot].title in SENIOR_TITLES))
        desk.put("connection", {
            "connectionid": desk.tables.new_id("connection"), "record1id": desk.deal, "record2id": desk.contact(slot),
            "record2roleid": role, "createdon": moment(at),
        })  # fmt: skip


def _quote(desk: Desk, quote: Quote) -> Row:
    life, user = desk.life, guid("systemuser", desk.owner(quote.created).number)
    state, status = _quote_states(quote, quote is life.quotes[-1])
    return {
        "quoteid": desk.tables.new_id("quote"), "opportunityid": desk.deal,
        "name": f"{life.account.name} v{quote.version}",
        "quotenumber": f"QUO-{life.number:07d}", "revisionnumber": str(quote.version - 1), "statecode": str(state),
        "statuscode": str(status), "totalamount": money(quote.total), "totalamount_base": desk.base(quote.total),
        "effectiveto": date_of(quote.expires), "createdon": moment(quote.created),
        "modifiedon": moment(max(quote.created, quote.status_at)), "ownerid": user, "createdby": user,
    }  # fmt: skip


def _quote_states(quote: Quote, is_last: bool) -> tuple[int, int]:
    """State and status code; a version that was declined for a better one counts as revised."""
    if quote.status == "Denied":
        return 3, 5 if is_last else 7
    return {"Presented": (1, 3), "Accepted": (2, 4), "Withdrawn": (3, 6)}[quote.status]
