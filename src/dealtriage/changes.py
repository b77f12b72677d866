"""What changed about each deal since the last list, and why: new facts, time that passed, a new model."""

from typing import Any

import pandas as pd

from dealtriage.kinds import BACKGROUND
from dealtriage.words import days, many, share

WEEK = pd.Timedelta(days=7)
NEAR = pd.Timedelta(days=3.5)
TELLING = 0.01  # a smaller step of the chance is not told
MOST_NEWS = 4
COLUMNS = ["deal_id", "last_list_at", "p_last_list", "state_last_list", "changed"]
NEWS = {
    "won": ("won", ""), "email_in": ("mail of theirs", "mails of theirs"), "document_in": ("document of theirs", "documents of theirs"),
    "call_in": ("call of theirs", "calls of theirs"), "call_answered": ("call they took", "calls they took"), "meeting_held": ("meeting", "meetings"),
    "proposal_opened": ("opening of the proposal", "openings of the proposal"), "proposal_countered": ("counter-offer", "counter-offers"),
    "proposal_accepted": ("proposal accepted", "proposals accepted"), "proposal_rejected": ("proposal turned down", "proposals turned down"),
    "meeting_no_show": ("meeting they missed", "meetings they missed"), "meeting_cancelled": ("meeting called off", "meetings called off"),
    "meeting_planned": ("meeting planned", "meetings planned"), "proposal_sent": ("proposal of ours", "proposals of ours"),
    "proposal_withdrawn": ("proposal withdrawn", "proposals withdrawn"), "proposal_expired": ("proposal ran out", "proposals ran out"),
    "stage_changed": ("change of stage", "changes of stage"), "amount_changed": ("change of the amount", "changes of the amount"),
    "close_date_changed": ("change of the close date", "changes of the close date"), "owner_changed": ("change of the owner", "changes of the owner"),
    "email_opened": ("opening of a mail of ours", "openings of mails of ours"), "email_bounced": ("mail of ours came back", "mails of ours came back"),
    "email_out": ("mail of ours", "mails of ours"), "call_unanswered": ("call they did not take", "calls they did not take"), "note": ("note", "notes"),
    "task_done": ("task done", "tasks done"), "discovery_restarted": ("discovery started anew", "discoveries started anew"),
    "third_party_involved": ("third party brought in", "third parties brought in"), "contact_added": ("person added", "people added"),
}  # in the order of how much they tell


def changes(scores: pd.DataFrame, created: pd.Series, horizon_days: int, log: pd.DataFrame, outlook: pd.DataFrame, facts: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    """deal_id, last_list_at (the last list's date; without one, a week before the export), p_last_list and state_last_list (of that list; otherwise the
    chance of a week before, by today's model), changed (a sentence).

    created: deal id -> when it was created; log: what earlier runs recommended; outlook: chances of the weeks before by today's model; facts: the deals' timelines.
    """
    now = scores.rename(columns={f"p_revive_{horizon_days}d": "p"})[["deal_id", "p", "state", "silence_days", "model_version"]]
    now["p"] = now["p"].where(now["state"] != "not_enough_evidence")  # of which no chance is told
    earlier = log[log["recommended_at"] < cutoff]
    has_list = len(earlier) > 0
    since = earlier["recommended_at"].max() if has_list else cutoff - WEEK
    then = _near(outlook, since)
    last = earlier[earlier["recommended_at"] == since].set_index("deal_id")
    p_then = now["deal_id"].map(then)
    found = now.assign(created_at=now["deal_id"].map(created), last_list_at=since, p_then=p_then, p_last_list=now["deal_id"].map(last["p_revive"]) if has_list else p_then,
                       **{f"{name}_last_list": now["deal_id"].map(last[name]).fillna("").astype("str") if has_list else "" for name in ("state", "model_version")})
    news = _news(facts, since)
    told = [_told(row, news.get(row["deal_id"], []), has_list, cutoff) for row in found.to_dict("records")]
    return found.assign(changed=told)[COLUMNS].astype({"last_list_at": "datetime64[us]", "changed": "str"})


def _near(outlook: pd.DataFrame, at: pd.Timestamp) -> pd.Series:
    """The chance of each deal at the newest as-of date that is not after `at`, half a week before it at most."""
    away = at - outlook["as_of"]
    near = outlook[(away >= pd.Timedelta(0)) & (away <= NEAR)].assign(away=away).sort_values(["deal_id", "away"], kind="stable")
    return near.drop_duplicates("deal_id").set_index("deal_id")["p"]


def _news(facts: pd.DataFrame, since: pd.Timestamp) -> dict[str, list[str]]:
    """What became known of each deal since, counted by kind, the most telling first."""
    new = facts[(facts["known_at"] >= since) & facts["kind"].isin(NEWS) & ~facts["kind"].isin(BACKGROUND)]
    order = {kind: place for place, kind in enumerate(NEWS)}
    counts = new.groupby(["deal_id", "kind"], as_index=False).size()
    counts = counts.assign(place=counts["kind"].map(order)).sort_values(["deal_id", "place"], kind="stable")
    return {str(deal): [many(one["size"], *NEWS[one["kind"]]) for one in rows.to_dict("records")] for deal, rows in counts.groupby("deal_id")}


def _told(row: dict[str, Any], news: list[str], has_list: bool, cutoff: pd.Timestamp) -> str:
    new = f"new: {', '.join(news[:MOST_NEWS])}{' and more' if len(news) > MOST_NEWS else ''}" if news else f"nothing new recorded in {days((cutoff - row['last_list_at']).days)}, only time passed"
    parts = [part for part in (_move(row, has_list), _model(row), new) if part]
    return "; ".join(parts)


def _move(row: dict[str, Any], has_list: bool) -> str:
    """How state and chance moved."""
    if pd.isna(row["p"]):
        return f"was {_named(row['state_last_list'])}" if row["state_last_list"] not in ("", row["state"]) else ""
    if pd.isna(row["p_last_list"]):
        return "" if not has_list else "was not quiet then" if row["created_at"] < row["last_list_at"] else "new on the list"
    before, now = share(row["p_last_list"]), share(row["p"])
    was = f", was {_named(row['state_last_list'])}" if row["state_last_list"] not in ("", row["state"]) else ""
    moved = f"from {before} to {now}" if abs(row["p"] - row["p_last_list"]) >= TELLING and before != now else f"still {now}"
    return moved + was


def _model(row: dict[str, Any]) -> str:
    """What of it a new model brought."""
    if row["model_version_last_list"] in ("", row["model_version"]) or pd.isna(row["p_last_list"]) or pd.isna(row["p"]):
        return ""
    if pd.isna(row["p_then"]):
        return "a new model has its part in it"
    if abs(row["p_then"] - row["p_last_list"]) < TELLING:
        return "a new model, which hardly matters here"
    return f"a new model would have said {share(row['p_then'])} instead of {share(row['p_last_list'])} then"


def _named(state: str) -> str:
    return state.replace("_", " ")
