"""When it went wrong, whose mistake it looks like, what kind of outcome, against whom it compares."""

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from dealtriage.features.registry import by_name
from dealtriage.lookalikes import ALL
from dealtriage.model.base import TwoClasses, two_columns
from dealtriage.peers import DIED, WON, look_alikes, past
from dealtriage.winloss.causes import cause_facts, causes
from dealtriage.winloss.compare import compare
from dealtriage.winloss.evidence import CLASS_START, KIND_RULES, KIND_START, weigh
from dealtriage.winloss.kinds import kinds
from dealtriage.winloss.outcomes import TELLING, classes, settled
from dealtriage.winloss.reliability import agreement
from dealtriage.winloss.report import by_part, page, stated_against_inferred, with_parts
from dealtriage.winloss.said import said
from dealtriage.winloss.sheet import sheet
from dealtriage.winloss.stated import CLASSES, meanings
from dealtriage.winloss.story import stories
from dealtriage.winloss.turning import turning_points
from dealtriage.winloss.words import COMPARED, difference
from tests.conftest import make_facts

TURNED = datetime(2024, 3, 4)


def blank(rows: int = 1, **values: object) -> pd.DataFrame:
    """Rows with every feature missing but those given, and nothing said."""
    frame = pd.DataFrame(np.nan, index=range(rows), columns=[*by_name()])
    words = {f"said_{name}": "" for name in ("lost_to_competitor", "status_quo", "timing", "budget_frozen", "champion_left", "reorganised")}
    return frame.assign(deal_id=[f"D{n}" for n in range(rows)], **{**words, **values})


def test_the_cause_is_the_largest_share_of_what_speaks_against() -> None:
    adds = pd.DataFrame([
        {"unanswered_messages": -0.6, "bounced_90d": -0.2, "no_shows_180d": 0.5, "proposals_sent": 0.0},
        {"unanswered_messages": -0.05, "bounced_90d": 0.0, "no_shows_180d": 0.0, "proposals_sent": 0.0},
        {"unanswered_messages": -0.2, "bounced_90d": -0.2, "no_shows_180d": -0.2, "proposals_sent": -0.2},
        {"unanswered_messages": -0.1, "bounced_90d": 0.0, "no_shows_180d": 0.0, "proposals_sent": -0.4}])
    found = causes(adds)
    assert found["cause"].tolist() == ["ours", "unclear", "unclear", "clutter"]  # too light; no half
    shares = [f"cause_{name}_share" for name in ("ours", "theirs", "miscommunication", "clutter")]
    assert found.loc[0, shares].tolist() == pytest.approx([0.75, 0.25, 0, 0])
    assert found[shares].sum(axis=1).tolist() == pytest.approx([1, 1, 1, 1])


def test_a_cause_is_told_with_its_facts() -> None:
    row = blank(unanswered_messages=4.0, bounced_90d=1.0, buyer_signals_total=3.0).iloc[0].to_dict() | {"stage_name": "Discovery", "furthest_name": "Discovery"}
    told = cause_facts(row, {"unanswered_messages": -0.5, "bounced_90d": -0.001, "no_shows_180d": -0.5}, {})
    assert told == {"ours": "4 messages of ours since their last sign, none answered", "theirs": "", "miscommunication": "", "clutter": ""}


def test_what_past_deals_do_not_bear_out_is_no_fact() -> None:
    row = blank(unanswered_messages=4.0, buyer_signals_total=3.0).iloc[0].to_dict() | {"stage_name": "Discovery", "furthest_name": "Discovery"}
    better = {ALL: [(-np.inf, np.inf, 500, 0.2)], "unanswered_messages": [(-np.inf, np.inf, 100, 0.5)]}
    assert cause_facts(row, {"unanswered_messages": -0.5}, better)["ours"] == ""


def weeks(deal: str, chances: list[float], silences: list[float], gauge: float = 0.5) -> pd.DataFrame:
    dates = pd.date_range("2024-02-19", periods=len(chances), freq="7D")
    return pd.DataFrame({"deal_id": deal, "as_of": dates, "p": chances, "silence_days": silences, "gauge": gauge, "buyer_signals_total": 1.0})


