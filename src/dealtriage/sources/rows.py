"""What every reader of a file format offers: a relation DuckDB can select from, and the text of each header's cell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


def nothing() -> None:
    """The rows are at hand."""


def none_refused() -> int:
    """No row was refused while reading."""
    return 0


@dataclass(frozen=True)
class Rows:
    """The rows of one item.

    `relation`: SQL after `from`; `cells`: header -> SQL of its text (blank is null); `written`: encoding and delimiter, in words; `more_follows`: the file says that another page comes after it; `fetch`: to be called before the rows
    are read; `settle`: to be called after: quarantines lines that are no record and returns how many.
    """

    relation: str
    cells: Mapping[str, str]
    written: str = ""
    more_follows: bool = False
    fetch: Callable[[], None] = field(default=nothing)
    settle: Callable[[], int] = field(default=none_refused)


def quoted(text: str) -> str:
    """A string as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
