"""A few facts, one feature, the value for each deal: read these to learn what a feature means."""

from datetime import datetime

import numpy as np
import pytest

from dealtriage.features.build import matrix
from tests.conftest import as_of_rows, make_facts, weeks_of

AS_OF = datetime(2024, 3, 1)


def on(day: str, kind: str, **more: object) -> dict:
    """A fact of the deal D on a day of 2024, known at once unless said otherwise."""
    known = more.pop("logged", day)
    return {"deal_id": "D", "kind": kind, "occurred_at": date(day), "known_at": date(str(known)), **more}


def date(text: str) -> datetime:
    return datetime.fromisoformat(text if text.startswith("20") else f"2024-{text}")


CREATED = on("01-01", "deal_created", owner_id="rep")

CASES = [
    ("silence_days", "since the last buyer signal", [CREATED, on("02-20", "email_in")], 10),
    ("silence_days", "since creation when the buyer never spoke", [CREATED, on("02-20", "email_out")], 60),
    ("silence_days", "an answering machine is no signal", [CREATED, on("02-28", "email_auto_reply")], 60),
    ("silence_days", "an unanswered call is no signal", [CREATED, on("02-28", "call_unanswered")], 60),
    ("silence_days", "a meeting missed is no signal", [CREATED, on("02-28", "meeting_no_show")], 60),
    ("silence_days", "a call logged after the as-of date is not known yet",
     [CREATED, on("02-10", "email_in"), on("02-27", "call_answered", logged="03-02")], 20),
    ("silence_days", "a fact exactly at the as-of date is not known yet",
     [CREATED, on("02-10", "email_in"), on("03-01", "email_in")], 20),
    ("silence_days", "a call logged late counts from the day it happened",
     [CREATED, on("02-10", "call_answered", logged="02-28")], 20),
    ("usual_gap_days", "one gap of 9 days", [CREATED, on("02-01", "email_in"), on("02-10", "email_in")], 9),
    ("usual_gap_days", "geometric mean of 0 and 3 days, each plus one: sqrt(1 * 4) - 1",
     [CREATED, on("02-01", "email_in"), on("02-01", "call_in"), on("02-04", "email_in")], 1),
    ("usual_gap_days", "empty after a single signal", [CREATED, on("02-01", "email_in")], np.nan),
    ("quiet_spells_survived", "14 days and a comeback", [CREATED, on("01-10", "email_in"), on("01-24", "email_in")], 1),
    ("buyer_signals_7d", "the first instant of the window counts", [CREATED, on("02-23", "email_in")], 1),
    ("buyer_signals_7d", "the day before does not", [CREATED, on("02-22", "email_in")], 0),
    ("unanswered_messages", "messages since the last signal",
     [CREATED, on("02-01", "email_out"), on("02-02", "email_in"), on("02-05", "email_out"),
      on("02-09", "call_unanswered")], 2),
    ("buyer_reply_days", "from our latest message to their answer",
     [CREATED, on("02-01", "email_out"), on("02-03", "email_out"), on("02-08", "email_in")], 5),
    ("buyer_reply_days", "a second mail of theirs answers nothing",
     [CREATED, on("02-01", "email_out"), on("02-04", "email_in"), on("02-20", "email_in")], 3),
    ("seller_reply_days", "how long we let them wait", [CREATED, on("02-01", "email_in"), on("02-03", "email_out")], 2),
    ("hand_90d", "we write and nobody answers: the seller chases",
     [CREATED, *(on(f"02-0{d}", "email_out", thread_id=f"t{d}") for d in range(1, 8))], (-0.7 - 0.7 + 0) / 3),
    ("hand_90d", "nobody does anything: balanced", [CREATED], 0),
    ("contacts_lost_60d", "somebody who spoke long ago and not since",
     [CREATED, on("2023-12-31", "email_in", contact_id="anna"), on("02-20", "email_in", contact_id="ben")], 1),
    ("next_meeting_days", "a meeting ahead", [CREATED, on("02-20", "meeting_planned", due_at=datetime(2024, 3, 6))], 5),
    ("next_meeting_days", "called off since",
     [CREATED, on("02-20", "meeting_planned", due_at=datetime(2024, 3, 6)), on("02-25", "meeting_cancelled")], np.nan),
    ("stage_moves_back", "from 3 to 2",
     [CREATED, on("02-01", "stage_changed", value=3.0, value_before=1.0),
      on("02-05", "stage_changed", value=2.0, value_before=3.0)], 1),
    ("close_date_overdue_days", "promised for 20 February",
     [CREATED, on("01-02", "close_date_changed", due_at=datetime(2024, 2, 20))], 10),
    ("is_proposal_outstanding", "sent", [CREATED, on("02-01", "proposal_sent")], 1),
    ("is_proposal_outstanding", "sent and withdrawn",
     [CREATED, on("02-01", "proposal_sent"), on("02-09", "proposal_withdrawn")], 0),
    ("price_change_share", "a fifth off",
     [CREATED, on("01-02", "amount_changed", value=100.0),
      on("02-02", "amount_changed", value=80.0, value_before=100.0)], -0.2),
    ("owner_log_lag_days", "calls logged two and four days late, whole weeks before the as-of date",
     [CREATED, on("02-01", "call_answered", logged="02-03", owner_id="rep"),
      on("02-05", "call_answered", logged="02-09", owner_id="rep")], 3),
]


@pytest.mark.parametrize(("name", "because", "facts", "expected"), CASES, ids=[f"{c[0]}: {c[1]}" for c in CASES])
def test_feature(name: str, because: str, facts: list[dict], expected: float) -> None:
    timeline = make_facts(facts)
    found = matrix(timeline, as_of_rows(timeline, [AS_OF]), weeks_of(timeline, AS_OF), [name])
    np.testing.assert_allclose(found[name], [expected], rtol=1e-6)
