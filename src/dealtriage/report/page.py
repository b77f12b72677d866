"""The model card: tables in Markdown, and the two templates that they go into. What cannot be told is a dash."""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

RULES = {
    "prevalence": "the same chance for every deal",
    "silence": "the longer the silence, the smaller the chance",
    "silence_over_usual_gap": "the longer the silence against what is usual for the deal, the smaller the chance",
    "still_alive": "how likely a buyer is still there who bought time and again and then fell silent",
    "five_feature_logistic": "a formula of five numbers: silence, usual gap, unanswered messages, time in the stage, the buyer's signs in 90 days",
    "rotting": "the CRM's own days until a deal rots",
}
REVIVALS = {"any_signal": "any buyer signal", "signal_and_progress": "a signal, then progress", "won": "won"}
ENDED = {"open": "still open at the end of the window", "lost": "closed lost", "refused": "refused by the seller",
         "lost_by_rule": "closed by a rule of the system, not by a decision", "won": "won later than the label allows"}
LEFT_OUT = {"not_matured": "what came of them is not known yet",
            "in_gap": "their silence reaches into weeks in which records are missing (data/core/gaps.parquet), so it may be none",
            "refused": "the seller refused them (label.seller_refusal)"}
ORDER = {name: place for place, name in enumerate(("small", "middle", "large", "under 30 days", "30 to 60 days", "60 to 120 days", "120 days or more"))}
DASH = "-"
TOP = 10


def page(content: dict[str, Any]) -> str:
    """The whole page."""
    return render("dealtriage.report", ("first-page.md.j2", "for-the-statistician.md.j2"), content)


def render(package: str, templates: tuple[str, ...], content: dict[str, Any]) -> str:
    """The templates of a package, one after the other, filled."""
    env = Environment(loader=PackageLoader(package, "."), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
                      keep_trailing_newline=True, autoescape=False)  # Markdown, not HTML
    env.filters |= {"percent": percent, "number": number, "signed": signed, "span": span, "of_ten": of_ten, "whole": whole}
    text = "".join(env.get_template(name).render(content) for name in templates)
    return re.sub(r"\n{3,}", "\n\n", text)


