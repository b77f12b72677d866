"""The stage `winloss`: the internal win/loss analysis of every quiet deal, and of all that were lost."""

import shutil
from functools import partial
from pathlib import Path

import pandas as pd

from dealtriage.engines import each_part
from dealtriage.gauge import gauge_terms
from dealtriage.lookalikes import by_feature
from dealtriage.matrix import read_stage_names
from dealtriage.model.store import load_model
from dealtriage.params import Params
from dealtriage.reasons import contributions, named
from dealtriage.report import figures
from dealtriage.tables import read_json, read_parquet, read_parts, replaced_folder, write_parquet, write_text
from dealtriage.winloss.causes import CAUSES, cause_facts, causes, of_one
from dealtriage.winloss.compare import compare
from dealtriage.winloss.kinds import kinds
from dealtriage.winloss.outcomes import NAMED_EARLY, NAMED_FROM, classes, settled
from dealtriage.winloss.pasts import PARTS, write_pasts
from dealtriage.winloss.reliability import agreement
from dealtriage.winloss.report import page, with_parts
from dealtriage.winloss.stated import CLASSES, meanings
from dealtriage.workspace import Workspace

DRAWN = 1000  # newest lost deals whose exact contributions are worked out
FOUR_WEEKS = pd.Timedelta(weeks=4)
JUDGED = ("stalled", "dead", "not_enough_evidence")  # the last in case its owner says that the buyer is silent indeed


def run(params: Params, workspace: Workspace) -> None:
    """Write data/winloss: deals.parquet (one row per quiet deal: when it turned, causes with their facts, class and kind with probabilities), weeks.parquet (chance, gauge
    and hand of each, week by week), stories.parquet, differences.parquet and matches.parquet (against past deals), losses.parquet (one row per lost deal: what was stated, what the timeline shows, cause of the newest),
    agreement.parquet (how often an owner's stated reasons matched the timeline); and reports/win-loss.md with reports/win-loss/ (tables and figures)."""
    scores = read_parquet(workspace.scores / "scores.parquet")
    asked = scores.loc[scores["state"].isin(JUDGED), "deal_id"]
    with replaced_folder(workspace.winloss) as folder:
        each_part(params.engine, workspace.timeline, partial(write_pasts, params, workspace, folder, asked), "pasts")
        found = {name: read_parts(folder / name) for name in PARTS}
        for name in PARTS:
            shutil.rmtree(folder / name)
        _write(params, workspace, folder, found, scores)


def _write(params: Params, workspace: Workspace, folder: Path, found: dict[str, pd.DataFrame], scores: pd.DataFrame) -> None:
    stages = read_stage_names(workspace)
    deals = read_parquet(workspace.core / "deals.parquet", ["deal_id", "owner_id_now", "loss_reason_now", "amount_now", "currency_rate", "product_now"])
    now, closings = (found[name].sort_values("deal_id", kind="stable").reset_index(drop=True) for name in ("now", "closings"))
    now, closings = (_with_stated(rows, deals, params) for rows in (now, closings))
    lost = closings[closings["ending"] == "lost"].reset_index(drop=True)
    shown_lost, shown_now = classes(lost, now, stages)
    losses = _losses(workspace, lost, shown_lost)
    agreed = agreement(losses)
    differences, matches = compare(now, read_parquet(workspace.model / "past.parquet"), load_model(workspace.model / "model.skops"), _features(workspace))
    told = _deals(workspace, now, shown_now, stages).merge(found["turns"], on="deal_id", how="left", validate="1:1")
    owners = scores[["deal_id", "owner_id"]].merge(agreed, on="owner_id", how="left").drop(columns="owner_id")
    told = told.merge(_a_while_ago(found["weeks"]), on="deal_id", how="left", validate="1:1").merge(matches, on="deal_id", validate="1:1").merge(owners, on="deal_id", how="left", validate="1:1")
    tables = {"deals": told, "weeks": found["weeks"], "stories": found["stories"], "differences": differences, "losses": losses, "agreement": agreed}
    for name, table in tables.items():
        write_parquet(table, folder / f"{name}.parquet")
    owners = read_parquet(workspace.core / "owners.parquet", ["owner_id", "team"])
    _report(workspace, with_parts(closings[["deal_id", "as_of", "ending", "owner_id", "product", "worth"]], owners), losses, agreed, told)


def _report(workspace: Workspace, closed: pd.DataFrame, losses: pd.DataFrame, agreed: pd.DataFrame, told: pd.DataFrame) -> None:
    """Write reports/win-loss.md, its tables (CSV) and figures."""
    text, parts, stated = page(closed, losses, agreed, told)
    write_text(workspace.reports / "win-loss.md", text)
    classes = {name: name.replace("_", " ") for name in (*CLASSES, "unknown")}
    with replaced_folder(workspace.reports / "win-loss") as folder:
        parts.to_csv(folder / "parts.csv", index=False, lineterminator="\n")
        stated.to_csv(folder / "stated.csv", index=False, lineterminator="\n")
        figures.stacked(stated.head(12).assign(label=stated["stated"] + " (" + stated["lost"].astype("str") + ")"), {name: classes[name] for name in CLASSES}, "What was stated, and what the timeline shows", folder / "stated.png")
        figures.stacked(_labelled(parts, "quarter"), classes, "Lost deals, by quarter", folder / "quarters.png")
        figures.stacked(_labelled(parts, "team"), {name: name for name in CAUSES}, "Whose mistake it looks like, by team", folder / "causes.png")


