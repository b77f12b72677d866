"""Weeks in which a team's or an owner's records are missing, so that the silence of their deals proves nothing.

Found with hindsight over the whole history, as a filter of the data's quality: no feature may read them.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dealtriage.holes import WEEK, holes, usual_and_low
from dealtriage.records import Weeks

CHANNELS = {"email": "mail of {} is", "call": "calls of {} are", "meeting": "meetings of {} are", "any": "all records of {} are"}
TEAM_WEEKS, OWNER_WEEKS = 2, 4
DOUBTED_WEEKS = 26
COLUMNS = {"gap_number": "int32", "team": "str", "owner_id": "str", "owner_name": "str", "channel": "str",
           "gap_start": "datetime64[us]", "gap_end": "datetime64[us]", "found_per_week": "float64", "usual_per_week": "float64"}


def find_gaps(weeks: Weeks, owners: pd.DataFrame) -> pd.DataFrame:
    """The gaps of every team, and of every owner who stopped recording while their deals stayed open; oldest first.

    owners: owner_id, name, team. Columns: gap_number (from 1), team, owner_id and owner_name (of one owner's gap; empty for
    a whole team's), channel (email, call, meeting, or any: everything), gap_start and gap_end (Mondays; the end is not part
    of it), found_per_week, usual_per_week. What a hole is: see `holes`.

    A team's gap is two weeks or more of one channel. An owner without a team is a team of their own, but four
    weeks must be missing, as less may be another duty, and a channel does not count as missing while they record nothing
    else either. An owner's gap is four weeks or more of everything, as
    less may be a holiday, with open deals known to be theirs.
    """
    itself = pd.Series(owners["owner_id"].to_numpy(), index=owners["owner_id"].to_numpy())
    team = pd.Series(owners["team"].to_numpy(), index=itself.index)
    unit = team.where(team.notna(), itself)
    found = pd.concat([_of_teams(weeks, unit, channel) for channel in CHANNELS if channel != "any"])
    own = _counts(weeks, itself)
    in_hand = _open_deals(weeks, itself, own)
    stopped = holes(own, in_hand, OWNER_WEEKS, away=in_hand < 1).assign(channel="any")
    is_told = [_is_within(one, found[found["unit"] == unit[one.unit]]) for one in stopped.itertuples()]
    return _table(pd.concat([found, stopped[~np.array(is_told, dtype=bool)]]), owners)


def _of_teams(weeks: Weeks, unit: pd.Series, channel: str) -> pd.DataFrame:
    is_one = unit.groupby(unit).transform("size") == 1
    counts, all_else = _counts(weeks, unit, [channel]), _counts(weeks, unit[is_one], set(weeks.ends) - {channel})
    away = pd.DataFrame({name: usual_and_low(row)[1] for name, row in all_else.iterrows()}).T
    away = away.reindex(index=counts.index, columns=counts.columns).eq(True)
    found = holes(counts, _open_deals(weeks, unit, counts), TEAM_WEEKS, away).assign(channel=channel)
    lasts = (found["gap_end"] - found["gap_start"]) >= OWNER_WEEKS * WEEK
    return found[lasts | ~found["unit"].map(is_one.groupby(unit).any()).fillna(False).astype(bool)]


def _counts(weeks: Weeks, unit: pd.Series, kinds: Iterable[str] | None = None) -> pd.DataFrame:
    """Records of some kinds per unit and week, up to the last complete week. unit: its name by owner."""
    chosen = weeks.ends.keys() & set(weeks.ends if kinds is None else kinds)
    records = weeks.records[weeks.records["kind"].isin(chosen)].assign(unit=lambda rows: rows["owner_id"].map(unit))
    end = min((weeks.ends[kind] for kind in chosen), default=None)
    records = records[records["week"] < end].dropna(subset=["unit"]) if end is not None else records.iloc[:0]
    if records.empty:
        return pd.DataFrame(columns=pd.DatetimeIndex([]), dtype="float64")
    every = pd.date_range(records["week"].min(), end - WEEK, freq="7D", unit="us")
    table = records.pivot_table(index="unit", columns="week", values="records", aggfunc="sum")
    return table.reindex(columns=every).fillna(0.0).astype("float64")


def _open_deals(weeks: Weeks, unit: pd.Series, like: pd.DataFrame) -> pd.DataFrame:
    """Deals open at the end of each week, for the units and weeks of `like`."""
    steps = weeks.open_steps.assign(unit=weeks.open_steps["owner_id"].map(unit))
    table = steps.pivot_table(index="unit", columns="week", values="step", aggfunc="sum")
    table = table.reindex(columns=table.columns.union(like.columns)).fillna(0.0).cumsum(axis=1)
    return table.reindex(index=like.index, columns=like.columns).fillna(0.0)


def _is_within(one: Any, gaps: pd.DataFrame) -> bool:
    """Whether one gap lies within one of the others."""
    return bool(((gaps["gap_start"] <= one.gap_start) & (one.gap_end <= gaps["gap_end"])).any())


def _table(found: pd.DataFrame, owners: pd.DataFrame) -> pd.DataFrame:
    known = owners.set_index("owner_id")
    table = found.sort_values(["gap_start", "unit", "channel"], kind="stable").reset_index(drop=True)
    is_owner = table["unit"].isin(known.index)
    table["owner_id"] = table["unit"].where(is_owner)
    table["owner_name"] = table["owner_id"].map(known["name"])
    table["team"] = table["owner_id"].map(known["team"]).where(is_owner, table["unit"])
    table["gap_number"] = np.arange(1, len(table) + 1)
    return table[list(COLUMNS)].astype(COLUMNS).round({"found_per_week": 1, "usual_per_week": 1})


def told(gap: Any, is_named: bool = True) -> str:
    """A gap in words; `gap` is a row of the table. Not named, its owner is 'the owner': lists go to others too, and into the CRM."""
    team = gap.team if isinstance(gap.team, str) and gap.team.lower().startswith("team") else f"team {gap.team}"
    who = team if pd.isna(gap.owner_id) else "the owner" if not is_named else gap.owner_id if pd.isna(gap.owner_name) else gap.owner_name
    return (f"{CHANNELS[gap.channel].format(who)} missing from {gap.gap_start:%Y-%m-%d} to {gap.gap_end:%Y-%m-%d} "
            f"({gap.found_per_week:.0f} a week, usually {gap.usual_per_week:.0f})")


def of_owners(gaps: pd.DataFrame, owners: pd.DataFrame) -> pd.DataFrame:
    """owner_id, gap_number, gap_start, gap_end: a row for every owner a gap concerns."""
    whole = gaps[gaps["owner_id"].isna()].drop(columns="owner_id").merge(owners[["owner_id", "team"]], on="team")
    return pd.concat([whole, gaps[gaps["owner_id"].notna()]])[["owner_id", "gap_number", "gap_start", "gap_end"]]


def reached(rows: pd.DataFrame, gaps: pd.DataFrame) -> NDArray[np.int32]:
    """The number of the newest gap that each row's silence reaches into; 0 where it reaches into none.

    A silence of 26 weeks after the gap proves itself: on eight sample companies, quiet deals whose silence reached into a gap
    came back more often than others as long silent for up to half a year after it, and then no longer. rows: owner_id (who had the deal then), as_of, silence_days. gaps: see `of_owners`.
    """
    asked = rows[["owner_id", "as_of"]].assign(row=np.arange(len(rows)), heard=rows["as_of"] - pd.to_timedelta(rows["silence_days"], unit="D"))
    pairs = asked[asked["owner_id"].isin(gaps["owner_id"])].merge(gaps, on="owner_id")
    pairs = pairs[(pairs["heard"] < pairs["gap_end"]) & (pairs["gap_start"] < pairs["as_of"])
                  & (pairs["as_of"] < pairs["gap_end"] + DOUBTED_WEEKS * WEEK)]
    newest = pairs.sort_values(["gap_end", "gap_number"]).drop_duplicates("row", keep="last")
    numbers = np.zeros(len(rows), dtype=np.int32)
    numbers[newest["row"]] = newest["gap_number"]
    return numbers
