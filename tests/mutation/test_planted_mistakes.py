"""Each mistake of `mistakes.py`, planted in a copy of the code, is caught by the kind of test that is there for it."""

from pathlib import Path

import pytest

from tests.mutation.mistakes import KINDS, MISTAKES, Mistake, caught, planted


@pytest.mark.parametrize("mistake", MISTAKES, ids=[mistake.name for mistake in MISTAKES])
def test_caught(mistake: Mistake, tmp_path: Path) -> None:
    assert caught(planted(mistake, tmp_path), (mistake.caught_by,), mistake.feature) == {mistake.caught_by}


def test_nothing_is_caught_where_nothing_is_planted(tmp_path: Path) -> None:
    kinds = tuple(kind for kind in KINDS if kind != "alarm")
    assert caught(planted(None, tmp_path), kinds, "buyer_signals_30d") == set()