def _labelled(parts: pd.DataFrame, part: str) -> pd.DataFrame:
    chosen = parts[parts["part"].isin([part, "all"])].reset_index(drop=True)
    return chosen.assign(label=chosen["name"])


def _a_while_ago(weeks: pd.DataFrame) -> pd.DataFrame:
    """deal_id and gauge_before: the gauge four weeks before the newest row."""
    newest = weeks.groupby("deal_id")["as_of"].transform("max")
    then = weeks[weeks["as_of"] <= newest - FOUR_WEEKS].drop_duplicates("deal_id", keep="last")
    return pd.DataFrame({"deal_id": then["deal_id"], "gauge_before": then["gauge"]})


def _with_stated(rows: pd.DataFrame, deals: pd.DataFrame, params: Params) -> pd.DataFrame:
    facts = rows[["deal_id"]].merge(deals, on="deal_id", how="left", validate="1:1")
    stated = meanings(facts["loss_reason_now"], params.winloss.stated)
    return rows.assign(owner_id=facts["owner_id_now"], loss_reason=facts["loss_reason_now"], product=facts["product_now"], worth=facts["amount_now"] * facts["currency_rate"],
                       stated_class=stated["stated_class"], stated_kind=stated["stated_kind"])


def _outcome(rows: pd.DataFrame, shown: pd.DataFrame, named_from: float) -> pd.DataFrame:
    """Class and kind of each row, with probabilities and why."""
    outcome, kind = settled(shown, rows, named_from), kinds(rows, rows["stated_kind"])
    is_no_decision = outcome["outcome_class"] == "no_decision"
    why = pd.Series("", index=rows.index, dtype="str")
    for name in CLASSES:
        why = why.mask(outcome["outcome_class"] == name, shown[f"why_{name}"])
    kind["kind"] = kind["kind"].where(is_no_decision, "unknown")
    return pd.concat([outcome, shown[[f"why_{name}" for name in CLASSES]], kind], axis=1).assign(why_class=why)


def _deals(workspace: Workspace, now: pd.DataFrame, shown: pd.DataFrame, stages: dict[int, str]) -> pd.DataFrame:
    adds = read_parquet(workspace.scores / "contributions.parquet").set_index("deal_id").reindex(now["deal_id"]).reset_index(drop=True)
    lookalikes = by_feature(read_parquet(workspace.model / "lookalikes.parquet"))
    facts = [cause_facts(row, of_one(adds.loc[at]), lookalikes) for at, row in enumerate(named(now, stages).to_dict("records"))]
    told = pd.DataFrame(facts, index=now.index, columns=list(CAUSES))
    return pd.concat([now[["deal_id", "gauge", "quiet_spells_survived", "said_what", "buyer_signals_total"]].rename(columns={"buyer_signals_total": "signs_so_far"}), gauge_terms(now).add_prefix("gauge_"), _borne_out(causes(adds), told), told.add_prefix("cause_").add_suffix("_facts"), _outcome(now, shown, NAMED_EARLY)], axis=1)


def _borne_out(found: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    """Causes of which no fact can be told are not named."""
    has_facts = [cause == "unclear" or facts.loc[row, cause] != "" for row, cause in found["cause"].items()]
    return found.assign(cause=found["cause"].where(has_facts, "unclear"))


def _losses(workspace: Workspace, lost: pd.DataFrame, shown: pd.DataFrame) -> pd.DataFrame:
    card = read_json(workspace.model / "card.json")
    newest = lost.sort_values(["as_of", "deal_id"], ascending=[False, True], kind="stable").index[:DRAWN]
    adds = contributions(load_model(workspace.model / "model.skops"), lost.loc[newest, card["features"]], card["typical_deal"])
    facts = lost[["deal_id", "as_of", "owner_id", "ending", "is_by_rule", "worth", "loss_reason", "stated_class", "stated_kind"]].rename(columns={"as_of": "closed_at"})
    timeline_says = shown[[f"shown_{name}" for name in CLASSES]].idxmax(axis=1).str.removeprefix("shown_") if len(lost) else pd.Series(dtype="str")
    return pd.concat([facts, shown[[f"shown_{name}" for name in CLASSES]], _outcome(lost, shown, NAMED_FROM), causes(adds).reindex(lost.index)], axis=1).assign(timeline_says=timeline_says)


def _features(workspace: Workspace) -> list[str]:
    return list(read_json(workspace.model / "card.json")["features"])
