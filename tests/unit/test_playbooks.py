"""The pages that reps get: what they say, and that no name from a CRM does harm."""

from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dealtriage.errors import BadInput
from dealtriage.params import Phases
from dealtriage.phases.actions import QUESTIONS
from dealtriage.publish.playbooks import PAGES, ROLES, Playbooks, avoid, chosen_questions, read_questions
from dealtriage.winloss.sheet import ASKED
from tests.conftest import ROOT

PARAMS = Phases(actions=None, large_deal=1e5, playbooks=ROOT / "playbooks")
DEAL: dict[str, Any] = {
    "deal_id": "006A", "deal_name": "Pump station", "account_name": "Water works", "stage": "Proposal", "state": "stalled", "phase": "1_withdraw", "step": "do",
    "cutoff": pd.Timestamp("2026-06-29"), "next_meeting_days": np.nan, "created_at": pd.Timestamp("2026-01-05"), "p_revive": 0.42, "horizon_days": 90, "why_phase": "a proposal is outstanding",
    "until": "it is withdrawn", "role": "", "why_role": "", "proposal": "outstanding", "proposals_sent": 2, "proposals_outstanding": 1,
    "proposal_sent_at": pd.Timestamp("2026-04-02"), "has_sheet": False, "sheet_note": "", "whom": "Ann Lee, CFO", "whom_evidence": "3 signs to 5 approaches of ours",
    "gauge": 0.3, "gauge_before": 0.6, "gauge_answered": 0.2, "gauge_prompt": 0.4, "gauge_kept": np.nan, "gauge_broad": 0.3, "hand_90d": -0.5, "p_restall": 0.9, "restall_if": "",
    "silence_days": 40.0, "signs_so_far": 4.0, "needs_note": "fewer returns by autumn", "outcome_class": "no_decision", "kind": "indecision", "why_class": "as with others", "why_kind": "the buyer keeps opening our mail",
    "p_no_decision": 0.6, "p_lost_to_competitor": 0.3, "p_disqualified": 0.1, "loss_reason": None, "cause": "clutter"}
SHEET = [{"key": key, "question": ASKED[key], "answer": "" if key == "lesson" else f"about {key}", "evidence": "", "your_answer": ""} for key in QUESTIONS]
STORY = [{"at": pd.Timestamp("2026-04-02"), "what": "we sent a proposal"}, {"at": pd.Timestamp("2026-04-09"), "what": "the buyer missed a meeting"}]
DIFFERENCES = [{"feature": "messages_since_proposal", "here": 6.0, "won_median": 1.0, "died_median": 5.0, "p_now": 0.4, "p_as_won": 0.5},
               {"feature": "meetings_held_90d", "here": 3.0, "won_median": 2.0, "died_median": 0.0, "p_now": 0.4, "p_as_won": 0.3}]


def page(**changes: Any) -> str:
    return Playbooks(PARAMS).page(DEAL | changes, SHEET, STORY, DIFFERENCES)


def test_the_withdrawal_note_asks_for_nothing() -> None:
    text = page()
    note = "\n".join(line for line in text.splitlines() if line.startswith(">"))
    assert "Dear Ann Lee," in note and "We sent you a proposal on 2 April 2026. I am taking it off the table today" in note
    assert "?" not in note
    assert "006A,2026-06-29,proposal_withdrawn," in text
    assert '006A,lesson,"what we will not repeat' in text


def test_without_a_proposal_there_is_only_the_sheet() -> None:
    text = page(proposal="none", proposals_outstanding=0, proposal_sent_at=pd.NaT)
    assert "There is nothing to withdraw" in text and "Dear" not in text
    assert "9. **What will we not repeat" in text


def test_rediscovery_tells_what_to_avoid_whom_to_ask_and_whether_it_would_last() -> None:
    text = page(phase="2_rediscover", has_sheet=True, sheet_note="we spoke of price too soon")
    assert "messages of ours since the proposal: 6; deals that were won had 1" in text and "meetings held" not in text
    assert "we spoke of price too soon" in text
    assert "Ann Lee, CFO: 3 signs to 5 approaches of ours." in text
    assert "It does not: the gauge stands at 30%, down from 60% four weeks ago" in text and "mostly we do" in text
    assert "we expect a chance of 90% that it is quiet again within 60 days" in text
    assert "nothing would lower it by much, as past deals went. Only the buyer can say" in text
    assert "it would be 58% instead of 90% if there had been 3 meetings (none so far)." in page(phase="2_rediscover", restall_if="58% instead of 90% if there had been 3 meetings (none so far)")
    assert "could be dropped without loss" in text and "Of all we sent, what was of use?" in text
    assert len([line for line in text.splitlines() if line[:2] in {f"{n}." for n in range(1, 9)}]) == 5
    assert "**Not now.**" in page(phase="2_rediscover", step="wait")


