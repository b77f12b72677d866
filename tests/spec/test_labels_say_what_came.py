"""What happened after the as-of date, and what the label makes of it. Horizon 90 days."""

from datetime import datetime

import pandas as pd
import pytest

from dealtriage.labels import label
from dealtriage.params import Label
from tests.conftest import as_of_rows, make_facts

T = datetime(2024, 3, 1)
LATER = datetime(2025, 3, 1)


def at(day: str, kind: str, **more: object) -> dict:
    known = str(more.pop("logged", day))
    return {"deal_id": "D", "kind": kind, "occurred_at": datetime.fromisoformat(day),
            "known_at": datetime.fromisoformat(known), **more}


BEFORE = [at("2024-01-01", "deal_created"), at("2024-01-05", "stage_changed", value=3.0),
          at("2024-01-20", "stage_changed", value=2.0)]
SIGNAL = at("2024-03-10", "email_in")

CASES = [
    ("nothing happens", [], 0),
    ("a signal alone is not enough", [SIGNAL], 0),
    ("signal, then a meeting held", [SIGNAL, at("2024-03-20", "meeting_held")], 1),
    ("a meeting held is a signal and movement at once", [at("2024-03-20", "meeting_held")], 1),
    ("signal, then a new proposal", [SIGNAL, at("2024-03-20", "proposal_sent")], 1),
    ("a proposal before the signal does not follow it", [at("2024-03-05", "proposal_sent"), SIGNAL], 0),
    ("signal, then a stage further than ever", [SIGNAL, at("2024-03-20", "stage_changed", value=4.0)], 1),
    ("signal, then back to a stage reached before", [SIGNAL, at("2024-03-20", "stage_changed", value=3.0)], 0),
    ("the seller moves it further, the buyer is silent", [at("2024-03-20", "stage_changed", value=4.0)], 0),
    ("won", [at("2024-04-01", "won")], 1),
    ("lost", [at("2024-04-01", "lost")], 0),
    ("lost, reopened, and moving again",
     [at("2024-03-05", "lost"), at("2024-04-01", "reopened"), at("2024-04-02", "email_in"),
      at("2024-04-10", "meeting_held")], 1),
    ("lost and reopened, nothing else", [at("2024-03-05", "lost"), at("2024-04-01", "reopened")], 0),
    ("won on the last instant of the window", [at("2024-05-29T23:59:59", "won")], 1),
    ("won when the window is over", [at("2024-05-30", "won")], 0),
    ("won at the as-of instant itself", [at("2024-03-01", "won")], 1),
    ("a meeting before the as-of date, logged after it, is no revival",
     [at("2024-02-27", "meeting_held", logged="2024-03-04")], 0),
]


def asked(facts: list[dict], cutoff: datetime = LATER, **more: str) -> pd.DataFrame:
    timeline = make_facts([*BEFORE, *facts])
    params = Label(horizon_days=90, **{"revival": "signal_and_progress", **more})
    return label(timeline, as_of_rows(timeline, [T]), cutoff, params)


@pytest.mark.parametrize(("because", "facts", "expected"), CASES, ids=[c[0] for c in CASES])
def test_label(because: str, facts: list[dict], expected: int) -> None:
    assert asked(facts)["revived"].tolist() == [expected]


@pytest.mark.parametrize(("revival", "expected"), [("any_signal", 1), ("signal_and_progress", 0), ("won", 0)])
def test_strictness(revival: str, expected: int) -> None:
    assert asked([SIGNAL], revival=revival)["revived"].tolist() == [expected]


@pytest.mark.parametrize("facts", [[], [SIGNAL, at("2024-03-20", "meeting_held")], [at("2024-03-02", "lost")]])
def test_a_window_that_is_not_over_is_unknown_whatever_happened(facts: list[dict]) -> None:
    found = asked(facts, cutoff=datetime(2024, 5, 29))
    assert not found["is_matured"].any()
    assert found.filter(like="revived").isna().all(axis=None)


def test_the_days_until_a_deal_comes_back_are_told_as_far_as_the_export_reaches() -> None:
    found = asked([SIGNAL, at("2024-06-20T12:00:00", "meeting_held"), at("2024-08-01", "won")]).iloc[0]
    assert (found["days_until_any_signal"], found["days_until_signal_and_progress"], found["days_until_won"]) == (9.0, 111.5, 153.0)
    assert found["revived"] == 0
    late = asked([SIGNAL, at("2024-03-20", "meeting_held", logged="2024-03-25")]).iloc[0]
    assert (late["days_until_signal_and_progress"], late["days_until_signal_and_progress_known"]) == (19.0, 24.0)
    assert asked([]).filter(like="days_until").isna().all(axis=None)


