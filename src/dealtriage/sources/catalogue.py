"""Which item of a shelf is which table of a source: by its name, else by its columns."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dealtriage.errors import BadInput
from dealtriage.sources.declared import RawTable, folded, match
from dealtriage.sources.shelf import Item

FEWEST_BY_COLUMNS = 4


@dataclass(frozen=True)
class Found:
    """An item taken as a table: `headers` are all it has, `columns` maps our columns to those that hold them."""

    item: Item
    table: RawTable
    headers: tuple[str, ...]
    columns: Mapping[str, str]

    @property
    def missing(self) -> list[str]:
        return [name for name in self.table.required if name not in self.columns]


def assign(headers: Mapping[Item, Sequence[str]], tables: Sequence[RawTable], renamed: Mapping[str, Mapping[str, str]]) -> list[Found]:
    """The items that are tables of this source; the others are left out.

    Of several tables that a name may mean, the one whose required columns are there counts. An item with a name that
    means nothing is known by its columns, if no other item has the table's name: it must have all that are required, and
    the most of them in all.
    """
    fits = {item: [Found(item, table, tuple(names), match(table, names, renamed.get(table.name, {}))) for table in tables]
            for item, names in headers.items()}
    named = {item: [fit for fit in of_item if _is_named(fit.table, item)] for item, of_item in fits.items()}
    taken = {fit.table.name for of_item in named.values() for fit in of_item}
    found = []
    for item, of_item in fits.items():
        by_columns = [fit for fit in of_item if fit.table.name not in taken and _is_known_by_columns(fit)]
        candidates = named[item] or by_columns
        if candidates:
            found.append(min(candidates, key=_misfit))
    return found


def _misfit(fit: Found) -> tuple[bool, bool, int, int]:
    """Whole tables first; of those that are not, one that is no table of lists from another's cells."""
    return bool(fit.missing), bool(fit.missing) and fit.table.is_exploded, len(fit.missing), -len(fit.columns)


def _is_known_by_columns(fit: Found) -> bool:
    """Only the tables that a source cannot do without; others look too much alike, as an order and a quote do."""
    table = fit.table
    return table.is_needed and not fit.missing and len(table.required) >= 2 and len(fit.columns) >= FEWEST_BY_COLUMNS


def _is_named(table: RawTable, item: Item) -> bool:
    names = {_singular(folded(name)) for name in table.names}
    return "*" in table.names or any(_singular(label) in names for label in item.labels)


def _singular(name: str) -> str:
    return name[:-3] + "y" if name.endswith("ies") else name.removesuffix("s")


def missing_columns(found: Found) -> BadInput:
    """What to say of a table without its required columns: which, what is there instead, and how to name it."""
    shown = ", ".join(found.headers[:12]) + (", ..." if len(found.headers) > 12 else "")
    free = {folded(header): header for header in found.headers if header not in found.columns.values()}
    hints = []
    for name in found.missing:
        near = difflib.get_close_matches(folded(name), list(free), n=1)
        hints.append(found.table.rename_in.format(table=found.table.name, column=name, short=name.removesuffix("_id"),
                                                  header=free[near[0]] if near else "its header"))
    return BadInput(f"{found.item.name} has no column {', '.join(found.missing)}; it has {shown}.",
                    "Export it with these columns, or, where they have other headers, say so in params.yaml: "
                    + "; ".join(hints))
