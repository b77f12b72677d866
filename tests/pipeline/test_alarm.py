"""Honest features do not tell stalled from dead alone; one that knows the outcome is refused."""

import pytest

from dealtriage.backtest import refuse_leaks
from dealtriage.errors import BadInput
from dealtriage.matrix import feature_columns, read_labelled
from dealtriage.workspace import Workspace
from tests.company import finished_run


def test_no_feature_of_the_company_knows_the_outcome() -> None:
    matrix = read_labelled(Workspace(finished_run()))
    matrix = matrix[matrix["revived"].notna()]
    refuse_leaks(matrix, feature_columns(matrix), 0.95)


def test_one_that_knows_it_is_refused_by_name() -> None:
    matrix = read_labelled(Workspace(finished_run()))
    matrix = matrix[matrix["revived"].notna()].reset_index(drop=True)
    told = matrix.assign(month=matrix["revived"].astype(float).where(matrix.index % 50 > 0))
    with pytest.raises(BadInput, match="The feature month alone tells stalled from dead"):
        refuse_leaks(told, feature_columns(told), 0.95)
