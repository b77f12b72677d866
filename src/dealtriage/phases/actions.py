"""What people wrote down: data/actions.csv, what was done outside the CRM, and data/answers.csv, their own answers to the win/loss sheets.

Reps or a flow append to both; no run writes to them.
"""

import csv
from pathlib import Path

import pandas as pd

from dealtriage.errors import BadInput

COLUMNS = ("deal_id", "done_at", "action", "note")
ACTIONS = ("proposal_withdrawn", "sheet_filled", "rediscovery_started", "needs_restated", "third_party_involved")
ANSWERED = ("deal_id", "question", "answer", "answered_at")
QUESTIONS = ("state", "turned", "differs", "against", "whose_mistake", "on_the_table", "outcome", "stated_reason", "lesson")
OWN = "lesson"  # what no export tells: answered, the sheet counts as filled
LATEST = pd.Timedelta(days=92)
EARLIEST = pd.Timestamp("2000-01-01")
UNUSABLE = ["line", "deal_id", "reason"]


def read_actions(path: Path | None, deal_ids: pd.Series, cutoff: pd.Timestamp) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The usable actions (deal_id, done_at, action, note), and the rows that are not (line, deal_id, reason).

    Actions may be newer than the export, by three months at most: a rep acts on a list after it was made. A sheet is filled with what only people can
    tell, so `sheet_filled` without a note says nothing and cannot be used.
    15-character ids of Salesforce stand for their long form. No file is an empty one. Raises BadInput when the file has other columns.
    """
    raw = _read(path, COLUMNS, deal_ids, optional=("note",))
    raw["action"] = raw["action"].str.strip().str.casefold().str.replace(r"[ -]+", "_", regex=True)
    usable, unusable = _sifted(raw, deal_ids, cutoff, "done_at", {
        f"action is none of {', '.join(ACTIONS)}": ~raw["action"].isin(ACTIONS),
        f"a filled sheet wants its lesson: write it as the note, or as the answer to `{OWN}` in the file of answers": (raw["action"] == "sheet_filled") & (raw["note"].str.strip() == "")})
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
    """The file as text, with the long form of ids, by line; `fields`: how many too few or too many a line has. `optional` columns may be missing; an empty file is none.

    Raises BadInput where it cannot be read at all, or lacks a column.
    """
    header = ",".join(columns)
    if path is None or not path.is_file():
        return pd.DataFrame(columns=[*columns, "fields"], dtype="str").astype({"fields": "int64"})
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            lines = [(reader.line_num, cells) for cells in reader]
    except (csv.Error, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is no readable CSV: {error}.", f"Save it as CSV in UTF-8; its first line must be {header}.") from error
    if not lines:
        return pd.DataFrame(columns=[*columns, "fields"], dtype="str").astype({"fields": "int64"})
    heads = [head.strip().casefold() for head in lines[0][1]]
    missing = [name for name in columns if name not in heads and name not in optional]
    if missing:
        raise BadInput(f"{path} has no column {', '.join(missing)}.", f"Its first line must be {header}, with commas between.")
    kept = [(number, cells) for number, cells in lines[1:] if any(cell.strip() for cell in cells)]
    rows = [dict(zip(heads, cells, strict=False)) | {"fields": _odd(cells, heads)} for _, cells in kept]
    full = pd.DataFrame(rows, index=pd.Index([number for number, _ in kept], dtype="int64"), columns=[*columns, "fields"]).astype({"fields": "int64"})
    texts = {name: full[name].astype(object).where(full[name].notna(), "").astype("str") for name in columns}
    long_form = dict(zip(deal_ids.str[:15], deal_ids, strict=True))
    ids = texts["deal_id"].str.strip().map(lambda given: long_form.get(given, given))
    return full.assign(**{**texts, "deal_id": ids.astype("str")})


def _odd(cells: list[str], heads: list[str]) -> int:
    """How many fields a line has beyond its header, empty ones at the end not counted, or lacks of the first three."""
    extra = len([cell for cell in cells[len(heads):] if cell.strip()])
    return extra or min(len(cells) - min(len(heads), 3), 0)


def _sifted(raw: pd.DataFrame, deal_ids: pd.Series, cutoff: pd.Timestamp, time: str, wrong: dict[str, pd.Series]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows that can be used, typed, and the others with their line and the reason."""
    at = pd.to_datetime(raw[time], errors="coerce", utc=True, format="ISO8601").dt.tz_localize(None)
    reason = pd.Series("", index=raw.index)
    for why, is_wrong in {**wrong, "it has too many or too few fields (a text with a comma wants quotes)": raw["fields"] != 0, f"{time} is no date like 2026-05-31": at.isna(), f"{time} lies more than three months after the export": at > cutoff + LATEST,
                          f"{time} lies before the year 2000": at < EARLIEST, "no deal of the export has this id": ~raw["deal_id"].isin(deal_ids)}.items():
        reason[is_wrong] = why
    bad = reason != ""
    unusable = pd.DataFrame({"line": raw.index[bad], "deal_id": raw.loc[bad, "deal_id"], "reason": reason[bad]}, columns=UNUSABLE)
    texts = {name: "str" for name in raw.columns if name not in (time, "fields")}
    usable = raw.assign(**{time: at})[~bad].astype({**texts, time: "datetime64[us]"})
    return usable.reset_index(drop=True), unusable.reset_index(drop=True)
