"""Rates of the Salesforce export, measured from its raw files alone and independently of the pipeline's own modules."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from .salesforce.ids import extend

QUIET_DAYS, HORIZON_DAYS = 14, 90
WON_ORDER = 7  # place of Closed Won in OpportunityStage
ENCODINGS = {"Account": "iso-8859-1"}


def read(raw: Path, table: str) -> pd.DataFrame:
    """One file, every value as text, deleted rows left out."""
    frame = pd.read_csv(
        raw / f"{table}.csv", dtype=str, keep_default_na=False, encoding=ENCODINGS.get(table, "utf-8-sig")
    )
    return frame[frame["IsDeleted"] != "1"] if "IsDeleted" in frame else frame


def days(texts: pd.Series) -> pd.Series:
    """Days since 1970, NaN where the text is no time."""
    times = pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce")
    return (times - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1)


def long_ids(ids: pd.Series) -> pd.Series:
    """Every id in its 18-character form."""
    return ids.where(ids.str.len() != 15, ids.map(extend))


def facts(deal: pd.Series, at: pd.Series, known: pd.Series, kind: str) -> pd.DataFrame:
    """Facts of one kind, those without a time left out."""
    frame = pd.DataFrame({"deal": long_ids(deal), "at": at, "known": np.maximum(at, known), "kind": kind})
    return frame.dropna()


def buyer_facts(raw: Path) -> pd.DataFrame:
    """Buyer signals: emails received, calls answered, meetings held, proposals opened."""
    mail, task, event = read(raw, "EmailMessage"), read(raw, "Task"), read(raw, "Event")
    mail["sent"], mail["known"] = days(mail["MessageDate"]), days(mail["CreatedDate"])
    human = ~mail["Subject"].str.startswith("Automatic reply") & (mail["AutomationType"] == "")
    got = mail[(mail["Incoming"] == "1") & human]
    opened = mail[(mail["IsOpened"] == "1") & mail["Subject"].str.startswith("Proposal v")]
    spoken = task[(task["TaskSubtype"] == "Call") & (task["CallDisposition"] == "Connected")]
    held = event[(event["Outcome__c"] == "Held") & (event["IsChild"] == "0")]
    first = days(opened["FirstOpenedDate"])
    return pd.concat(
        [
            facts(got["RelatedToId"], got["sent"], got["known"], "mail"),
            facts(opened["RelatedToId"], first, first, "opened"),
            facts(spoken["WhatId"], days(spoken["ActivityDate"]), days(spoken["CreatedDate"]), "call"),
            facts(held["WhatId"], days(held["StartDateTime"]), days(held["LastModifiedDate"]), "meeting"),
        ]
    )


def stage_facts(raw: Path) -> pd.DataFrame:
    """Stage by snapshot row, as its place in the order."""
    history, stages = read(raw, "OpportunityHistory"), read(raw, "OpportunityStage")
    order = dict(zip(stages["MasterLabel"], stages["SortOrder"].astype(int), strict=True))
    history["deal"], history["at"] = long_ids(history["OpportunityId"]), days(history["CreatedDate"])
    history["order"] = history["StageName"].map(order)
    history["lost"], history["won"] = (
        history["StageName"] == "Closed Lost",
        history["StageName"] == "Closed Won",
    )
    return history.dropna(subset=["at"]).sort_values(["deal", "at"], kind="stable")


def mondays(raw: Path, truth: Path) -> pd.DataFrame:
    """Mondays of open deals whose horizon has matured, with silence, the label and the truth."""
    rows = pd.read_parquet(truth / "states.parquet")
    rows["t"] = (rows["as_of"] - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1)
    signals, stages, quotes = buyer_facts(raw), stage_facts(raw), read(raw, "Quote")
    sent = facts(quotes["OpportunityId"], days(quotes["CreatedDate"]), days(quotes["CreatedDate"]), "quote")
    cutoff = max(signals["known"].max(), stages["at"].max())
    held = signals[signals["kind"] == "meeting"]
    steps = stages[~stages["lost"]]
    talks = {deal: list(zip(*pair, strict=True)) for deal, pair in _lists(signals, "at", "known").items()}
    moves = {deal: list(zip(*pair, strict=True)) for deal, pair in _lists(steps, "at", "order").items()}
    renewed = {deal: sorted(pair[0]) for deal, pair in _lists(pd.concat([held, sent]), "at", "known").items()}
    labelled = [
        _label(t, talks.get(deal, []), moves.get(deal, []), renewed.get(deal, []))
        for deal, t in zip(rows["deal_id"], rows["t"], strict=True)
    ]
    rows[["silence", "revived"]] = pd.DataFrame(labelled, index=rows.index)
    return rows[rows["t"] + HORIZON_DAYS <= cutoff].astype({"revived": bool}).reset_index(drop=True)


def _lists(frame: pd.DataFrame, *columns: str) -> dict[str, list[list[float]]]:
    grouped = frame.sort_values(["deal", "at"], kind="stable").groupby("deal")[list(columns)]
    return {deal: [part[column].tolist() for column in columns] for deal, part in grouped}


def _label(
    t: float, talks: list[tuple[float, float]], moves: list[tuple[float, float]], renewed: list[float]
) -> tuple[float, bool]:
    """Silence in days at `t`, and whether the deal revives within the horizon."""
    born = moves[0][0] if moves else t
    last = max((at for at, known in talks if known < t), default=born)
    end = t + HORIZON_DAYS
    signal = next((at for at, _ in talks if t <= at < end), end)
    reached = max((order for at, order in moves if at < t), default=0)
    won = any(t <= at < end and order == WON_ORDER for at, order in moves)
    further = any(signal <= at < end and order > reached for at, order in moves)
    return t - last, won or further or any(signal <= at < end for at in renewed)


def auc(score: pd.Series, label: pd.Series) -> float:
    """Area under the ROC curve, by ranks."""
    ranks, ones = score.rank().to_numpy(), label.to_numpy(dtype=bool)
    hits, rest = ones.sum(), (~ones).sum()
    return float((ranks[ones].sum() - hits * (hits + 1) / 2) / (hits * rest))


def closed_deals(raw: Path, truth: Path) -> pd.DataFrame:
    """Deals with what became of them and how long they took, in days."""
    deals = read(raw, "Opportunity").merge(
        pd.read_parquet(truth / "deals.parquet"), left_on="Id", right_on="deal_id"
    )
    deals["length_days"] = days(deals["LastStageChangeDate"]) - days(deals["CreatedDate"])
    return deals
