"""The tables that cross borders: their columns, types, keys, and how long each column's value can be trusted.

All times are UTC without a zone. Permanence says what a column may be used for:
`immutable` never changes after the row appears; `historised` changes are kept with their times, so the value at any
date is known; `overwritten` holds only the newest value (its name ends in `_now`): valid on the export day alone, and
never read by anything that trains.
"""

import warnings
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa

Permanence = Literal["immutable", "historised", "overwritten"]
PANDAS_TYPE: dict[str, Any] = {"varchar": "str", "timestamp": "datetime64[us]", "double": "float64", "boolean": "bool", "int": "int32"}


@dataclass(frozen=True)
class Column:
    """One column: its SQL type, permanence, and whether it may be empty."""

    name: str
    type: Literal["varchar", "timestamp", "double", "boolean", "int"]
    permanence: Permanence = "immutable"
    nullable: bool = True


@dataclass(frozen=True)
class Table:
    """One table: its columns in order and the key that sorts it and tells its rows apart."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def names_by_key(self) -> list[str]:
        """All columns, the key's first: an order that leaves no ties open."""
        return [*self.key, *(name for name in self.names if name not in self.key)]


def _must(name: str, type_: Literal["varchar", "timestamp", "double", "boolean", "int"]) -> Column:
    return Column(name, type_, nullable=False)


DEALS = Table("deals", (
    _must("deal_id", "varchar"), Column("name", "varchar", "overwritten"), Column("account_id", "varchar", "overwritten"),
    Column("account_name", "varchar", "overwritten"), _must("created_at", "timestamp"), Column("currency", "varchar"),
    Column("currency_rate", "double", "overwritten", nullable=False), Column("owner_id_now", "varchar", "overwritten"),
    Column("stage_now", "varchar", "overwritten"), Column("amount_now", "double", "overwritten"),
    Column("close_date_now", "timestamp", "overwritten"),
    Column("is_closed_now", "boolean", "overwritten", nullable=False),
    Column("is_won_now", "boolean", "overwritten", nullable=False),
    Column("loss_reason_now", "varchar", "overwritten"), Column("product_now", "varchar", "overwritten"), Column("history_since", "timestamp")), ("deal_id",))

DEAL_CHANGES = Table("deal_changes", (
    _must("deal_id", "varchar"), _must("changed_at", "timestamp"), _must("field", "varchar"),
    Column("old_value", "varchar"), Column("new_value", "varchar", "historised"), Column("author_id", "varchar"),
    _must("change_id", "varchar")), ("deal_id", "changed_at", "field", "change_id"))

ACTIVITIES = Table("activities", (
    _must("activity_id", "varchar"), _must("deal_id", "varchar"), _must("kind", "varchar"),
    Column("direction", "varchar"), Column("outcome", "varchar", "historised"), Column("starts_at", "timestamp"),
    Column("ends_at", "timestamp"), _must("created_at", "timestamp"), Column("outcome_at", "timestamp"),
    Column("opened_at", "timestamp"), Column("owner_id", "varchar"), Column("contact_id", "varchar"),
    Column("thread_id", "varchar"), Column("subject", "varchar")), ("deal_id", "created_at", "activity_id"))

PROPOSALS = Table("proposals", (
    _must("proposal_id", "varchar"), _must("deal_id", "varchar"), _must("event", "varchar"),
    _must("occurred_at", "timestamp"), _must("known_at", "timestamp"), Column("amount", "double"),
    Column("owner_id", "varchar"), Column("is_draft_now", "boolean", "overwritten", nullable=False),
    Column("expires_on_now", "timestamp", "overwritten"), Column("name", "varchar")),
    ("deal_id", "known_at", "proposal_id", "event"))

CONTACT_ROLES = Table("contact_roles", (
    _must("role_id", "varchar"), _must("deal_id", "varchar"), Column("contact_id", "varchar"),
    Column("contact_name", "varchar"), Column("title", "varchar", "overwritten"),
    Column("role", "varchar", "overwritten"), Column("is_primary", "boolean", "overwritten", nullable=False),
    Column("created_at", "timestamp")), ("deal_id", "role_id"))

CONTACT_TITLES = Table("contact_titles", (
    _must("contact_id", "varchar"), _must("known_at", "timestamp"), Column("title", "varchar", "historised")),
    ("contact_id", "known_at"))

OWNERS = Table("owners", (
    _must("owner_id", "varchar"), Column("name", "varchar"), Column("team", "varchar", "overwritten"),
    Column("manager_id", "varchar", "overwritten"), Column("is_system", "boolean", nullable=False),
    Column("is_active", "boolean", "overwritten", nullable=False)), ("owner_id",))

STAGES = Table("stages", (
    _must("stage", "varchar"), _must("position", "int"), _must("is_closed", "boolean"), _must("is_won", "boolean"),
    _must("is_refusal", "boolean"), Column("rotten_days", "double", "overwritten")), ("position", "stage"))

HISTORY_LIMITS = Table("history_limits", (
    _must("deal_id", "varchar"), _must("field", "varchar"), _must("known_since", "timestamp")), ("deal_id", "field"))

CORE = (DEALS, DEAL_CHANGES, ACTIVITIES, PROPOSALS, CONTACT_ROLES, CONTACT_TITLES, OWNERS, STAGES, HISTORY_LIMITS)

FACTS = Table("timeline", (
    _must("deal_id", "varchar"), _must("known_at", "timestamp"), _must("occurred_at", "timestamp"),
    _must("kind", "varchar"), _must("fact_id", "varchar"), _must("actor", "varchar"),
    _must("is_buyer_signal", "boolean"), _must("is_seller_touch", "boolean"), Column("contact_id", "varchar"),
    Column("owner_id", "varchar"), Column("thread_id", "varchar"), Column("value", "double"),
    Column("value_before", "double"), Column("due_at", "timestamp"), Column("label", "varchar")),
    ("deal_id", "known_at", "occurred_at", "kind", "fact_id"))


@cache
def schema(table: Table) -> "pa.DataFrameSchema":
    """The pandera schema of a table: exact columns in order, types, required values."""
    import pandera.pandas as pa

    return pa.DataFrameSchema(
        {c.name: pa.Column(PANDAS_TYPE[c.type], nullable=c.nullable) for c in table.columns},
        strict=True, ordered=True, name=table.name)


def checked(frame: "pd.DataFrame", table: Table) -> "pd.DataFrame":
    """The frame itself, after its schema held. Raises pandera.errors.SchemaErrors otherwise: a fault of ours."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)  # pandera looks for it
        return schema(table).validate(frame, lazy=True)


def as_typed(frame: "pd.DataFrame", table: Table) -> "pd.DataFrame":
    """Give every column its schema's type; an all-null batch of text would otherwise come out as objects."""
    return frame.astype({c.name: PANDAS_TYPE[c.type] for c in table.columns if c.type not in ("boolean", "int")})