def test_the_outlook_turned_with_the_last_sign_before_the_fall_it_did_not_recover_from() -> None:
    fell_twice = weeks("A", [0.5, 0.2, 0.5, 0.49, 0.2, 0.15], [1, 8, 2, 9, 16, 23])
    never_fell, rising = weeks("B", [0.3, 0.29, 0.28], [1, 8, 15]), weeks("C", [0.1, 0.3], [1, 2])
    found = turning_points(pd.concat([fell_twice, never_fell, rising], ignore_index=True)).to_dict("records")
    assert found == [{"deal_id": "A", "good_until": pd.Timestamp("2024-03-11"), "turned_at": pd.Timestamp("2024-03-02"), "has_sign": True, "p_before": 0.49, "p_after": 0.15}]


def test_a_deal_that_talks_has_not_turned_though_its_outlook_falls_with_age() -> None:
    falling, silences = [0.8, 0.6, 0.5, 0.4, 0.2, 0.1], [3, 3, 3, 3, 10, 17]
    found = [turning_points(weeks("A", falling, silences, gauge)).iloc[0]["turned_at"] for gauge in (0.5, 1.0)]
    assert found == [pd.Timestamp("2024-03-01"), pd.Timestamp("2024-03-08")]


def told_story(*facts: dict) -> list[str]:
    timeline = make_facts([{"deal_id": "A", "fact_id": f"{number:03d}", **one} for number, one in enumerate(facts)])
    found = stories(timeline, pd.DataFrame({"deal_id": ["A"], "turned_at": [pd.Timestamp(TURNED)]}))
    return [f"{at:%m-%d} {what}" for at, what in found[["at", "what"]].itertuples(index=False)]


def on(day: int, kind: str, **more: object) -> dict:
    return {"kind": kind, "occurred_at": datetime(2024, 3, day), **more}


def test_only_what_happened_within_a_fortnight_is_told_in_order() -> None:
    assert told_story(on(17, "amount_changed", value=900.0, value_before=1000.0), on(2, "proposal_sent"), on(25, "meeting_no_show")) == [
        "03-02 we sent a proposal", "03-17 the amount was cut from 1,000 to 900"]


def test_the_last_sign_and_chasing_without_an_answer_are_told() -> None:
    calls = [on(day, kind) for day, kind in ((6, "email_out"), (8, "call_unanswered"), (12, "email_out"))]
    assert told_story(on(3, "email_in", contact_id="ann"), on(4, "email_in", contact_id="ann"), *calls) == [
        "03-04 last sign of the buyer's most active person: a mail", "03-06 from here to 12 March 3 messages and calls of ours, none answered"]
    assert told_story(on(6, "email_out"), on(7, "email_out"), on(8, "email_in"), on(9, "email_out")) == ["03-08 last sign of the buyer: a mail"]


def test_a_run_that_is_answered_within_the_week_and_a_sign_that_others_follow_are_told_as_such() -> None:
    later = {"kind": "email_in", "occurred_at": datetime(2024, 4, 20), "contact_id": "ann"}
    calls = [on(day, "email_out") for day in (10, 12, 14)]
    assert told_story(on(4, "email_in", contact_id="ann"), *calls, on(17, "email_in", contact_id="ann"), later) == ["03-17 a sign of the buyer: a mail"]
    gone = [on(4, "email_in", contact_id="ann"), on(5, "email_in", contact_id="ann"), {**later, "contact_id": "ben"}]
    assert told_story(*gone) == ["03-05 last sign of the buyer's most active person: a mail"]


