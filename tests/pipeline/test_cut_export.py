"""The raw export as it would have been made on an earlier Monday gives the same cohort and the same features for that
Monday, and for all before it: nothing that only the later export knows reaches them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dealtriage.features.build import chosen, matrix
from dealtriage.features.registry import by_name
from dealtriage.features.weeks import Weeks
from dealtriage.params import Features
from dealtriage.tables import read_parts
from dealtriage.workspace import Workspace
from tests.company import finished_run
from tests.cut import MONDAY, cut_run


@pytest.fixture(scope="module")
def both() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Quiet rows with features up to the Monday: from the whole export, and from the one cut at it."""
    return quiet_rows(finished_run()), quiet_rows(cut_run())


def quiet_rows(root: Path) -> pd.DataFrame:
    rows = read_parts(Workspace(root).cohort / "rows", ["deal_id", "as_of", "is_quiet"])
    kept = rows[rows["is_quiet"] & (rows["as_of"] <= MONDAY) & (rows["as_of"].dt.normalize() == rows["as_of"])]
    return kept.merge(read_parts(Workspace(root).features), on=["deal_id", "as_of"], validate="1:1")


@pytest.mark.parametrize("kind", ["account_changed", "title_known", "owner_changed"])
def test_the_same_was_known_of_accounts_titles_and_owners(kind: str) -> None:
    whole, cut = (read_parts(Workspace(root).timeline).query(f"kind == '{kind}' and known_at < @MONDAY").reset_index(drop=True)
                  for root in (finished_run(), cut_run()))
    assert len(whole) > 10
    pd.testing.assert_frame_equal(whole, cut)


def test_there_were_changes_to_undo() -> None:
    """Of titles after the Monday, of accounts at least before it."""
    facts = read_parts(Workspace(finished_run()).timeline)
    titles = facts[facts["kind"] == "title_known"]
    assert set(titles.query("known_at >= @MONDAY")["contact_id"]) & set(titles.query("known_at < @MONDAY")["contact_id"])
    assert facts.query("kind == 'account_changed' and known_at < @MONDAY")["deal_id"].duplicated().sum() > 1


def test_the_same_deals_were_quiet(both: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    whole, cut = both
    assert (whole["as_of"] == MONDAY).sum() > 15
    pd.testing.assert_frame_equal(whole[["deal_id", "as_of"]], cut[["deal_id", "as_of"]])


@pytest.mark.parametrize("name", chosen(Features()))
def test_the_same_features(both: tuple[pd.DataFrame, pd.DataFrame], name: str) -> None:
    whole, cut = both
    np.testing.assert_array_equal(whole[name], cut[name])


OPTIONAL = [name for name in by_name() if name not in chosen(Features())]


def test_the_same_optional_features() -> None:
    whole, cut = (optional_features(root) for root in (finished_run(), cut_run()))
    assert len(OPTIONAL) >= 3
    pd.testing.assert_frame_equal(whole, cut)


def optional_features(root: Path) -> pd.DataFrame:
    facts = read_parts(Workspace(root).timeline)
    return matrix(facts, quiet_rows(root)[["deal_id", "as_of"]], Weeks({}), OPTIONAL)
