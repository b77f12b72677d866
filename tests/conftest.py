"""What tests share: a small world of facts with every kind in it, and ways to ask all features at once."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dealtriage.cohort import grid, open_mondays
from dealtriage.features.build import matrix, weekly_sums
from dealtriage.features.kernel import Bucket
from dealtriage.features.registry import by_name
from dealtriage.features.weeks import Weeks
from dealtriage.kinds import BUYER_SIGNALS, KINDS, SELLER_TOUCHES
from dealtriage.schemas import FACTS, as_typed

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared" / "data"
START = datetime(2024, 1, 1)
CUTOFF = START + timedelta(days=400)


def make_facts(rows: list[dict]) -> pd.DataFrame:
    """A timeline from partial rows; what a row leaves out takes a plain value."""
    full = [{"known_at": row["occurred_at"], "fact_id": f"f{number:05d}", "actor": "seller", "contact_id": None,
             "owner_id": None, "thread_id": None, "value": np.nan, "value_before": np.nan, "due_at": pd.NaT,
             "label": None, "is_buyer_signal": row["kind"] in BUYER_SIGNALS,
             "is_seller_touch": row["kind"] in SELLER_TOUCHES} | row for number, row in enumerate(rows)]
    frame = as_typed(pd.DataFrame(full)[FACTS.names], FACTS)
    return frame.sort_values(list(FACTS.key), kind="stable").reset_index(drop=True)


OFTEN = [*(kind for kind in KINDS if kind != "deal_created"), *["stage_changed"] * 5, *["won", "email_in", "meeting_planned"] * 2]
SUBJECTS = [None, "Your price", "Budget and later steps", "On hold until next quarter", "Another tender", "Minutes"]


def random_facts(seed: int, deals: int = 6, per_deal: int = 40) -> pd.DataFrame:
    """Facts of all kinds at whole half-days, so that many lie exactly on a cut or on the edge of a window."""
    rng = np.random.default_rng(seed)
    rows = []
    for deal in range(deals):
        born = int(rng.integers(0, 200))
        rows.append({"deal_id": f"d{deal}", "kind": "deal_created", "occurred_at": START + timedelta(days=born),
                     "owner_id": f"o{rng.integers(3)}"})
        activities = {suffix: list(rng.permutation(per_deal)) for suffix in ("", "#plan")}
        for _ in range(per_deal):
            occurred = START + timedelta(days=born + float(rng.integers(0, 2 * (395 - born))) / 2)
            occurred += timedelta(seconds=int(rng.choice([0, 0, 0, -1, 1])))
            late = float(rng.choice([0, 0, 0, 0.5, 3, 7, 21]))
            kind = str(rng.choice(OFTEN))
            low = 1 if kind in ("stage_changed", "title_known") else -3
            high = 5 if kind == "title_known" else 6
            suffix = "#plan" if kind in ("task_planned", "meeting_planned") else ""
            label = f"a{rng.integers(3)}" if kind == "account_changed" else str(rng.choice(SUBJECTS))
            rows.append({"deal_id": f"d{deal}", "kind": kind, "fact_id": f"d{deal}-{activities[suffix].pop()}{suffix}",
                         "occurred_at": occurred, "known_at": occurred + timedelta(days=late),
                         "contact_id": str(rng.choice(["anna", "ben", "cleo"])), "owner_id": f"o{rng.integers(3)}",
                         "thread_id": f"t{rng.integers(4)}", "value": float(rng.integers(low, high)),
                         "value_before": float(rng.integers(low, high)), "label": None if label == "None" else label,
                         "due_at": occurred + timedelta(days=int(rng.integers(-20, 40)))})
    return make_facts(rows)


def as_of_rows(facts: pd.DataFrame, dates: list[datetime]) -> pd.DataFrame:
    """Every deal at every date, none of them in a gap."""
    return pd.DataFrame([(deal, date, False) for deal in sorted(facts["deal_id"].unique()) for date in dates],
                        columns=["deal_id", "as_of", "is_in_gap"]).astype({"as_of": "datetime64[us]"})


def weeks_of(facts: pd.DataFrame, cutoff: datetime) -> Weeks:
    """What all deals together showed week by week, from facts known before the cutoff."""
    known = facts[facts["known_at"] < cutoff]
    return Weeks(weekly_sums(Bucket(known, open_mondays(Bucket(known, grid(known, cutoff))))))


def all_features(facts: pd.DataFrame, rows: pd.DataFrame, cutoff: datetime = CUTOFF) -> pd.DataFrame:
    """Every registered feature for the rows."""
    return matrix(facts, rows, weeks_of(facts, cutoff), list(by_name()))


@pytest.fixture(scope="session")
def feature_names() -> list[str]:
    return list(by_name())
