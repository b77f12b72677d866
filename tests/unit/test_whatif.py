"""What would have to change for a deal to stay: single changes and their numbers."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from dealtriage.model.fitting import Calibrated
from dealtriage.model.restall import ASKED, CHANGEABLE
from dealtriage.model.telling import fit_telling
from dealtriage.whatif import SAID, changes


@pytest.fixture(scope="module")
def restall() -> Calibrated:
    rng = np.random.default_rng(1)
    X = pd.DataFrame(rng.integers(0, 5, (4000, len(ASKED))).astype(float), columns=list(ASKED))
    again = rng.random(4000) < 0.95 - 0.15 * X["meetings_held_total"] - 0.05 * X["contacts_active_60d"]
    learnt: Pipeline = fit_telling(X, again.to_numpy(), 0.1, ASKED)
    return Calibrated(learnt)


def deal(**features: float) -> pd.DataFrame:
    return pd.DataFrame([dict.fromkeys(ASKED, 1.0) | features])


def test_the_change_that_lowers_it_most_comes_first_with_its_numbers(restall: Calibrated) -> None:
    told = changes(restall, {"contacts_active_60d": 3.0, "meetings_held_total": 4.0}, deal(meetings_held_total=0.0))[0]
    first, second = told.split("; ")
    assert first.endswith("if there had been 4 meetings (none so far)") and second.endswith("if 3 people of theirs took part within 60 days (1 did)")
    lower, now = (float(part.rstrip("%")) for part in first.split(" if ")[0].split(" instead of "))
    assert lower < now - 20


def test_nothing_is_said_where_the_deal_has_as_much_or_it_would_hardly_matter(restall: Calibrated) -> None:
    assert changes(restall, {"meetings_held_total": 4.0}, deal(meetings_held_total=4.0))[0] == ""
    assert changes(restall, {"meetings_held_total": 4.0}, deal(meetings_held_total=np.nan))[0] == ""
    assert changes(restall, {"next_steps_ahead": 2.0}, deal())[0] == ""
    assert changes(restall, {}, deal())[0] == ""


def test_everything_that_somebody_can_change_can_be_said() -> None:
    assert set(SAID) == set(CHANGEABLE)
    assert SAID["hand_90d"](-0.1, -0.5) == "the buyer did more of the work (now mostly we do)"
    assert SAID["next_steps_ahead"](1.0, 0.0) == "1 next step with a date lay ahead (none does)"
