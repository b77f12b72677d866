"""What people wrote down: data/actions.csv, what was done outside the CRM, and data/answers.csv, their own answers to the win/loss sheets.

Reps or a flow append to both; no run writes to them.
"""

from pathlib import Path

import pandas as pd

from dealtriage.errors import BadInput

COLUMNS = ("deal_id", "done_at", "action", "note")
ACTIONS = ("proposal_withdrawn", "sheet_filled", "rediscovery_started", "needs_restated", "third_party_involved")
ANSWERED = ("deal_id", "question", "answer", "answered_at")
QUESTIONS = ("state", "turned", "differs", "against", "whose_mistake", "on_the_table", "outcome", "stated_reason", "lesson")
OWN = "lesson"  # what no export tells: answered, the sheet counts as filled
LATEST = pd.Timedelta(days=92)
UNUSABLE = ["line", "deal_id", "reason"]


def read_actions(path: Path | None, deal_ids: pd.Series, cutoff: pd.Timestamp) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The usable actions (deal_id, done_at, action, note), and the rows that are not (line, deal_id, reason).

    Actions may be newer than the export, by three months at most: a rep acts on a list after it was made.
    15-character ids of Salesforce stand for their long form. No file is an empty one. Raises BadInput when the file has other columns.
    """
    raw = _read(path, COLUMNS, deal_ids, optional=("note",))
    raw["action"] = raw["action"].str.strip().str.casefold().str.replace(r"[ -]+", "_", regex=True)
    usable, unusable = _sifted(raw, deal_ids, cutoff, "done_at", {f"action is none of {', '.join(ACTIONS)}": ~raw["action"].isin(ACTIONS)})
    return usable[list(COLUMNS)], unusable


def read_answers(path: Path | None, deal_ids: pd.Series, cutoff: pd.Timestamp) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The usable answers (deal_id, question, answer, answered_at, is_own), the last one to each question; and the rows that are not (line, deal_id, reason).

    question: the key of a question of the sheet, or its number. is_own: it answers the question that only people can answer.
    """
    raw = _read(path, ANSWERED, deal_ids)
    numbers = {str(number): key for number, key in enumerate(QUESTIONS, start=1)}
    question = raw["question"].str.strip().str.casefold().str.replace(r"[ -]+", "_", regex=True)
    raw["question"] = question.map(lambda given: numbers.get(given, given))
    usable, unusable = _sifted(raw, deal_ids, cutoff, "answered_at", {
        f"question is none of {', '.join(QUESTIONS)}, nor its number": ~raw["question"].isin(QUESTIONS),
        "the answer is empty": raw["answer"].str.strip() == ""})
    last = usable.drop_duplicates(["deal_id", "question"], keep="last").reset_index(drop=True)
    return last[list(ANSWERED)].assign(is_own=last["question"] == OWN), unusable


def _read(path: Path | None, columns: tuple[str, ...], deal_ids: pd.Series, optional: tuple[str, ...] = ()) -> pd.DataFrame:
    """The file as text, with the long form of ids. `optional` columns may be missing."""
    header = ",".join(columns)
    if path is None or not path.is_file():
        return pd.DataFrame(columns=list(columns), dtype="str")
    try:
        raw = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig", skip_blank_lines=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is no readable CSV: {error}.", f"Its first line must be {header}.") from error
    missing = [name for name in columns if name not in raw.columns and name not in optional]
    if missing:
        raise BadInput(f"{path} has no column {', '.join(missing)}.", f"Its first line must be {header}.")
    long_form = dict(zip(deal_ids.str[:15], deal_ids, strict=True))
    full = raw.assign(**{name: "" for name in optional if name not in raw.columns})
    full["deal_id"] = full["deal_id"].str.strip().map(lambda given: long_form.get(given, given))
    return full[(full[list(columns)] != "").any(axis=1)]


def _sifted(raw: pd.DataFrame, deal_ids: pd.Series, cutoff: pd.Timestamp, time: str, wrong: dict[str, pd.Series]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows that can be used, typed, and the others with their line and the reason."""
    at = pd.to_datetime(raw[time], errors="coerce", utc=True, format="ISO8601").dt.tz_localize(None)
    reason = pd.Series("", index=raw.index)
    for why, is_wrong in {**wrong, f"{time} is no date like 2026-05-31": at.isna(), f"{time} lies more than three months after the export": at > cutoff + LATEST, "no deal of the export has this id": ~raw["deal_id"].isin(deal_ids)}.items():
        reason[is_wrong] = why
    bad = reason != ""
    unusable = pd.DataFrame({"line": raw.index[bad] + 2, "deal_id": raw.loc[bad, "deal_id"], "reason": reason[bad]}, columns=UNUSABLE)
    texts = {name: "str" for name in raw.columns if name != time}
    usable = raw.assign(**{time: at})[~bad].astype({**texts, time: "datetime64[us]"})
    return usable.reset_index(drop=True), unusable.reset_index(drop=True)
