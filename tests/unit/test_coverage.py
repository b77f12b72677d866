from datetime import datetime

import pandas as pd

from dealtriage.coverage import Coverage, summary


def test_the_summary_names_what_ends_early_and_who_logs_nothing() -> None:
    cutoff = datetime(2026, 6, 29)
    report = Coverage(
        files=pd.DataFrame({"file": ["Task.csv"], "rows_read": [900], "rows_set_aside": [10], "rows_quarantined": [1]}),
        tables=pd.DataFrame({"table_name": ["activities: call", "activities: email"], "rows": [500, 500],
                             "first_at": [cutoff] * 2, "last_at": [datetime(2026, 1, 1), datetime(2026, 6, 28)]}),
        owners=pd.DataFrame({"name": ["Silent", "Busy", "Usual"], "deals": [10, 10, 10], "open_deals": [3, 3, 3],
                             "activities_on_deals": [12, 300, 290]}),
        gaps=pd.DataFrame({"team": ["South"], "owner_id": [None], "channel": ["email"], "gap_start": [datetime(2025, 3, 3)],
                           "gap_end": [datetime(2025, 3, 24)], "found_per_week": [4.2], "usual_per_week": [130.0]}),
        set_aside=pd.DataFrame({"file": ["Task.csv"], "rule": ["deleted"], "rows": [10]}),
        reasons=pd.DataFrame({"file": ["Task.csv"], "column": ["Id"], "reason": ["is no id"], "size": [1]}),
        notes=["Quote.csv is not there"])
    text = summary(report, cutoff, 20)
    assert "activities: call end on 2026-01-01, 179 days before the export" in text
    assert "activities: email end" not in text
    assert "Silent: 1.2 for each of 10 deals" in text
    assert "Busy" not in text
    assert "mail of team South is missing from 2025-03-03 to 2025-03-24 (4 a week, usually 130); silence in it proves nothing" in text
    assert "Quote.csv is not there" in text
    assert len(text.splitlines()) < 50
