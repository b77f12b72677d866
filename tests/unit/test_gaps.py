import numpy as np
import pandas as pd
import pytest

from dealtriage.gaps import find_gaps, of_owners, reached, told
from dealtriage.records import Weeks

MONDAYS = pd.date_range("2025-01-06", periods=60, freq="7D", unit="us")
EXPORT = MONDAYS[-1] + pd.Timedelta(days=7)
OWNERS = pd.DataFrame({"owner_id": ["a1", "a2", "b1", "b2"], "name": ["Ann", None, "Ben", "Bob"],
                       "team": ["South", "South", "North", "North"]}).astype("str")


def weeks(missing: dict[str, slice] | None = None, *, kind: str = "email", usual: int = 30, left: int = 1,
          gone: dict[str, int] | None = None, more: dict[str, int] | None = None) -> Weeks:
    """Everybody records `usual` of a kind each week, but `left` in the weeks in which theirs are missing, and has ten
    deals open from the first week on, up to the week in which they are gone. more: other kinds, always recorded."""
    rows, steps = [], []
    for owner in OWNERS["owner_id"]:
        counts = np.full(len(MONDAYS), usual)
        counts[(missing or {}).get(owner, slice(0, 0))] = left
        rows.append(pd.DataFrame({"owner_id": owner, "kind": kind, "week": MONDAYS, "records": counts}))
        rows += [pd.DataFrame({"owner_id": owner, "kind": other, "week": MONDAYS, "records": n}) for other, n in (more or {}).items()]
        steps.append((owner, MONDAYS[0], 10))
        if owner in (gone or {}):
            steps.append((owner, MONDAYS[gone[owner]], -10))
    table = pd.concat(rows)
    return Weeks(table[table["records"] > 0], pd.DataFrame(steps, columns=["owner_id", "week", "step"]),
                 dict.fromkeys([kind, *(more or {})], EXPORT))


def team(name: str, where: slice) -> dict[str, slice]:
    return dict.fromkeys(OWNERS.loc[OWNERS["team"] == name, "owner_id"], where)


def found(of: Weeks, owners: pd.DataFrame = OWNERS) -> list[tuple[str, str, int, int]]:
    """Whose gap, channel, first week and the week after the last."""
    return [(gap.team if pd.isna(gap.owner_id) else gap.owner_id, gap.channel, MONDAYS.get_loc(gap.gap_start),
             round((gap.gap_end - MONDAYS[0]).days / 7)) for gap in find_gaps(of, owners).itertuples()]


def test_three_weeks_of_a_team_are_found_and_named() -> None:
    gaps = find_gaps(weeks(team("South", slice(30, 33)), left=2), OWNERS)
    assert [told(gap) for gap in gaps.itertuples()] == [
        "mail of team South is missing from 2025-08-04 to 2025-08-25 (4 a week, usually 60)"]
    assert gaps[["gap_number", "found_per_week", "usual_per_week"]].to_numpy().tolist() == [[1, 4, 60]]


@pytest.mark.parametrize(("because", "given", "expected"), [
    ("nothing is missing", {}, []),
    ("one week is none", {"missing": team("South", slice(30, 31))}, []),
    ("one colleague on holiday is none of the team", {"missing": {"a1": slice(30, 33)}}, []),
    ("a team with few records is not judged", {"missing": team("South", slice(30, 33)), "usual": 4, "left": 0}, []),
    ("nor one with few, while a tenth is left", {"missing": team("South", slice(30, 33)), "usual": 8, "left": 1}, []),
    ("unless nothing is left", {"missing": team("South", slice(30, 33)), "usual": 8, "left": 0}, [("South", "email", 30, 33)]),
    ("before a team begins there is none", {"missing": team("South", slice(0, 20)), "left": 0}, []),
    ("nor in the weeks in which it begins", {"missing": team("South", slice(0, 4)), "left": 2}, []),
    ("a team whose deals are gone has ended", {"missing": team("South", slice(40, 60)), "left": 0, "gone": {"a1": 40, "a2": 40}}, []),
    ("a hole up to the export is one", {"missing": team("South", slice(57, 60))}, [("South", "email", 57, 60)]),
    ("a long one too", {"missing": team("South", slice(35, 60)), "left": 0}, [("South", "email", 35, 60)]),
    ("and a long one that ended", {"missing": team("South", slice(20, 38)), "left": 0}, [("South", "email", 20, 38)]),
    ("calls", {"missing": team("South", slice(30, 33)), "kind": "call"}, [("South", "call", 30, 33)]),
    ("everybody's mail is no season", {"missing": {**team("South", slice(30, 33)), **team("North", slice(30, 33))}},
     [("North", "email", 30, 33), ("South", "email", 30, 33)]),
    ("a season is none", {"missing": {**team("South", slice(30, 33)), **team("North", slice(30, 33))}, "left": 6}, []),
])
def test_gaps_of_teams(because: str, given: dict, expected: list) -> None:
    assert found(weeks(**given)) == expected


