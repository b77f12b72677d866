"""What the phases are worth, and whether `effects` tells the truth about them. On sample companies, whose truth is known.

    python benchmarks/phases.py policies --run .                              # a finished run of the sample company
    python benchmarks/phases.py bias --companies 20 --deals 2500 --out runs/phases
    python benchmarks/phases.py nothing --deals 4000 --out runs/phases

policies: each quiet deal of the export day lives on under each policy, `--replicates` times: how many revive within 90 days and are won within 180. bias:
the estimated effects against the truth, which is found by living each treated deal's life again with and without what was done. nothing: a company
where no phase does anything; its page must not claim an effect.
"""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

HORIZON_DAYS, WON_DAYS = 90, 180
REPLICATES, EFFECT_REPLICATES, RESAMPLES = 100, 6, 2000
STAGES = ("clean", "timeline", "cohort", "features")
EVERYBODY = "order_for_all"


def world(params, seed: int):
    """The sample company of some parameters and a seed."""
    from dealtriage.sample.clock import days_of, months_before
    from dealtriage.sample.company import found
    from dealtriage.sample.story import World

    start, end = days_of(months_before(params.sample.exported_at, params.sample.months)), days_of(params.sample.exported_at)
    return World(seed, start, end, found(seed, start, end))


def lived_on(params, replicates: int, deal: tuple) -> list[tuple]:
    """number, state, policy, replicate, is_revived, is_won, touches, amount of one quiet deal."""
    from dealtriage.sample.futures import POLICIES, Advice, fates, paused, recommended

    number, state, phase, if_silent, amount = deal
    company = world(params, params.sample.seed)
    life = paused(company, number, company.end, WON_DAYS)
    told = {**{name: (policy, Advice(state, phase, if_silent)) for name, policy in POLICIES.items()}, EVERYBODY: (recommended, Advice("stalled", "1_withdraw"))}
    return [(number, state, name, replicate, fate.is_revived, fate.is_won, fate.touches, amount)
            for name, (policy, advice) in told.items()
            for replicate, fate in enumerate(fates(life, company.end, policy, advice, range(replicates), company.seed, HORIZON_DAYS, WON_DAYS))]


def policies(params, run: Path, replicates: int) -> None:
    """Print what each policy is worth, on all quiet deals and by state."""
    from dealtriage.tables import read_parquet

    chance = f"p_revive_{HORIZON_DAYS:.0f}d"
    advice = read_parquet(run / "data" / "advice" / "advice.parquet", ["deal_id", "state", "phase", "phase_if_silent", "amount", chance])
    ids = read_parquet(run / "data" / "truth" / "deals.parquet", ["deal_id"])["deal_id"]
    quiet = advice[advice["state"] != "active"].assign(number=lambda rows: rows["deal_id"].map(dict(zip(ids, ids.index, strict=True))), amount=lambda rows: rows["amount"].fillna(0))
    deals = list(quiet[["number", "state", "phase", "phase_if_silent", "amount"]].itertuples(index=False, name=None))
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = [row for rows in pool.map(partial(lived_on, params, replicates), deals, chunksize=4) for row in rows]
    lived = pd.DataFrame(found, columns=["number", "state", "policy", "replicate", "revived", "won", "touches", "amount"])
    lived = lived.assign(revived_amount=lived["revived"] * lived["amount"], won_amount=lived["won"] * lived["amount"])
    for name, part in [("all quiet deals", lived), *lived.groupby("state")]:
        print(f"\n{name}: {part['number'].nunique()} deals, {replicates} futures each")
        for what in ("revived", "won", "revived_amount", "won_amount", "touches"):
            print(worth(part, what))
    by_threshold(lived, dict(zip(quiet["number"], quiet[chance], strict=True)))