def test_what_was_said_is_read_from_what_was_known_by_then() -> None:
    facts = make_facts([
        {"deal_id": "D0", "kind": "email_in", "occurred_at": datetime(2024, 3, 1), "label": "Our BUDGET is gone"},
        {"deal_id": "D0", "kind": "task_planned", "occurred_at": datetime(2024, 3, 1), "label": "Call back: waiting for others"},
        {"deal_id": "D0", "kind": "email_in", "occurred_at": datetime(2024, 3, 1), "known_at": datetime(2024, 4, 1), "label": "We wait for the board"},
        {"deal_id": "D0", "kind": "email_out", "occurred_at": datetime(2024, 3, 1), "label": "a reorg?"},
        {"deal_id": "D1", "kind": "email_in", "occurred_at": datetime(2023, 3, 1), "label": "budget"}])
    asked = pd.DataFrame({"deal_id": ["D1", "D0"], "as_of": [pd.Timestamp("2024-03-10")] * 2})
    found = said(facts, asked, {"budget_frozen": "budget", "timing": r"\bwait", "reorganised": "reorg", "status_quo": ""})
    assert found.drop(columns="what").to_dict("list") == {"budget_frozen": ["", "buyer"], "timing": ["", "crm_note"], "reorganised": ["", ""], "status_quo": ["", ""]}
    assert found["what"].tolist() == ["", 'on 01 March 2024 we noted: "Call back: waiting for others"']


@pytest.mark.parametrize(("reason", "expected"), [
    ("Lost to competitor", ("lost_to_competitor", "")), ("Not a fit", ("disqualified", "")), ("No Decision / Non-Responsive", ("no_decision", "")),
    ("Lost to no budget", ("no_decision", "budget_frozen")), ("Timing", ("no_decision", "timing")), ("Price", ("", "")), (None, ("", "")),
    ("Kein Bedarf", ("no_decision", "status_quo")), ("Konkurrenz", ("lost_to_competitor", "")), ("Doppelt", ("disqualified", ""))])
def test_stated_reasons(reason: str | None, expected: tuple[str, str]) -> None:
    own = {"kein bedarf": "status_quo", "Konkurrenz": "lost_to_competitor", "Doppelt": "disqualified"}
    assert tuple(meanings(pd.Series([reason], dtype="str"), own).iloc[0]) == expected


def test_rules_of_thumb_multiply_odds_and_missing_values_hold_in_none() -> None:
    p, why = weigh(blank(2, bounced_90d=[2.0, np.nan], emails_opened_30d=[0.0, np.nan], days_since_email_opened=[5.0, 5.0]), KIND_START, KIND_RULES)
    assert p.sum(axis=1).tolist() == pytest.approx([1, 1])
    assert p.loc[0, "champion_left"] / p.loc[0, "indecision"] == pytest.approx(8 * 0.1 / 0.25)
    assert p.loc[1].to_dict() == pytest.approx(KIND_START)
    assert (why.loc[0, "champion_left"], why.loc[1].tolist()) == ("mail bounced", [""] * 6)


def test_where_no_opening_is_recorded_none_counts_as_missing() -> None:
    recorded, not_recorded = (weigh(blank(2, days_since_email_opened=[first, np.nan]), KIND_START, KIND_RULES)[1].loc[1, "status_quo"] for first in (5.0, np.nan))
    assert (recorded, not_recorded) == ("no mail of ours was opened in two months", "")


def test_a_kind_is_named_only_where_a_rule_speaks_for_it() -> None:
    rows = blank(3, bounced_90d=[1.0, 0.0, 0.0], days_since_email_opened=5.0)
    found = kinds(rows, pd.Series(["", "", "timing"]))
    assert found["kind"].tolist() == ["champion_left", "unknown", "timing"]
    assert found["why_kind"].tolist() == ["mail bounced", "the timeline does not tell", "the rep stated so"]


def noisy_losses(deals: int = 900, wrong: float = 0.35) -> tuple[pd.DataFrame, np.ndarray]:
    """Lost deals of three classes that differ in two features; the stated class is wrong for some."""
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3, deals)
    stated = np.where(rng.random(deals) < wrong, rng.integers(0, 3, deals), truth)
    rows = blank(deals, stage_position=rng.normal(2 * (truth == 0), 0.5), silence_days=rng.gamma(2, 10, deals) + 60 * (truth == 1))
    return rows.assign(stated_class=np.array(CLASSES)[stated]), np.array(CLASSES)[truth]


