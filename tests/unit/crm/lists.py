"""Rows of lists without a pipeline: enough to publish, with texts of one's own."""

from pathlib import Path

import pandas as pd

from dealtriage.crm.files import write_crm_files
from dealtriage.params import Params, load_params
from dealtriage.workspace import Workspace
from tests.conftest import ROOT

REASON = "speaks for it: a next step lies ahead"


def params_for(crm: str, **fields: str | None) -> Params:
    """The project's parameters, for another CRM."""
    base = load_params(ROOT / "params.yaml")
    return base.model_copy(update={"source": base.source.model_copy(update={"crm": crm}), "publish": base.publish.model_copy(update={"crm_fields": fields})})


def deal_ids(crm: str, count: int) -> list[str]:
    """Ids as the CRM gives them, ascending; of Salesforce the short form."""
    forms = {"salesforce": "0067E00000{:05d}", "dynamics": "{:08d}-aaaa-4bbb-8ccc-1234567890ab"}
    return [forms.get(crm, "{}").format(number) for number in range(10_000, 10_000 + count)]


def rows_of(deals: list[str], reasons: list[str] | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(advice, rows of the lists) of stalled deals; each first reason may be one's own."""
    rows = pd.DataFrame({
        "deal_id": deals, "deal": "Secret deal", "account": "Secret account", "owner": "Secret person", "state": "stalled", "how_often_true": "", "phase": "1 withdraw",
        "do_next": "withdraw the proposal", "third_party": None, "reason_1": reasons or [REASON] * len(deals), "reason_2": "", "reason_3": "",
        "why_this_phase": "a proposal is outstanding", "value_at_stake": 1234.0, "rank": range(1, len(deals) + 1),
        "computed_from_export_of": "2026-06-29 05:46 UTC", "model_version": "abc"})
    return pd.DataFrame({"deal_id": deals, "p_revive_90d": 0.34567}), rows


def published(folder: Path, crm: str, deals: int = 5, reasons: list[str] | None = None, **fields: str | None) -> tuple[Params, Workspace]:
    """A workspace in which so many deals are published for the CRM."""
    params, workspace = params_for(crm, **fields), Workspace(folder)
    write_crm_files(params, *rows_of(deal_ids(crm, deals), reasons), workspace.lists / "crm")
    return params, workspace


def advice_of(deals: list[str], is_held_out: list[bool]) -> pd.DataFrame:
    """What the stage recommend says of stalled deals with a proposal outstanding and a mediator named; some of them drawn for the experiment."""
    at = pd.Timestamp("2026-06-29 05:46:51")
    return pd.DataFrame({
        "deal_id": deals, "is_held_out": is_held_out, "state": "stalled", "p_revive_90d": 0.4, "step": "do", "value_at_stake": 5.0, "amount": 9.0, "owner_id": "o",
        "phase": "1_withdraw", "proposal": "outstanding", "role": "mediator", "phase_if_silent": pd.Series([None] * len(deals), dtype="object"), "next_meeting_days": float("nan"),
        "deal_name": "Secret deal", "account_name": "Secret account", "band_low": 0.3, "band_high": 0.4, "band_came_true_share": 0.33, "band_deals": 500.0,
        "silence_days": 20.0, "usual_gap_days": 2.0, "reason_1": REASON, "reason_2": "", "reason_3": "", "hand_90d": 0.0, "why_phase": "a proposal is outstanding",
        "why_no_evidence": "", "wait_days_if_revived": 30.0, "changed": "still 40%", "stage": "Proposal", "data_until": at, "cutoff": at, "model_version": "abc"})
