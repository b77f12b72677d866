"""What the phase rules are told of a deal, from its facts, its proposals and the action log."""

from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from dealtriage.errors import BadInput
from dealtriage.phases.actions import read_actions
from dealtriage.recommend import situations
from dealtriage.schemas import PROPOSALS, as_typed
from tests.conftest import make_facts

CUTOFF = pd.Timestamp("2024-06-01")


def proposal(event: str, day: str, number: str = "p1", **more: object) -> dict:
    at = datetime.fromisoformat(f"2024-{day}")
    return {"proposal_id": number, "deal_id": "D", "event": event, "occurred_at": at, "known_at": at, "amount": 1.0,
            "owner_id": None, "is_draft_now": False, "expires_on_now": pd.NaT, "name": None, **more}


def asked(proposals: list[dict], facts: list[tuple[str, str]] = (), actions: list[tuple[str, str]] = ()) -> dict:
    table = as_typed(pd.DataFrame(proposals, columns=PROPOSALS.names), PROPOSALS)
    kinds = [("proposal_" + p["event"], f"{p['occurred_at']:%m-%d}") for p in proposals]
    timeline = make_facts([{"deal_id": "D", "kind": k, "occurred_at": datetime.fromisoformat(f"2024-{d}")}
                           for k, d in [("deal_created", "01-01"), *kinds, *facts]])
    done = pd.DataFrame([("D", pd.Timestamp(f"2024-{d}"), a, "price was never the point") for a, d in actions],
                        columns=["deal_id", "done_at", "action", "note"])
    done = done.astype({"deal_id": "str", "done_at": "datetime64[us]", "action": "str", "note": "str"})
    return situations(pd.Series(["D"]), timeline, table, done, CUTOFF).iloc[0].to_dict()


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
    assert (found["signals_since_withdrawal"], found["are_needs_restated"]) == (1, False)
    assert asked(moves, facts=[("discovery_restarted", "03-10")])["are_needs_restated"]
    assert asked(moves, actions=[("needs_restated", "03-10")])["are_needs_restated"]
    assert not asked(moves, actions=[("needs_restated", "02-10")])["are_needs_restated"]


def test_without_a_proposal_they_count_from_the_sheet_on() -> None:
    found = asked([], facts=[("email_in", "02-20"), ("email_in", "04-20")], actions=[("sheet_filled", "03-01")])
    assert (found["has_sheet"], found["signals_since_withdrawal"]) == (True, 1)
    assert found["sheet_note"] == "price was never the point"
    assert asked([], facts=[("email_in", "02-20")])["signals_since_withdrawal"] == 0


def test_the_action_log_keeps_what_is_usable_and_names_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "actions.csv"
    path.write_text("deal_id,done_at,action,note\nD,2024-03-01,sheet_filled,\nX,2024-03-01,sheet_filled,\n"
                    "D,soon,sheet_filled,\nD,2024-03-01,danced,\nD,2030-01-01,Sheet filled,after the export\n")
    good, bad = read_actions(path, pd.Series(["D"]))
    assert good[["action", "note"]].to_numpy().tolist() == [["sheet_filled", ""], ["sheet_filled", "after the export"]]
    assert bad["line"].tolist() == [3, 4, 5]
    assert read_actions(None, pd.Series(["D"]))[0].empty
    long = pd.Series(["0067E0000028LZPQA2"])
    path.write_text("deal_id,done_at,action\n0067E0000028LZP,2024-03-01,sheet_filled\n")
    assert read_actions(path, long)[0]["deal_id"].tolist() == long.tolist()


def test_an_action_log_with_other_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "actions.csv"
    path.write_text("who,what\nme,that\n")
    with pytest.raises(BadInput, match="has no column deal_id, done_at, action"):
        read_actions(path, pd.Series(["D"]))
