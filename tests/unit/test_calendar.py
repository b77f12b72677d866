from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from dealtriage.calendar import broken_rule, fold, folds, last_matured, mondays

CUTOFF = datetime(2026, 6, 29, 6)


def test_mondays_are_mondays_after_the_first_instant() -> None:
    found = mondays(datetime(2026, 6, 1), datetime(2026, 6, 29))
    assert [f"{d:%m-%d}" for d in found] == ["06-08", "06-15", "06-22", "06-29"]


def test_the_worked_example() -> None:
    assert last_matured(CUTOFF, 90) == datetime(2026, 3, 31, 6)
    newest = folds(CUTOFF, 90, count=4, test_weeks=8, calibration_weeks=13)[-1]
    assert newest.test_start.date() == datetime(2026, 2, 3).date()
    assert newest.calibration_end.date() == datetime(2025, 11, 5).date()
    assert newest.calibration_start.date() == newest.train_end.date() == datetime(2025, 8, 6).date()


@settings(derandomize=True)
@given(horizon=st.integers(1, 400), count=st.integers(1, 8), test=st.integers(1, 30), calibration=st.integers(1, 30))
def test_no_label_is_used_before_it_was_known(horizon: int, count: int, test: int, calibration: int) -> None:
    planned = folds(CUTOFF, horizon, count, test, calibration)
    assert all(broken_rule(one, horizon) is None for one in planned)
    assert all(a.test_end == b.test_start for a, b in pairwise(planned))
    assert planned[-1].test_end - timedelta(seconds=1) == last_matured(CUTOFF, horizon)


def test_the_validator_refuses_what_the_planner_would_never_make() -> None:
    good = fold(0, datetime(2026, 1, 1), datetime(2026, 2, 1), 90, 13)
    assert broken_rule(good, 90) is None
    late = timedelta(days=1)
    assert broken_rule(replace(good, calibration_end=good.calibration_end + late), 90)
    assert broken_rule(replace(good, train_end=good.train_end + late), 90)
    assert broken_rule(replace(good, test_end=good.test_start), 90)