def markdown(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; a dash where there is no row."""
    lines = [list(heads), *(list(row) for row in rows)]
    if len(lines) == 1:
        return "Too little is known to tell."
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def is_known(value: Any) -> bool:
    """Whether there is a number."""
    return value is not None and bool(np.isfinite(value))


def percent(value: Any, digits: int = 0) -> str:
    """A share as a percentage."""
    return f"{value:.{digits}%}" if is_known(value) else DASH


def number(value: Any, digits: int = 3) -> str:
    """A number."""
    return f"{value:.{digits}f}" if is_known(value) else DASH


def signed(value: Any, digits: int = 3) -> str:
    """A number with its sign."""
    return f"{value:+.{digits}f}" if is_known(value) else DASH


def whole(value: Any) -> str:
    """A count."""
    return f"{value:,.0f}" if is_known(value) else DASH


def of_ten(share: Any) -> str:
    """How many of ten."""
    return f"{10 * share:.1f}" if is_known(share) else DASH


def span(pair: Any, digits: int = 3, as_percent: bool = False) -> str:
    """An interval."""
    if pair is None or not all(is_known(one) for one in pair):
        return DASH
    low, high = (percent(one) if as_percent else number(one, digits) for one in pair)
    return f"{low} to {high}"


def bands(table: pd.DataFrame) -> str:
    """How often each published band came true."""
    return markdown(("said", "on average", "deals", "came true", "95 % interval"),
                    ((f"{one.low:.0%} to {one.high:.0%}", percent(one.said_share), whole(one.deals), percent(one.came_true_share),
                      span((one.ci_low, one.ci_high), as_percent=True)) for one in table[table["rows"] > 0].itertuples()))


def came_true(table: pd.DataFrame, heads: tuple[str, ...], columns: tuple[str, ...]) -> str:
    """Rows of `evaluate.came_true`, each named by some columns."""
    return markdown((*heads, "deal-weeks", "deals", "said on average", "came true", "95 % interval"),
                    ((*(str(getattr(one, name)) for name in columns), whole(one.rows), whole(one.deals), percent(one.said_share),
                      percent(one.came_true_share), span((one.ci_low, one.ci_high), as_percent=True)) for one in table.itertuples()))


def models(by_model: dict[str, Any], rules: set[str]) -> str:
    """Every model and rule with its measures."""
    names = sorted(by_model, key=lambda n: by_model[n]["log_loss"])
    return markdown(("", "AUC (95 % interval)", "average precision", "log loss", "Brier", "calibration error", "slope", "intercept"),
                    ((f"{n} (rule)" if n in rules else n, f"{number(m['auc'])} ({span(m['auc_ci'])})", number(m["average_precision"]), number(m["log_loss"]),
                      number(m["brier"]), number(m["ece"]), number(m["calibration_slope"], 2), number(m["calibration_intercept"], 2))
                     for n, m in ((name, by_model[name]) for name in names)))


def folds(table: pd.DataFrame, shown: tuple[str, ...]) -> str:
    """AUC and log loss by fold, of the models shown."""
    rows = []
    for fold, part in table.groupby("fold"):
        one = part.set_index("model")
        first = one.iloc[0]
        cells = [f"{number(one.loc[name, 'auc'])} / {number(one.loc[name, 'log_loss'])}" if name in one.index else DASH for name in shown]
        rows.append((str(fold), f"{first['first_as_of']:%Y-%m-%d}", whole(first["rows"]), percent(first["revived_share"]), *cells))
    return markdown(("fold", "tested from", "deal-weeks", "revived", *(f"{name}: AUC / log loss" for name in shown)), rows)


def segments(table: pd.DataFrame) -> str:
    """How chances came true by segment, and the gain there."""
    return markdown(("by", "segment", "deal-weeks", "deals", "said on average", "came true", "95 % interval", "gain over the best other", "95 % interval"),
                    ((one.kind, str(one.segment), whole(one.rows), whole(one.deals), percent(one.said_share), percent(one.came_true_share),
                      span((one.ci_low, one.ci_high), as_percent=True), signed(one.log_loss_gain), span((one.gain_low, one.gain_high)))
                     for one in _in_order(table).itertuples()))


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Segments of a kind from small to large."""
    if table.empty:
        return table
    place = table["segment"].map(ORDER).fillna(-1)
    return table.assign(place=place, kind_place=pd.factorize(table["kind"])[0]).sort_values(["kind_place", "place"], kind="stable")


def capacity(table: pd.DataFrame, rule: str) -> str:
    """Who of the deals worked on came back."""
    return markdown(("deals worked each week, company-wide", "of these came back", f"by the best rule ({rule})", "by silence alone", "picked blindly",
                     "more than by silence (95 % interval)", "of all that came back"),
                    ((whole(one.worked_each_week), percent(one.revived_share), percent(one.rule_revived_share), percent(one.silence_revived_share),
                      percent(one.blind_revived_share), f"{one.more_than_silence:+.0%} ({one.more_low:+.0%} to {one.more_high:+.0%})",
                      percent(one.share_of_all_revivals)) for one in table.itertuples()))


def trials(table: pd.DataFrame) -> str:
    """What was tried, and how often it was chosen."""
    return markdown(("tried", "trials", "chosen", "mean log loss", "better than the first named by", "standard error"),
                    ((str(one.name), whole(one.trials), whole(one.chosen), number(one.log_loss), signed(one.better_by), number(one.standard_error))
                     for one in table.itertuples(index=False)))


def alone(table: pd.DataFrame) -> str:
    """The features that tell most alone."""
    top = table.sort_values(["auc", "feature"], ascending=[False, True]).head(TOP)
    return markdown(("feature", "subject", "AUC alone"), ((one.feature, one.subject, number(one.auc)) for one in top.itertuples()))


def months(table: pd.DataFrame) -> str:
    """The log loss month by month."""
    return markdown(("month", "deal-weeks", "said on average", "came true", "log loss", "log loss of silence"),
                    ((one.month, whole(one.rows), percent(one.said_share), percent(one.came_true_share), number(one.log_loss), number(one.silence_log_loss))
                     for one in table.itertuples()))


def base_rate(table: pd.DataFrame) -> str:
    """How many revived, by quarter."""
    return markdown(("quarter", "deal-weeks", "deals", "came back", "95 % interval"),
                    ((one.quarter, whole(one.rows), whole(one.deals), percent(one.revived_share), span((one.ci_low, one.ci_high), as_percent=True))
                     for one in table.itertuples()))


def drift(table: pd.DataFrame) -> str:
    """The features that moved most."""
    return markdown(("feature", "stability index", "by chance about", "median learnt from", "median now", "missing then", "missing now"),
                    ((one.feature, number(one.stability_index, 2), number(one.by_chance, 2), number(one.median_before, 2), number(one.median_newest, 2),
                      percent(one.missing_before), percent(one.missing_newest)) for one in table.head(TOP).itertuples()))


def learning(table: pd.DataFrame) -> str:
    """What more deals bring."""
    return markdown(("deals learnt from", "", "AUC (95 % interval)", "gain in log loss over silence alone", "95 % interval", "more than from fewer, the line above", "95 % interval"),
                    ((whole(one.learnt_deals), "measured" if one.is_measured else "drawn on, not measured",
                      f"{number(one.auc)} ({span((one.auc_low, one.auc_high))})" if one.is_measured else DASH, signed(one.log_loss_gain),
                      span((one.gain_low, one.gain_high)), signed(one.more, 4), span((one.more_low, one.more_high), 4)) for one in table.itertuples()))


def labels(table: pd.DataFrame) -> str:
    """The same with other labels."""
    return markdown(("counts as coming back", "within days", "deal-weeks", "deals", "came back", "AUC (95 % interval)", "AUC of silence", "gain in log loss over silence",
                     "95 % interval"),
                    ((REVIVALS[one.revival], whole(one.horizon_days), whole(one.rows), whole(one.deals), percent(one.revived_share),
                      f"{number(one.auc)} ({span((one.auc_low, one.auc_high))})", number(one.silence_auc), signed(one.log_loss_gain),
                      span((one.gain_low, one.gain_high))) for one in table.itertuples()))


def ablation(table: pd.DataFrame) -> str:
    """What each group of features brings."""
    return markdown(("left out", "features", "rise of the log loss", "95 % interval", "AUC without"),
                    ((one.left_out, whole(one.features), signed(one.log_loss_rise, 4), span((one.rise_low, one.rise_high), 4), number(one.auc))
                     for one in table.itertuples()))


def censoring(table: pd.DataFrame) -> str:
    """Matured rows against Kaplan-Meier."""
    return markdown(("quarter", "deal-weeks", "still running", "came back, of windows that are over", "Kaplan-Meier, of all", "95 % interval"),
                    ((one.quarter, whole(one.rows), percent(one.running_share), percent(one.revived_share, 1), percent(one.expected_share, 1),
                      span((one.ci_low, one.ci_high), as_percent=True)) for one in table.itertuples()))


def running(table: pd.DataFrame) -> str:
    """What came so far of windows still running."""
    return markdown(("asked in", "deal-weeks", "deals", "days followed", "said for the whole window", "should be back by now", "is back", "difference (95 % interval)"),
                    ((one.month, whole(one.rows), whole(one.deals), number(one.followed_days, 0), percent(one.said_share), percent(one.expected_share, 1),
                      percent(one.seen_share, 1), f"{one.difference:+.1%} ({one.ci_low:+.1%} to {one.ci_high:+.1%})") for one in table.itertuples()))
