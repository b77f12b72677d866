"""Whatever is registered as a feature depends only on what was known before its as-of date. New features are included
without being named here."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dealtriage.features.build import answers, matrix
from dealtriage.features.kernel import Bucket
from dealtriage.features.registry import by_name
from tests.conftest import CUTOFF, START, all_features, as_of_rows, random_facts, weeks_of

DATES = [START + timedelta(days=d) for d in (105, 210, 210.5, 301)]
GREGORIAN_CYCLE = timedelta(days=146_097)  # 400 years: the same weekdays, months and quarters again
FACTS = random_facts(seed=11, deals=24)
ROWS = as_of_rows(FACTS, DATES)
WHOLE = all_features(FACTS, ROWS)


LEAK = "It sees facts that became known at or after the as-of date. Ask the Bucket (q.count, q.last, ...): arrays such as q.value hold later facts too."
WHY = {
    "with what was known by then": LEAK,
    "with the future tampered with": LEAK,
    "with the rows shuffled": "It depends on the order of its input. Rows and facts are sorted by the Bucket: use q.rows and its answers, no positions of your own.",
    "with all dates 400 years later": "It depends on the calendar year, as if it read a clock. Use differences of times only.",
    "with the deal alone": "It depends on which other deals are in the batch, so live scoring would differ from training. What others showed must come from q.by_then.",
}


def same(found: pd.DataFrame, expected: pd.DataFrame, name: str, how: str) -> None:
    """The feature has the same values in both; else say which deal and date differ, and what that means."""
    pd.testing.assert_frame_equal(found[["deal_id", "as_of"]], expected[["deal_id", "as_of"]], obj=f"the rows of {name} {how}")
    new, old = found[name].to_numpy(), expected[name].to_numpy()
    wrong = np.flatnonzero(~np.isclose(new, old, rtol=1e-9, atol=1e-9, equal_nan=True))
    if len(wrong):
        row = expected.iloc[wrong[0]]
        pytest.fail(f"{name} of deal {row['deal_id']}, asked on {row['as_of']:%Y-%m-%d %H:%M}, is {old[wrong[0]]:g}, but {new[wrong[0]]:g} {how} "
                    f"({len(wrong)} of {len(old)} rows differ). {WHY[how]}", pytrace=False)


@pytest.mark.parametrize("name", by_name())
def test_every_feature_has_values_in_this_world(name: str) -> None:
    first = WHOLE[name].iloc[0]
    if np.isclose(WHOLE[name], first, equal_nan=True).all():
        pytest.fail(f"{name} is {first:g} in every row of the tests' random facts: either it asks for what never happens or reads something else "
                    "than facts, or tests/conftest.random_facts lacks it. The other tests could not fail for it.", pytrace=False)


@pytest.fixture(scope="module")
def truncated() -> pd.DataFrame:
    parts = [all_features(FACTS[FACTS["known_at"] < date], ROWS[ROWS["as_of"] == date], date) for date in DATES]
    return pd.concat(parts).sort_values(["deal_id", "as_of"]).reset_index(drop=True)


@pytest.mark.parametrize("name", by_name())
def test_truncation(name: str, truncated: pd.DataFrame) -> None:
    same(truncated, WHOLE, name, "with what was known by then")


@pytest.fixture(scope="module")
def tampered() -> pd.DataFrame:
    parts = []
    for date in DATES:
        facts, rng = FACTS.copy(), np.random.default_rng(5)
        future = (facts["known_at"] >= date).to_numpy()
        facts.loc[future, "occurred_at"] = pd.Timestamp(START)
        facts.loc[future, "value"] = 1e9
        facts.loc[future, "contact_id"] = "mallory"
        kinds = facts["kind"].to_numpy(dtype=object)
        kinds[future] = rng.permutation(kinds[future])
        for column in ("owner_id", "thread_id", "label", "value_before", "due_at"):
            facts.loc[future, column] = facts.loc[future, column].sample(frac=1, random_state=5).array
        facts["kind"] = pd.Series(kinds, dtype="str")
        facts.loc[future, "is_buyer_signal"] = ~facts.loc[future, "is_buyer_signal"]
        rows = ROWS[ROWS["as_of"] == date]
        parts.append(all_features(facts, rows, date))
    return pd.concat(parts).sort_values(["deal_id", "as_of"]).reset_index(drop=True)


@pytest.mark.parametrize("name", by_name())
def test_tampering_with_the_future_changes_nothing(name: str, tampered: pd.DataFrame) -> None:
    same(tampered, WHOLE, name, "with the future tampered with")


@pytest.fixture(scope="module")
def shuffled() -> pd.DataFrame:
    return all_features(FACTS.sample(frac=1, random_state=3), ROWS.sample(frac=1, random_state=4))


@pytest.mark.parametrize("name", by_name())
def test_row_order(name: str, shuffled: pd.DataFrame) -> None:
    same(shuffled, WHOLE, name, "with the rows shuffled")


@pytest.fixture(scope="module")
def shifted() -> pd.DataFrame:
    facts, rows = FACTS.copy(), ROWS.copy()
    for column in ("known_at", "occurred_at", "due_at"):
        facts[column] += GREGORIAN_CYCLE
    rows["as_of"] += GREGORIAN_CYCLE
    return all_features(facts, rows, CUTOFF + GREGORIAN_CYCLE).assign(as_of=lambda found: found["as_of"] - GREGORIAN_CYCLE)


@pytest.mark.parametrize("name", by_name())
def test_date_shift(name: str, shifted: pd.DataFrame) -> None:
    same(shifted, WHOLE, name, "with all dates 400 years later")


@pytest.fixture(scope="module")
def alone() -> pd.DataFrame:
    """Each deal in a bucket of its own, with what all deals showed by then."""
    weeks = weeks_of(FACTS, CUTOFF)
    parts = [matrix(FACTS[FACTS["deal_id"] == deal], ROWS[ROWS["deal_id"] == deal], weeks, list(by_name())) for deal in ROWS["deal_id"].unique()]
    return pd.concat(parts).reset_index(drop=True)


@pytest.mark.parametrize("name", by_name())
def test_a_deal_alone_is_the_deal_in_the_batch(name: str, alone: pd.DataFrame) -> None:
    same(alone, WHOLE, name, "with the deal alone")


@pytest.fixture(scope="module")
def in_pieces() -> pd.DataFrame:
    """The bucket asked in pieces of a few deals, as the pipeline asks large ones."""
    pieces = list(Bucket(FACTS, ROWS, weeks_of(FACTS, CUTOFF)).pieces(facts=100))
    assert len(pieces) > 5
    return pd.concat([pd.DataFrame(answers(piece, list(by_name()))) for piece in pieces]).reset_index(drop=True)


@pytest.mark.parametrize("name", by_name())
def test_a_bucket_in_pieces_is_the_bucket(name: str, in_pieces: pd.DataFrame) -> None:
    pd.testing.assert_series_equal(in_pieces[name], WHOLE[name])


@pytest.mark.parametrize("name", by_name())
def test_values_stay_in_their_declared_range(name: str) -> None:
    one, values = by_name()[name], WHOLE[name].dropna()
    empty = WHOLE.loc[WHOLE["deal_age_days"].notna(), name].isna().sum()
    if one.low is not None and values.min() < one.low - 1e-9:
        pytest.fail(f"{name} is {values.min():g} somewhere; its lowest value is declared as {one.low:g}", pytrace=False)
    if one.high is not None and values.max() > one.high + 1e-9:
        pytest.fail(f"{name} is {values.max():g} somewhere; its highest value is declared as {one.high:g}", pytrace=False)
    if one.missing == "never empty" and empty:
        pytest.fail(f"{name} is empty in {empty} rows: say in @feature(..., missing=...) what that means", pytrace=False)


@settings(max_examples=15, derandomize=True, deadline=None)
@given(seed=st.integers(0, 10_000), day=st.integers(60, 380))
def test_truncation_in_many_worlds(seed: int, day: int) -> None:
    facts = random_facts(seed, deals=3, per_deal=25)
    date = START + timedelta(days=day)
    rows = as_of_rows(facts, [date])
    known = facts[facts["known_at"] < date]
    if known.empty:
        return
    pd.testing.assert_frame_equal(all_features(facts, rows), all_features(known, rows, date), rtol=1e-9)


def test_a_flag_that_was_asked_about_cannot_be_changed() -> None:
    """What the bucket remembers of it would no longer be true."""
    q = Bucket(FACTS, ROWS)
    flag = q.is_signal & q.is_kind("email_in")
    q.count(flag)
    with pytest.raises(ValueError, match="read-only"):
        flag[:] = False
