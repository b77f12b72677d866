"""What the phase rules ask of each deal on the export day: from its facts, its proposals, the action log and the answered sheets."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dealtriage.phases.withdrawals import withdrawals

SETTLED = ("withdrawn", "accepted", "rejected", "expired")
DAY = pd.Timedelta(days=1)
COLUMNS = ["deal_id", "kind", "known_at", "occurred_at", "is_buyer_signal", "label"]


def situations(deal_ids: pd.Series, facts: pd.DataFrame, proposals: pd.DataFrame, actions: pd.DataFrame, answers: pd.DataFrame,
               cutoff: pd.Timestamp, withdrawal_subjects: str = "", quiet_days: int = 14) -> pd.DataFrame:
    """deal_id; proposals_sent, proposals_outstanding, proposals_expired, proposal (outstanding, expired, withdrawn or none), is_new_after_withdrawal (an outstanding
    one was sent after a withdrawal), is_same_again (for the same amount), proposal_sent_at (the latest that is outstanding or expired) and proposal_age_days; has_sheet, sheet_note, needs_note; withdrawn_at, days_since_withdrawal, signals_since_withdrawal; days_rediscovering, are_needs_restated, stalls_since_asked (silences of `quiet_days` that followed a sign since the needs were first asked for anew, the present one too);
    days_since_third_party, signals_since_third_party.

    Of several withdrawals the first after the latest proposal counts, of several sheets the first: what is repeated or amended begins nothing anew. A withdrawal is read from the proposals, from done tasks whose subject matches `withdrawal_subjects`, and from the action log. Without one, signals and needs count from the day the sheet was filled. Days
    are infinite where something never happened; actions newer than the export count as of the export.
    """
    index = pd.Index(deal_ids.to_numpy(), name="deal_id")
    told = {name: _newest(actions[actions["action"] == name], "done_at") for name in ("rediscovery_started", "needs_restated", "third_party_involved")}
    by_kind = {name: _newest(facts[facts["kind"] == name], "known_at") for name in ("discovery_restarted", "third_party_involved")}
    every = withdrawals(facts, actions, withdrawal_subjects)
    loose = _newest(every[~every["is_of_proposal"]], "known_at")
    withdrawn = _first_after_last_sent(facts, every)
    sheet_at = _first(pd.concat([actions[actions["action"] == "sheet_filled"].rename(columns={"done_at": "at"}), answers[answers["is_own"]].rename(columns={"answered_at": "at"})]))
    since = withdrawn.combine_first(sheet_at)
    frame = _on_the_table(index, facts, proposals, loose, withdrawn, cutoff)
    frame["has_sheet"] = index.isin(sheet_at.index)
    frame["sheet_note"] = _notes(actions, answers).reindex(index).fillna("")
    needs = actions[(actions["action"] == "needs_restated") & (actions["note"] != "")].sort_values("done_at", kind="stable").groupby("deal_id")["note"].last()
    frame["needs_note"] = needs.reindex(index).fillna("")
    frame["withdrawn_at"] = withdrawn.reindex(index)
    frame["days_since_withdrawal"] = _days(withdrawn, index, cutoff)
    frame["signals_since_withdrawal"] = _signals_after(facts, since, index)
    asked = _later(by_kind["discovery_restarted"], told["rediscovery_started"], told["needs_restated"])
    asked = asked[asked >= since.reindex(asked.index)]
    restated = told["needs_restated"][told["needs_restated"] >= since.reindex(told["needs_restated"].index)]
    frame["days_rediscovering"], frame["are_needs_restated"] = _days(asked, index, cutoff), index.isin(restated.index)
    frame["stalls_since_asked"] = _stalls_after(facts, _first_asked(facts, actions, since), index, cutoff, quiet_days)
    helped = _later(by_kind["third_party_involved"], told["third_party_involved"])
    helped = helped[helped >= since.reindex(helped.index)]
    frame["days_since_third_party"], frame["signals_since_third_party"] = _days(helped, index, cutoff), _signals_after(facts, helped, index)
    return frame.reset_index()


def _first_after_last_sent(facts: pd.DataFrame, withdrawn: pd.DataFrame) -> pd.Series:
    """When each deal's proposal was withdrawn: the first withdrawal since the latest proposal before any withdrawal."""
    every = withdrawn.rename(columns={"known_at": "at"})
    sent = facts.loc[facts["kind"] == "proposal_sent", ["deal_id", "occurred_at"]]
    newest = every.groupby("deal_id")["at"].max()
    before = sent[sent["occurred_at"] <= _times(newest, sent["deal_id"])].groupby("deal_id")["occurred_at"].max()
    since = pd.Series(_times(before, every["deal_id"]), index=every.index)
    return _first(every[~(every["at"] < since)])


def _first(rows: pd.DataFrame) -> pd.Series:
    return rows.groupby("deal_id")["at"].min().astype("datetime64[us]")


