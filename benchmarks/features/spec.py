"""What every engine has to compute, as data: the 30 features, the columns they need, the files.

The meanings are the docstrings of dealtriage.features. A window is [as_of - days, as_of) by known_at; `since` counts from the
latest occurred_at known, `since first` from the earliest. The amount is the one known last; facts known in the same second come
in the order of occurred_at, kind, fact_id.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

DAY = 86_400
THREADS = 2
KEYS = ["deal_id", "as_of"]

# flags of facts, in SQL; the engines translate
FLAGS = {
    "signal": "is_buyer_signal",
    "touch": "is_seller_touch",
    "held": "kind = 'meeting_held'",
    "no_show": "kind = 'meeting_no_show'",
    "cancelled": "kind = 'meeting_cancelled'",
    "opened": "kind = 'email_opened'",
    "bounced": "kind = 'email_bounced'",
    "proposal": "kind = 'proposal_sent'",
    "price": "kind = 'amount_changed' and value_before is not null",
    "back": "kind = 'stage_changed' and value < value_before",
    "push": "kind = 'close_date_changed' and value > 0",
    "created": "kind = 'deal_created'",
    "stage": "kind in ('stage_changed', 'reopened')",
}
KIND_FLAGS = {"held": "meeting_held", "no_show": "meeting_no_show", "cancelled": "meeting_cancelled", "opened": "email_opened",
              "bounced": "email_bounced", "proposal": "proposal_sent", "created": "deal_created"}
COUNTS: dict[str, tuple[str, int | None]] = {
    **{f"buyer_signals_{days}d": ("signal", days) for days in (7, 14, 30, 90)},
    "buyer_signals_total": ("signal", None),
    **{f"seller_touches_{days}d": ("touch", days) for days in (7, 14, 30, 90)},
    "meetings_held_90d": ("held", 90),
    "meetings_held_total": ("held", None),
    "no_shows_180d": ("no_show", 180),
    "meetings_cancelled_90d": ("cancelled", 90),
    "emails_opened_30d": ("opened", 30),
    "bounced_90d": ("bounced", 90),
    "proposals_sent": ("proposal", None),
    "price_changes": ("price", None),
    "stage_moves_back": ("back", None),
    "close_date_pushes": ("push", None),
    "close_date_pushes_90d": ("push", 90),
}
SINCE = {"silence_days": "signal", "days_since_seller_touch": "touch", "days_since_meeting": "held",
         "days_since_proposal": "proposal", "stage_age_days": "stage"}
SINCE_FIRST = {"days_since_first_proposal": "proposal", "deal_age_days": "created"}
WINDOWS = sorted({days for _, days in COUNTS.values() if days})
COUNTED = list(dict.fromkeys(flag for flag, _ in COUNTS.values()))
FEATURES = [*COUNTS, *SINCE, *SINCE_FIRST, "amount", "stage_furthest", "usual_gap_days"]
NEEDED = ["deal_id", "known_at", "occurred_at", "kind", "is_buyer_signal", "is_seller_touch", "value", "value_before"]

Columns = dict[str, Any]
Take = Callable[[int | None, Columns, Callable[[], Any]], None]
"""An engine hands over a part: its number (None = all of them at once), its columns, and a function that makes the frame of its
deal_id and as_of, in the order of the columns; called for part 0 only, off the clock."""
Engine = Callable[[Path, Take], str]
"""An engine reads the files under a folder and hands over all parts; it answers how it goes about it, in a few words."""


def numbers(folder: Path) -> range:
    """The numbers of the parts under a folder."""
    return range(len(list((folder / "timeline").glob("part-*.parquet"))))


def facts_path(folder: Path, number: int | str) -> Path:
    """The file of facts of a part."""
    return folder / "timeline" / f"part-{number:04d}.parquet" if isinstance(number, int) else folder / "timeline" / "part-*.parquet"


def rows_path(folder: Path, number: int) -> Path:
    """The file of as-of rows of a part."""
    return folder / "cohort" / "rows" / f"part-{number:04d}.parquet"
