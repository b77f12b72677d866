"""A team's open deals in sums: by state, and by phase."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

STATES = ("active", "stalled", "dead", "not enough evidence")
PHASES = {"1 withdraw": "phase 1: withdraw the proposal, look back", "2 rediscover": "phase 2: rediscover the needs", "3 third party": "phase 3: bring in a third party", "close out": "admit it and close",
          "ask the owner": "find out first", "leave alone": "leave alone", "": "drawn for the experiment"}


@dataclass(frozen=True)
class Team:
    """states: state, deals, amount, value_at_stake, share (of the face value); phases: phase, deals, amount; face, dead, stake: sums in money."""

    deals: int
    states: list[dict[str, Any]]
    phases: list[dict[str, Any]]
    face: float
    dead: float
    stake: float


def team(rows: pd.DataFrame) -> Team:
    """The sums of these rows of the lists."""
    face = float(rows["amount"].sum())
    states: list[dict[str, Any]] = [{"state": state, "deals": len(own), "amount": float(own["amount"].sum()), "value_at_stake": float(own["value_at_stake"].sum()),
               "share": float(own["amount"].sum()) / face if face else 0.0}
              for state in STATES for own in [rows[rows["state"] == state]]]
    asked = rows[rows["state"] != "active"]
    phases = [{"phase": told, "deals": len(own), "amount": float(own["amount"].sum())}
              for name, told in PHASES.items() for own in [asked[asked["phase"] == name]] if len(own)]
    return Team(len(rows), states, phases, face, next(one["amount"] for one in states if one["state"] == "dead"), float(rows["value_at_stake"].sum()))
