"""The floor: read the columns that the features need, bring facts into the order (deal, known_at), rows into (deal, as_of). No more.

fact_id is left out: it is needed for ties alone. The floor is the faster of two ways.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from benchmarks.features.spec import KEYS, NEEDED, THREADS, Take, facts_path, numbers, rows_path


def with_polars(folder: Path, take: Take) -> str:
    """Everything at once: Polars reads and sorts."""
    import polars as pl

    for pattern, key, columns in ((folder / "timeline", ["deal_id", "known_at"], NEEDED), (folder / "cohort" / "rows", KEYS, KEYS)):
        scan = pl.scan_parquet(pattern / "part-*.parquet").select(columns)
        categories = [pl.col(name).cast(pl.Categorical) for name in columns if name == "kind"]
        scan.with_columns(categories).sort(key).collect()
    return "all at once"


def with_numpy(folder: Path, take: Take) -> str:
    """Part by part on two threads: pyarrow's dictionary codes, NumPy's argsort of one whole number, every column in that order."""
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda number: _sorted(folder, number), numbers(folder)))
    return "part by part, two threads"


def _sorted(folder: Path, number: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    return (_in_order(facts_path(folder, number), "known_at", NEEDED), _in_order(rows_path(folder, number), "as_of", KEYS))


def _in_order(path: Path, time: str, columns: list[str]) -> dict[str, np.ndarray]:
    texts = [name for name in columns if name in ("deal_id", "kind")]
    table = pq.read_table(path, columns=columns, read_dictionary=texts, use_threads=False)
    arrays = {name: _codes(table[name]) if name in texts else _plain(table[name]) for name in columns}
    order = _argsort(arrays["deal_id"], (arrays["deal_id"] << 32) + arrays[time])
    return {name: values[order] for name, values in arrays.items()}


def _argsort(deal: np.ndarray, key: np.ndarray) -> np.ndarray:
    """By deal first, whose 16 bits NumPy sorts by radix; then its stable sort has little left to do. Half of the time of np.argsort(key)."""
    by_deal = np.argsort(deal.astype(np.min_scalar_type(deal.max())), kind="stable")
    return by_deal[np.argsort(key[by_deal], kind="stable")]


def _codes(column: pa.ChunkedArray) -> np.ndarray:
    """Whole numbers that sort as the texts do."""
    whole = column.unify_dictionaries().combine_chunks()
    whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    ranks = np.empty(len(whole.dictionary), dtype=np.int64)
    ranks[pc.array_sort_indices(whole.dictionary).to_numpy()] = np.arange(len(ranks))
    return ranks[whole.indices.to_numpy()]


def _plain(column: pa.ChunkedArray) -> np.ndarray:
    """Times as whole seconds, flags and numbers as they are."""
    values = column.to_numpy()
    return values.view(np.int64) // 1_000_000 if values.dtype.kind == "M" else values