def by_threshold(lived: pd.DataFrame, chance: dict[int, float]) -> None:
    """Print what `recommended` would be worth if deals were called dead below another chance."""
    print("\nif deals were called dead below")
    for below in (0.2, 0.15, 0.1, 0.05, 0.0):
        is_taken = (lived["state"] == "dead") & (lived["number"].map(chance) >= below)
        moved = lived[is_taken & (lived["policy"] == EVERYBODY)].assign(policy="recommended")
        other = pd.concat([lived[~(is_taken & (lived["policy"] == "recommended"))], moved])
        dead = lived.loc[(lived["state"] == "dead") & ~is_taken, "number"].nunique()
        print(f"  {below:.2f}: {dead} dead deals\n  {worth(other, 'revived').strip()}")


def worth(lived: pd.DataFrame, what: str) -> str:
    """One line: the total under each policy with its Monte-Carlo interval, and the share of the gap between do_more and best that is closed."""
    totals = lived.pivot_table(index="replicate", columns="policy", values=what, aggfunc="sum")
    reach = 1.96 * totals.std() / np.sqrt(len(totals))
    line = f"  {what:<15}" + "  ".join(f"{name} {totals[name].mean():,.1f} ± {reach[name]:,.1f}" for name in ("as_usual", "do_more", "recommended", EVERYBODY, "best"))
    if what == "touches":
        return line
    drawn = np.random.default_rng(1).integers(0, len(totals), (RESAMPLES, len(totals)))
    means = {name: totals[name].to_numpy()[drawn].mean(axis=1) for name in totals}
    closed = [f"{name} {_closed(totals.mean(), name):+.0%} ({low:+.0%} to {high:+.0%})" for name in ("recommended", EVERYBODY)
              for low, high in [np.quantile(_closed(means, name), [0.025, 0.975])]]
    return f"{line}\n  {'':<15}gap closed: {', '.join(closed)}; best over do_more {totals['best'].mean() - totals['do_more'].mean():+,.1f}"


def _closed(totals, name: str):
    with np.errstate(divide="ignore", invalid="ignore"):  # few deals: some resamples have no gap
        return np.divide(totals[name] - totals["do_more"], totals["best"] - totals["do_more"])


def prepared(params, folder: Path, deals: int, seed: int, rates=None):
    """The parameters and workspace of a sample company, simulated and read up to its features; what is there is not made again."""
    from dealtriage.pipeline import run_stage
    from dealtriage.sample import write_sample
    from dealtriage.sample.rates import RATES
    from dealtriage.workspace import Workspace

    raw = folder / "data" / "raw" / "vandelay"
    own = params.model_copy(update={"source": params.source.model_copy(update={"path": raw}), "phases": params.phases.model_copy(update={"actions": None})})
    workspace = Workspace(folder)
    if not workspace.features.is_dir():
        write_sample(raw, folder / "data" / "truth", deals=deals, seed=seed, months=params.sample.months, exported_at=params.sample.exported_at, rates=rates or RATES)
        for stage in STAGES:
            run_stage(stage, own, workspace)
    return own, workspace


def estimated(params, workspace) -> pd.DataFrame:
    """phase, value, error, low, high, naive (the plain difference), whether it is known and claimed, and the deal-weeks in which it was done."""
    from threadpoolctl import threadpool_limits

    from dealtriage.effects.build import FOLDS
    from dealtriage.effects.checks import check
    from dealtriage.effects.compare import comparable, compared, read_covariates
    from dealtriage.effects.evidence import PHASES, evidence
    from dealtriage.effects.experiment import read_log
    from dealtriage.effects.words import ALPHA

    table = pd.concat(evidence(params, workspace, read_log(workspace)), ignore_index=True)
    found = []
    with threadpool_limits(1):
        for phase in PHASES:
            rows = comparable(table, phase)
            one = check(phase, compared(rows, read_covariates(workspace, rows), FOLDS))
            if one.effect:
                naive = one.shares[0] - one.shares[1]
                found.append({"phase": phase, "value": one.effect.value, "error": one.effect.error, "low": one.effect.low, "high": one.effect.high, "naive": naive,
                              "is_known": not one.against, "is_claimed": not one.against and one.effect.p < ALPHA / len(PHASES), "placebo_holds": one.placebo.holds_zero,
                              "done": rows.loc[rows["done"] == 1, ["deal_id", "as_of"]]})
    return pd.DataFrame(found)