def test_two_holes_are_two_gaps_and_a_partly_missing_week_belongs_to_its_hole() -> None:
    both = weeks(team("South", slice(20, 23)))
    both.records.loc[both.records["owner_id"].isin(["a1", "a2"]) & both.records["week"].isin(MONDAYS[40:42]), "records"] = 0
    both.records.loc[both.records["owner_id"].isin(["a1", "a2"]) & (both.records["week"] == MONDAYS[42]), "records"] = 12
    both.records.loc[both.records["owner_id"].isin(["a1", "a2"]) & (both.records["week"] == MONDAYS[39]), "records"] = 18
    assert found(both) == [("South", "email", 20, 23), ("South", "email", 40, 43)]


def test_weeks_that_are_not_logged_yet_are_not_judged() -> None:
    late = weeks(team("South", slice(57, 60)), kind="call")
    assert found(Weeks(late.records, late.open_steps, {"call": MONDAYS[58]})) == []


@pytest.mark.parametrize(("because", "given", "expected"), [
    ("four weeks without anything", {"missing": {"a1": slice(30, 34)}, "left": 0}, [("a1", "any", 30, 34)]),
    ("three may be a holiday", {"missing": {"a1": slice(30, 33)}, "left": 0}, []),
    ("whose deals are gone has left", {"missing": {"a1": slice(30, 60)}, "left": 0, "gone": {"a1": 31}}, []),
    ("of whom no deals are known cannot be told", {"missing": {"a1": slice(30, 60)}, "left": 0, "gone": {"a1": 0}}, []),
    ("whose deals stay has stopped", {"missing": {"a1": slice(30, 60)}, "left": 0}, [("a1", "any", 30, 60)]),
    ("who records other things has not", {"missing": {"a1": slice(30, 34)}, "left": 0, "more": {"call": 15}}, []),
    ("a hole of the team is told once", {"missing": team("South", slice(30, 35)), "left": 0}, [("South", "email", 30, 35)]),
])
def test_an_owner_who_stops(because: str, given: dict, expected: list) -> None:
    assert found(weeks(**given)) == expected


def test_the_owner_who_stopped_is_named() -> None:
    (gap,) = find_gaps(weeks({"a1": slice(30, 60)}, left=0), OWNERS).itertuples()
    assert told(gap) == "all records of Ann are missing from 2025-08-04 to 2026-03-02 (0 a week, usually 30)"
    assert (gap.team, gap.owner_id, gap.owner_name) == ("South", "a1", "Ann")


def test_an_owner_without_a_team_is_one_unless_they_are_away() -> None:
    nobodys = OWNERS.assign(team=pd.Series([None] * 4, dtype="str"))
    assert found(weeks({"a1": slice(30, 33)}), nobodys) == []  # another duty for three weeks
    assert found(weeks({"a1": slice(30, 34)}), nobodys) == [("a1", "email", 30, 34)]
    assert found(weeks({"a1": slice(30, 34)}, more={"call": 25}), nobodys) == [("a1", "email", 30, 34)]
    away = weeks({"a1": slice(30, 33)}, left=0, more={"call": 25})
    away.records.loc[(away.records["owner_id"] == "a1") & away.records["week"].isin(MONDAYS[30:33]), "records"] = 0
    assert found(away, nobodys) == []


def test_no_records_no_gaps() -> None:
    nothing = Weeks(pd.DataFrame({"owner_id": [], "kind": [], "week": pd.DatetimeIndex([]), "records": []}),
                    pd.DataFrame({"owner_id": [], "week": pd.DatetimeIndex([]), "step": []}), {})
    assert find_gaps(nothing, OWNERS).empty


def test_only_silence_that_reaches_into_a_gap_is_doubted() -> None:
    gaps = of_owners(find_gaps(weeks({**team("South", slice(20, 23)), "b1": slice(30, 34)}, left=0), OWNERS), OWNERS)
    assert sorted(gaps["owner_id"]) == ["a1", "a2", "b1"]
    end = MONDAYS[23]
    cases = [("a1", 14, 20, 1), ("a2", 14, 20, 1), ("b2", 14, 20, 0),  # heard of 6 days before the end; another team
             ("a1", 14, 14, 0), ("a1", 14, 15, 1),                     # heard of at the end of the gap; a day before
             ("a1", -21, 30, 0), ("a1", -20, 30, 1),                   # asked when the gap begins; a day later
             ("a1", 26 * 7, 200, 0), ("a1", 26 * 7 - 1, 200, 1),       # half a year after it
             ("b1", 100, 60, 2), (None, 14, 20, 0)]
    rows = pd.DataFrame([(owner, end + pd.Timedelta(days=after), silence) for owner, after, silence, _ in cases],
                        columns=["owner_id", "as_of", "silence_days"])
    assert reached(rows, gaps).tolist() == [expected for *_, expected in cases]
    later = pd.DataFrame({"owner_id": ["a1"], "gap_number": [3], "gap_start": [MONDAYS[22]], "gap_end": [MONDAYS[24]]})
    assert reached(rows.iloc[[0]], pd.concat([later, gaps])).tolist() == [3]
    assert reached(rows, gaps.iloc[:0]).tolist() == [0] * len(rows)