def test_an_ending_is_told_with_its_day() -> None:
    assert asked([at("2024-03-20", "lost")])["ended_after_days"].tolist() == [19.0]
    assert asked([at("2024-06-20", "lost")])["ended_after_days"].isna().all()


def test_a_window_over_at_the_cutoff_is_matured() -> None:
    assert asked([], cutoff=datetime(2024, 5, 30))["revived"].tolist() == [0]


def test_a_refusal_of_ours_can_be_kept_out() -> None:
    refused = [at("2024-03-20", "refused")]
    assert asked(refused)["revived"].tolist() == [0]
    assert asked(refused, seller_refusal="exclude")["revived"].isna().all()
    assert asked(refused, seller_refusal="exclude")["left_out"].tolist() == ["refused"]
    revived_first = [at("2024-03-10", "meeting_held"), *refused]
    assert asked(revived_first, seller_refusal="exclude")["revived"].tolist() == [1]


def test_silence_that_reaches_into_a_gap_is_neither_stalled_nor_dead() -> None:
    timeline = make_facts([*BEFORE, at("2024-04-01", "won")])
    rows, params = as_of_rows(timeline, [T, datetime(2025, 1, 1)]), Label(horizon_days=90, revival="won")
    found = label(timeline, rows.assign(is_in_gap=True), LATER, params)
    assert found["left_out"].tolist() == ["in_gap", "not_matured"]
    assert found.filter(like="revived").isna().all(axis=None)
    assert label(timeline, rows, LATER, params)["left_out"].tolist() == ["", "not_matured"]


def test_an_expiry_by_the_system_is_named() -> None:
    assert asked([at("2024-03-20", "lost", actor="system")])["ended_by"].tolist() == ["lost_by_rule"]
    assert asked([at("2024-03-20", "lost")])["ended_by"].tolist() == ["lost"]
    assert asked([])["ended_by"].tolist() == ["open"]


AGAIN = [
    ("talks on for two months", [*[at(f"2024-03-{day:02d}", "meeting_held") for day in (10, 20, 30)], at("2024-04-10", "email_in"), at("2024-04-20", "email_in"),
                                 at("2024-05-01", "email_in"), at("2024-05-12", "email_in"), at("2024-05-20", "won")], None),
    ("one meeting, then silence", [at("2024-03-10", "meeting_held")], 14.0),
    ("the silence counts from the last sign before it moved", [at("2024-03-10", "email_in"), at("2024-03-20", "proposal_sent")], 4.0),
    ("quiet already when it moved", [at("2024-03-10", "email_in"), at("2024-04-20", "proposal_sent")], 0.0),
    ("lost while they still talk", [at("2024-03-10", "meeting_held"), at("2024-03-15", "lost")], 5.0),
    ("won before the silence", [at("2024-03-10", "meeting_held"), at("2024-03-15", "won")], None),
    ("never came back", [], None),
]


@pytest.mark.parametrize(("because", "facts", "expected"), AGAIN, ids=[c[0] for c in AGAIN])
def test_when_it_is_quiet_again(because: str, facts: list[dict], expected: float | None) -> None:
    found = asked(facts)["quiet_again_after_days"].tolist()
    assert found == pytest.approx([float("nan") if expected is None else expected], nan_ok=True)


def test_a_silence_that_is_not_over_by_the_export_is_not_known() -> None:
    assert asked([at("2024-03-10", "meeting_held")], cutoff=datetime(2024, 3, 20))["quiet_again_after_days"].isna().all()


LATE = [
    ("when the silence is long enough", [at("2024-03-10", "meeting_held", logged="2024-03-12")], 14.0, 14.0),
    ("when its last sign is logged", [at("2024-03-10", "meeting_held", logged="2024-03-30")], 14.0, 20.0),
    ("when the loss is entered", [at("2024-03-10", "meeting_held"), at("2024-03-15", "lost", logged="2024-03-22")], 5.0, 12.0),
]


@pytest.mark.parametrize(("because", "facts", "expected", "known"), LATE, ids=[c[0] for c in LATE])
def test_when_it_is_known_that_it_is_quiet_again(because: str, facts: list[dict], expected: float, known: float) -> None:
    found = asked(facts).iloc[0]
    assert (found["quiet_again_after_days"], found["quiet_again_after_days_known"]) == (expected, known)
