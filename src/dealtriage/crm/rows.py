"""From the rows of the lists to what is written into a CRM: ids and our results, no name of a deal, an account or a person."""

import re
from collections.abc import Iterable
from datetime import datetime

import pandas as pd
import pyarrow as pa

from dealtriage.crm.fields import FIELDS, Crm, Field
from dealtriage.publish.cells import safe_cell, safe_line
from dealtriage.publish.rows import TOLD
from dealtriage.sources.salesforce_ids import canonical_ids

Value = str | int | float | datetime | None
LISTED_TIME = "%Y-%m-%d %H:%M UTC"
IDS = {"hubspot": r"\d+", "pipedrive": r"\d+", "dynamics": r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"}


def results(rows: pd.DataFrame, chances: pd.Series) -> dict[str, dict[Field, Value]]:
    """Our results of each open deal by deal id, ascending; None where there is none.

    rows: as `list_rows` gives them, so that what an experiment holds back is held back here; chances: deal id -> the chance to revive.
    """
    told = rows.assign(p_revive=rows["deal_id"].map(chances).where(rows["state"].isin(TOLD))).sort_values("deal_id")
    columns = {one: [_value(one, cell) for cell in told[one.listed]] for one in FIELDS}
    return {str(deal): {one: column[place] for one, column in columns.items()} for place, deal in enumerate(told["deal_id"])}


def crm_ids(crm: str, deals: Iterable[str]) -> dict[str, str]:
    """Deal id -> the id that the CRM's importers take; a deal whose id is none of that CRM is not in it. Salesforce: 18 characters."""
    deals = list(deals)
    if crm == "salesforce":
        long = canonical_ids(pa.array(deals, type=pa.string())).to_pylist()
        return {deal: one for deal, one in zip(deals, long, strict=True) if one is not None}
    return {deal: deal for deal in deals if re.fullmatch(IDS[crm], deal, re.ASCII)}


def plain(target: Crm, value: Value) -> str | int | float | None:
    """A value as JSON carries it."""
    return value.strftime(target.time) if isinstance(value, datetime) else value


def cell(target: Crm, one: Field, value: Value) -> str:
    """A value as a cell of a CSV; a text that a spreadsheet would run is quoted."""
    if value is None:
        return target.empty
    if isinstance(value, str):
        return shortened(safe_cell(value), one.length)
    return f"{value:.4f}" if one.kind == "chance" else str(plain(target, value))


def shortened(text: str, length: int) -> str:
    """A text of at most `length` UTF-16 units, which ends with … where it was cut. No sign is cut in two."""
    units = text.encode("utf-16-le", "replace")
    return units.decode("utf-16-le") if len(units) <= 2 * length else units[: 2 * (length - 1)].decode("utf-16-le", "ignore") + "…"


def _value(one: Field, cell: object) -> Value:
    if one.kind == "text":
        return shortened(safe_line(cell), one.length) or None
    if one.kind == "time":
        return datetime.strptime(str(cell), LISTED_TIME)
    number = float(cell)  # type: ignore[arg-type]
    if number != number or number in (float("inf"), float("-inf")):
        return None
    return round(number, 4) if one.kind == "chance" else round(number)
