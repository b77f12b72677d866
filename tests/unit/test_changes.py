"""What a list says of the time since the last one: new facts, time that passed, a new model."""

import pandas as pd
import pytest

from dealtriage.changes import changes

CUTOFF = pd.Timestamp("2024-06-10 06:00")
EARLIER = pd.Timestamp("2024-06-03 06:00")


def told(p: float | None, state: str = "stalled", *, before: tuple[float, str, str] | None = None, then: float | None = None, facts: list[tuple[str, str]] = ()) -> dict:
    """The changes of one deal. before: chance, state and model of the list of a week ago; then: its chance at that date by today's model."""
    scores = pd.DataFrame({"deal_id": ["D"], "p_revive_90d": [p], "state": [state], "silence_days": [20.0], "model_version": ["new"]}).astype({"p_revive_90d": "float64"})
    last = [] if before is None else [("D", EARLIER, before[1], before[0], before[2])]
    log = pd.DataFrame([*last, ("D", CUTOFF, state, 0.99, "new")], columns=["deal_id", "recommended_at", "state", "p_revive", "model_version"])
    outlook = pd.DataFrame([("D", pd.Timestamp("2024-06-03"), then), ("D", CUTOFF, p)], columns=["deal_id", "as_of", "p"]).astype({"as_of": "datetime64[us]", "p": "float64"})
    timeline = pd.DataFrame([("D", kind, pd.Timestamp(at)) for kind, at in facts], columns=["deal_id", "kind", "known_at"]).astype({"known_at": "datetime64[us]"})
    return changes(scores, pd.Series({"D": pd.Timestamp("2024-01-01")}), 90, log, outlook, timeline, CUTOFF).iloc[0].to_dict()


def test_without_an_earlier_list_it_is_compared_with_the_week_before() -> None:
    found = told(0.33, then=0.41)
    assert found["changed"] == "from 41% to 33%; nothing new recorded in 7 days, only time passed"
    assert (found["p_last_list"], found["last_list_at"]) == (0.41, CUTOFF - pd.Timedelta(days=7))


def test_what_became_known_since_is_counted_the_most_telling_first() -> None:
    facts = [("email_out", "2024-06-04"), ("email_out", "2024-06-05"), ("email_in", "2024-06-06"), ("email_in", "2024-06-02 23:00"), ("title_known", "2024-06-05")]
    assert told(0.5, before=(0.3, "stalled", "new"), facts=facts)["changed"] == "from 30% to 50%; new: 1 mail of theirs, 2 mails of ours"


def test_a_new_model_is_told_apart_from_what_happened() -> None:
    assert "a new model would have said 35% instead of 41% then" in told(0.33, before=(0.41, "stalled", "old"), then=0.35)["changed"]
    assert "a new model, which hardly matters here" in told(0.33, before=(0.41, "stalled", "old"), then=0.412)["changed"]
    assert "model" not in told(0.33, before=(0.41, "stalled", "new"), then=0.41)["changed"]


def test_a_state_that_changed_is_told() -> None:
    assert told(0.1, "dead", before=(0.25, "stalled", "new"))["changed"].startswith("from 25% to 10%, was stalled; ")
    assert told(None, "active", before=(0.25, "stalled", "new"), facts=[("email_in", "2024-06-06")])["changed"] == "was stalled; new: 1 mail of theirs"


def test_this_exports_own_lines_of_an_earlier_run_are_no_earlier_list() -> None:
    assert told(0.33, then=0.41)["p_last_list"] == 0.41


@pytest.mark.parametrize(("born", "told_of_it"), [("2024-06-05", "new on the list; "), ("2024-01-01", "was not quiet then; ")])
def test_a_deal_that_was_not_on_the_last_list_is_new_or_was_not_quiet(born: str, told_of_it: str) -> None:
    scores = pd.DataFrame({"deal_id": ["D", "E"], "p_revive_90d": [0.3, 0.2], "state": "stalled", "silence_days": 20.0, "model_version": "new"})
    log = pd.DataFrame({"deal_id": ["E"], "recommended_at": [EARLIER], "state": ["stalled"], "p_revive": [0.2], "model_version": ["new"]})
    none = pd.DataFrame({"deal_id": pd.Series(dtype="str"), "as_of": pd.Series(dtype="datetime64[us]"), "p": pd.Series(dtype="float64")})
    facts = pd.DataFrame({"deal_id": pd.Series(dtype="str"), "kind": pd.Series(dtype="str"), "known_at": pd.Series(dtype="datetime64[us]")})
    found = changes(scores, pd.Series({"D": pd.Timestamp(born), "E": pd.Timestamp("2024-01-01")}), 90, log, none, facts, CUTOFF).set_index("deal_id")["changed"]
    assert found["D"].startswith(told_of_it) and found["E"].startswith("still 20%; ")


def test_what_happened_since_yesterdays_list_is_not_put_down_to_the_model() -> None:
    scores = pd.DataFrame({"deal_id": ["D"], "p_revive_90d": [0.3], "state": "stalled", "silence_days": 20.0, "model_version": "new"})
    log = pd.DataFrame({"deal_id": ["D"], "recommended_at": [CUTOFF - pd.Timedelta(days=1)], "state": ["stalled"], "p_revive": [0.6], "model_version": ["old"]})
    outlook = pd.DataFrame({"deal_id": "D", "as_of": [pd.Timestamp("2024-06-03"), CUTOFF], "p": [0.5, 0.3]})
    facts = pd.DataFrame({"deal_id": ["D"], "kind": ["meeting_no_show"], "known_at": [CUTOFF - pd.Timedelta(hours=3)]})
    found = changes(scores, pd.Series({"D": pd.Timestamp("2024-01-01")}), 90, log, outlook, facts, CUTOFF)["changed"].iloc[0]
    assert found == "from 60% to 30%; a new model has its part in it; new: 1 meeting they missed"
