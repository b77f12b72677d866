"""Who to ask first: the contact of the buyer who is most likely to answer, by what they answered so far."""

import pandas as pd

from dealtriage.words import days, many

LATELY = pd.Timedelta(days=180)
SENT = ("email_out", "call_unanswered", "call_answered", "email_bounced")
DAY = pd.Timedelta(days=1)
HALVED_IN = pd.Timedelta(days=30)


def whom_to_ask(facts: pd.DataFrame, roles: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    """deal_id, whom (name, with title or role), whom_evidence: one row per deal where somebody ever gave a sign.

    The contact with the highest rate of signs to approaches of 180 days, (signs + 1) / (approaches + 2), halved for every 30 days since their last sign; people whose mail bounced since
    then are left out. facts: the timeline of the deals; roles: core contact_roles.
    """
    known = facts[facts["contact_id"].notna()]
    signs = known[known["is_buyer_signal"]]
    lately = known["occurred_at"] >= cutoff - LATELY
    key = ["deal_id", "contact_id"]
    table = pd.DataFrame({
        "last_sign": signs.groupby(key)["occurred_at"].max(),
        "signs": known[lately & known["is_buyer_signal"]].groupby(key).size(),
        "sent": known[lately & known["kind"].isin(SENT)].groupby(key).size(),
        "bounced": known[known["kind"] == "email_bounced"].groupby(key)["occurred_at"].max()}).dropna(subset=["last_sign"])
    table = table[~(table["bounced"] > table["last_sign"])].fillna({"signs": 0, "sent": 0}).reset_index()
    table["rate"] = (table["signs"] + 1) / (table["sent"] + 2) * 0.5 ** ((cutoff - table["last_sign"]) / HALVED_IN)
    best = table.sort_values(["deal_id", "rate", "last_sign", "contact_id"], ascending=[True, False, False, True], kind="stable").drop_duplicates("deal_id")
    people = roles.sort_values(["deal_id", "contact_id", "is_primary"], ascending=[True, True, False], kind="stable").drop_duplicates(key)
    named = best.merge(people[[*key, "contact_name", "title", "role"]], on=key, how="left")
    ago = (cutoff - named["last_sign"]) / DAY
    return pd.DataFrame({
        "deal_id": named["deal_id"].astype("str"),
        "whom": [_name(one) for one in named.itertuples()],
        "whom_evidence": [_evidence(one.signs, one.sent, past) for one, past in zip(named.itertuples(), ago, strict=True)]}).astype("str")


def _evidence(signs: float, sent: float, past: float) -> str:
    to = f" to {many(sent, 'approach', 'approaches')} of ours" if sent else ""
    return f"{many(signs, 'sign')}{to} in half a year; last heard from {days(past)} ago"


def _name(one: object) -> str:
    name, title, role = (getattr(one, part) for part in ("contact_name", "title", "role"))
    who = name if isinstance(name, str) and name else f"the contact {one.contact_id}"  # type: ignore[attr-defined]
    what = next((text for text in (title, role) if isinstance(text, str) and text), "")
    return f"{who}, {what}" if what else who
