"""A team's open deals in sums: by state, and by phase."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

STATES = ("active", "stalled", "dead", "not enough evidence")
PHASES = {"1 withdraw": "phase 1: look back, withdraw what is out", "2 rediscover": "phase 2: rediscover the needs", "3 third party": "phase 3: bring in a third party", "close out": "admit it and close",
          "ask the owner": "find out first", "leave alone": "carry on", "": "drawn for the experiment"}

FIRST = {"outstanding": "phase 1: withdraw the proposal", "expired": "phase 1: say that the proposal that ran out is off the table",
         "none": "phase 1: look back (nothing is on the table)", "withdrawn": "phase 1: look back (the proposal is withdrawn)"}


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
    """The sums of these rows of the lists, with `proposal` beside them."""
    face, whole = float(rows["amount"].sum()), float(rows["amount"].clip(lower=0).sum())
    states: list[dict[str, Any]] = [{"state": state, "deals": len(own), "amount": float(own["amount"].sum()), "value_at_stake": float(own["value_at_stake"].sum()),
               "share": max(0.0, float(own["amount"].clip(lower=0).sum())) / whole if whole else 0.0}
              for state in STATES for own in [rows[rows["state"] == state]]]
    asked = rows[rows["state"] != "active"]
    kinds = asked["phase"].map(PHASES).mask(asked["phase"] == "1 withdraw", asked["proposal"].map(FIRST))
    phases = [{"phase": told, "deals": len(own), "amount": float(own["amount"].sum())}
              for told in (*FIRST.values(), *PHASES.values()) for own in [asked[kinds == told]] if len(own)]
    return Team(len(rows), states, phases, face, next(one["amount"] for one in states if one["state"] == "dead"), float(rows["value_at_stake"].sum()))
