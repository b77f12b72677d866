"""How a source says what it reads: its tables, and each column's type and permanence.

A block of lines, one per column: name, type, permanence, `must` where the table is useless without it or `may` where
nobody misses it, and after a bar the other headers it may have. Headers are compared without case, blanks and underscores, so `StageName`, `stage_name`
and `Stage Name` are one. What is not declared is not read.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from dealtriage.schemas import Permanence

Type = Literal["text", "id", "time", "number", "flag", "json"]
WRAPPERS = re.compile(r"^(property|properties)[_.]|__value$", re.IGNORECASE)
# What connectors add to every table; rows marked by them are copies that no longer hold.
CONNECTOR_COLUMNS = """
    _fivetran_deleted   flag  overwritten  may
    _fivetran_active    flag  overwritten  may
    _fivetran_start     time  immutable  may
    _fivetran_synced    time  overwritten  may
    _ab_cdc_deleted_at  time  overwritten  may
    _sdc_deleted_at     time  overwritten  may
"""


@dataclass(frozen=True)
class RawColumn:
    """One column of a source's table."""

    name: str
    type: Type
    permanence: Permanence
    is_required: bool = False
    aliases: tuple[str, ...] = ()
    is_missed: bool = True  # its absence is worth a note


@dataclass(frozen=True)
class RawTable:
    """One table of a source.

    `names`: what a file of it may be called; `key` tells its rows apart, of which the newest by `modified` counts;
    `dated`: the column that says when a row was made, `happened`: when what it tells took place; `deal`: SQL that gives the id of the deal a row `r` is about;
    `left_out`: rule -> SQL condition of the rows that are no error but not wanted; `unusable`: reason -> (column, condition)
    of those that are; `cost`: what is lost without it.
    """

    name: str
    columns: tuple[RawColumn, ...]
    names: tuple[str, ...]
    key: str | None = None
    modified: str | None = None
    dated: str | None = None
    happened: str | None = None
    deal: str | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    unusable: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    cost: str = ""
    rename_in: str = 'source.columns: {{"{table}.{column}": "{header}"}}'  # where params say that a header is another
    is_needed: bool = False
    keeps_versions: bool = False  # its older rows are history, not copies
    is_exploded: bool = False  # made from another table's nested cells where there is no such file

    @property
    def required(self) -> list[str]:
        return [column.name for column in self.columns if column.is_required]

    def has(self, name: str) -> bool:
        return any(column.name == name for column in self.columns)


def table(name: str, columns: str, *, names: str = "", **more: object) -> RawTable:
    """Declare a table; see the module's text. `names` are further names its file may have."""
    own = list(_parsed(columns))
    declared = own + [c for c in _parsed(CONNECTOR_COLUMNS) if c.name not in {o.name for o in own}]
    return RawTable(name, tuple(declared), (name, *names.split()), **more)  # type: ignore[arg-type]


def _parsed(block: str) -> Iterable[RawColumn]:
    for line in filter(str.strip, block.splitlines()):
        told, _, others = line.partition("|")
        name, type_, permanence, *need = told.split()
        if type_ not in get_args(Type) or permanence not in get_args(Permanence) or need not in ([], ["must"], ["may"]):
            raise ValueError(f"cannot read the declaration {line!r}")
        aliases = tuple(alias.strip() for alias in others.split(",") if alias.strip())
        yield RawColumn(name, type_, permanence, need == ["must"], aliases, need != ["may"])  # type: ignore[arg-type]


def folded(name: str) -> str:
    """A header as it is compared: letters and digits alone, without a connector's `property_`."""
    return "".join(filter(str.isalnum, WRAPPERS.sub("", name.strip()).casefold()))


def match(table: RawTable, headers: Iterable[str], renamed: Mapping[str, str]) -> dict[str, str]:
    """Column -> the header that holds it; columns that are not there are left out.

    `renamed` (column -> header, from params) goes before all else; then the exact name, the folded one, the aliases.
    """
    all_headers = list(headers)
    exact, by_fold = set(all_headers), dict[str, str]()
    for header in all_headers:
        by_fold.setdefault(folded(header), header)
    found: dict[str, str] = {}
    for column in table.columns:
        wanted = (renamed[column.name],) if column.name in renamed else (column.name, *column.aliases)
        held = [w for w in wanted if w in exact] + [by_fold[folded(w)] for w in wanted if folded(w) in by_fold]
        if held and held[0] not in found.values():
            found[column.name] = held[0]
    return found
