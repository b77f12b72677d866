"""The truth behind the export, for evaluation only: states by Monday and what each deal really came to."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from .buyers import reason_of
from .life import LOST, WON, Life
from .outlook import p_revive
from .rates import COMPETITOR, ENGAGED, STATES

_UTC = pa.timestamp("us", tz="UTC")
STATES_SCHEMA = pa.schema(
    [("deal_id", pa.string()), ("as_of", _UTC), ("hidden_state", pa.string()), ("p_revive_90d", pa.float64())]
)
_REHAB = pa.list_(pa.struct([("kind", pa.string()), ("at", _UTC)]))
DEALS_SCHEMA = pa.schema(
    [
        ("deal_id", pa.string()),
        ("true_outcome_class", pa.string()),
        ("true_reason", pa.string()),
        ("turned_at", _UTC),
        ("interventions", _REHAB),
    ]
)
FLUSH_ROWS = 100_000


def micros(t: float) -> int:
    """Microseconds since 1970, cut to the second."""
    return int(t * 86_400 + 1e-4) * 1_000_000


class Truth:
    """Two parquet files that grow deal by deal; they appear under their names when complete."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._states: list[tuple[Any, ...]] = []
        self._deals: list[tuple[Any, ...]] = []

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._files = {
            "states": pq.ParquetWriter(self._folder / "states.parquet.part", STATES_SCHEMA),
            "deals": pq.ParquetWriter(self._folder / "deals.parquet.part", DEALS_SCHEMA),
        }
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
        for name, file in self._files.items():
            file.close()
            part = self._folder / f"{name}.parquet.part"
            part.rename(self._folder / f"{name}.parquet") if kind is None else part.unlink()

    def put(self, life: Life, deal: str) -> None:
        """Add one deal."""
        for monday in life.mondays:
            at = monday.day * 86_400_000_000
            self._states.append((deal, at, STATES[monday.state], p_revive(life, monday)))
        self._deals.append(deal_truth(life, deal))
        if len(self._states) > FLUSH_ROWS:
            self._flush()

    def _flush(self) -> None:
        for name, rows, schema in (
            ("states", self._states, STATES_SCHEMA),
            ("deals", self._deals, DEALS_SCHEMA),
        ):
            columns: list[Any] = list(zip(*rows, strict=True)) if rows else [[] for _ in schema]
            arrays = [
                pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)
            ]
            self._files[name].write_table(pa.Table.from_arrays(arrays, schema=schema))
            rows.clear()


def deal_truth(life: Life, deal: str) -> tuple[Any, ...]:
    """One row of deals.parquet."""
    state = life.lost_state if life.stage == LOST else life.state
    turned = None if state == ENGAGED or life.stage == WON else micros(_left_engaged(life))
    done = [{"kind": kind, "at": micros(t)} for kind, t in life.rehabs]
    return (deal, outcome_class(life), _reason(life), turned, done)


def _left_engaged(life: Life) -> float:
    """When the buyer last went from engaged to another state, before the deal closed."""
    until = life.end if life.closed_at is None else life.closed_at
    pairs = zip(life.states, life.states[1:], strict=False)
    return max(t for (_, before), (t, _) in pairs if before == ENGAGED and t <= until)


def outcome_class(life: Life) -> str:
    """What the deal really came to, in the words of the win/loss sheet, or `open`."""
    if life.is_open:
        return "open"
    if life.stage == WON:
        return "won"
    if life.disqualified:
        return "disqualified"
    return "lost_to_competitor" if life.lost_state == COMPETITOR else "no_decision"


def _reason(life: Life) -> str:
    if life.stage == WON:
        return ""
    if life.disqualified:
        return "no_fit"
    if life.is_open:
        return "" if life.state == ENGAGED else reason_of(life.state, life.buyer)
    return reason_of(life.lost_state, life.buyer)
