"""How often past lists were right: on dates before, with models that did not know what came; and the lists that were really written."""

from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from dealtriage.params import Params
from dealtriage.tables import read_csv_table, read_parquet
from dealtriage.workspace import Workspace


@dataclass(frozen=True)
class Honesty:
    """bands, calls, capacity: rows of reports/tables; written: what came of lists that are old enough; figure: the reliability figure as PNG, in base64."""

    horizon_days: int
    dead_below: float
    bands: list[dict[str, Any]]
    calls: list[dict[str, Any]]
    capacity: list[dict[str, Any]]
    written: list[dict[str, Any]]
    figure: Markup | None


def read_honesty(workspace: Workspace, params: Params) -> Honesty:
    """What is known; a table that an earlier stage did not write is empty."""
    tables = workspace.reports / "tables"
    bands, calls, capacity = (_records(tables / f"{name}.csv") for name in ("bands", "calls", "capacity"))
    return Honesty(params.label.horizon_days, params.publish.dead_below, bands, calls, capacity,
                   _written(workspace.evidence / "evidence.parquet"), _figure(workspace.reports / "figures" / "reliability.png"))


def _records(path: Path) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in read_csv_table(path).to_dict("records")] if path.is_file() else []


def _written(path: Path) -> list[dict[str, Any]]:
    """Of each recommendation that was really made and is old enough: rows, deals, came_back_share."""
    if not path.is_file():
        return []
    rows = read_parquet(path, ["deal_id", "recommended", "is_held_out", "revived"])
    rows = rows[(rows["recommended"].fillna("") != "") & (rows["is_held_out"] != True)]  # noqa: E712 (it may be missing)
    return [{"recommended": str(name), "rows": len(own), "deals": own["deal_id"].nunique(), "came_back_share": own["revived"].mean()} for name, own in rows.groupby("recommended")]


def _figure(path: Path) -> Markup | None:
    return Markup(b64encode(path.read_bytes()).decode()) if path.is_file() else None

