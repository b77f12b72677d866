"""When proposals were withdrawn: by their status in the CRM, by done tasks that say so, and by the action log."""

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

COLUMNS = ["deal_id", "occurred_at", "known_at", "is_of_proposal"]
TYPES = {"deal_id": "str", "occurred_at": "datetime64[us]", "known_at": "datetime64[us]", "is_of_proposal": "bool"}


def withdrawals(facts: pd.DataFrame, actions: pd.DataFrame, subjects: str) -> pd.DataFrame:
    """deal_id, occurred_at, known_at, is_of_proposal (the CRM says which proposal; else whatever was sent before it is withdrawn): one row per time that it is told.

    facts: deal_id, occurred_at, known_at, kind, label; actions: see `actions.read_actions`; subjects: done tasks whose subject matches tell of a withdrawal, empty = none does.
    """
    of_proposal, of_task = facts[facts["kind"] == "proposal_withdrawn"], facts[facts["kind"] == "task_done"]
    of_task = of_task[_matches(of_task["label"], subjects)]
    told = actions.loc[actions["action"] == "proposal_withdrawn", ["deal_id", "done_at"]].rename(columns={"done_at": "occurred_at"})
    every = (of_proposal.assign(is_of_proposal=True), of_task.assign(is_of_proposal=False), told.assign(known_at=told["occurred_at"], is_of_proposal=False))
    return pd.concat([one[COLUMNS].astype(TYPES) for one in every], ignore_index=True)


def _matches(labels: pd.Series, pattern: str) -> NDArray[np.bool_]:
    return np.array([bool(pattern) and isinstance(label, str) and re.search(pattern, label, re.IGNORECASE) is not None for label in labels], dtype=bool)
