"""What people did outside the CRM: data/actions.csv, which reps or a flow append to."""

from pathlib import Path

import pandas as pd

from dealtriage.errors import BadInput

COLUMNS = ("deal_id", "done_at", "action", "note")
ACTIONS = ("proposal_withdrawn", "sheet_filled", "needs_restated", "third_party_involved")
HEADER = ",".join(COLUMNS) + "\n"


def read_actions(path: Path | None, deal_ids: pd.Series) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The usable actions (deal_id, done_at, action, note), and the rows that are not (line, deal_id, reason).

    Actions may be newer than the export: a rep acts on a list after it was made.
    15-character ids of Salesforce stand for their long form. No file is an empty one. Raises BadInput when the file has other columns.
    """
    if path is None or not path.is_file():
        return _typed(pd.DataFrame(columns=list(COLUMNS))), pd.DataFrame(columns=["line", "deal_id", "reason"])
    try:
        raw = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is no readable CSV: {error}.", f"Its first line must be {HEADER.strip()}.") from error
    missing = [name for name in COLUMNS[:3] if name not in raw.columns]
    if missing:
        raise BadInput(f"{path} has no column {', '.join(missing)}.", f"Its first line must be {HEADER.strip()}.")
    raw["action"] = raw["action"].str.strip().str.casefold().str.replace(r"[ -]+", "_", regex=True)
    if "note" not in raw.columns:
        raw["note"] = ""
    done_at = pd.to_datetime(raw["done_at"], errors="coerce", utc=True, format="ISO8601").dt.tz_localize(None)
    long_form = dict(zip(deal_ids.str[:15], deal_ids, strict=True))
    raw["deal_id"] = raw["deal_id"].map(lambda given: long_form.get(given, given))
    reason = pd.Series("", index=raw.index)
    reason[~raw["action"].isin(ACTIONS)] = f"action is none of {', '.join(ACTIONS)}"
    reason[done_at.isna()] = "done_at is no date like 2026-05-31"
    reason[~raw["deal_id"].isin(deal_ids)] = "no deal of the export has this id"
    bad = reason != ""
    quarantined = pd.DataFrame({"line": raw.index[bad] + 2, "deal_id": raw.loc[bad, "deal_id"], "reason": reason[bad]})
    return _typed(raw.assign(done_at=done_at)[~bad]), quarantined.reset_index(drop=True)


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    kept = frame[["deal_id", "done_at", "action", "note"]].astype({"deal_id": "str", "action": "str", "note": "str"})
    return kept.assign(done_at=pd.to_datetime(kept["done_at"]).astype("datetime64[us]")).reset_index(drop=True)
