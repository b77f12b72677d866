"""What each subject of features is worth: the backtest without it, on the same rows.

    python benchmarks/subjects.py --params params.yaml --run .
    python benchmarks/subjects.py --params examples/bpic2012/params.yaml --run runs/bpic2012

--run: the folder of a finished run. Prints, per subject, by how much the log loss of the learned model grows when its columns are
left out (positive = it helps), with a 95 % interval by resampling deals, and the AUC without it.
"""

import argparse
import sys
from pathlib import Path

import pandas as pd

MODEL = "learned"
RESAMPLES = 400


def of_model(table: pd.DataFrame) -> pd.DataFrame:
    """The predictions of the model, in one order."""
    return table[table["model"] == MODEL].sort_values(["fold", "deal_id", "as_of"], kind="stable").reset_index(drop=True)


def main() -> None:
    """Leave out one subject after the other."""
    from sklearn.metrics import roc_auc_score

    from dealtriage.backtest import predictions
    from dealtriage.evaluate import gain
    from dealtriage.features.registry import by_name
    from dealtriage.matrix import feature_columns, read_labelled
    from dealtriage.model.rules import columns_needed, rules
    from dealtriage.params import load_params
    from dealtriage.workspace import Workspace, read_cutoff

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--run", type=Path, default=Path())
    chosen = parser.parse_args()
    params = load_params(chosen.params)
    matrix, cutoff = read_labelled(Workspace(chosen.run)), read_cutoff(Workspace(chosen.run))
    columns, known = feature_columns(matrix), by_name()
    whole = of_model(predictions(matrix, columns, params, cutoff, rules())["backtest"])
    print(f"{len(whole):,} rows, {len(columns)} features: AUC {roc_auc_score(whole['revived'].astype(int), whole['p']):.4f}", flush=True)
    for subject in dict.fromkeys(known[name].subject for name in columns):
        out = [name for name in columns if known[name].subject == subject]
        silenced = matrix.assign(**dict.fromkeys(set(out) & columns_needed(), 0.0))  # the rules need these: they tell nothing
        kept = [name for name in columns if name not in out or name in columns_needed()]
        rest = of_model(predictions(silenced, kept, params, cutoff, rules())["backtest"])
        worth = gain(whole, rest, RESAMPLES)
        print(f"without {subject:<11} ({len(out):>2} features): log loss {worth['log_loss_gain']:+.4f} ({worth['ci'][0]:+.4f} to {worth['ci'][1]:+.4f}), "
              f"AUC {roc_auc_score(rest['revived'].astype(int), rest['p']):.4f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