def test_a_brief_for_a_third_party_names_no_blame() -> None:
    for name, (who, asked) in ROLES.items():
        text = page(phase="3_third_party", role=name, why_role="x", proposal="withdrawn")
        brief = "\n".join(line for line in text.splitlines() if line.startswith(">"))
        assert who in text and asked in text and (not asked or asked not in brief)
        assert "2 April 2026: we sent a proposal." in brief and "fewer returns by autumn" in brief and "Do both sides still want" in brief
        assert not any(word in brief for word in ("missed", "answered", "mistake", "ours", "theirs", "Proposal"))


def test_closing_out_records_what_was_learnt() -> None:
    text = page(phase="close_out", state="dead", why_phase="the deal is dead", role="win_loss_interview", why_role="the deal was large")
    assert "| our guess | no decision: indecision (" in text and "## Ask for an interview" in text and "The deal was large." in text and "What did you decide in the end" in text
    assert "## Ask for an interview" not in page(phase="close_out", state="dead")


def test_what_is_not_known_is_not_made_up() -> None:
    unknown = {"whom": "", "whom_evidence": "", "gauge": np.nan, "gauge_before": np.nan, "hand_90d": np.nan, "p_restall": np.nan, "kind": "unknown", "outcome_class": "unknown"}
    text = page(phase="2_rediscover", **unknown)
    assert "Nobody of the buyer has ever answered" in text and "Nothing is recorded to tell by." in text and "nan" not in text
    assert Playbooks(PARAMS).page(DEAL | unknown | {"phase": "close_out"}, SHEET, [], []).count("nan") == 0


def test_questions_come_of_the_kind_then_the_cause_then_always() -> None:
    bank = read_questions("# x\n\n## a\n- a1\n- a2\n- a3\n## b\n- b1\n## always\n- c1\n- c2\n- c3\n")
    assert chosen_questions(bank, "a", "b") == ["a1", "a2", "b1", "c1", "c2"]
    assert chosen_questions(bank, "unknown", "unclear") == ["c1", "c2", "c3"]
    assert avoid(DIFFERENCES) == ["messages of ours since the proposal: 6; deals that were won had 1"]


HOSTILE = st.text(st.characters(codec="utf-8"), max_size=60) | st.sampled_from(
    ["<script>alert(1)</script>", "[x](javascript:alert(1))", "# heading", "a\n\n# heading", "\u202etxt", "![x](http://x)", "`rm`", "|a|b|", "{{ deal }}", "x" * 10_000])


@given(HOSTILE, st.sampled_from(PAGES))
@settings(max_examples=60, deadline=None)
def test_a_name_stays_a_name(name: str, phase: str) -> None:
    plain = page(phase=phase)
    text = page(phase=phase, deal_name=name, account_name=name, whom=name, sheet_note=name, stage=name, loss_reason=name)
    assert "<script" not in text and "](" not in text and "\u202e" not in text
    assert len([line for line in text.splitlines() if line.startswith("#")]) == len([line for line in plain.splitlines() if line.startswith("#")])
    assert max(len(line) for line in text.splitlines()) < 5000


def test_another_language_is_another_folder(tmp_path: Path) -> None:
    copytree(ROOT / "playbooks" / "en", tmp_path / "de")
    (tmp_path / "de" / "1_withdraw.md.j2").write_text("# Zurückziehen: {{ deal.name }}\n")
    german = replace_params(tmp_path, "de")
    assert Playbooks(german).page(DEAL, SHEET, STORY, []) == "# Zurückziehen: Pump station\n"
    (tmp_path / "de" / "1_withdraw.md.j2").write_text("{{ deal.nmae }}")
    with pytest.raises(BadInput, match=r"1_withdraw.md.j2 cannot be filled: .*nmae"):
        Playbooks(german).page(DEAL, SHEET, STORY, [])
    with pytest.raises(BadInput, match="There are no playbooks"):
        Playbooks(replace_params(tmp_path, "fr"))


def replace_params(folder: Path, language: str) -> Phases:
    return PARAMS.model_copy(update={"playbooks": folder, "language": language})
