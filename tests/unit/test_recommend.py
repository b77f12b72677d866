"""What the phase rules are told of a deal, from its facts, its proposals, the action log and the answered sheets; who to ask; who is drawn."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from dealtriage.errors import BadInput
from dealtriage.phases.actions import read_actions, read_answers
from dealtriage.phases.rules import ONLY_AGAIN, PHASES, Situation, phase
from dealtriage.phases.situations import situations
from dealtriage.phases.whom import whom_to_ask
from dealtriage.recommend import NOTHING_MOVES, corrected, held_out, until
from dealtriage.schemas import PROPOSALS, as_typed
from tests.conftest import make_facts

CUTOFF = pd.Timestamp("2024-06-01")


def proposal(event: str, day: str, number: str = "p1", **more: object) -> dict:
    at = datetime.fromisoformat(f"2024-{day}")
    return {"proposal_id": number, "deal_id": "D", "event": event, "occurred_at": at, "known_at": at, "amount": 1.0,
            "owner_id": None, "is_draft_now": False, "expires_on_now": pd.NaT, "name": None, **more}


def asked(proposals: list[dict], facts: list[tuple] = (), actions: list[tuple[str, str]] = (), answers: list[tuple[str, str]] = ()) -> dict:
    table = as_typed(pd.DataFrame(proposals, columns=PROPOSALS.names), PROPOSALS)
    kinds = [("proposal_" + p["event"], f"{p['occurred_at']:%m-%d}") for p in proposals]
    timeline = make_facts([{"deal_id": "D", "kind": k, "occurred_at": datetime.fromisoformat(f"2024-{d}"), "label": next(iter(label), None)}
                           for k, d, *label in [("deal_created", "01-01"), *kinds, *facts]])
    done = pd.DataFrame([("D", pd.Timestamp(f"2024-{d}"), a, "price was never the point") for a, d in actions],
                        columns=["deal_id", "done_at", "action", "note"])
    done = done.astype({"deal_id": "str", "done_at": "datetime64[us]", "action": "str", "note": "str"})
    own = pd.DataFrame([("D", question, f"on {question}", pd.Timestamp(f"2024-{d}"), question == "lesson") for d, question in answers],
                       columns=["deal_id", "question", "answer", "answered_at", "is_own"]).astype({"deal_id": "str", "question": "str", "answer": "str", "answered_at": "datetime64[us]", "is_own": "bool"})
    return situations(pd.Series(["D"]), timeline, table, done, own, CUTOFF, "withdrawn").iloc[0].to_dict()


def test_outstanding() -> None:
    sent = proposal("sent", "02-01")
    assert asked([sent])["proposals_outstanding"] == 1
    assert asked([sent | {"is_draft_now": True}])["proposals_outstanding"] == 0
    expired = asked([sent | {"expires_on_now": datetime(2024, 3, 1)}])
    assert (expired["proposals_outstanding"], expired["proposals_expired"]) == (0, 1)
    assert asked([sent, proposal("withdrawn", "03-01")])["proposals_outstanding"] == 0
    assert asked([sent, proposal("sent", "03-01", "p2"), proposal("rejected", "04-01", "p2")])["proposals_outstanding"] == 1


def test_a_withdrawal_in_the_action_log_counts_for_what_was_sent_before_it() -> None:
    sent = proposal("sent", "02-01")
    assert asked([sent], actions=[("proposal_withdrawn", "03-01")])["proposals_outstanding"] == 0
    again = asked([sent, proposal("sent", "04-01", "p2")], actions=[("proposal_withdrawn", "03-01")])
    assert (again["proposals_outstanding"], again["is_proposal_withdrawn"]) == (1, True)


def test_signals_and_needs_count_from_the_withdrawal_on() -> None:
    moves = [proposal("sent", "02-01"), proposal("withdrawn", "03-01")]
    found = asked(moves, facts=[("email_in", "02-20"), ("email_in", "03-20"), ("discovery_restarted", "02-10")])
    assert (found["signals_since_withdrawal"], found["are_needs_restated"], found["days_rediscovering"]) == (1, False, float("inf"))
    begun = asked(moves, facts=[("discovery_restarted", "03-10")])
    assert (begun["days_rediscovering"], begun["are_needs_restated"]) == (83, False)
    assert asked(moves, actions=[("needs_restated", "03-10")])["are_needs_restated"]
    assert not asked(moves, actions=[("needs_restated", "02-10")])["are_needs_restated"]


def test_stalls_count_from_the_first_time_the_needs_were_asked_for_anew() -> None:
    moves = [proposal("sent", "01-10"), proposal("withdrawn", "01-20")]
    signs = [("email_in", day) for day in ("01-30", "02-20", "02-25", "03-30", "05-25")]
    begun = [("discovery_restarted", "02-10"), ("discovery_restarted", "03-20")]
    assert asked(moves, facts=[*signs, *begun])["stalls_since_asked"] == 2  # after 25 February and 30 March; 25 May is a week ago
    assert asked(moves, facts=[*signs[:-1], *begun])["stalls_since_asked"] == 2
    assert asked(moves, facts=signs)["stalls_since_asked"] == 0
    assert asked(moves, facts=signs, actions=[("needs_restated", "03-20")])["stalls_since_asked"] == 1
    assert asked(moves, facts=[*signs, ("discovery_restarted", "01-15")])["stalls_since_asked"] == 0


def test_without_a_proposal_they_count_from_the_sheet_on() -> None:
    found = asked([], facts=[("email_in", "02-20"), ("email_in", "04-20")], actions=[("sheet_filled", "03-01")])
    assert (found["has_sheet"], found["signals_since_withdrawal"]) == (True, 1)
    assert found["sheet_note"] == "price was never the point"
    assert asked([], facts=[("email_in", "02-20")])["signals_since_withdrawal"] == 0


def test_the_action_log_keeps_what_is_usable_and_names_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "actions.csv"
    path.write_text("deal_id,done_at,action,note\nD,2024-03-01,proposal_withdrawn,\nX,2024-03-01,proposal_withdrawn,\n"
                    "D,soon,needs_restated,\nD,2024-03-01,danced,\nD,2024-08-01,Sheet filled,after the export\nD,2030-01-01,needs_restated,\n")
    good, bad = read_actions(path, pd.Series(["D"]), CUTOFF)
    assert good[["action", "note"]].to_numpy().tolist() == [["proposal_withdrawn", ""], ["sheet_filled", "after the export"]]
    assert bad["line"].tolist() == [3, 4, 5, 7]
    assert bad["reason"].tolist() == ["no deal of the export has this id", "done_at is no date like 2026-05-31", "action is none of proposal_withdrawn, sheet_filled, rediscovery_started, needs_restated, third_party_involved", "done_at lies more than three months after the export"]
    assert read_actions(None, pd.Series(["D"]), CUTOFF)[0].empty
    long = pd.Series(["0067E0000028LZPQA2"])
    path.write_text("deal_id,done_at,action\n0067E0000028LZP,2024-03-01,proposal_withdrawn\n")
    assert read_actions(path, long, CUTOFF)[0]["deal_id"].tolist() == long.tolist()


def test_a_sheet_that_says_nothing_is_not_filled(tmp_path: Path) -> None:
    path = tmp_path / "actions.csv"
    path.write_text("deal_id,done_at,action,note\nD,2024-03-01,sheet_filled,  \nD,2024-03-02,sheet_filled,too many versions\n")
    good, bad = read_actions(path, pd.Series(["D"]), CUTOFF)
    assert good["note"].tolist() == ["too many versions"]
    assert bad["line"].tolist() == [2] and bad["reason"].str.contains("wants its lesson").all()
    path.write_text("deal_id,done_at,action\nD,2024-03-01,sheet_filled\n")
    assert len(read_actions(path, pd.Series(["D"]), CUTOFF)[1]) == 1


def test_an_action_log_with_other_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "actions.csv"
    path.write_text("who,what\nme,that\n")
    with pytest.raises(BadInput, match="has no column deal_id, done_at, action"):
        read_actions(path, pd.Series(["D"]), CUTOFF)


def test_what_is_on_the_table() -> None:
    sent, withdrawn = proposal("sent", "02-01"), proposal("withdrawn", "03-01")
    assert asked([])["proposal"] == "none"
    assert asked([sent])["proposal"] == "outstanding"
    assert asked([sent | {"expires_on_now": datetime(2024, 3, 1)}])["proposal"] == "expired"
    assert asked([sent, withdrawn])["proposal"] == "withdrawn"
    again = asked([sent, withdrawn, proposal("sent", "04-01", "p2")])
    assert (again["proposal"], again["is_new_after_withdrawal"], again["is_same_again"]) == ("outstanding", True, True)
    cheaper = asked([sent, withdrawn, proposal("sent", "04-01", "p2", amount=0.5)])
    assert (cheaper["is_new_after_withdrawal"], cheaper["is_same_again"]) == (True, False)
    assert not asked([sent])["is_new_after_withdrawal"]


def test_a_task_tells_of_a_withdrawal() -> None:
    found = asked([proposal("sent", "02-01")], facts=[("task_done", "03-01", "Proposal withdrawn")])
    assert (found["proposal"], found["days_since_withdrawal"]) == ("withdrawn", 92)
    assert asked([proposal("sent", "02-01")], facts=[("task_done", "03-01", "Called")])["proposal"] == "outstanding"


def test_a_third_party_counts_from_the_withdrawal_on() -> None:
    moves = [proposal("sent", "02-01"), proposal("withdrawn", "03-01")]
    found = asked(moves, facts=[("third_party_involved", "05-01"), ("email_in", "05-02"), ("email_in", "04-01")])
    assert (found["days_since_third_party"], found["signals_since_third_party"], found["signals_since_withdrawal"]) == (31, 1, 2)
    assert asked(moves, facts=[("third_party_involved", "02-10")])["days_since_third_party"] == float("inf")


def test_an_answer_to_the_last_question_fills_the_sheet() -> None:
    found = asked([], answers=[("03-01", "lesson")])
    assert (found["has_sheet"], found["sheet_note"]) == (True, "on lesson")
    assert not asked([], answers=[("03-01", "outcome")])["has_sheet"]


def test_answers_are_read_by_key_or_number_and_the_last_counts(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text("deal_id,question,answer,answered_at\nD,lesson,first,2024-03-01\nD,9,second,2024-03-02\nD,Whose mistake,ours,2024-03-02\n"
                    "D,10,x,2024-03-02\nD,state,,2024-03-02\nX,state,dead,2024-03-02\n\nD,state,dead,when it rains\n")
    good, bad = read_answers(path, pd.Series(["D"]), CUTOFF)
    assert good[["question", "answer", "is_own"]].to_numpy().tolist() == [["lesson", "second", True], ["whose_mistake", "ours", False]]
    assert bad["line"].tolist() == [5, 6, 7, 9]
    assert read_answers(tmp_path / "none.csv", pd.Series(["D"]), CUTOFF)[0].empty


def test_the_contact_who_answers_most_is_asked_first() -> None:
    def fact(kind: str, day: str, who: str) -> dict:
        return {"deal_id": "D", "kind": kind, "occurred_at": datetime.fromisoformat(f"2024-{day}"), "contact_id": who}

    facts = [*[fact("email_out", f"05-{day:02d}", who) for day in range(1, 6) for who in ("ann", "ben", "cy")], *[fact("email_in", f"05-{day:02d}", "ben") for day in (2, 4)],
             fact("email_in", "05-02", "ann"), *[fact("email_in", f"05-{day:02d}", "cy") for day in range(2, 6)], fact("email_bounced", "05-20", "cy")]
    roles = pd.DataFrame({"deal_id": ["D"], "contact_id": ["ben"], "contact_name": ["Ben"], "title": ["CFO"], "role": [None], "is_primary": [False]})
    found = whom_to_ask(make_facts(facts), roles, CUTOFF)
    assert found[["whom", "whom_evidence"]].to_numpy().tolist() == [["Ben, CFO", "2 signs to 5 approaches of ours in half a year; last heard from 28 days ago"]]
    assert whom_to_ask(make_facts([fact("email_out", "05-01", "ann")]), roles, CUTOFF).empty


def test_who_is_drawn_hangs_on_the_id_alone() -> None:
    ids = [f"deal{n}" for n in range(4000)]
    drawn = held_out(ids, 0.2, "1")
    assert abs(drawn.mean() - 0.2) < 0.03
    assert held_out(ids[::-1], 0.2, "1")[::-1].tolist() == drawn.tolist()
    assert not (drawn & ~held_out(ids, 0.3, "1")).any()
    assert held_out(ids, 0.2, "2").tolist() != drawn.tolist()
    assert not held_out(ids, 0.0, "1").any()


def test_answers_put_the_sheet_right() -> None:
    advice = pd.DataFrame({"deal_id": ["A", "B", "C"], "state": ["stalled", "dead", "stalled"], "why_no_evidence": "", "outcome_class": "unknown", "kind": "unknown", "why_class": "", "why_kind": "", "reason_source": "inferred", "cause": "theirs"})
    answers = pd.DataFrame([("A", "outcome", "No decision: reorganised"), ("A", "whose_mistake", "ours: we moved the date twice"), ("B", "outcome", "no competitor involved"), ("B", "whose_mistake", "not ours")],
                           columns=["deal_id", "question", "answer"])
    found = corrected(advice, answers)
    assert found[["outcome_class", "kind", "cause", "reason_source"]].to_numpy().tolist() == [
        ["no_decision", "reorganised", "ours", "rep"], ["unknown", "unknown", "theirs", "inferred"], ["unknown", "unknown", "theirs", "inferred"]]


def test_an_owner_says_whether_the_buyer_is_silent_indeed() -> None:
    advice = pd.DataFrame({"deal_id": ["A", "B", "C", "D"], "state": ["not_enough_evidence", "not_enough_evidence", "dead", "not_enough_evidence"], "why_no_evidence": ["thin", "thin", "", "thin"],
                           **dict.fromkeys(("outcome_class", "kind", "why_class", "why_kind", "reason_source", "cause"), "")})
    answers = pd.DataFrame([("A", "state", "Stalled"), ("B", "state", "who knows"), ("C", "state", "stalled"), ("D", "state", "dead: they bought elsewhere")], columns=["deal_id", "question", "answer"])
    found = corrected(advice, answers)
    assert found["state"].tolist() == ["stalled", "not_enough_evidence", "dead", "dead"] and found["why_no_evidence"].tolist() == ["", "thin", "", ""]


def test_one_bad_line_costs_itself_alone(tmp_path: Path) -> None:
    path = tmp_path / "actions.csv"
    path.write_text('\ufeffdeal_id, Done_at ,action,note\nD,2024-03-01,sheet_filled,price, they say\nD,2024-03-02,sheet_filled,"two\nlines"\nD,2024-03-03\nD,0024-03-03,sheet_filled,\nD,2024-03-04,sheet_filled,last,,\n', "utf-8")
    good, bad = read_actions(path, pd.Series(["D"]), CUTOFF)
    assert good["note"].tolist() == ["two\nlines", "last"]
    assert bad["line"].tolist() == [2, 5, 6]
    path.write_text("")
    assert read_actions(path, pd.Series(["D"]), CUTOFF)[0].empty
    path.write_text("deal_id;done_at;action;note\nD;2024-03-01;sheet_filled;\n")
    with pytest.raises(BadInput, match="with commas between"):
        read_actions(path, pd.Series(["D"]), CUTOFF)


def test_what_is_amended_or_said_twice_begins_nothing_anew() -> None:
    moves = [proposal("sent", "02-01"), proposal("withdrawn", "03-01")]
    found = asked(moves, facts=[("third_party_involved", "04-01")], actions=[("proposal_withdrawn", "05-20")], answers=[("02-20", "lesson")])
    assert (found["days_since_withdrawal"], found["days_since_third_party"]) == (92, 61)
    amended = asked([], facts=[("discovery_restarted", "04-01")], actions=[("sheet_filled", "03-01")], answers=[("05-20", "lesson")])
    assert amended["days_rediscovering"] == 61 and amended["sheet_note"] == "on lesson"
    again = asked([*moves, proposal("sent", "04-01", "p2"), proposal("withdrawn", "05-01", "p2")])
    assert again["days_since_withdrawal"] == 31


def test_what_would_have_to_change_is_said_of_a_deal_that_would_only_stall_again() -> None:
    rule = next(one for one in PHASES if one.because == ONLY_AGAIN)
    situation = Situation("stalled", proposal="withdrawn", has_sheet=True, days_since_withdrawal=30.0, p_restall=0.9)
    told = until(rule, situation, pd.Timestamp("2024-05-02"), pd.NaT, "58% instead of 90% if there had been 3 meetings (none so far)")
    assert told.startswith("what makes it stall has changed") and "would be 58% instead of 90% if there had been 3 meetings" in told
    assert until(rule, situation, pd.Timestamp("2024-05-02"), pd.NaT, "").endswith(NOTHING_MOVES)


def test_the_time_to_read_a_proposal_has_a_last_day() -> None:
    young = Situation("stalled", proposal="outstanding", proposal_age_days=4.0, rest_days=14)
    rule = phase(young)
    assert (rule.then, rule.step) == ("1_withdraw", "wait") and phase(replace(young, proposal_age_days=14.0)).step == "do"
    assert until(rule, young, pd.NaT, pd.Timestamp("2024-05-29"), "").endswith("it is 12 June 2024")


def test_the_rest_has_a_last_day() -> None:
    rule = next(one for one in PHASES if "the rest is over" in one.until)
    situation = Situation("stalled", proposal="withdrawn", has_sheet=True, days_since_withdrawal=3.0, rest_days=14)
    assert until(rule, situation, pd.Timestamp("2024-05-29"), pd.NaT, "").endswith("it is 12 June 2024")
