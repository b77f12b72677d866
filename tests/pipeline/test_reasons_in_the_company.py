"""Reasons of the small company's deals: sound in every list, and steady from one week to the next while nothing happens."""

import re
from functools import cache

import numpy as np
import pandas as pd

from dealtriage.features.build import read_features
from dealtriage.features.registry import by_name
from dealtriage.matrix import KEY
from dealtriage.model.store import load_model
from dealtriage.reasons import against_trend, contributions, found_reasons, reasons, strongest
from dealtriage.tables import parts, read_json, read_parquet, read_parts
from dealtriage.workspace import Workspace
from tests.company import finished_run

STEADY = 0.8
PLAIN = {"stage_name": "its stage", "furthest_name": "its stage"}


@cache
def quiet_deals() -> tuple[pd.DataFrame, pd.DataFrame, dict[str, float | None]]:
    """Every quiet deal at every date with all its features, what each adds, and the typical deal."""
    workspace = Workspace(finished_run())
    card, model = read_json(workspace.model / "card.json"), load_model(workspace.model / "model.skops")
    asked = read_parts(workspace.cohort / "rows", [*KEY, "is_quiet", "facts_known"])
    features = pd.concat(map(read_features, parts(workspace.features)))
    rows = asked[asked["is_quiet"]].merge(features, on=KEY, validate="1:1").reset_index(drop=True)
    return rows, contributions(model, rows[card["features"]], card["typical_deal"]), card["typical_deal"]


def test_the_leading_subject_stays_while_nothing_happens() -> None:
    rows, adds, typical = quiet_deals()
    said = adds.mask(against_trend(rows, adds, typical), 0.0)
    leading = []
    for row, own, sayable in zip(rows.to_dict("records"), adds.to_dict("records"), said.to_dict("records"), strict=True):
        first = strongest(found_reasons(row | PLAIN, own, sayable, {}))[:1]
        leading.append(by_name()[first[0].feature].subject if first else "none")
    now = rows[[*KEY, "facts_known"]].assign(subject=leading)
    weeks = now.assign(as_of=now["as_of"] + pd.Timedelta(weeks=1)).merge(now, on=[*KEY, "facts_known"], suffixes=("_before", ""))
    assert len(weeks) > 500
    assert (weeks["subject"] == weeks["subject_before"]).mean() >= STEADY


def test_no_reason_of_any_week_is_broken() -> None:
    rows, adds, typical = quiet_deals()
    told = reasons(rows, adds, typical, {})
    assert (told["reason_1"] != "").all()
    for text in told.to_numpy().ravel():
        assert "nan" not in text.split() and not re.search(r"\{|None", text), text


def test_the_groups_in_the_scores_are_the_distance_from_the_typical_deal() -> None:
    workspace = Workspace(finished_run())
    scores = read_parquet(workspace.scores / "scores.parquet").set_index("deal_id")
    adds = read_parquet(workspace.scores / "contributions.parquet").set_index("deal_id")
    columns = [f"{group}_adds" for group in ("buyer", "seller", "communication", "terms", "context")]
    quiet = scores[scores["state"] != "active"]
    np.testing.assert_allclose(quiet[columns].sum(axis=1), adds.loc[quiet.index].sum(axis=1), atol=1e-9)
    odds = np.log(quiet["p_revive_90d"] / (1 - quiet["p_revive_90d"])) - quiet[columns].sum(axis=1)
    assert odds.max() - odds.min() < 1e-6  # what is left is the typical deal's
    assert scores.loc[scores["state"] == "active", columns].isna().all(axis=None)
