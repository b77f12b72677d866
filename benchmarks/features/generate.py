"""A synthetic timeline and as-of rows, in the form the features stage reads, part by part.

30 facts and 20 weekly as-of rows per deal; kinds in the proportions of the sample company; facts known after they occurred; facts
known exactly on an as-of date or a window's edge, or a second beside it; amounts set in the same second; deals asked about before
anything is known of them. The order of rows is random. The same seed gives the same files.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from benchmarks.features.spec import DAY, WINDOWS, facts_path, rows_path
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

FACTS_PER_DEAL = 30
ROWS_PER_DEAL = 20
WEEK = 7 * DAY
BEGIN = 1_672_617_600  # Monday, 2023-01-02
AT_CREATION = ("deal_created", "stage_changed", "amount_changed", "close_date_changed")
LATER = {  # kind -> per mille of what follows the creation
    "email_out": 290, "email_opened": 200, "email_in": 187, "stage_changed": 36, "close_date_changed": 31, "meeting_planned": 40,
    "meeting_held": 34, "call_unanswered": 32, "contact_added": 27, "amount_changed": 10, "meeting_cancelled": 16,
    "call_answered": 12, "proposal_sent": 14, "email_auto_reply": 9, "task_planned": 8, "owner_changed": 7, "note": 6, "call_in": 6,
    "proposal_opened": 5, "proposal_accepted": 5, "task_done": 5, "meeting_no_show": 4, "email_bounced": 4, "proposal_rejected": 3,
    "reopened": 3, "discovery_restarted": 2, "document_in": 2, "third_party_involved": 1, "proposal_withdrawn": 1}
KINDS = list(dict.fromkeys([*AT_CREATION, *LATER]))
SIGNALS = ("email_in", "document_in", "call_in", "call_answered", "meeting_held", "proposal_opened", "proposal_accepted")
TOUCHES = ("email_out", "email_bounced", "call_answered", "call_unanswered", "meeting_held", "meeting_no_show", "proposal_sent",
           "task_done")
MAILS = ("email_in", "email_out", "email_opened", "email_bounced", "email_auto_reply")
LATE = {**dict.fromkeys(MAILS, 1_200.0), "email_opened": 0.0, "meeting_held": 30_000.0, "meeting_no_show": 30_000.0,
        "call_in": 20_000.0, "call_answered": 20_000.0, "call_unanswered": 20_000.0, "meeting_cancelled": 8_000.0}
OFF_EDGE = np.array([-1, 0, 0, 0, 1])
SUBJECTS = [f"{word} {n}" for word in ("Re: offer", "Call", "Demo", "Follow-up", "Contract") for n in range(40)]


@dataclass(frozen=True)
class Deals:
    """The deals of a part: their numbers, when they were created, the first Monday they are asked about."""

    number: Ints
    created: Ints
    first: Ints


def generate(folder: Path, deals: int, seed: int = 7, part_deals: int = 20_000) -> None:
    """Write timeline/ and cohort/rows/ under `folder`. Deals are dealt out to the parts in turn."""
    parts = -(-deals // part_deals)
    for number in range(parts):
        rng = np.random.default_rng([seed, number])
        some = _deals(rng, np.arange(number, deals, parts))
        _write(_facts(rng, some, number), facts_path(folder, number))
        _write(_rows(rng, some), rows_path(folder, number))


def _deals(rng: np.random.Generator, number: Ints) -> Deals:
    size = len(number)
    created = BEGIN + rng.integers(0, 500, size) * DAY + _office_hours(rng, size)
    created = np.where(rng.random(size) < 0.01, _monday(created), created)
    wait = rng.integers(0, 150, size) * DAY + WEEK
    return Deals(number, created, _monday(created + np.where(rng.random(size) < 0.01, 0, wait)))


def _facts(rng: np.random.Generator, deals: Deals, part: int) -> pa.Table:
    more = rng.poisson(rng.gamma(1.5, (FACTS_PER_DEAL - len(AT_CREATION)) / 1.5, len(deals.number)))
    deal = np.concatenate([np.tile(np.arange(len(more)), len(AT_CREATION)), np.repeat(np.arange(len(more)), more)])
    share = np.array([LATER.get(kind, 0) for kind in KINDS], dtype=np.float64)
    kind = np.concatenate([np.repeat([KINDS.index(kind) for kind in AT_CREATION], len(more)),
                           rng.choice(len(KINDS), more.sum(), p=share / share.sum())])
    is_first = np.arange(len(deal)) < len(more) * len(AT_CREATION)
    kept = ~(is_first & (kind >= 2) & (rng.random(len(deal)) < 0.1))  # some deals begin without an amount, or a close date
    deal, kind, is_first = deal[kept], kind[kept], is_first[kept]
    occurred, known = _times(rng, deals, deal, kind, is_first)
    fact = (np.int64(part) << 28) + rng.permutation(len(deal))
    value, before = _values(rng, deal, kind, np.lexsort((fact, kind, occurred, known, deal)), is_first)
    due = np.where(_is(kind, "close_date_changed", "meeting_planned", "meeting_held", "task_planned"),
                   (occurred // DAY + rng.integers(1, 90, len(deal))) * DAY, -1)
    order = rng.permutation(len(deal))
    return _table(rng, deals.number[deal[order]], kind[order], occurred[order], known[order], fact[order], value[order], before[order],
                  due[order])


def _times(rng: np.random.Generator, deals: Deals, deal: Ints, kind: Ints, is_first: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """occurred_at and known_at of each fact, in seconds."""
    size = len(deal)
    created = deals.created[deal]
    day = 1 + rng.random(size) * 300
    occurred = (created // DAY + day.astype(np.int64)) * DAY + _office_hours(rng, size)
    same_second = (kind == KINDS.index("amount_changed")) & (rng.random(size) < 0.02)
    occurred = np.where(is_first | same_second, created, occurred)
    late = np.array([LATE.get(kind, 0.0) for kind in KINDS])[kind]
    known = occurred + np.where(is_first, 0, rng.exponential(1.0, size) * late).astype(np.int64)
    edges = deals.first[deal] + rng.integers(0, ROWS_PER_DEAL, size) * WEEK - rng.choice([0, *WINDOWS], size) * DAY + rng.choice(OFF_EDGE, size)
    on_edge = ~is_first & (rng.random(size) < 0.03) & (edges > created)
    known = np.where(on_edge, edges, known)
    return np.where(on_edge, np.maximum(known - rng.integers(0, 3, size) * rng.integers(0, DAY, size), created), occurred), known


def _values(rng: np.random.Generator, deal: Ints, kind: Ints, order: Ints, is_first: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """value and value_before; of stages and amounts the value before is the value of the fact before."""
    size = len(deal)
    value, before = np.full(size, np.nan), np.full(size, np.nan)
    drawn = {"stage_changed": np.where(is_first, 1.0, rng.integers(1, 8, size)),
             "amount_changed": np.where(rng.random(size) < 0.01, np.nan, np.round(rng.lognormal(10, 1, size), 2)),
             "close_date_changed": np.where(is_first, np.nan, np.round(rng.normal(20, 40, size)))}
    for name, values in drawn.items():
        at = order[kind[order] == KINDS.index(name)]
        value[at] = values[at]
        if name != "close_date_changed":
            before[at[1:]] = np.where(deal[at[1:]] == deal[at[:-1]], values[at[:-1]], np.nan)
    return value, before


def _table(rng: np.random.Generator, deal: Ints, kind: Ints, occurred: Ints, known: Ints, fact: Ints, value: Floats, before: Floats,
           due: Ints) -> pa.Table:
    size = len(deal)
    by_person = ~_is(kind, "deal_created", "stage_changed", "amount_changed", "close_date_changed", "owner_changed", "reopened")
    actor = np.where(_is(kind, *SIGNALS), 0, np.where(_is(kind, "email_auto_reply", "email_bounced"), 2, 1))
    return pa.table({
        "deal_id": ids("006", deal), "known_at": _instants(known), "occurred_at": _instants(occurred),
        "kind": _words(KINDS, kind), "fact_id": ids("00U", fact), "actor": _words(["buyer", "seller", "system"], actor),
        "is_buyer_signal": pa.array(_is(kind, *SIGNALS)), "is_seller_touch": pa.array(_is(kind, *TOUCHES)),
        "contact_id": _where(by_person, ids("003", deal * 8 + rng.integers(0, 6, size))),
        "owner_id": _where(rng.random(size) < 0.98, ids("005", deal // 50)),
        "thread_id": _where(_is(kind, *MAILS), ids("02s", deal * 16 + rng.integers(0, 12, size))),
        "value": pa.array(value, from_pandas=True), "value_before": pa.array(before, from_pandas=True),
        "due_at": _where(due >= 0, _instants(due)), "label": _where(by_person, _words(SUBJECTS, rng.integers(0, len(SUBJECTS), size)))})


def _rows(rng: np.random.Generator, deals: Deals) -> pa.Table:
    deal = np.repeat(np.arange(len(deals.number)), ROWS_PER_DEAL)
    as_of = deals.first[deal] + np.tile(np.arange(ROWS_PER_DEAL), len(deals.number)) * WEEK
    order = rng.permutation(len(deal))
    return pa.table({"deal_id": ids("006", deals.number[deal[order]]), "as_of": _instants(as_of[order])})


def ids(prefix: str, number: Ints) -> pa.Array:
    """Salesforce ids of 18 characters; ids of one prefix sort as their numbers do."""
    digits = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", dtype=np.uint8)
    text = np.empty((len(number), 18), dtype=np.uint8)
    text[:, :9] = np.frombuffer(f"{prefix}7E0000".encode(), dtype=np.uint8)
    left = number.astype(np.int64)
    for place in range(14, 8, -1):
        left, digit = np.divmod(left, 62)
        text[:, place] = digits[digit]
    letters = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", dtype=np.uint8)
    is_upper = (text[:, :15] >= ord("A")) & (text[:, :15] <= ord("Z"))
    text[:, 15:] = letters[is_upper.reshape(-1, 3, 5) @ (1 << np.arange(5))]
    offsets = np.arange(len(number) + 1, dtype=np.int64) * 18
    return pa.LargeStringArray.from_buffers(len(number), pa.py_buffer(offsets), pa.py_buffer(text.tobytes()))


def _write(table: pa.Table, path: Path) -> None:
    """As dealtriage.tables.write_parquet writes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd", coerce_timestamps="us")


def _office_hours(rng: np.random.Generator, size: int) -> Ints:
    return rng.integers(8 * 3600, 18 * 3600, size)


def _monday(seconds: Ints) -> Ints:
    return BEGIN + (seconds - BEGIN) // WEEK * WEEK


def _is(kind: Ints, *kinds: str) -> NDArray[np.bool_]:
    return np.isin(kind, [KINDS.index(one) for one in kinds])


def _instants(seconds: Ints) -> pa.Array:
    return pa.array(seconds * 1_000_000).cast(pa.timestamp("us"))


def _words(words: list[str], code: Ints) -> pa.Array:
    return pa.array(words, pa.large_string()).take(pa.array(code))


def _where(flag: NDArray[np.bool_], values: Any) -> pa.Array:
    return pc.if_else(pa.array(flag), values, pa.scalar(None, values.type))
