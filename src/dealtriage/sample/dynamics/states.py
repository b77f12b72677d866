"""The integers that say where a deal stands."""

from __future__ import annotations

from ..entered import Snapshot
from ..life import STAGES, WON
from ..stages import OPEN, is_closed

PLACE = {stage.label: place for place, stage in enumerate(OPEN)}


def states(now: Snapshot, on_hold: bool) -> tuple[int, int]:
    """State and status code."""
    if not is_closed(now.stage):
        return 0, 2 if on_hold else 1
    if now.stage == WON:
        return 1, 3
    return 2, 5 if now.loss_reason == "Lost to competitor" else 4


def stage_name(now: Snapshot) -> tuple[str, str]:
    """Sales stage and step name; both stay when the deal is closed."""
    label = STAGES[now.open_stage]
    return str(PLACE[label]), f"{PLACE[label] + 1}-{label}"
