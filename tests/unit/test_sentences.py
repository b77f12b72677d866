"""Sentences: one for every feature that may be told, short, with its numbers, and plain words for what is absent."""

import numpy as np
import pytest

from dealtriage.features.registry import by_name
from dealtriage.sentences import ABSENT, SENTENCES, say

UNTOLD = {"quarter_end_days", "year_end_days", "month", "owner_deals_closed", "owner_win_share", "owner_comeback_share", "owner_log_lag_days",
          "owner_prompt_share", "owner_logged_share", "proposals_withdrawn", "stage_pace"}
NUMBERS = dict.fromkeys(by_name(), 3.0) | {"stage_name": "Proposal", "furthest_name": "Proposal"}
LONGEST = 130


def test_every_feature_has_a_sentence_but_what_judges_the_owner_or_is_the_same_for_all() -> None:
    assert set(by_name()) - set(SENTENCES) == UNTOLD
    assert set(SENTENCES) | set(ABSENT) <= set(by_name())


def test_only_what_may_be_missing_has_words_for_its_absence() -> None:
    assert not [name for name in ABSENT if by_name()[name].missing == "never empty"]


@pytest.mark.parametrize("name", SENTENCES)
@pytest.mark.parametrize("effect", [-1.0, 1.0])
def test_a_sentence_is_short_and_whole_for_any_value_and_any_gap_beside_it(name: str, effect: float) -> None:
    one = by_name()[name]
    low, high = -2.0 if one.low is None else one.low, 400.0 if one.high is None and "log" not in one.unit else one.high or 4.0
    for value in {low, high, *(v for v in (0.0, 0.5, 1.0, 2.0, 3.0) if low <= v <= high and (v % 1 == 0 or one.unit != "level"))}:
        for beside in (NUMBERS, {key: key if isinstance(given, str) else np.nan for key, given in NUMBERS.items()}):
            sentence = say(name, {**beside, name: value}, effect)
            assert sentence is None or (0 < len(sentence) <= LONGEST and "nan" not in sentence and "{" not in sentence), sentence


def test_trouble_is_named_only_where_it_lowers_the_chance() -> None:
    for name in ("bounced_90d", "no_shows_180d", "next_steps_missed", "close_date_pushes", "contacts_lost_60d", "stage_moves_back"):
        assert say(name, NUMBERS, -1.0)
        assert say(name, NUMBERS, 1.0) is None


def test_what_is_said() -> None:
    assert say("usual_gap_days", NUMBERS | {"usual_gap_days": 1.4}, 1.0) == "usually they are heard from every day"
    assert say("silence_days", NUMBERS | {"silence_days": 16.0}, 1.0) == "heard from the buyer only 16 days ago; they usually answer within 3 days"
    assert say("buyer_signals_total", NUMBERS | {"buyer_signals_total": 0.0}, -1.0) == "no sign of the buyer since the deal began"
    assert say("buyer_signals_90d", NUMBERS | {"buyer_signals_90d": 10.0}, -1.0) == "in 90 days 10 signs of the buyer, and 3 approaches of ours"
    assert say("days_since_meeting", NUMBERS | {"days_since_meeting": np.nan}, -1.0) == "no meeting held so far"
    assert say("silence_own_share", NUMBERS | {"silence_own_share": np.nan}, -1.0) is None