def test_the_timeline_tells_the_class_better_than_noisy_reasons_do() -> None:
    closed, truth = noisy_losses()
    shown, of_others = classes(closed, closed.iloc[:50].assign(stated_class=""), {})
    likeliest = shown[[f"shown_{name}" for name in CLASSES]].idxmax(axis=1).str.removeprefix("shown_")
    assert (likeliest == truth).mean() > 0.9 > (closed["stated_class"] == truth).mean()
    assert list(shown.columns) == list(of_others.columns) and len(of_others) == 50
    assert any(why.startswith("as with deals that reps called no decision") for why in shown["why_no_decision"])


def test_no_deals_own_reason_tells_its_class() -> None:
    closed, _ = noisy_losses()
    other = closed.assign(stated_class=closed["stated_class"].mask(closed["deal_id"] == "D7", "disqualified" if closed.loc[7, "stated_class"] != "disqualified" else "no_decision"))
    columns = [f"shown_{name}" for name in CLASSES]
    assert classes(closed, closed.iloc[:0], {})[0].loc[7, columns].tolist() == classes(other, other.iloc[:0], {})[0].loc[7, columns].tolist()


def test_without_enough_stated_reasons_rules_of_thumb_tell() -> None:
    closed, _ = noisy_losses(40)
    shown, _ = classes(closed.assign(stated_class="", stage_furthest=5.0, silence_days=5.0), closed.iloc[:0], {})
    assert shown.loc[0, [f"shown_{name}" for name in CLASSES]].tolist() == pytest.approx([CLASS_START[name] for name in CLASSES])


def test_a_stated_class_counts_twenty_times_what_was_said_three_and_the_source_says_who_told() -> None:
    shown = pd.DataFrame([[0.2, 0.5, 0.3], [0.01, 0.98, 0.01], [0.35, 0.33, 0.32], [0.3, 0.2, 0.5]], columns=[f"shown_{name}" for name in CLASSES])
    rows = blank(4, stated_class=["lost_to_competitor", "disqualified", "", ""], said_timing=["", "buyer", "", "crm_note"])
    found = settled(shown, rows, 0.4)
    assert found.loc[0, "p_lost_to_competitor"] == pytest.approx(4 / 4.8)
    assert found.loc[3, "p_no_decision"] == pytest.approx(0.6 / 1.4)
    assert found["outcome_class"].tolist() == ["lost_to_competitor", "no_decision", "unknown", "no_decision"]
    assert found["reason_source"].tolist() == ["rep", "buyer", "inferred", "crm_note"]
    assert settled(shown, rows, 0.7)["outcome_class"].tolist() == ["lost_to_competitor", "no_decision", "unknown", "unknown"]


def test_agreement_counts_plain_reasons_of_owners_with_ten() -> None:
    losses = pd.DataFrame({"owner_id": ["a"] * 12 + ["b"] * 9, "stated_class": ["no_decision"] * 10 + ["", ""] + ["no_decision"] * 9,
                           "timeline_says": ["no_decision"] * 4 + ["disqualified"] * 8 + ["no_decision"] * 9})
    assert agreement(losses).to_dict("records") == [{"owner_id": "a", "stated_losses": 10, "stated_matched_share": 0.4}]


def labelled(fates: list[tuple[str, float, int]]) -> pd.DataFrame:
    """Past rows: (deal, silence, revived); those that revived were won."""
    rows = blank(len(fates), stage_position=2.0, amount=1000.0, deal_age_days=50.0, unanswered_messages=[1.0 if back else 5.0 for *_, back in fates])
    return rows.assign(deal_id=[deal for deal, *_ in fates], silence_days=[silence for _, silence, _ in fates], revived=[back for *_, back in fates],
                       days_until_won=[30.0 if back else np.nan for *_, back in fates])


