"""The stages as every CRM of the company offers them; one is retired and no deal is in it."""

from __future__ import annotations

from typing import NamedTuple

from .life import LOST, STAGES, WON


class Stage(NamedTuple):
    """A stage of the pipeline; `probability` in percent."""

    label: str
    probability: int
    is_active: bool = True

    @property
    def is_closed(self) -> bool:
        return self.label in STAGES[WON:]

    @property
    def is_won(self) -> bool:
        return self.label == STAGES[WON]


OFFERED = (
    Stage("Qualification", 10),
    Stage("Discovery", 20),
    Stage("Solution Fit", 40),
    Stage("Proposal/Price Quote", 60),
    Stage("Verbal Agreement", 75, is_active=False),
    Stage("Negotiation", 80),
    Stage("Closed Won", 100),
    Stage("Closed Lost", 0),
)
OPEN = tuple(stage for stage in OFFERED if not stage.is_closed)
PROBABILITY = {stage.label: stage.probability for stage in OFFERED}
ORDER = tuple(next(place for place, stage in enumerate(OFFERED, start=1) if stage.label == label) for label in STAGES)


def is_closed(stage: int) -> bool:
    """Whether a deal in this stage of `STAGES` is over."""
    return stage in (WON, LOST)
