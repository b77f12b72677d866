"""A deal, the history of its properties, and its quotes."""

from __future__ import annotations

from collections.abc import Iterator

from .. import entered
from ..entered import Snapshot
from ..json_files import Record
from ..junk import (
    JUNK,
    has_deleted_twin,
    has_test_deal,
    keeps_merged_twin,
    merged_twins,
    spoil,
    test_deal,
    twin,
)
from ..life import STAGES, WON, Life, Quote
from ..stages import PROBABILITY, is_closed
from .desk import BAD, Desk
from .records import (
    STAGE_ID,
    Properties,
    company_id,
    deal_id,
    midnight,
    moment,
    money,
    owner_id,
    record,
    truth,
    user_id,
)

REVISIONS = 20  # of each property; older ones are forgotten


def put_deal(desk: Desk) -> None:
    """The deal with its quotes and its junk; to be called after its engagements."""
    life, past = desk.life, entered.snapshots(desk.life)
    own = _deal(desk, deal_id(life.number), past)
    spoil(own["properties"], BAD["deals"], desk.rng, life.rates.dirt.unparsable)
    desk.files.put("deals", own)
    for quote in entered.quotes(life):
        _put_quote(desk, quote)
    if has_deleted_twin(life.number) or keeps_merged_twin(life.number):
        desk.files.put("deals", {**_deal(desk, deal_id(twin(life.number)), past[:1]), "archived": True})
    if has_test_deal(life.number):
        test = _deal(desk, deal_id(test_deal(life.number)), past[:1], company_id(JUNK))
        test["properties"]["dealname"] = f"TEST {life.number}"
        desk.files.put("deals", test)


def _deal(desk: Desk, id_: str, past: list[Snapshot], company: str = "") -> Record:
    life, history = desk.life, revisions(desk.life, past)
    contacts = [desk.contact(slot) for slot, _ in entered.participants(life, desk.seed)]
    is_own = id_ == deal_id(life.number)
    updated = _updated(desk, past[-1]) if is_own else past[-1].at
    properties = _state(past[-1], {name: found[0]["value"] for name, found in history.items()}) | {
        "dealname": entered.deal_name(life, desk.seed), "pipeline": "default",
        "deal_currency_code": entered.currency(life), "createdate": moment(life.created),
        "hs_lastmodifieddate": moment(updated),
        "hs_next_step": life.next_step or None if is_own else None, "num_associated_contacts": str(len(contacts)),
        "notes_last_contacted": moment(desk.last_contact) if is_own else None,
        "notes_last_updated": moment(desk.last_update) if is_own else None,
        "hs_merged_object_ids": ";".join(map(deal_id, merged_twins(life.number))) or None if is_own else None,
        "hs_v2_date_entered_current_stage": history["dealstage"][0]["timestamp"],
    }  # fmt: skip
    links = {"companies": [company or _company(desk)], "contacts": contacts}
    row = record("deals", id_, properties, life.created, updated, links)
    return {**row, "propertiesWithHistory": history}


def _state(last: Snapshot, values: Properties) -> Properties:
    """What the deal's stage and its history's newest revisions say."""
    return {
        "dealstage": values["dealstage"], "amount": values.get("amount"), "closedate": values.get("closedate"),
        "hubspot_owner_id": values["hubspot_owner_id"], "hs_is_closed": truth(is_closed(last.stage)),
        "hs_is_closed_won": truth(last.stage == WON), "closed_lost_reason": last.loss_reason or None,
        "hs_deal_stage_probability": str(PROBABILITY[STAGES[last.stage]] / 100),
    }  # fmt: skip


def _company(desk: Desk) -> str:
    account = desk.life.account
    stale = account.has_merged and desk.rng.random() < 0.5
    return company_id(account.merged_number if stale else account.number)


def _updated(desk: Desk, last: Snapshot) -> float:
    life = desk.life
    touched = max(last.at, desk.last_update or 0.0)
    if is_closed(last.stage) and desk.rng.random() < life.rates.dirt.logged_after_close:
        touched += desk.rng.uniform(0.5, 20)
    return min(touched, life.end - 0.001)


def revisions(life: Life, past: list[Snapshot]) -> dict[str, list[Record]]:
    """The newest revisions of each property, newest first."""
    found: dict[str, list[Record]] = {name: [] for name in ("dealstage", "amount", "closedate", "hubspot_owner_id")}
    for now in past:
        for name, value in _tracked(now):
            if value is not None and (not found[name] or found[name][-1]["value"] != value):
                found[name].append({"value": value, "timestamp": moment(now.at), **_source(life, now.by)})
    return {name: newer[: -REVISIONS - 1 : -1] for name, newer in found.items() if newer}


def _tracked(now: Snapshot) -> Iterator[tuple[str, str | None]]:
    """HubSpot sets the close date of a deal to the moment it is closed."""
    yield "dealstage", STAGE_ID[STAGES[now.stage]]
    yield "amount", money(now.amount)
    yield "closedate", moment(now.at) if is_closed(now.stage) else midnight(now.close_day)
    yield "hubspot_owner_id", owner_id(now.owner)


def _source(life: Life, by: int) -> Record:
    if by == life.company.machine.number:
        return {"sourceType": "AUTOMATION_PLATFORM", "sourceId": f"enrollmentId:{life.number};actionExecutionIndex:0"}
    user = user_id(by)
    return {"sourceType": "CRM_UI", "sourceId": f"userId:{user}", "updatedByUserId": user}


def _put_quote(desk: Desk, quote: Quote) -> None:
    """A declined quote stays as it was sent; one that was taken back is a draft again."""
    changed = entered.sent_at(desk.life, quote) if quote.status == "Denied" else quote.status_at
    properties: Properties = {
        "hs_title": f"{desk.life.account.name} v{quote.version}",
        "hs_status": "DRAFT" if quote.status == "Withdrawn" else "APPROVAL_NOT_NEEDED",
        "hs_esign_date": moment(quote.status_at) if quote.status == "Accepted" else None,
        "hs_quote_amount": money(quote.total), "hs_expiration_date": midnight(quote.expires),
        "hubspot_owner_id": desk.owner(quote.created),
    }  # fmt: skip
    desk.put("quotes", properties, quote.created, max(quote.created, changed), [])
