"""The same company through every CRM's door: the timelines are equal where the CRM can hold the fact; where it cannot, the
difference is the one that docs/what-each-crm-keeps.md tells, to the number."""

import re

import pytest

from tests.conftest import ROOT
from tests.doors import DEALS, DOORS, differences, facts

PAGE = ROOT / "docs" / "what-each-crm-keeps.md"
ROW = re.compile(r"^\| `(\w+)` \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| .+ \|$")


def documented(door: str) -> dict[str, tuple[int, ...]]:
    """kind -> (same, only in Salesforce, only here), from the door's section of the page."""
    section = re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    own = next(text for text in section if text.casefold().startswith(door))
    rows = [match.groups() for line in own.splitlines() if (match := ROW.match(line))]
    return {kind: tuple(int(number.replace(",", "")) for number in numbers) for kind, *numbers in rows}


@pytest.mark.parametrize("door", DOORS[1:])
def test_timelines_differ_as_documented_and_no_more(door: str) -> None:
    found = differences(door)
    differing = found[(found["only_salesforce"] > 0) | (found["only_here"] > 0)]
    assert {kind: tuple(row) for kind, row in zip(differing.index, differing.to_numpy().tolist(), strict=True)} == documented(door)


@pytest.mark.parametrize("door", DOORS)
def test_every_deal_comes_through(door: str) -> None:
    assert sorted(facts(door)["deal"].unique()) == list(range(DEALS))
