"""A deal as rows of Opportunity, its two histories, its contact roles and its quotes."""

from __future__ import annotations

import random
from typing import Any

from ..clock import date_text, stamp
from ..company import User
from ..entered import currency, deal_name, participants, quotes
from ..life import STAGES, WON, Change, Life, Quote
from ..stages import PROBABILITY
from ..words import SENIOR_TITLES
from .fixed_rows import FORECASTS, flag
from .ids import make_id
from .sheets import Sheets

FIELD_HISTORY_DAYS = 548.0  # how far back the field history reaches
FIELDS = {
    "stage": ("StageName", "DynamicEnum"), "amount": ("Amount", "Currency"), "close_day": ("CloseDate", "DateOnly"),
    "next_step": ("NextStep", "Text"), "loss_reason": ("Loss_Reason__c", "DynamicEnum"),
}  # fmt: skip
SNAPSHOT = ("stage", "amount", "close_day")
NOTES = (
    "Met at the fair.",
    "Came in through the site.",
    "Old customer, other plant.",
    "Asked for a call back.",
)


def shown(name: str, value: Any) -> str:
    """A field's value as the export writes it."""
    if value is None:
        return ""
    if name == "stage":
        return STAGES[value]
    if name == "amount":
        return f"{value:.2f}"
    return date_text(value) if name == "close_day" else str(value)


def put_deal(sheets: Sheets, life: Life, deal: str, seed: int, rng: random.Random, last_activity: str) -> None:
    """All rows of a deal but its activities."""
    sheets.put("Opportunity", opportunity(life, deal, seed, rng, last_activity))
    _put_history(sheets, life, deal, rng)
    _put_field_history(sheets, life, deal)
    _put_roles(sheets, life, deal, seed, rng)
    for quote in quotes(life):
        sheets.put("Quote", _quote(sheets, life, deal, quote))


def opportunity(life: Life, deal: str, seed: int, rng: random.Random, last_activity: str) -> list[str]:
    """The deal row as it stands at the export."""
    account, last = life.account, life.changes[-1]
    label = STAGES[life.stage]
    merged = account.has_merged and rng.random() < 0.5
    stages = [change.at for change in life.changes if "stage" in change.fields]
    closed = life.stage >= WON
    touched = last.at + (
        rng.uniform(0.5, 20) if closed and rng.random() < life.rates.dirt.logged_after_close else 0
    )
    modified = stamp(min(touched, life.end - 0.001))
    return [
        deal, "0", make_id("Account", account.merged_number if merged else account.number),
        make_id("Contact", account.contacts[0].number), "",
        deal_name(life, seed), _description(life, rng), label,
        shown("amount", life.amount), str(PROBABILITY[label]), shown("close_day", life.close_day),
        "Existing Business" if life.number % 3 == 2 else "New Business", life.next_step,
        rng.choice(("Web", "Referral", "Fair", "Partner", "")), flag(closed), flag(life.stage == WON), FORECASTS[label],
        currency(life), make_id("User", life.rep.user.number), stamp(life.created),
        make_id("User", life.owners[0][1].user.number), modified, make_id("User", last.by), modified,
        last_activity, str(_pushes(life)), stamp(stages[-1]) if stages else "", life.loss_reason,
    ]  # fmt: skip


def _description(life: Life, rng: random.Random) -> str:
    lines = [rng.choice(NOTES)] if rng.random() < 0.5 else []
    if life.buyer.contested and rng.random() < 0.3:
        lines.append('They also look at "other" suppliers.')
    if lines and rng.random() < 0.5:
        lines.append(f"About {life.account.employees} people, {life.account.trade}.")
    return "\n".join(lines)


def _pushes(life: Life) -> int:
    moves = [change.fields["close_day"] for change in life.changes if "close_day" in change.fields]
    return sum(1 for old, new in moves if old is not None and new is not None and new > old)


def _put_history(sheets: Sheets, life: Life, deal: str, rng: random.Random) -> None:
    before: Change | None = None
    for change in life.changes:
        if before is not None and not any(name in change.fields for name in SNAPSHOT):
            continue
        stage = STAGES[change.stage]
        share = PROBABILITY[stage]
        expected = shown("amount", None if change.amount is None else change.amount * share / 100)
        known = [shown("amount", before.amount), shown("close_day", before.close_day)] if before else ["", ""]
        id_ = deal[:15] if rng.random() < life.rates.dirt.short_ids else deal
        amount, close = shown("amount", change.amount), shown("close_day", change.close_day)
        head = [
            sheets.new_id("OpportunityHistory"),
            id_,
            make_id("User", change.by),
            stamp(change.at),
            stage,
            amount,
            expected,
            close,
        ]
        sheets.put("OpportunityHistory", [*head, str(share), FORECASTS[stage], *known, currency(life), "0"])
        before = change


def _put_field_history(sheets: Sheets, life: Life, deal: str) -> None:
    oldest = life.end - FIELD_HISTORY_DAYS
    for change in life.changes:
        if change.at < oldest:
            continue
        rows = [("created", "Text", "", "")] if change is life.changes[0] else _field_rows(change)
        for field, kind, old, new in rows:
            id_ = sheets.new_id("OpportunityFieldHistory")
            sheets.put(
                "OpportunityFieldHistory",
                [id_, "0", deal, make_id("User", change.by), stamp(change.at), field, kind, old, new],
            )


def _field_rows(change: Change) -> list[tuple[str, str, str, str]]:
    rows = []
    for name, (old, new) in change.fields.items():
        if name == "owner":
            rows += _owner_rows(old, new)
        else:
            rows.append((*FIELDS[name], shown(name, old), shown(name, new)))
    return rows


def _owner_rows(old: User, new: User) -> list[tuple[str, str, str, str]]:
    ids = make_id("User", old.number), make_id("User", new.number)
    return [("Owner", "EntityId", *ids), ("Owner", "Text", old.name, new.name)]


def _put_roles(sheets: Sheets, life: Life, deal: str, seed: int, rng: random.Random) -> None:
    for slot, at in participants(life, seed):
        contact = life.account.contacts[slot]
        decides = contact.title in SENIOR_TITLES
        role = "Decision Maker" if decides else rng.choice(("Business User", "Evaluator", "Influencer", ""))
        id_ = deal[:15] if rng.random() < life.rates.dirt.short_ids else deal
        row = [
            sheets.new_id("OpportunityContactRole"),
            id_,
            make_id("Contact", contact.number),
            role,
            flag(slot == 0),
            stamp(at),
            stamp(at),
            "0",
        ]
        sheets.put("OpportunityContactRole", row)


def _quote(sheets: Sheets, life: Life, deal: str, quote: Quote) -> list[str]:
    name = f"{life.account.name} v{quote.version}"
    total = f"{quote.total:.2f}"
    subtotal = f"{quote.total / (1 - quote.discount):.2f}"
    number = f"{life.number:07d}{quote.version:02d}"
    latest = flag(quote is life.quotes[-1])
    money = [f"{quote.discount * 100:.2f}", subtotal, total, date_text(quote.expires), latest, currency(life)]
    by, changed = make_id("User", life.rep.user.number), max(quote.created, quote.status_at)
    head = [sheets.new_id("Quote")[:15], deal[:15], name, number, quote.status]
    return [*head, *money, stamp(quote.created), by, stamp(changed), "0"]
