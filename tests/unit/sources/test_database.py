"""A warehouse copy in a real database is read like the files it was copied from."""

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Boolean, Column, DateTime, Engine, Float, MetaData, String, Table, create_engine

from dealtriage import clean
from dealtriage.doctor.examine import examine
from dealtriage.doctor.words import as_text
from dealtriage.errors import BadInput
from dealtriage.tables import read_parquet
from tests.exports import params_for, tables, workspace, write_export
from tests.postgres import server, why_not

CORE = ["deals", "deal_changes", "activities", "proposals", "owners", "stages"]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    if reason := why_not():
        pytest.skip(reason)
    with server() as address:
        yield address


def snake(name: str) -> str:
    return re.sub(r"__c$", "_c", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).lower()


def as_sql(name: str, text: str) -> object:
    if not text:
        return None
    if name.startswith("Is") or name in ("Incoming", "IsClosed"):
        return text == "1"
    if name in ("Amount", "GrandTotal", "SortOrder"):
        return float(text)
    return pd.Timestamp(text).to_pydatetime() if name.endswith(("Date", "DateTime")) else text


def type_of(name: str) -> object:
    if name.startswith("Is") or name == "Incoming":
        return Boolean()
    if name in ("Amount", "GrandTotal", "SortOrder"):
        return Float()
    return DateTime(timezone=name != "ActivityDate") if name.endswith(("Date", "DateTime")) else String()


def copy_into(engine: Engine, schema: str, rename: object) -> None:
    """The hand-made export as a connector copies it: typed columns, and its own beside them."""
    with engine.begin() as connection:
        connection.exec_driver_sql(f"create schema {schema}")
        for object_name, rows in tables().items():
            names = list(rows[0])
            table = Table(rename(object_name), MetaData(), *(Column(rename(n), type_of(n)) for n in names),  # type: ignore[operator]
                          Column("_fivetran_synced", DateTime(timezone=True)), Column("_fivetran_deleted", Boolean()), schema=schema)
            table.create(connection)
            connection.execute(table.insert(), [
                {rename(n): as_sql(n, row[n]) for n in names} | {"_fivetran_deleted": False} for row in rows])  # type: ignore[operator]


@pytest.fixture(scope="module")
def copied(url: str) -> str:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    copy_into(engine, "snake", snake)
    copy_into(engine, "camel", str)
    engine.dispose()
    return url


@pytest.mark.parametrize("schema", ["snake", "camel"])
def test_a_copy_in_postgres_is_the_export(copied: str, schema: str, tmp_path: Path) -> None:
    clean.run(params_for(write_export(tmp_path / "raw", tables())), workspace(tmp_path))
    expected = {name: read_parquet(workspace(tmp_path).core / f"{name}.parquet") for name in CORE}
    clean.run(params_for(Path(f"{copied}?schema={schema}")), workspace(tmp_path))
    for name in CORE:
        pd.testing.assert_frame_equal(read_parquet(workspace(tmp_path).core / f"{name}.parquet"), expected[name])


def test_a_file_may_hold_the_url_so_that_params_hold_no_password(copied: str, tmp_path: Path) -> None:
    (tmp_path / "acme.url").write_text(f"{copied}?schema=snake\n")
    clean.run(params_for(tmp_path / "acme.url"), workspace(tmp_path))
    assert len(read_parquet(workspace(tmp_path).core / "deals.parquet")) == 3


def test_rows_are_quarantined_with_their_number(copied: str, tmp_path: Path) -> None:
    engine = create_engine(copied.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.exec_driver_sql("create schema broken")
        for name in tables():
            connection.exec_driver_sql(f"create table broken.{snake(name)} as table snake.{snake(name)}")
        connection.exec_driver_sql("update broken.task set what_id = '0067E0000099999' where subject = 'Call'")
    engine.dispose()
    clean.run(params_for(Path(f"{copied}?schema=broken")), workspace(tmp_path))
    told = read_parquet(workspace(tmp_path).core / "quarantine.parquet")
    assert told[["file", "column", "reason"]].values.tolist() == [
        ["broken.task", "WhatId", "points at a deal that is not in the export"]]


@pytest.mark.parametrize(("address", "message"), [
    ("postgresql://tester:secret@127.0.0.1:1/nowhere", "cannot be read"),
    ("sqlite:////nowhere/at/all.db", "There is no database"),
    ("oracle://host/db", "There is no driver")])
def test_what_cannot_be_reached_is_said_without_the_password(address: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=message) as error:
        clean.run(params_for(Path(address)), workspace(tmp_path))
    assert "secret" not in str(error.value)


def test_the_doctor_looks_at_a_database(copied: str, tmp_path: Path) -> None:
    report = examine(Path(f"{copied}?schema=snake"), tmp_path, {"answered_calls": "connect"})
    assert (report.crm, report.form, report.problem, report.deals) == ("salesforce", "a copy made by Fivetran in a database", None, 3)
    assert ".url" in as_text(report)


def test_sqlite_is_read_too(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/copy.db")
    with engine.begin() as connection:
        for name, rows in tables().items():
            pd.DataFrame(rows).to_sql(snake(name), connection, index=False)
    engine.dispose()
    clean.run(params_for(Path(f"sqlite:///{tmp_path}/copy.db")), workspace(tmp_path))
    assert len(read_parquet(workspace(tmp_path).core / "deals.parquet")) == 3
