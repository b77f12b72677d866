"""Where merged records went in the end."""


def survivors(edges: str) -> str:
    """SQL of (id, now_id): each merged record, and the one that is left of it.

    `edges`: query of (id, into_id), what was merged into what. Of records that were merged in a circle the one with the
    least id counts as left.
    """
    return f"""
with recursive edges as (select distinct id, into_id from ({edges}) where id is not null and into_id is not null and id <> into_id),
reached(id, into_id) as (
    select id, into_id from edges
    union
    select r.id, e.into_id from reached r join edges e on e.id = r.into_id)
select id, now_id from (
    select id, coalesce(min(into_id) filter (into_id not in (select id from edges)), min(into_id)) as now_id from reached group by id)
where id <> now_id"""
