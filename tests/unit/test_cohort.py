from datetime import datetime, timedelta

import pandas as pd

from dealtriage.cohort import cohort_rows, grid
from dealtriage.features.kernel import Bucket
from dealtriage.params import Cohort
from tests.conftest import make_facts

CUTOFF = datetime(2024, 4, 4, 12)


GAP_TYPES = {"owner_id": "str", "gap_number": "int32", "gap_start": "datetime64[us]", "gap_end": "datetime64[us]"}
NO_GAPS = pd.DataFrame(columns=list(GAP_TYPES)).astype(GAP_TYPES)


def cohort(facts: list[dict], **more: object) -> dict[str, tuple[float, bool]]:
    rows = rows_of(facts, NO_GAPS, **more)
    return {f"{r.as_of:%m-%d}": (r.silence_days, r.is_quiet) for r in rows.itertuples()}


def rows_of(facts: list[dict], gaps: pd.DataFrame, **more: object) -> pd.DataFrame:
    timeline = make_facts([{"deal_id": "D", **fact} for fact in facts])
    return cohort_rows(Bucket(timeline, grid(timeline, CUTOFF)), Cohort(quiet_days=14, **more), CUTOFF, gaps)


def day(text: str) -> datetime:
    return datetime.fromisoformat(f"2024-{text}")


CREATED = {"kind": "deal_created", "occurred_at": day("03-01")}


def test_quiet_mondays_and_the_cutoff_are_asked_about() -> None:
    assert cohort([CREATED]) == {"03-18": (17, True), "03-25": (24, True), "04-01": (31, True), "04-04": (34.5, True)}


def test_fourteen_days_are_quiet_and_less_is_not() -> None:
    found = cohort([CREATED, {"kind": "email_in", "occurred_at": day("03-11")}])
    assert "03-18" not in found
    assert found["03-25"] == (14, True)


def test_an_open_deal_that_is_not_quiet_is_kept_at_the_cutoff() -> None:
    found = cohort([CREATED, {"kind": "email_in", "occurred_at": day("04-02")}])
    assert found["04-04"] == (2.5, False)


def test_closed_deals_leave_and_reopened_ones_return() -> None:
    lost = {"kind": "lost", "occurred_at": day("03-20")}
    assert list(cohort([CREATED, lost])) == ["03-18"]
    assert list(cohort([CREATED, lost, {"kind": "reopened", "occurred_at": day("03-30")}])) == ["03-18", "04-01", "04-04"]


def test_a_deal_closed_late_in_the_crm_is_still_open_by_what_was_known() -> None:
    lost = {"kind": "lost", "occurred_at": day("03-20"), "known_at": day("03-28")}
    assert list(cohort([CREATED, lost])) == ["03-18", "03-25"]


def test_after_a_kind_of_fact() -> None:
    sent = {"kind": "proposal_sent", "occurred_at": day("03-12")}
    found = cohort([CREATED, sent], after="proposal_sent")
    assert [date for date, (_, quiet) in found.items() if quiet] == ["04-01", "04-04"]
    assert "04-01" in cohort([CREATED, sent | {"occurred_at": day("04-01") - timedelta(days=14)}], after="proposal_sent")


def test_silence_in_a_gap_of_the_owner_then_is_marked() -> None:
    """Ann's gap lasts until 11 March, Ben's begins on the 25th; the deal passes from Ann to Ben on the 20th."""
    facts = [{**CREATED, "owner_id": "ann"}, {"kind": "owner_changed", "occurred_at": day("03-20"), "owner_id": "ben"}]
    gaps = pd.DataFrame({"owner_id": ["ann", "ben"], "gap_number": [1, 2], "gap_start": [day("02-26"), day("03-25")],
                         "gap_end": [day("03-11"), day("04-01")]}).astype(GAP_TYPES)
    rows = rows_of(facts, gaps)
    found = {f"{r.as_of:%m-%d}": (r.gap_number, r.is_in_gap) for r in rows.itertuples()}
    assert found == {"03-18": (1, True), "03-25": (0, False), "04-01": (2, True), "04-04": (2, True)}
    assert not rows_of([*facts, {"kind": "email_in", "occurred_at": day("04-01")}], gaps).iloc[-1]["is_in_gap"]