def truth(params, workspace, seed: int, phase: str, done: pd.DataFrame) -> float:
    """The mean effect in the deal-weeks in which a phase was done, by living each life again."""
    from dealtriage.sample.futures import PHASES, effect_of, paused
    from dealtriage.sample.story import live
    from dealtriage.tables import read_parquet

    ids = read_parquet(workspace.root / "data" / "truth" / "deals.parquet", ["deal_id"])["deal_id"]
    number = dict(zip(ids, ids.index, strict=True))
    company, kind, effects = world(params, seed), PHASES[phase], []
    for row in done.itertuples():
        as_of = row.as_of.timestamp() / 86_400
        at = next((t for done_kind, t in live(company, number[row.deal_id]).rehabs if done_kind == kind and as_of <= t < as_of + 7), None)
        if at is not None:
            life = paused(company, number[row.deal_id], at, HORIZON_DAYS + 7)
            effects.append(effect_of(life, kind, at, range(EFFECT_REPLICATES), seed, as_of, HORIZON_DAYS))
    return float(np.mean(effects))


def one_company(params, out: Path, deals: int, seed: int) -> pd.DataFrame:
    """The estimates of one company beside the truth."""
    own, workspace = prepared(params, out / str(seed), deals, seed)
    found = estimated(own, workspace)
    if found.empty:
        return found
    return found.assign(seed=seed, truth=[truth(params, workspace, seed, row.phase, row.done) for row in found.itertuples()], done=found["done"].map(len))


def bias(params, out: Path, companies: int, deals: int, first_seed: int) -> None:
    """Print bias and coverage of the estimates over many companies."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        parts = list(pool.map(partial(one_company, params, out, deals), range(first_seed, first_seed + companies)))
    table = pd.concat(parts, ignore_index=True)
    table.to_csv(out / "bias.csv", index=False, lineterminator="\n")
    table["truth"] = table.groupby("phase")["truth"].transform("mean")  # a company's own is known less well than it differs from the others'
    covered = (table["low"] <= table["truth"]) & (table["truth"] <= table["high"])
    for phase, part in table.assign(covered=covered, miss=table["value"] - table["truth"]).groupby("phase"):
        spread = 1.96 * part["miss"].std() / np.sqrt(len(part))
        print(f"{phase}: {len(part)} companies, {part['done'].mean():.0f} deals each; truth {part['truth'].mean():+.3f}, estimate {part['value'].mean():+.3f}, naive {part['naive'].mean():+.3f}; "
              f"bias {part['miss'].mean():+.3f} (± {spread:.3f}); spread of the estimates {part['miss'].std():.3f}, their standard error {part['error'].mean():.3f}; "
              f"coverage {part['covered'].mean():.0%}; placebo holds 0 in {part['placebo_holds'].mean():.0%}; known in {part['is_known'].mean():.0%}, claimed in {part['is_claimed'].mean():.0%}")


def nothing(params, out: Path, deals: int) -> None:
    """Print the page of a company in which no phase does anything."""
    from dealtriage.pipeline import run_stage
    from dealtriage.sample.rates import RATES, RehabRates

    zero = (0.0,) * 7
    idle = replace(RATES, rehab=RehabRates(withdraw=zero, discovery=zero, third_party=zero))
    own, workspace = prepared(params, out / "nothing", deals, params.sample.seed, idle)
    print(run_stage("effects", own, workspace))


def main() -> None:
    """Read the command line and do what it asks."""
    from dealtriage.params import load_params

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["policies", "bias", "nothing"])
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--run", type=Path, default=Path(), help="a finished run of the sample company, with data/truth")
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    parser.add_argument("--companies", type=int, default=20)
    parser.add_argument("--deals", type=int, default=2500)
    parser.add_argument("--first-seed", type=int, default=101)
    parser.add_argument("--out", type=Path, default=Path("runs/phases"))
    given = parser.parse_args()
    params = load_params(given.params)
    if given.what == "policies":
        policies(params, given.run, given.replicates)
    elif given.what == "bias":
        bias(params, given.out, given.companies, given.deals, given.first_seed)
    else:
        nothing(params, given.out, given.deals)


if __name__ == "__main__":
    sys.exit(main())
