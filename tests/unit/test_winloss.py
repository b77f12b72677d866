from datetime import datetime

import pandas as pd
import pytest

from dealtriage.winloss.causes import causes, outcome_class, turning_points
from dealtriage.winloss.sheet import around, sheet
from tests.conftest import make_facts

TURNED = datetime(2024, 3, 4)


def test_the_cause_is_the_largest_share_of_what_speaks_against() -> None:
    adds = pd.DataFrame([
        {"unanswered_messages": -0.6, "bounced_90d": -0.2, "no_shows_180d": 0.5},
        {"unanswered_messages": -0.05, "bounced_90d": 0.0, "no_shows_180d": 0.0},
        {"unanswered_messages": -0.3, "bounced_90d": -0.3, "no_shows_180d": -0.3}])
    found = causes(adds)
    assert found["cause"].tolist() == ["ours", "unclear", "unclear"]  # too light; no half
    assert found.loc[0, ["cause_ours_share", "cause_theirs_share", "cause_miscommunication_share"]].tolist() == pytest.approx([0.75, 0.25, 0])


def test_the_outlook_turned_where_it_fell_most() -> None:
    weeks = pd.date_range("2024-02-19", periods=4, freq="7D")
    outlook = pd.DataFrame({"deal_id": ["A"] * 4 + ["B"] * 2, "as_of": [*weeks, *weeks[:2]],
                            "p": [0.5, 0.48, 0.2, 0.19, 0.1, 0.3]})
    found = turning_points(outlook).to_dict("records")
    assert found == [{"deal_id": "A", "turned_at": pd.Timestamp(TURNED), "p_before": 0.48, "p_after": 0.2}]


def test_only_what_happened_within_a_fortnight_is_told() -> None:
    days = [(kind, datetime(2024, 3, day)) for kind, day in (("email_out", 1), ("email_out", 5), ("amount_changed", 2),
                                                             ("meeting_no_show", 25))]
    facts = make_facts([{"deal_id": "A", "kind": kind, "occurred_at": at} for kind, at in days])
    turned = pd.DataFrame({"deal_id": ["A"], "turned_at": [pd.Timestamp(TURNED)]})
    assert around(facts, turned) == {"A": "2 mails of ours, 1 price change"}


def test_the_reps_word_on_a_competitor_is_marked_as_theirs() -> None:
    found = outcome_class(pd.Series(["unknown", "indecision", "unknown"]), pd.Series(["Lost to competitor", None, None]))
    assert found["outcome_class"].tolist() == ["lost_to_competitor", "no_decision", "unknown"]
    assert found["reason_source"].tolist() == ["rep", "inferred", "inferred"]


def test_the_sheet_is_short_and_leaves_room_for_the_rep() -> None:
    deal = {"state": "stalled", "most_against": "4 messages, none answered", "band_deals": 500, "band_low": 0.2,
            "band_high": 0.3, "band_came_true_share": 0.26, "proposals_expired": 0, "sheet_note": "", "turned_at": pd.NaT, "proposals_outstanding": 1, "proposals_sent": 3, "cause": "ours",
            "cause_ours_share": 0.8, "cause_theirs_share": 0.2, "cause_miscommunication_share": 0.0, "kind": "unknown",
            "why_kind": "the timeline does not tell", "outcome_class": "unknown", "reason_source": "inferred",
            "loss_reason": None}
    rows = sheet(deal, "")
    assert len(rows) <= 10
    answers = {question: answer for question, answer, _ in rows}
    assert all(evidence for question, _, evidence in rows if question == "Whose mistake does it look like?")
    assert answers["What speaks most against it?"] == "4 messages, none answered"
    assert answers["Is it clear what is on and off the table?"] == "1 proposal is out"
    assert answers["What kind of outcome is it?"] == "not clear yet"
    assert [question for question, answer in answers.items() if answer == ""] == [
        "What will we not repeat, and what did the buyer need when this began?"]
