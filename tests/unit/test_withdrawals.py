"""One way to learn of a withdrawal, for the rules and for the effects."""

from datetime import datetime

import pandas as pd

from dealtriage.effects.evidence import what_was_done
from dealtriage.phases.withdrawals import withdrawals
from tests.conftest import make_facts


def day(number: int) -> datetime:
    return datetime(2024, 3, number)


FACTS = make_facts([
    {"deal_id": "A", "kind": "proposal_withdrawn", "occurred_at": day(1)},
    {"deal_id": "A", "kind": "task_done", "occurred_at": day(2), "known_at": day(5), "label": "Quote WITHDRAWN by phone"},
    {"deal_id": "A", "kind": "task_done", "occurred_at": day(3), "label": "Called"},
    {"deal_id": "A", "kind": "task_done", "occurred_at": day(3), "label": None},
    {"deal_id": "A", "kind": "task_planned", "occurred_at": day(4), "label": "withdraw the quote"},
    {"deal_id": "A", "kind": "discovery_restarted", "occurred_at": day(6)}])
ACTIONS = pd.DataFrame([("B", pd.Timestamp(day(7)), "proposal_withdrawn", ""), ("B", pd.Timestamp(day(8)), "third_party_involved", ""), ("B", pd.Timestamp(day(8)), "sheet_filled", "x")],
                       columns=["deal_id", "done_at", "action", "note"]).astype({"deal_id": "str", "done_at": "datetime64[us]"})


def test_a_withdrawal_is_told_by_the_quote_a_done_task_or_the_action_log() -> None:
    found = withdrawals(FACTS, ACTIONS, "withdraw")
    assert found[["deal_id", "occurred_at", "known_at", "is_of_proposal"]].to_numpy().tolist() == [
        ["A", pd.Timestamp(day(1)), pd.Timestamp(day(1)), True], ["A", pd.Timestamp(day(2)), pd.Timestamp(day(5)), False],
        ["B", pd.Timestamp(day(7)), pd.Timestamp(day(7)), False]]


def test_without_a_pattern_no_task_tells_of_one() -> None:
    assert withdrawals(FACTS, ACTIONS, "")["deal_id"].tolist() == ["A", "B"]
    assert withdrawals(FACTS.iloc[:0], ACTIONS.iloc[:0], "withdraw").empty


def test_effects_know_the_same_withdrawals() -> None:
    done = what_was_done(FACTS, ACTIONS, "withdraw")
    assert done[["deal_id", "occurred_at", "phase"]].to_numpy().tolist() == [
        ["A", pd.Timestamp(day(1)), "1_withdraw"], ["A", pd.Timestamp(day(2)), "1_withdraw"], ["B", pd.Timestamp(day(7)), "1_withdraw"],
        ["A", pd.Timestamp(day(6)), "2_rediscover"], ["B", pd.Timestamp(day(8)), "3_third_party"]]