def _on_the_table(index: pd.Index, facts: pd.DataFrame, proposals: pd.DataFrame, told: pd.Series, withdrawn: pd.Series, cutoff: pd.Timestamp) -> pd.DataFrame:
    unsettled = _unsettled(proposals, told)
    is_expired = unsettled["expires_on_now"] < cutoff
    out = unsettled[~is_expired]
    frame = pd.DataFrame(index=index)
    frame["proposals_sent"] = _count(facts[facts["kind"] == "proposal_sent"], index)
    frame["proposals_outstanding"], frame["proposals_expired"] = _count(out, index), _count(unsettled[is_expired], index)
    frame["proposal_sent_at"] = unsettled.groupby("deal_id")["occurred_at"].max().reindex(index)
    frame["proposal_age_days"] = ((cutoff - frame["proposal_sent_at"].astype("datetime64[us]")) / DAY).clip(lower=0.0).fillna(np.inf)
    frame["is_proposal_withdrawn"] = index.isin(withdrawn.index)
    frame["proposal"] = np.select([frame["proposals_outstanding"] > 0, frame["proposals_expired"] > 0, frame["is_proposal_withdrawn"]],
                                  ["outstanding", "expired", "withdrawn"], "none")
    after = out[out["occurred_at"] > _times(withdrawn, out["deal_id"])]
    frame["is_new_after_withdrawal"] = index.isin(after["deal_id"])
    gone = set(proposals.loc[proposals["event"] == "withdrawn", "proposal_id"])
    sent = proposals[(proposals["event"] == "sent") & ~proposals["is_draft_now"] & (proposals["occurred_at"] <= _times(withdrawn, proposals["deal_id"]))]
    before = sent[sent["proposal_id"].isin(gone) | sent["deal_id"].isin(told.index)]
    same = after.merge(before[["deal_id", "amount"]].dropna().drop_duplicates(), on=["deal_id", "amount"])
    frame["is_same_again"] = index.isin(same["deal_id"])
    return frame


def _unsettled(proposals: pd.DataFrame, told: pd.Series) -> pd.DataFrame:
    """Sent, no longer a draft, not settled, and not withdrawn by the action log or a task since."""
    settled = set(proposals.loc[proposals["event"].isin(SETTLED), "proposal_id"])
    sent = proposals[(proposals["event"] == "sent") & ~proposals["is_draft_now"]]
    gone = sent["proposal_id"].isin(settled)
    for times in (told, _settles_what_came_before(proposals)):
        gone |= sent["occurred_at"] <= _times(times, sent["deal_id"])
    return sent[~gone]


def _settles_what_came_before(proposals: pd.DataFrame) -> pd.Series:
    """Logs without proposal ids: an event that settles whatever was sent before it. Its newest time by deal."""
    ids = set(proposals.loc[proposals["event"] == "sent", "proposal_id"])
    loose = proposals[proposals["event"].isin(SETTLED) & ~proposals["proposal_id"].isin(ids)]
    return loose.groupby("deal_id")["occurred_at"].max()


def _notes(actions: pd.DataFrame, answers: pd.DataFrame) -> pd.Series:
    """What the rep wrote last as the lesson of the sheet."""
    noted = actions[(actions["action"] == "sheet_filled") & (actions["note"] != "")].rename(columns={"done_at": "at", "note": "text"})
    own = answers[answers["is_own"]].rename(columns={"answered_at": "at", "answer": "text"})
    both = pd.concat([noted[["deal_id", "at", "text"]], own[["deal_id", "at", "text"]]]).sort_values("at", kind="stable")
    return both.groupby("deal_id")["text"].last()


def _newest(rows: pd.DataFrame, time: str) -> pd.Series:
    return rows.groupby("deal_id")[time].max()


def _later(*times: pd.Series) -> pd.Series:
    """The latest of several times by deal; deals that are in one of them."""
    return pd.concat(times).groupby(level=0).max()


def _signals_after(facts: pd.DataFrame, times: pd.Series, index: pd.Index) -> pd.Series:
    later = facts[facts["is_buyer_signal"] & (facts["occurred_at"] > _times(times, facts["deal_id"]))]
    return _count(later, index)


def _first_asked(facts: pd.DataFrame, actions: pd.DataFrame, since: pd.Series) -> pd.Series:
    """When the needs were first asked for anew, by a task or the action log, at or after each deal's time."""
    tasks = facts.loc[facts["kind"] == "discovery_restarted", ["deal_id", "known_at"]].rename(columns={"known_at": "at"})
    told = actions.loc[actions["action"].isin(["rediscovery_started", "needs_restated"]), ["deal_id", "done_at"]].rename(columns={"done_at": "at"})
    every = pd.concat([tasks, told]).astype({"deal_id": "str", "at": "datetime64[us]"})
    return _first(every[every["at"] >= _times(since, every["deal_id"])])


def _stalls_after(facts: pd.DataFrame, times: pd.Series, index: pd.Index, cutoff: pd.Timestamp, quiet_days: int) -> pd.Series:
    """How often the buyer gave a sign after each deal's time and was silent for `quiet_days` then."""
    signs = facts[facts["is_buyer_signal"] & (facts["occurred_at"] > _times(times, facts["deal_id"]))].sort_values("occurred_at", kind="stable")
    following = signs.groupby("deal_id")["occurred_at"].shift(-1).fillna(cutoff)
    return _count(signs[following - signs["occurred_at"] >= quiet_days * DAY], index)


def _days(times: pd.Series, index: pd.Index, cutoff: pd.Timestamp) -> pd.Series:
    """Days from each deal's time to the export, 0 where it is later; infinite where there is none."""
    return ((cutoff - times.reindex(index).astype("datetime64[us]")) / DAY).clip(lower=0.0).fillna(np.inf)


def _times(by_deal: pd.Series, deal_ids: pd.Series) -> NDArray[np.datetime64]:
    """The time of each deal, in the order of `deal_ids`; not-a-time where it has none."""
    return by_deal.astype("datetime64[us]").reindex(deal_ids).to_numpy()


def _count(rows: pd.DataFrame, index: pd.Index) -> pd.Series:
    return rows.groupby("deal_id").size().reindex(index, fill_value=0)
