"""Results as tables in Markdown."""

from typing import Any

HEAD = ["model", "AUC (95 %)", "AP", "log loss", "Brier skill", "ECE", "slope", "gain over silence (95 %)", "of ceiling", "fit s"]
OUTCOME_HEAD = ["task", "model", "AUC (95 %)", "fit s"]


def markdown(head: list[str], rows: list[list[str]], names: int = 1) -> str:
    """Rows of texts under a head; the first columns, which hold names, to the left, the rest to the right."""
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]
    lines = [[text.ljust(width) if at < names else text.rjust(width) for at, (text, width) in enumerate(zip(row, widths, strict=True))]
             for row in [head, *rows]]
    rule = ["-" * width if at < names else "-" * (width - 1) + ":" for at, width in enumerate(widths)]
    return "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], rule, *lines[1:]])


def of_models(result: dict[str, Any]) -> str:
    """The table of a data set, and under it who did not take part, and why."""
    told = {name: one for name, one in result["models"].items() if "skipped" not in one}
    skipped = [f"* {name}: {one['skipped']}" for name, one in result["models"].items() if "skipped" in one]
    rows = [_row(name, one, result["test_rows"]) for name, one in told.items()]
    lines = [f"## {result['name']}", "", headline(result), "", markdown(HEAD, rows)]
    return "\n".join([*lines, "", "not run:", *skipped] if skipped else lines) + "\n"


def headline(result: dict[str, Any]) -> str:
    """What was learnt from and tested, in one sentence."""
    return (f"Learnt from {result['train_rows']:,} rows of {result['train_deals']:,} deals, tested on {result['test_rows']:,} rows of {result['test_deals']:,} "
            f"other deals from {result['cut']} on ({result['dropped']:,} later rows of training deals left out); {result['revived_share']:.1%} revived "
            f"within {result['horizon_days']} days.")


def _row(name: str, one: dict[str, Any], rows: int) -> list[str]:
    gain = one["gain_over_silence"]
    called = name if one["rows"] == rows else f"{name} ({one['rows']:,} rows)"
    return [called, interval(one["auc"], one["auc_ci"]), number(one["average_precision"]), number(one["log_loss"], 4), number(one["brier_skill"]),
            number(one["ece"]), number(one["calibration_slope"], 2), interval(gain["log_loss_gain"], gain["ci"], 4), percent(one.get("share_of_ceiling")),
            number(one["fit_seconds"], 1)]


def number(value: float | None, digits: int = 3) -> str:
    """A number, or a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"


def percent(value: float | None) -> str:
    """A share, or a dash where there is none."""
    return "-" if value is None else f"{value:.0%}"


def interval(value: float | None, ends: list[float] | None, digits: int = 3) -> str:
    """A number with its interval."""
    return number(value, digits) + (f" ({ends[0]:.{digits}f} to {ends[1]:.{digits}f})" if ends else "")


def of_outcomes(outcomes: dict[str, Any]) -> str:
    """The table of the published outcome tasks."""
    rows = []
    for task, one in outcomes.items():
        rows += [[task, model, interval(figures["auc"], figures["auc_ci"]), number(figures["fit_seconds"], 1)] for model, figures in one["models"].items()]
        rows += [[task, f"published: {model}", number(auc), "-"] for model, auc in one["published"].items()]
    any_task = next(iter(outcomes.values()))
    told = (f"{any_task['train_cases']:,} cases ({any_task['train_prefixes']:,} prefixes) to learn from, {any_task['test_cases']:,} ({any_task['test_prefixes']:,}) "
            f"to be judged on. Published: {any_task['published_in']}.")
    return "\n".join(["## BPI Challenge 2012, outcome tasks", "", told, "", markdown(OUTCOME_HEAD, rows, names=2)]) + "\n"
