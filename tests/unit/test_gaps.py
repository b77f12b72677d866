import pandas as pd
import pytest

from dealtriage.gaps import is_silence_in_gap, mail_gaps

WEEKS = pd.date_range("2026-01-05", periods=40, freq="7D", unit="us")
TEAMS = {"a1": "A", "a2": "A", "b1": "B"}


def owner_weeks(**missing: slice) -> pd.DataFrame:
    """Thirty mails a week for everybody, one in the weeks in which an owner's are missing."""
    rows = []
    for owner in TEAMS:
        mails = pd.Series(30, index=range(len(WEEKS)))
        mails.iloc[missing.get(owner, slice(0, 0))] = 1
        rows.append(pd.DataFrame({"owner_id": owner, "week_end": WEEKS, "mails": mails}))
    return pd.concat(rows)


def test_a_teams_hole_is_found_and_dated() -> None:
    assert mail_gaps(owner_weeks(a1=slice(34, 37), a2=slice(34, 37)), TEAMS) == {"A": WEEKS[36]}


@pytest.mark.parametrize(("because", "missing"), [
    ("nothing is missing", {}),
    ("one week is no gap", {"a1": slice(35, 36), "a2": slice(35, 36)}),
    ("one colleague on holiday is no gap of the team", {"a1": slice(34, 37)}),
    ("an old gap is over", {"a1": slice(10, 14), "a2": slice(10, 14)}),
])
def test_no_gap(because: str, missing: dict[str, slice]) -> None:
    assert mail_gaps(owner_weeks(**missing), TEAMS) == {}


def test_a_season_is_no_gap_and_a_dead_connector_is() -> None:
    season = owner_weeks()
    season["mails"] = season["mails"].where(~season["week_end"].isin(WEEKS[35:38]), 6)
    assert mail_gaps(season, TEAMS) == {}
    everybody = {name: slice(35, 38) for name in TEAMS}
    assert set(mail_gaps(owner_weeks(**everybody), TEAMS)) == {"A", "B"}


def test_owners_without_a_team_are_judged_alone() -> None:
    assert mail_gaps(owner_weeks(a1=slice(34, 37)), {}) == {"a1": WEEKS[36]}
    rows = pd.DataFrame({"owner": ["a1", None], "as_of": WEEKS[39], "silence_days": [60.0, 60.0]})
    assert is_silence_in_gap(rows, {"a1": WEEKS[36]}, {}).tolist() == [True, False]
    assert is_silence_in_gap(rows, {}, {}).tolist() == [False, False]


def test_only_silence_that_reaches_into_the_gap_is_doubted() -> None:
    rows = pd.DataFrame({"owner": ["a1", "a1", "b1"], "as_of": WEEKS[39], "silence_days": [60.0, 10.0, 60.0]})
    assert is_silence_in_gap(rows, {"A": WEEKS[36]}, TEAMS).tolist() == [True, False, False]
