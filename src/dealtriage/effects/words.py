"""What the page says of each phase and of the experiment."""

from typing import Any

import pandas as pd

from dealtriage.effects.checks import Checked
from dealtriage.effects.estimate import Effect
from dealtriage.effects.evidence import PHASES
from dealtriage.effects.experiment import Experiment
from dealtriage.params import Label
from dealtriage.report.page import markdown, number, percent, signed, whole

NAMES = {"1_withdraw": "Phase 1, withdraw", "2_rediscover": "Phase 2, rediscover", "3_third_party": "Phase 3, third party"}
ALPHA = 0.05
GAPS_SHOWN = 5


def content(found: list[Checked], held_out: Experiment, evidence: pd.DataFrame, label: Label) -> dict[str, Any]:
    """What the template needs."""
    return {"horizon": label.horizon_days, "rows": len(evidence), "deals": evidence["deal_id"].nunique(), "verdicts": [verdict(one, len(found)) for one in found],
            "trial": told_by_trial(held_out), "is_drawn": any(one.effect for one in found) or held_out.effect is not None,
            "effects": effects_table(found), "trial_table": trial_table(held_out), "checks": checks_table(found), "gaps": gaps_table(found),
            "followed": followed_table(evidence)}


def verdict(one: Checked, asked: int) -> str:
    """One line for a manager. `asked`: how many phases were asked about; a claim must hold against the luck of asking that often (Bonferroni)."""
    if one.against or one.effect is None:
        return f"**{NAMES[one.phase]}: not known.** Reason: {'; '.join(one.against)}."
    points = f"{in_points(one.effect)} in {one.deals_done} deals"
    if one.effect.p >= ALPHA / asked:
        though = "" if one.effect.holds_zero else f" The interval leaves out 0, but with {asked} phases asked about one does so by luck too often to count."
        return f"**{NAMES[one.phase]}: no effect can be told from chance** ({points}).{though}"
    more = "more" if one.effect.value > 0 else "fewer"
    return (f"**{NAMES[one.phase]}: {more} deals came back than among deals alike in which it was not done** ({points}). "
            "This is observed, not tried: an experiment would have to bear it out.")


def told_by_trial(one: Experiment) -> str:
    """One line on the experiment."""
    if one.effect is None:
        return f"**Experiment: not known.** Reason: {one.against[0]}."
    said = "no effect can be told from chance" if one.effect.holds_zero else f"recommending made {'more' if one.effect.value > 0 else 'fewer'} deals come back"
    return f"**Experiment: {said}** ({in_points(one.effect)}; {one.deals_told} deals told, {one.deals_held_out} held out by lot)."


def in_points(effect: Effect) -> str:
    """An effect in percentage points, with its interval."""
    return f"{100 * effect.value:+.1f} percentage points, 95 % interval {100 * effect.low:+.1f} to {100 * effect.high:+.1f}"


def effects_table(found: list[Checked]) -> str:
    """The estimates."""
    return markdown(("phase", "deals in which it was done", "came back", "others that came back", "difference, groups made alike", "95 % interval"),
                    ((NAMES[one.phase], whole(one.deals_done), *([percent(share, 1) for share in one.shares] if one.shares else ("-", "-")), *_points(one.effect))
                     for one in found))


def trial_table(one: Experiment) -> str:
    """The experiment."""
    if one.effect is None or one.shares is None:
        return one.against[0].capitalize() + "."
    return markdown(("", "deals", "came back"), (("told", whole(one.deals_told), percent(one.shares[0], 1)), ("held out", whole(one.deals_held_out), percent(one.shares[1], 1)),
                                                 ("difference", "", " ".join(_points(one.effect)))))


def checks_table(found: list[Checked]) -> str:
    """What was checked."""
    return markdown(("phase", "rows with it inside the common range", "effective rows without it", "largest difference left", "placebo: effect on comebacks before",
                     "95 % interval", "by luck alone, middle 95 %", "verdict"),
                    ((NAMES[one.phase], percent(one.inside_share), whole(one.effective_rows), number(one.gaps["after"].abs().max(), 2) if one.gaps is not None else "-",
                      *_points(one.placebo), f"{100 * one.permuted[0]:+.1f} to {100 * one.permuted[1]:+.1f}" if one.permuted else "-",
                      "; ".join(one.against) or "passed") for one in found))


def gaps_table(found: list[Checked]) -> str:
    """The covariates that differ most after weighting."""
    rows = [(NAMES[one.phase], gap.covariate, signed(gap.before, 2), signed(gap.after, 2)) for one in found if one.gaps is not None
            for gap in one.gaps.sort_values("after", key=abs, ascending=False, kind="stable").head(GAPS_SHOWN).itertuples()]
    return markdown(("phase", "covariate", "difference before weighting", "after"), rows)


def followed_table(evidence: pd.DataFrame) -> str:
    """What was recommended in the week before against what was done: deal-weeks."""
    told = evidence[evidence["recommended"].isin(PHASES) & ~evidence["is_held_out"].fillna(False)]
    return markdown(("recommended", "deal-weeks", "done in the week that followed"),
                    ((NAMES[phase], whole(len(rows)), whole(rows[f"{phase}_after_days"].notna().sum()))
                     for phase in PHASES if len(rows := told[told["recommended"] == phase])))


def _points(effect: Effect | None) -> tuple[str, str]:
    if effect is None:
        return "-", "-"
    return f"{100 * effect.value:+.1f} points", f"{100 * effect.low:+.1f} to {100 * effect.high:+.1f}"
