"""What each CRM's limits cost: the sample company through every door, trained and judged the same way.

    python benchmarks/doors.py --deals 4000

The company, its deals and the plain rules are the same; only what the CRM's export can hold differs. Prints one line per door:
facts, tested deal-weeks, AUC of silence alone and of the best candidate with 95 % intervals, and what was published.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
CUSTOM = {"salesforce": {"Opportunity.LossReason": "Loss_Reason__c", "Event.Outcome": "Outcome__c"}}


def judged(door: str, deals: int, folder: Path) -> dict[str, Any]:
    """Write the company as this CRM's export, run every stage up to the evaluation, return its figures."""
    from dealtriage.params import Source, load_params
    from dealtriage.pipeline import run_stage
    from dealtriage.sample import write_sample
    from dealtriage.sample.rates import RATES
    from dealtriage.tables import read_json, read_parquet, read_parts
    from dealtriage.workspace import Workspace

    params = load_params(ROOT / "params.yaml")
    sample = params.sample
    assert sample is not None
    write_sample(folder / "raw", folder / "truth", deals=deals, seed=sample.seed, months=sample.months, exported_at=sample.exported_at, crm=door)
    source = Source.model_validate({**params.source.model_dump(), "crm": door, "path": folder / "raw", "columns": CUSTOM.get(door, {}),
                                    "currency_rates": {"EUR": RATES.usd_per_eur}, "exported_at": sample.exported_at})
    params, workspace = params.model_copy(update={"source": source}), Workspace(folder)
    started = time.monotonic()
    for stage in ("clean", "timeline", "cohort", "features", "backtest", "sensitivity", "evaluate"):
        run_stage(stage, params, workspace)
    figures: dict[str, Any] = read_json(workspace.reports / "metrics" / "backtest.json")
    ids = read_parquet(folder / "truth" / "deals.parquet")["deal_id"].astype(str)
    number = dict(zip(ids, range(len(ids)), strict=True))
    predictions = read_parquet(workspace.predictions / "backtest.parquet")
    return {**figures, "facts": len(read_parts(workspace.timeline, ["deal_id"])), "seconds": time.monotonic() - started,
            "predictions": predictions.assign(deal=predictions["deal_id"].map(number))}


def against(figures: dict[str, Any], fullest: dict[str, Any], model: str) -> tuple[float, int]:
    """AUC of a door's model against the fullest export's labels, on the deal-weeks that both tested, and how many those are."""
    from sklearn.metrics import roc_auc_score

    key = ["deal", "as_of"]
    labels = fullest["predictions"].drop_duplicates(key)[[*key, "revived"]]
    own = figures["predictions"].query("model == @model")[[*key, "p"]]
    both = own.merge(labels, on=key).dropna()
    return float(roc_auc_score(both["revived"], both["p"])), len(both)


def main() -> None:
    """Run all doors, print a table."""
    from dealtriage.sample import DOORS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deals", type=int, default=4_000)
    parser.add_argument("--doors", nargs="*", default=list(DOORS))
    chosen = parser.parse_args()
    fullest: dict[str, Any] = {}
    for door in chosen.doors:
        folder = Path(tempfile.mkdtemp(prefix=f"dealtriage-{door}-"))
        figures = judged(door, chosen.deals, folder)
        shutil.rmtree(folder)
        fullest = fullest or figures
        best, silence = figures["choice"]["learned"], figures["rules"]["silence"] if "rules" in figures else {}
        common, rows = against(figures, fullest, best)
        plain, _ = against(figures, fullest, "silence")
        one = figures["candidates"][best]
        print(f"{door:<11} {figures['facts']:>9,} facts  {one['rows']:>6,} rows of {one['deals']:,} deals, {one['revived_share']:.1%} revived  "
              f"AUC own labels: {best} {one['auc']:.3f} ({one['auc_ci'][0]:.3f} to {one['auc_ci'][1]:.3f}), silence {silence.get('auc', float('nan')):.3f}  "
              f"AUC against {chosen.doors[0]}'s labels on {rows:,} common rows: {common:.3f}, silence {plain:.3f}  "
              f"published {figures['choice']['chosen']}  {figures['seconds']:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
