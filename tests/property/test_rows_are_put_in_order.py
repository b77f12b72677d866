"""Facts come in the order of deal, time and ties, whatever their number and size; None says that they were in order already."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dealtriage.features.columns import in_order

SPANS = {"small": 40, "so large that a place does not fit beside the key": 2**45}


@pytest.mark.parametrize("span", SPANS.values(), ids=SPANS)
@pytest.mark.parametrize("deals", [1, 5, 70_000])
@settings(max_examples=40, derandomize=True, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(0, 300), is_sorted=st.booleans())
def test_as_a_sort_of_all_columns_at_once(span: int, deals: int, seed: int, size: int, is_sorted: bool) -> None:
    rng = np.random.default_rng(seed)
    deal, time = rng.integers(0, deals, size), rng.integers(0, min(span, 40), size) * (span // 40)
    first, second = rng.integers(0, 3, size), rng.permutation(size)
    expected = np.lexsort((second, first, time, deal))
    if is_sorted:
        deal, time, first, second = (values[expected] for values in (deal, time, first, second))
        expected = np.arange(size)
    key, order = in_order(deal, time, span, lambda at: first[at], lambda at: second[at])
    assert (key == (deal * span + time)[expected]).all()
    assert (np.arange(size) == expected).all() if order is None else (order == expected).all()
