"""What the export holds and what it lacks: per file, per kind of fact, per owner and month, and where records are missing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd

from dealtriage import records
from dealtriage.gaps import find_gaps, of_owners, told
from dealtriage.tables import write_parquet

TABLES = """
select 'deals' as table_name, count(*) as rows, min(created_at) as first_at, max(created_at) as last_at from deals
union all select 'deal_changes: ' || field, count(*), min(changed_at), max(changed_at) from deal_changes group by field
union all select 'activities: ' || kind, count(*), min(starts_at), max(created_at) from activities group by kind
union all select 'proposals: ' || event, count(*), min(occurred_at), max(occurred_at) from proposals group by event
union all select 'contact_roles', count(*), min(created_at), max(created_at) from contact_roles
union all select 'contact_titles', count(*), min(known_at), max(known_at) from contact_titles
order by 1
"""

LITTLE = 0.4
ENOUGH_ROWS = 100
EARLY = timedelta(days=30)

OWNERS = """
with own as (select owner_id_now as owner_id, count(*) as deals, count(*) filter (not is_closed_now) as open_deals,
        count(*) filter (deal_id in (select deal_id from activities)) as deals_with_activity,
        sum(coalesce(n, 0))::bigint as activities_on_deals
    from deals left join (select deal_id, count(*) as n from activities group by 1) using (deal_id) group by 1),
logged as (select owner_id, count(*) as activities,
        median(greatest(0, epoch(created_at) - epoch(coalesce(ends_at, starts_at))) / 86400.0)
            filter (kind in ('call', 'meeting') and starts_at < created_at) as late_days
    from activities group by 1)
select o.owner_id, o.name, o.team, coalesce(own.deals, 0) as deals, coalesce(own.open_deals, 0) as open_deals,
       coalesce(own.deals_with_activity, 0) as deals_with_activity, coalesce(l.activities, 0) as activities_logged,
       coalesce(own.activities_on_deals, 0) as activities_on_deals,
       l.late_days as median_days_logged_late
from owners o left join own using (owner_id) left join logged l using (owner_id) order by o.owner_id
"""


@dataclass(frozen=True)
class Coverage:
    """files: rows read, set aside and quarantined per file; tables: facts per kind; owners: what each one logs; gaps: see
    `gaps.find_gaps`, and deals_affected, the deals that were open meanwhile."""

    files: pd.DataFrame
    tables: pd.DataFrame
    owners: pd.DataFrame
    gaps: pd.DataFrame
    set_aside: pd.DataFrame
    reasons: pd.DataFrame
    notes: list[str]


def measure(con: duckdb.DuckDBPyConnection, cutoff: datetime, rows_read: dict[str, int], quarantined: pd.DataFrame,
            set_aside: pd.DataFrame, notes: list[str]) -> Coverage:
    """Measure coverage from the core tables in `con` and the counts of the reader."""
    records.prepare(con, cutoff)
    files = pd.DataFrame({"file": list(rows_read), "rows_read": list(rows_read.values())})
    aside = set_aside.groupby("file")["rows"].sum()
    files["rows_set_aside"] = files["file"].map(aside).fillna(0).astype(int)
    bad = quarantined[quarantined["is_row_dropped"]].groupby("file").size()
    files["rows_quarantined"] = files["file"].map(bad).fillna(0).astype(int)
    tables = con.sql(TABLES).df()
    reasons = quarantined.groupby(["file", "column", "reason"], as_index=False).size()
    return Coverage(files, tables, con.sql(OWNERS).df(), _gaps(con, cutoff), set_aside, reasons, notes)


def _gaps(con: duckdb.DuckDBPyConnection, cutoff: datetime) -> pd.DataFrame:
    owners = con.sql("select owner_id, name, team from owners order by owner_id").df()
    gaps = find_gaps(records.weeks(con, cutoff), owners)
    affected = records.deals_open_in(con, of_owners(gaps, owners))
    return gaps.assign(deals_affected=gaps["gap_number"].map(affected).fillna(0).astype("int32"))


def write(con: duckdb.DuckDBPyConnection, report: Coverage, folder: Path) -> None:
    """Write coverage.parquet, coverage_owners.parquet, coverage_months.parquet (see `records.write_months`) and gaps.parquet."""
    write_parquet(report.tables, folder / "coverage.parquet")
    write_parquet(report.owners, folder / "coverage_owners.parquet")
    write_parquet(report.gaps, folder / "gaps.parquet")
    records.write_months(con, folder / "coverage_months.parquet")


def summary(report: Coverage, cutoff: datetime, deals: int) -> str:
    """One screen: what was read, what was left out and why, and where silence may only be missing data."""
    lines = [f"{deals:,} deals, known up to {cutoff:%Y-%m-%d %H:%M} UTC", "", "read from"]
    for row in report.files.itertuples():
        lines.append(f"  {row.file:<30} {row.rows_read:>9,} rows, {row.rows_set_aside:>7,} left out by rule, "
                     f"{row.rows_quarantined:>5,} quarantined")
    lines += ["", "left out by rule"]
    lines += [f"  {row.file:<30} {row.rows:>9,} {row.rule}" for row in report.set_aside.itertuples()] or ["  nothing"]
    lines += ["", "quarantined or blanked (data/core/quarantine.parquet has the lines)"]
    lines += [f"  {row.file:<30} {row.size:>9,} {row.column}: {row.reason}"
              for row in report.reasons.itertuples(index=False)] or ["  nothing"]
    if report.notes:
        lines += ["", "not found", *(f"  {note}" for note in report.notes)]
    lines += ["", *_silent_owners(report.owners), *_ended_early(report.tables, cutoff)]
    lines += [f"{told(gap)}; silence in it proves nothing" for gap in report.gaps.itertuples()]
    return "\n".join(lines) + "\n"


def _ended_early(tables: pd.DataFrame, cutoff: datetime) -> list[str]:
    recorded = tables[tables["table_name"].str.startswith(("activities", "deal_changes: stage"))]
    early = recorded[(recorded["rows"] >= ENOUGH_ROWS) & (recorded["last_at"] < cutoff - EARLY)]
    return [f"{row.table_name} end on {row.last_at:%Y-%m-%d}, {(cutoff - row.last_at).days} days before the export: "
            "is a file cut short, or is this no longer recorded?" for row in early.itertuples()]


def _silent_owners(owners: pd.DataFrame) -> list[str]:
    working = owners[owners["open_deals"] > 0]
    each = working["activities_on_deals"] / working["deals"]
    silent = working.assign(each=each)[each < LITTLE * each.median()]
    if silent.empty:
        return ["no owner of open deals records far less than the others"]
    return [f"owners whose deals hold far fewer activities than the median owner's {each.median():.0f} each (silence may be missing data)",
            *(f"  {row.name}: {row.each:.1f} for each of {row.deals} deals" for row in silent.itertuples(index=False))]
