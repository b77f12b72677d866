"""All that is published of one run, read once; with `publish.redact`, without the names in it."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from dealtriage.params import Params
from dealtriage.publish.playbooks import with_chance
from dealtriage.publish.rows import list_rows
from dealtriage.tables import by_deal, parts, read_parquet
from dealtriage.workspace import Workspace

UNASSIGNED = "unassigned"
FACTS = ["deal_id", "occurred_at", "kind", "is_buyer_signal"]
WEEKS = ["deal_id", "as_of", "p"]
LEFT_OUT = "(left out)"
FREE_TEXTS = ("sheet_note", "needs_note", "said_what", "loss_reason")  # what people wrote may hold any name


@dataclass(frozen=True)
class Told:
    """advice: one row per open deal, its owner never empty. people: owner_id (index), name, manager_id. sheets, stories, differences, weeks: see `recommend`, `winloss` and `score`."""

    params: Params
    advice: pd.DataFrame
    people: pd.DataFrame
    sheet_rows: pd.DataFrame
    story_rows: pd.DataFrame
    difference_rows: pd.DataFrame
    weeks: pd.DataFrame

    @cached_property
    def names(self) -> dict[str, str]:
        return {str(who): str(name) for who, name in self.people["name"].items()}

    @cached_property
    def rows(self) -> pd.DataFrame:
        return list_rows(self.advice, self.params.publish, self.params.label.horizon_days, self.names)

    @cached_property
    def deals(self) -> dict[str, dict[str, Any]]:
        """The advice of each deal as playbooks and pages read it: the chance as p_revive, and horizon_days."""
        return {one: rows[0] for one, rows in by_deal(with_chance(self.advice, self.params.label.horizon_days)).items()}

    @cached_property
    def sheets(self) -> dict[str, list[dict[str, Any]]]:
        return by_deal(self.sheet_rows)

    @cached_property
    def stories(self) -> dict[str, list[dict[str, Any]]]:
        return by_deal(self.story_rows)

    @cached_property
    def differences(self) -> dict[str, list[dict[str, Any]]]:
        return by_deal(self.difference_rows)

    @cached_property
    def managers(self) -> pd.Series:
        """The manager of each row's owner; missing where there is none."""
        return self.rows["owner_id"].map(self.people["manager_id"])


def read_told(params: Params, workspace: Workspace) -> Told:
    """All tables of the run. Raises BadInput when a stage before has not run."""
    advice = read_parquet(workspace.advice / "advice.parquet")
    advice["owner_id"] = advice["owner_id"].fillna(UNASSIGNED)
    people = read_parquet(workspace.core / "owners.parquet").set_index("owner_id")
    people["name"] = people["name"].fillna(people.index.to_series())
    sheets = read_parquet(workspace.advice / "sheets.parquet")
    stories, differences = (read_parquet(workspace.winloss / f"{name}.parquet") for name in ("stories", "differences"))
    if params.publish.redact:
        sheets = _redacted_sheets(sheets, advice)
        advice, people = _redacted(advice, people)
    return Told(params, advice, people, sheets, stories, differences, _weeks(workspace))


def read_facts(workspace: Workspace, deal_ids: pd.Series) -> pd.DataFrame:
    """What both sides did in these deals."""
    found = [read_parquet(part, FACTS) for part in parts(workspace.timeline)]
    return pd.concat([facts[facts["deal_id"].isin(deal_ids)] for facts in found], ignore_index=True)


def _weeks(workspace: Workspace) -> pd.DataFrame:
    """The chance of each deal, week by week: its whole past where it is stalled or dead, the last weeks otherwise."""
    past, last = read_parquet(workspace.winloss / "weeks.parquet", WEEKS), read_parquet(workspace.scores / "outlook.parquet", WEEKS)
    both = pd.concat([past, last[~last["deal_id"].isin(past["deal_id"])]], ignore_index=True)
    return both.sort_values(["deal_id", "as_of"], kind="stable").reset_index(drop=True)


def _redacted(advice: pd.DataFrame, people: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Names as short hashes, alike for the same name in one export; texts that people wrote left out.

    The key is made of numbers in a precision that is published nowhere, so that nobody can try names out.
    """
    key = hashlib.sha256(advice.select_dtypes("float").to_numpy(dtype=float).tobytes()).digest()

    def hashed(names: pd.Series, what: str) -> pd.Series:
        return names.map(lambda name: f"{what} {hashlib.blake2b(str(name).encode(), key=key, digest_size=4).hexdigest()}", na_action="ignore")

    whom = hashed(advice["whom"].where(advice["whom"] != ""), "Person").fillna("")
    texts = {name: advice[name].where(advice[name].isna() | (advice[name] == ""), LEFT_OUT) for name in FREE_TEXTS}
    advice = advice.assign(deal_name=hashed(advice["deal_name"], "Deal"), account_name=hashed(advice["account_name"], "Account"), whom=whom, **texts)
    return advice, people.assign(name=hashed(people["name"], "Employee"))


def _redacted_sheets(sheets: pd.DataFrame, advice: pd.DataFrame) -> pd.DataFrame:
    """The sheets without what people wrote: their answers, the notes that are quoted, the stated reason."""
    written = advice.set_index("deal_id")[["said_what", "loss_reason"]]

    def masked(row: Any) -> list[str]:
        texts = [text for text in written.loc[row.deal_id] if isinstance(text, str) and text]
        out = [row.answer, row.evidence]
        for text in sorted(texts, key=len, reverse=True):
            out = [one.replace(text, LEFT_OUT) for one in out]
        return [*out, LEFT_OUT if row.your_answer else ""]

    if sheets.empty:
        return sheets
    masked_rows = np.array([masked(row) for row in sheets.itertuples()], dtype=object)
    return sheets.assign(answer=masked_rows[:, 0], evidence=masked_rows[:, 1], your_answer=masked_rows[:, 2])
