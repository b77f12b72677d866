"""Parquet files, as warehouse tools write them, every cell as text."""

import duckdb

from dealtriage.errors import BadInput
from dealtriage.sources.rows import Rows, quoted
from dealtriage.sources.shelf import Item


def parquet_rows(con: duckdb.DuckDBPyConnection, item: Item) -> Rows:
    """The rows of a parquet file. Whole numbers that came as floats lose their point; nested values are JSON text."""
    relation = f"read_parquet({quoted(str(item.path))})"
    try:
        described = con.execute(f"describe select * from {relation}").fetchall()
    except duckdb.Error as error:
        raise BadInput(f"{item.name} is no whole parquet file: {str(error).splitlines()[0]}.",
                       "Copy the file again; it is cut short or damaged.") from error
    return Rows(relation, {name: _as_text(name, type_) for name, type_, *_ in described})


def _as_text(name: str, type_: str) -> str:
    column = '"' + name.replace('"', '""') + '"'
    if type_ in ("DOUBLE", "FLOAT"):
        return f"case when {column} = trunc({column}) and abs({column}) < 1e18 then {column}::bigint::varchar else {column}::varchar end"
    if type_.endswith("[]") or type_.startswith(("STRUCT", "MAP")):
        return f"to_json({column})::varchar"
    return f"nullif(trim({column}::varchar), '')"
