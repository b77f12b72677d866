"""The hold-out, judged by the lot alone."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dealtriage.effects.experiment import LOG_TYPES, experiment, outcomes, read_log
from dealtriage.effects.words import told_by_trial
from dealtriage.params import Label
from dealtriage.tables import write_json, write_parquet
from dealtriage.workspace import Workspace
from tests.conftest import CUTOFF, make_facts


def deals(told: int, held: int, told_share: float, held_share: float, seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    held_out = np.arange(told + held) >= told
    revived = rng.random(told + held) < np.where(held_out, held_share, told_share)
    return pd.DataFrame({"deal_id": [f"d{number}" for number in range(told + held)], "is_held_out": held_out, "revived": pd.Series(revived).astype("Int8")})


def test_a_real_difference_is_found_and_said() -> None:
    found = experiment(deals(900, 400, 0.4, 0.2))
    assert found.effect is not None and found.effect.low < 0.2 < found.effect.high and found.effect.low > 0.05
    assert "more deals come back" in told_by_trial(found)


def test_its_interval_is_that_of_two_shares() -> None:
    table = deals(400, 200, 0.5, 0.3)
    found, shares = experiment(table), table.groupby("is_held_out")["revived"].mean().astype(float)
    error = np.sqrt(shares[False] * (1 - shares[False]) / 400 + shares[True] * (1 - shares[True]) / 200)
    assert found.effect is not None and found.effect.value == pytest.approx(shares[False] - shares[True])
    assert found.effect.error == pytest.approx(error)


def test_no_difference_is_not_claimed() -> None:
    assert "no effect can be told" in told_by_trial(experiment(deals(300, 100, 0.3, 0.3)))


def test_too_few_held_out_and_it_is_not_known() -> None:
    found = experiment(deals(300, 19, 0.6, 0.1))
    assert found.effect is None and "not known" in told_by_trial(found) and "19 held out" in told_by_trial(found)


def test_windows_that_still_run_do_not_count() -> None:
    table = deals(100, 100, 0.6, 0.1)
    table.loc[table["is_held_out"], "revived"] = pd.NA
    found = experiment(table)
    assert found.effect is None and found.deals_running == 100 and "100 more are not over" in told_by_trial(found)


def test_no_log_is_no_experiment(tmp_path: Path) -> None:
    log = read_log(Workspace(tmp_path))
    assert list(log) == list(LOG_TYPES) and log.empty


def workspace(tmp_path: Path) -> Workspace:
    """Deals told at day 100 (d0 to d2), one of them held out; d0 comes back at once, d1 never, d2 after 60 days."""
    told = CUTOFF - pd.Timedelta(days=300)
    rows = [{"deal_id": f"d{number}", "kind": "deal_created", "occurred_at": told - pd.Timedelta(days=50)} for number in range(3)]
    for deal, days in (("d0", 1), ("d2", 60)):
        rows += [{"deal_id": deal, "kind": kind, "occurred_at": told + pd.Timedelta(days=days)} for kind in ("email_in", "meeting_held")]
    found = Workspace(tmp_path)
    write_json(found.core / "export.json", {"cutoff": CUTOFF.isoformat()})
    write_parquet(make_facts(rows), found.timeline / "part-0000.parquet")
    return found


def logged(*rows: tuple) -> pd.DataFrame:
    at = CUTOFF - pd.Timedelta(days=300)
    return pd.DataFrame([(deal, at + pd.Timedelta(days=days), "stalled", phase, held, 0.3, "v1", horizon, "0.3:1") for deal, days, phase, held, horizon in rows],
                        columns=list(LOG_TYPES)).astype(LOG_TYPES)


LABEL = Label(horizon_days=90, revival="signal_and_progress")


def test_outcomes_are_the_labels_from_the_first_recommendation_on_within_its_own_horizon(tmp_path: Path) -> None:
    log = logged(("d0", 0, "1_withdraw", True, 90), ("d0", 7, "1_withdraw", True, 90), ("d1", 0, "2_rediscover", False, 90), ("d2", 0, "1_withdraw", False, 30))
    found = outcomes(workspace(tmp_path), LABEL, log)
    assert found["deal_id"].tolist() == ["d0", "d1", "d2"] and found["revived"].tolist() == [1, 0, 0]


def test_a_window_that_is_not_over_is_unknown(tmp_path: Path) -> None:
    assert outcomes(workspace(tmp_path), LABEL, logged(("d0", 250, "1_withdraw", True, 90)))["revived"].isna().all()


def test_other_advice_and_logs_without_a_lot_are_no_experiment(tmp_path: Path) -> None:
    assert outcomes(workspace(tmp_path), LABEL, logged(("d0", 0, "close_out", True, 90))).empty
    assert outcomes(workspace(tmp_path), LABEL, logged(("d0", 0, "1_withdraw", False, 90))).empty


def test_deals_recommended_before_the_lot_was_drawn_are_on_neither_side(tmp_path: Path) -> None:
    log = logged(("d0", 0, "1_withdraw", False, 90), ("d1", 10, "1_withdraw", True, 90), ("d2", 10, "1_withdraw", False, 90), ("d0", 10, "1_withdraw", True, 90))
    log.loc[log["recommended_at"] == log["recommended_at"].min(), "lot"] = ""
    found = outcomes(workspace(tmp_path), LABEL, log)
    assert found[["deal_id", "is_held_out"]].to_numpy().tolist() == [["d1", True], ["d2", False]]