def pool(deals: int = 40) -> pd.DataFrame:
    silences = np.geomspace(5, 200, deals)
    rows = [(f"{fate}{n}", silence, int(fate == "w")) for fate in "wl" for n, silence in enumerate(silences)]
    again = [("w0", 6.0, 1)] * 20  # one deal, many weeks
    return past(labelled([*rows, *again]), ["stage_position", "amount", "deal_age_days", "silence_days", "unanswered_messages"])


def test_look_alikes_are_the_nearest_of_the_stage_each_deal_once() -> None:
    then = pool()
    now = blank(3, stage_position=[2.0, 2.0, 3.0], amount=1000.0, deal_age_days=50.0, silence_days=[6.0, 1e6, 6.0])
    near, far, other_stage = look_alikes(now, then, WON)
    assert len(set(then.loc[near.rows, "deal"])) == len(near.rows) >= 10 and near.is_enough
    assert set(then.loc[near.rows, "fate"]) == {WON} and near.distance < 1
    assert then.loc[near.rows, "silence_days"].max() < 60
    assert not len(far.rows) and not len(other_stage.rows) and not far.is_enough
    assert set(then.loc[look_alikes(now, then, DIED)[0].rows, "fate"]) == {DIED}


def test_a_deal_is_no_look_alike_of_itself() -> None:
    then = pool()
    now = blank(1, stage_position=2.0, amount=1000.0, deal_age_days=50.0, silence_days=6.0).assign(deal_id="w0")
    own = then.loc[then["deal_id"] == "w0", "deal"].iloc[0]
    assert own not in set(then.loc[look_alikes(now, then, WON)[0].rows, "deal"])


class ByMessages(TwoClasses):
    """The more messages without an answer, the smaller the chance."""

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        return two_columns(1 / (1 + X["unanswered_messages"].to_numpy(dtype=float)))


def test_a_deal_is_told_what_won_deals_did_otherwise_and_what_it_would_bring() -> None:
    now = blank(2, stage_position=[2.0, 3.0], amount=1000.0, deal_age_days=50.0, silence_days=20.0, unanswered_messages=[4.0, 4.0])
    differences, quality = compare(now, pool(), ByMessages(), ["stage_position", "amount", "deal_age_days", "silence_days", "unanswered_messages"])
    assert quality["is_comparable"].tolist() == [True, False]
    one = differences.to_dict("records")
    assert [(row["deal_id"], row["feature"], row["here"], row["won_median"], row["died_median"]) for row in one] == [("D0", "unanswered_messages", 4, 1, 5)]
    assert (one[0]["p_now"], one[0]["p_as_won"]) == pytest.approx((0.2, 0.5))
    assert difference("unanswered_messages", 4, 1, 5) == "messages of ours since their last sign: 4; of the won 1, of those that did not come back 5"


def test_without_a_past_nothing_is_compared() -> None:
    differences, quality = compare(blank(1, stage_position=2.0), pool().iloc[:0], ByMessages(), ["unanswered_messages"])
    assert differences.empty and quality["is_comparable"].tolist() == [False]


def test_what_is_told_and_compared_are_features() -> None:
    assert set(COMPARED) | set(TELLING) <= set(by_name())


DEAL = {"state": "stalled", "most_against": "4 messages, none answered", "band_deals": 500, "band_low": 0.2, "band_high": 0.3,
        "band_came_true_share": 0.26, "sheet_note": "", "turned_at": pd.NaT, "good_until": pd.NaT, "proposals_outstanding": 1, "proposals_sent": 3,
        "proposal": "outstanding", "cause": "ours", **{f"cause_{name}_share": share for name, share in (("ours", 0.8), ("theirs", 0.2), ("miscommunication", 0.0), ("clutter", 0.0))},
        **{f"cause_{name}_facts": "" for name in ("theirs", "miscommunication", "clutter")}, "cause_ours_facts": "4 messages", "kind": "unknown",
        "why_kind": "the timeline does not tell", "why_class": "", "said_what": "", "outcome_class": "unknown", "reason_source": "inferred", "loss_reason": None,
        "p_no_decision": 0.5, "p_lost_to_competitor": 0.3, "p_disqualified": 0.2, "is_comparable": False, "won_deals": 3, "died_deals": 30,
        "stated_losses": np.nan, "stated_matched_share": np.nan}


