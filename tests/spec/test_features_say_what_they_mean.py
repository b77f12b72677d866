"""The tables of tests/spec/features: read those to learn what a feature means. Here they are held against the code."""

import numpy as np
import pytest

from dealtriage.features.build import matrix
from dealtriage.features.registry import by_name
from tests.conftest import as_of_rows, weeks_of
from tests.spec.tables import Spec, read_specs

SPECS = read_specs()


@pytest.mark.parametrize("name", by_name())
def test_every_feature_has_a_table(name: str) -> None:
    subject = by_name()[name].subject
    assert any(spec.feature == name for spec in SPECS), f"write a table for {name} under `## {name}` in tests/spec/features/{subject}.md"


@pytest.mark.parametrize("spec", SPECS, ids=[spec.place for spec in SPECS])
def test_feature(spec: Spec) -> None:
    assert spec.feature in by_name(), f"{spec.place}: no feature has this name"
    assert spec.expected, f"{spec.place}: no column is headed `asked <day>`"
    for date, values in spec.expected.items():
        found = matrix(spec.facts, as_of_rows(spec.facts, [date]), weeks_of(spec.facts, date), [spec.feature]).set_index("deal_id")
        for deal, value in values.items():
            np.testing.assert_allclose(found.at[deal, spec.feature], value, atol=5e-4, err_msg=f"{spec.place}: {deal}, asked {date:%d %b}")
