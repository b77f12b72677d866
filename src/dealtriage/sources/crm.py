"""What makes a CRM readable: its tables, what becomes of them as SQL, and how far back its history goes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from dealtriage.params import Source
from dealtriage.sources.catalogue import Found
from dealtriage.sources.declared import RawTable
from dealtriage.sources.quarantine import Quarantine
from dealtriage.sources.rules import DealLink


@dataclass(frozen=True)
class Reading:
    """What a source's own code may work with while it is read: tables `T__read` before rows are set aside, `T` after."""

    con: duckdb.DuckDBPyConnection
    source: Source
    found: Sequence[Found]
    quarantine: Quarantine

    def is_there(self, table: str) -> bool:
        """Whether the export has this table."""
        return any(found.table.name == table for found in self.found)

    def has(self, table: str, column: str) -> bool:
        """Whether the export has this column."""
        return any(found.table.name == table and column in found.columns for found in self.found)


def no_link(reading: Reading) -> DealLink:
    """Children name their deal by the id it has."""
    return DealLink()


def nothing(reading: Reading) -> None:
    """There is nothing a mapping cannot say."""


def renamed(source: Source) -> dict[str, dict[str, str]]:
    """table -> column -> header, from source.columns."""
    told: dict[str, dict[str, str]] = {}
    for key, header in source.columns.items():
        name, _, column = key.partition(".")
        told.setdefault(name, {})[column] = header
    return told


@dataclass(frozen=True)
class Crm:
    """One CRM.

    `tables` in the order they are settled, the deals' own first; `ids`: SQL macros `as_key(text)` (null where it is no id) and `as_id(text)`; `core`: core table ->
    query (`deals_read`, `revisions` and `kept` are turned into deals and their changes by `history`); `prepare` runs
    before rows are set aside, `link` says how children find their deal; `forms`: what tells one export form from another.
    """

    name: str
    title: str
    tables: tuple[RawTable, ...]
    deals: str
    define_ids: Callable[[duckdb.DuckDBPyConnection], None]
    core: Mapping[str, str]
    prepare: Callable[[Reading], None] = nothing
    link: Callable[[Reading], DealLink] = no_link
    check: Callable[[Reading], None] = nothing
    test_deals: str = ""  # SQL of the deals that source.test_deals means
    most_revisions: int | None = None  # of each field, if the CRM forgets older ones
    starts_with_deal: bool = True  # a deal has a stage and an owner from its first day on
    headers: Callable[[Source], dict[str, dict[str, str]]] = renamed  # table -> column -> header, from params
    unit: str = "deal"
    when_empty: str = "Check that the export includes all deals, and source.test_deals."
    form: Callable[[Sequence[Found]], str] = lambda found: "tables"

    def table(self, name: str) -> RawTable:
        """The declared table of that name."""
        return next(table for table in self.tables if table.name == name)


COPIES = {"_fivetran_synced": "Fivetran", "_airbyte_raw_id": "Airbyte", "_airbyte_ab_id": "Airbyte", "_airbyte_extracted_at": "Airbyte",
          "_sdc_batched_at": "Singer or Stitch", "_sdc_extracted_at": "Singer or Stitch", "_dlt_id": "dlt", "_dlt_load_id": "dlt"}


def copy_made_by(found: Sequence[Found]) -> str:
    """Which tool copied these tables into a warehouse, by the columns it adds; empty if none did."""
    headers = {header.casefold() for one in found for header in one.headers}
    where = " in a database" if any(one.item.kind == "sql" for one in found) else ""
    return next((f"a copy made by {tool}{where}" for mark, tool in COPIES.items() if mark in headers), "tables of a database" if where else "")
