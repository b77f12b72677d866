"""Tables of a database by URL, read in chunks as text. Any database that SQLAlchemy has a driver for; PostgreSQL's is here."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlalchemy import Engine, MetaData, Table, Text, cast, create_engine, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from dealtriage.errors import BadInput
from dealtriage.sources.rows import Rows
from dealtriage.sources.shelf import Item, database_url

CHUNK_ROWS = 50_000
OWN_SCHEMAS = {"information_schema", "pg_catalog"}


def table_names(url: str) -> list[str]:
    """The tables and views of a database, as `schema.table` beyond its default schema. Raises BadInput when it cannot
    be reached. `?schema=NAME` in the URL restricts it to one schema."""
    with _engine(url) as (engine, schema):
        inspector = inspect(engine)
        names = []
        for found in [schema] if schema else inspector.get_schema_names():
            if found not in OWN_SCHEMAS:
                prefix = "" if found == inspector.default_schema_name else f"{found}."
                names += [prefix + name for name in (*inspector.get_table_names(found), *inspector.get_view_names(found))]
    return sorted(names)


def database_rows(con: duckdb.DuckDBPyConnection, item: Item) -> Rows:
    """The rows of a table, every cell as text; fetched when they are needed."""
    url = database_url(item.path) or ""
    schema, _, name = item.name.rpartition(".")
    target = f"{item.name}__fetched"
    with _engine(url) as (engine, _schema):
        found = Table(name, MetaData(), schema=schema or None, autoload_with=engine, resolve_fks=False)
    columns = [str(column.name) for column in found.columns]
    cells = [f"c{at}" for at in range(len(columns))]

    def fetch() -> None:
        con.execute(f'create or replace temp table "{target}" ({", ".join(f"{cell} varchar" for cell in cells)})')
        with _engine(url) as (engine, _schema), engine.connect() as connection:
            streamed = connection.execution_options(stream_results=True, yield_per=CHUNK_ROWS)
            for chunk in streamed.execute(select(*(cast(column, Text) for column in found.columns))).partitions():
                arrays = [pa.array(column, pa.string()) for column in zip(*chunk, strict=True)]
                con.register("chunk", pa.Table.from_arrays(arrays, names=cells))
                con.execute(f'insert into "{target}" select * from chunk')
                con.unregister("chunk")

    return Rows(f'"{target}"', {name: f"nullif(trim({cell}), '')" for name, cell in zip(columns, cells, strict=True)}, fetch=fetch)


@contextmanager
def _engine(url: str) -> Iterator[tuple[Engine, str | None]]:
    """An engine, and the schema to look in. Whatever the database says against us becomes BadInput, without the password."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise BadInput("The database URL cannot be read.", "Write it like postgresql://user@host:5432/database") from error
    schema = parsed.query.get("schema")
    parsed = parsed.difference_update_query(["schema"])
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    shown = parsed.render_as_string(hide_password=True)
    if parsed.drivername == "sqlite" and parsed.database and not Path(parsed.database).is_file():
        raise BadInput(f"There is no database {parsed.database}.", "Correct the URL.")
    try:
        engine = create_engine(parsed)
        try:
            yield engine, schema if isinstance(schema, str) else None
        finally:
            engine.dispose()
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise BadInput(f"There is no driver for {shown}: {error}.", "Install the driver, or copy the tables to CSV or parquet.") from error
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise BadInput(f"{shown} cannot be read: {said}.", "Check host, port, database, user and password (PGPASSWORD or "
                       "~/.pgpass are read too), and that the user may read the tables.") from error
