"""The sample company through every CRM's door, and how the timelines differ."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pandas as pd

from dealtriage import clean, timeline
from dealtriage.params import Params
from dealtriage.sample import write_sample
from dealtriage.sample.rates import RATES
from dealtriage.tables import read_parquet, read_parts
from dealtriage.workspace import Workspace
from tests.exports import params_for

DOORS = ("salesforce", "hubspot", "dynamics", "pipedrive")
CUSTOM = {"salesforce": {"Opportunity.LossReason": "Loss_Reason__c", "Event.Outcome": "Outcome__c"}}
DEALS, MONTHS, SEED = 300, 24, 7
EXPORTED_AT = datetime(2026, 6, 29, 6, tzinfo=UTC)
READABLE = replace(RATES, dirt=replace(RATES.dirt, unparsable=0.0))  # each door spoils other values
SAME = ["deal", "kind", "known_at", "day", "amount"]


def params_of(door: str, raw: Path) -> Params:
    """The project's parameters, for the sample company behind this door."""
    rates = {"EUR": RATES.usd_per_eur}
    return params_for(raw, crm=door, columns=CUSTOM.get(door, {}), currency_rates=rates, exported_at=EXPORTED_AT)


@cache
def through(door: str) -> Workspace:
    """The company's core tables and timeline, read from this CRM's export."""
    folder = Path(mkdtemp(prefix=f"dealtriage-{door}-"))
    write_sample(folder / "raw", folder / "truth", deals=DEALS, seed=SEED, months=MONTHS, exported_at=EXPORTED_AT, crm=door, rates=READABLE)
    params, workspace = params_of(door, folder / "raw"), Workspace(folder)
    clean.run(params, workspace)
    timeline.run(params, workspace)
    return workspace


def facts(door: str) -> pd.DataFrame:
    """The timeline with deals by their number, to be compared: kind, known_at to the second, the day it occurred, amounts."""
    workspace = through(door)
    ids = read_parquet(workspace.root / "truth" / "deals.parquet")["deal_id"].astype(str)
    number = dict(zip(ids, range(len(ids)), strict=True))
    told = read_parts(workspace.timeline)
    is_amount = told["kind"].isin(["amount_changed", "proposal_sent"])
    return told.assign(deal=told["deal_id"].map(number), day=told["occurred_at"].dt.date, known_at=told["known_at"].dt.floor("s"),
                       amount=told["value"].where(is_amount).round(-2).fillna(-1.0))


def differences(door: str) -> pd.DataFrame:
    """Per kind of fact: how many are the same as in the Salesforce export, how many only there, how many only here."""
    def counted(name: str) -> pd.Series:
        return facts(name).groupby(SAME).size()

    pair = pd.concat([counted("salesforce"), counted(door)], axis=1, keys=["there", "here"]).fillna(0).astype(int)
    pair["same"] = pair[["there", "here"]].min(axis=1)
    pair["only_salesforce"], pair["only_here"] = pair["there"] - pair["same"], pair["here"] - pair["same"]
    return pair.groupby("kind")[["same", "only_salesforce", "only_here"]].sum()