def test_the_sheet_is_short_and_leaves_room_for_the_rep() -> None:
    rows = sheet(DEAL, [], [], {})
    assert len(rows) <= 10
    answers = {key: answer for key, _, answer, _, _ in rows}
    assert answers["against"] == "4 messages, none answered"
    assert answers["on_the_table"] == "1 proposal is out"
    assert answers["outcome"] == "not to be told yet"
    assert answers["differs"] == "cannot be compared"
    assert [key for key, answer in answers.items() if answer == ""] == ["lesson"]
    evidence = {key: told for key, _, _, told, _ in rows}
    assert evidence["whose_mistake"] == "of what speaks against it: ours 80% (4 messages); theirs 20%"
    assert "3 that were won, 30 that did not come back" in evidence["differs"]


def test_the_reps_own_answers_stand_beside() -> None:
    rows = sheet(DEAL | {"sheet_note": "from the action log"}, [], [], {"outcome": "they froze"})
    own = {key: given for key, *_, given in rows}
    assert (own["outcome"], own["lesson"], own["state"]) == ("they froze", "from the action log", "")
    assert {key: given for key, *_, given in sheet(DEAL | {"sheet_note": "x"}, [], [], {"lesson": "mine"})}["lesson"] == "mine"


def closed_company() -> tuple[pd.DataFrame, pd.DataFrame]:
    n = 120
    closed = pd.DataFrame({"deal_id": [f"D{i}" for i in range(n)], "as_of": pd.date_range("2024-01-10", periods=n, freq="2D"),
                           "ending": ["won", "lost", "lost"] * 40, "owner_id": ["a", "b"] * 60, "product": ["pump"] * 60 + [None] * 60, "worth": np.arange(n, dtype=float)})
    closed = with_parts(closed, pd.DataFrame({"owner_id": ["a", "b"], "team": ["East", "West"]}))
    lost = closed.loc[closed["ending"] == "lost", ["deal_id"]].reset_index(drop=True)
    shares = {f"cause_{name}_share": share for name, share in (("ours", 0.6), ("theirs", 0.4), ("miscommunication", 0.0), ("clutter", 0.0))}
    losses = lost.assign(outcome_class=["no_decision", "disqualified"] * 40, loss_reason=["Price", None] * 40, stated_class=["", "disqualified"] * 40,
                         timeline_says="disqualified", kind="timing", cause="ours", **shares)
    return closed, losses


def test_win_and_loss_by_part() -> None:
    closed, losses = closed_company()
    table = by_part(closed, losses).set_index(["part", "name"])
    assert table.loc[("all", "all"), ["closed", "lost"]].tolist() == [120, 80]
    assert table.loc[("all", "all"), "won_share"] == pytest.approx(1 / 3)
    assert table.loc[("team", "East"), "closed"] == 60
    assert [name for part, name in table.index if part == "product"] == ["pump"]
    assert [name for part, name in table.index if part == "size"] == ["small", "middle", "large"]
    assert ("quarter", "2024Q1") in table.index
    assert stated_against_inferred(losses)["stated"].tolist() == ["(none)", "Price"]


def test_the_page_speaks_of_no_employee() -> None:
    closed, losses = closed_company()
    deals = pd.DataFrame({"turned_at": [pd.NaT], "is_comparable": [True]})
    text, _, _ = page(closed, losses, pd.DataFrame({"owner_id": ["a"]}), deals)
    assert "Of 120 closed deals 33% were won" in text and "| East | 60 |" in text
    assert "| a |" not in text
    empty, _, _ = page(closed.iloc[:0], losses.iloc[:0], pd.DataFrame({"owner_id": []}), deals.iloc[:0])
    assert "No deal is closed yet" in empty
