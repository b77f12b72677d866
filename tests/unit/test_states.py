from datetime import datetime, timedelta

import pandas as pd
import pytest

from dealtriage.states import next_state, settled_states

MONDAY = datetime(2026, 6, 1)


def history(*weeks: tuple[int, float, int]) -> pd.DataFrame:
    return pd.DataFrame([("D", MONDAY + timedelta(weeks=w), p, n) for w, p, n in weeks],
                        columns=["deal_id", "as_of", "p", "facts_known"])


@pytest.mark.parametrize(("before", "p", "after"), [
    (None, 0.19, "dead"), (None, 0.2, "stalled"), ("stalled", 0.18, "stalled"), ("stalled", 0.16, "dead"),
    ("dead", 0.22, "dead"), ("dead", 0.23, "stalled")])
def test_the_margin(before: str | None, p: float, after: str) -> None:
    assert next_state(before, p, dead_below=0.2, margin=0.03) == after


def test_drifting_over_the_threshold_does_not_flip_and_a_new_fact_does() -> None:
    assert settled_states(history((0, 0.25, 5), (1, 0.19, 5)), 0.2, 0.03) == {"D": "stalled"}
    assert settled_states(history((0, 0.25, 5), (1, 0.19, 6)), 0.2, 0.03) == {"D": "dead"}


def test_a_deal_that_was_active_in_between_starts_anew() -> None:
    assert settled_states(history((0, 0.25, 5), (3, 0.19, 5)), 0.2, 0.03) == {"D": "dead"}
