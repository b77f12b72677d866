"""What every door has in common: the same company, the same truth, reproducible bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from dealtriage.sample import DOORS

Make = Callable[..., Path]
OTHERS = sorted(set(DOORS) - {"salesforce"})


@pytest.mark.parametrize("crm", OTHERS)
def test_same_arguments_same_bytes(tmp_path: Path, make: Make, crm: str) -> None:
    first, second = make(tmp_path / "a", 60, crm=crm), make(tmp_path / "b", 60, crm=crm)
    for path in sorted(first.rglob("*.*")):
        assert path.read_bytes() == (second / path.relative_to(first)).read_bytes(), path.name


@pytest.mark.parametrize("crm", OTHERS)
def test_more_deals_leave_the_first_as_they_were(tmp_path: Path, make: Make, crm: str) -> None:
    few, many = make(tmp_path / "few", 25, crm=crm), make(tmp_path / "many", 60, crm=crm)
    for path in sorted((few / "raw").iterdir()):
        assert (many / "raw" / path.name).read_bytes().startswith(path.read_bytes()), path.name


@pytest.mark.parametrize("crm", OTHERS)
def test_the_truth_is_that_of_salesforce_under_other_ids(small: Path, door: Callable[[str], Path], crm: str) -> None:
    for table in ("deals", "states"):
        there, here = (pd.read_parquet(folder / f"truth/{table}.parquet") for folder in (small, door(crm)))
        pd.testing.assert_frame_equal(there.drop(columns="deal_id"), here.drop(columns="deal_id"))
        assert (there["deal_id"].factorize()[0] == here["deal_id"].factorize()[0]).all()
        assert not set(there["deal_id"]) & set(here["deal_id"])
