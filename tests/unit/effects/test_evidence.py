"""What was done in the week that follows a quiet Monday, by whom it was first done, and what had been recommended then."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from dealtriage.effects.evidence import begun, recommended_then, rows_of
from dealtriage.effects.experiment import LOG_TYPES

MONDAY = datetime(2025, 3, 3)


OWNERS = pd.DataFrame({"deal_id": "d1", "occurred_at": [MONDAY - timedelta(days=30), MONDAY + timedelta(days=3)], "owner_id": ["ada", "ben"]}).astype({"occurred_at": "datetime64[us]"})


def day(number: float) -> datetime:
    return MONDAY + timedelta(days=number)


def labels(*weeks: int, still: float = np.nan, ended: float = np.nan) -> pd.DataFrame:
    return pd.DataFrame({"deal_id": "d1", "as_of": [day(7 * week) for week in weeks], "revived": 1, "days_until_any_signal": still,
                         "ended_after_days": ended}).astype({"as_of": "datetime64[us]", "revived": "Int8"})


def acts(*rows: tuple[float, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["at", "phase"])
    return pd.DataFrame({"deal_id": "d1", "occurred_at": [day(at) for at in table["at"]], "phase": table["phase"]}).astype({"occurred_at": "datetime64[us]"})


def log(*rows: tuple) -> pd.DataFrame:
    return pd.DataFrame([("d1", day(at), "stalled", phase, held, 0.3, "v", 90, "0.3:1") for at, phase, held in rows], columns=list(LOG_TYPES)).astype(LOG_TYPES)


def found(labelled: pd.DataFrame, done: pd.DataFrame, outstanding: float = 1.0, told: pd.DataFrame | None = None) -> pd.DataFrame:
    asked = labelled[["deal_id", "as_of"]].assign(is_proposal_outstanding=outstanding)
    return rows_of(labelled, asked, done, OWNERS, log() if told is None else told)


def test_an_act_belongs_to_the_week_that_follows_the_monday() -> None:
    table = found(labels(0, 1, 2), acts((7.0, "2_rediscover")))
    assert table["2_rediscover_after_days"].fillna(-1).tolist() == [-1, 0, -1]
    assert table["can_2_rediscover"].tolist() == [True, True, False]


def test_only_the_first_time_counts() -> None:
    table = found(labels(0, 1), acts((3.0, "3_third_party"), (8.0, "3_third_party")))
    assert table["3_third_party_after_days"].fillna(-1).tolist() == [3, -1]
    assert table["can_3_third_party"].tolist() == [True, False]


def test_withdrawing_takes_a_proposal() -> None:
    assert not found(labels(0), acts((1.0, "1_withdraw")), outstanding=0.0)["can_1_withdraw"].any()
    assert found(labels(0), acts((1.0, "1_withdraw")))["1_withdraw_after_days"].tolist() == [1]


def test_without_the_feature_no_proposal_is_known_to_be_outstanding() -> None:
    assert not found(labels(0), acts(), outstanding=np.nan)["can_1_withdraw"].any()


def test_stillness_ends_with_the_buyer_or_the_deal() -> None:
    assert found(labels(0, still=4.0, ended=2.0), acts())["still_days"].tolist() == [2.0]
    assert found(labels(0), acts())["still_days"].tolist() == [np.inf]


def test_what_was_recommended_in_the_week_before_goes_with_a_row_whatever_its_order() -> None:
    rows = pd.DataFrame({"deal_id": ["d2", "d1", "d1", "d1"], "as_of": [day(0), day(14), day(7), day(0)]}).astype({"as_of": "datetime64[us]"})
    told = recommended_then(rows, log((0.0, "1_withdraw", False), (6.0, "2_rediscover", True)))
    told = told.sort_values(["deal_id", "as_of"]).reset_index(drop=True)
    assert told["recommended"].fillna("").tolist() == ["1_withdraw", "2_rediscover", "", ""]
    assert told["is_held_out"].fillna(False).tolist() == [False, True, False, False]


def test_every_row_keeps_its_own_acts_when_deals_and_weeks_interleave() -> None:
    labelled = pd.concat([labels(1, 0), labels(0, 1).assign(deal_id="d0")], ignore_index=True)
    table = found(labelled, acts((8.0, "2_rediscover")), told=log((7.0, "2_rediscover", False)))
    done = table[table["2_rediscover_after_days"].notna()]
    assert done[["deal_id", "as_of", "recommended"]].to_numpy().tolist() == [["d1", pd.Timestamp(day(7)), "2_rediscover"]]


def test_an_act_begins_with_the_message_that_went_before_its_entry() -> None:
    touches = pd.DataFrame({"deal_id": ["d1", "d1", "d2"], "occurred_at": [day(0.5), day(1.2), day(1.3)]}).astype({"occurred_at": "datetime64[us]"})
    told = begun(acts((2.0, "2_rediscover"), (9.0, "3_third_party")), touches)
    assert told["occurred_at"].tolist() == [pd.Timestamp(day(0.5)), pd.Timestamp(day(9.0))]


def test_the_owner_is_the_one_who_had_the_deal_then() -> None:
    assert found(labels(0, 1), acts())["owner_id"].tolist() == ["ada", "ben"]
