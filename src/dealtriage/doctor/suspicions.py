"""What looks odd in core tables: each a sentence with its figures, worth a look before anything is believed."""

from datetime import datetime

import duckdb

from dealtriage.sources.sql import rows

MANY_CLOSINGS, MOST_BY_ONE = 50, 0.25
CLOSING_DAY_SHARE = 0.1
FAR_CLOSE_YEARS = 5


def suspicions(con: duckdb.DuckDBPyConnection, cutoff: datetime) -> list[str]:
    """Sentences about the core tables in `con`, whose newest fact is of `cutoff`; none where nothing is odd."""
    con.execute("set variable cutoff = ?", [cutoff])
    return [*_closers(con), *_closing_days(con), *_far_dates(con), *_future_facts(con), *_present_only(con), *_duplicated_names(con)]


def _closers(con: duckdb.DuckDBPyConnection) -> list[str]:
    told = con.execute("""
        with lost as (select coalesce(c.author_id, '') as author from deal_changes c join stages s on s.stage = c.new_value
                      where c.field = 'stage' and s.is_closed and not s.is_won)
        select author, count(*) as n, sum(count(*)) over () as of_all, coalesce(any_value(o.name), author), coalesce(any_value(o.is_system), false)
        from lost left join owners o on o.owner_id = author group by author qualify n >= ? and n >= ? * of_all and author <> '' order by n desc
        """, [MANY_CLOSINGS, MOST_BY_ONE]).fetchall()
    return [f"{name} closed {n:,} of {of_all:,} lost deals ({n / of_all:.0%}): "
            + ("a program, and known as one" if is_system else "if this is a program or a clean-up, name it in source.system_users")
            for _, n, of_all, name, is_system in told]


def _closing_days(con: duckdb.DuckDBPyConnection) -> list[str]:
    told = con.execute("""
        with lost as (select changed_at::date as day from deal_changes c join stages s on s.stage = c.new_value
                      where c.field = 'stage' and s.is_closed and not s.is_won)
        select day, count(*) as n, sum(count(*)) over () as of_all from lost group by day qualify n >= ? and n >= ? * of_all order by n desc limit 3
        """, [MANY_CLOSINGS, CLOSING_DAY_SHARE]).fetchall()
    return [f"{n:,} of {of_all:,} lost deals were closed on {day}: a clean-up, not that many decisions" for day, n, of_all in told]


def _far_dates(con: duckdb.DuckDBPyConnection) -> list[str]:
    far = rows(con, f"""select count(*) from deals where close_date_now > getvariable('cutoff') + interval {FAR_CLOSE_YEARS} year
                        or close_date_now < timestamp '1990-01-01'""")
    return [f"{far:,} deals have a close date before 1990 or more than {FAR_CLOSE_YEARS} years ahead"] if far else []


def _future_facts(con: duckdb.DuckDBPyConnection) -> list[str]:
    ahead = rows(con, "select count(*) from activities where kind in ('email', 'call') and starts_at > getvariable('cutoff')")
    return [f"{ahead:,} mails or calls are dated after the newest record of the export: check source.timezone"] if ahead else []


def _present_only(con: duckdb.DuckDBPyConnection) -> list[str]:
    deals = rows(con, "select count(*) from deals")
    silent = rows(con, "select count(*) from deals where deal_id not in (select deal_id from activities)")
    return [f"{silent:,} of {deals:,} deals ({silent / deals:.0%}) have no activity at all"] if silent > 0.2 * deals else []


def _duplicated_names(con: duckdb.DuckDBPyConnection) -> list[str]:
    told = con.execute("""select name, count(*) as n from deals where name is not null group by name having count(*) >= 20
                          order by n desc, name limit 1""").fetchall()
    return [f"{n:,} deals are called {name!r}: test or bulk records? (source.test_deals leaves names out)" for name, n in told]
