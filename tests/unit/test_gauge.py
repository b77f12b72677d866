"""Whether talking works, by hand-made rows."""

import numpy as np
import pandas as pd
import pytest

from dealtriage.gauge import GAUGED, gauge, gauge_terms


def row(**values: float) -> pd.DataFrame:
    return pd.DataFrame([dict.fromkeys(GAUGED, np.nan) | values])


def test_each_part_goes_from_nothing_to_all() -> None:
    well = row(buyer_signals_30d=6, seller_touches_30d=5, buyer_reply_days=2, buyer_reply_days_90d=1, meetings_held_90d=2, meetings_cancelled_90d=0, no_shows_180d=0,
               contacts_active_60d=3, contacts_engaged=3)
    badly = row(buyer_signals_30d=0, seller_touches_30d=9, buyer_reply_days=1, buyer_reply_days_90d=9, meetings_held_90d=0, meetings_cancelled_90d=2, no_shows_180d=2,
                contacts_active_60d=0, contacts_engaged=3)
    assert gauge_terms(well).iloc[0].tolist() == [1, 1, 1, 1]
    assert gauge_terms(badly).iloc[0].tolist() == pytest.approx([0.0, 0.2, 0.2, 0.0])
    assert gauge(badly).iloc[0] == pytest.approx(0.05)


def test_a_message_that_waits_counts_as_an_answer_that_late() -> None:
    assert gauge_terms(row(buyer_reply_days=1, buyer_reply_days_90d=1, waiting_days=7))["prompt"].iloc[0] == pytest.approx(0.25)


def test_what_is_not_known_does_not_count() -> None:
    assert gauge(row(buyer_signals_30d=1, seller_touches_30d=4)).iloc[0] == pytest.approx(0.25)
    assert gauge(row(buyer_signals_30d=0, seller_touches_30d=0)).iloc[0] == 0
    assert np.isnan(gauge(row()).iloc[0])
    assert gauge_terms(row(meetings_held_90d=0, meetings_cancelled_90d=0, no_shows_180d=0))["kept"].isna().all()
