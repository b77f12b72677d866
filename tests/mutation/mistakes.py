"""The mistakes that a point-in-time pipeline is prone to, each planted in a copy of the code, and the test that must see it.

    python -m tests.mutation.mistakes        a table: every mistake, and which kinds of test caught it

A mistake is a replacement in one file; the text it replaces must be there exactly once, so this list cannot go stale in silence.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FEATURES = "src/dealtriage/features"
SEEN = "tests/property/test_features_see_no_further.py"
KINDS = {
    "truncation": f"{SEEN}::test_truncation",
    "tamper": f"{SEEN}::test_tampering_with_the_future_changes_nothing",
    "row order": f"{SEEN}::test_row_order",
    "date shift": f"{SEEN}::test_date_shift",
    "one-vs-batch": f"{SEEN}::test_a_deal_alone_is_the_deal_in_the_batch",
    "SQL oracle": "tests/oracle/test_features_against_sql.py::test_agrees_with_sql",
    "spec": "tests/spec/test_features_say_what_they_mean.py::test_feature",
    "label": "tests/spec/test_labels_say_what_came.py",
    "split": "tests/unit/test_backtest.py",
    "alarm": "tests/pipeline/test_alarm.py",
    "architecture": "tests/pipeline/test_architecture.py",
}
OF_FEATURES = tuple(KINDS)[:7]


@dataclass(frozen=True)
class Mistake:
    """`before` becomes `after` in `file`; the kind `caught_by` must fail. `feature`: the column that is wrong by it."""

    name: str
    file: str
    before: str
    after: str
    caught_by: str
    feature: str = ""

    def kinds(self) -> tuple[str, ...]:
        """The kinds of test that are asked about it."""
        return OF_FEATURES if self.feature else (self.caught_by,)


MISTAKES = (
    Mistake("the whole history is counted, not what was known", f"{FEATURES}/kernel.py",
            "return (known.end - (known.begin", "return (known.running[self.begins[self.row_deal + 1]] - (known.begin",
            "truncation", "buyer_signals_30d"),
    Mistake("facts are placed by when they happened, not by when they were known", f"{FEATURES}/facts.py",
            'known, occurred = seconds(columns["known_at"].to_numpy()), seconds(columns["occurred_at"].to_numpy())',
            'known, occurred = seconds(columns["occurred_at"].to_numpy()), seconds(columns["occurred_at"].to_numpy())',
            "tamper", "days_since_seller_touch"),
    Mistake("a fact known at the very instant is known before it", f"{FEATURES}/kernel.py",
            'return np.searchsorted(self.key, self.row_key, side="left")', 'return np.searchsorted(self.key, self.row_key, side="right")',
            "tamper", "buyer_signals_total"),
    Mistake("a feature looks at the deal's last stage in its arrays", f"{FEATURES}/stage.py",
            'return q.largest(q.is_kind("stage_changed"), q.value)',
            'best = np.zeros(len(q.begins)); np.maximum.at(best, q.deal, np.where(q.is_kind("stage_changed"), q.value, 0.0)); return best[q.row_deal]',
            "tamper", "stage_furthest"),
    Mistake("other deals' week is counted before it is over", f"{FEATURES}/kernel.py",
            "return (self.as_of + self.start - MONDAY) // WEEK * WEEK + MONDAY", "return (self.as_of + self.start - MONDAY) // WEEK * WEEK + MONDAY + WEEK",
            "truncation", "owner_log_lag_days"),
    Mistake("other deals' facts count in the week in which they happened", f"{FEATURES}/owners.py",
            "return sums(owner_of_facts(q), next_monday(q.known + q.start), q.is_touch, touches=1)", "return sums(owner_of_facts(q), next_monday(q.occurred + q.start), q.is_touch, touches=1)",
            "truncation", "owner_touches_per_deal_4w"),
    Mistake("nothing is sorted", f"{FEATURES}/columns.py",
            "    if (np.diff(key) > 0).all():\n", "    if key is not None:\n", "row order", "amount"),
    Mistake("a feature counts from a fixed day, as a clock would", f"{FEATURES}/stage.py",
            'return q.days_since_first(q.is_kind("deal_created"))', "return (q.as_of + q.start) / 86_400 - 19_000", "date shift", "deal_age_days"),
    Mistake("a window is a second too long", f"{FEATURES}/kernel.py",
            "self.row_key - int(days * DAY)", "self.row_key - int(days * DAY) - 1", "SQL oracle", "seller_touches_14d"),
    Mistake("a window leaves out its first instant", f"{FEATURES}/kernel.py",
            'self.row_key - int(days * DAY), side="left"', 'self.row_key - int(days * DAY), side="right"', "spec", "seller_touches_14d"),
    Mistake("answers are joined to rows by their place in the file", f"{FEATURES}/kernel.py",
            "Ordered(rows, order, len(as_of))", "Ordered(rows, None, len(as_of))",
            "row order", "meetings_held_total"),
    Mistake("our own messages are taken for theirs", f"{FEATURES}/direction.py",
            "    return q.count(q.is_signal, 30)\n", "    return q.count(q.is_touch, 30)\n", "spec", "buyer_signals_30d"),
    Mistake("a value is compared with the others of its batch", f"{FEATURES}/terms.py",
            'return q.last(q.is_kind("amount_changed"), q.value)', 'found = q.last(q.is_kind("amount_changed"), q.value); return found - np.nanmean(found)',
            "one-vs-batch", "amount"),
    Mistake("a window that is not over counts as dead", "src/dealtriage/labels.py",
            'matured = (rows["as_of"] <= last_matured(cutoff, params.horizon_days)).to_numpy()', 'matured = (rows["as_of"] <= cutoff).to_numpy()', "label"),
    Mistake("labels are learnt before they were known", "src/dealtriage/calendar.py",
            "calibration_end = test_start - timedelta(days=horizon_days) + timedelta(seconds=1)", "calibration_end = test_start", "split"),
    Mistake("a deal is learnt from and tested", "src/dealtriage/backtest.py",
            "known_at(matrix, columns, one, group != tested, params.label)", "known_at(matrix, columns, one, group >= 0, params.label)", "split"),
    Mistake("a column that only the present knows is read", "src/dealtriage/timeline.py",
            "select d.deal_id, d.created_at, d.created_at, 'deal_created', d.deal_id, null, c.new_value, null, null,", "select d.deal_id, d.created_at, d.created_at, 'deal_created', d.deal_id, null, c.new_value, null, d.is_won_now::double,", "architecture"),
    Mistake("the outcome is among the features", "src/dealtriage/matrix.py",
            "names = [name for name in by_name() if name in matrix.columns]", "names = [name for name in (*by_name(), \"revived\") if name in matrix.columns]", "alarm"),
)


def planted(mistake: Mistake | None, folder: Path) -> Path:
    """A copy of the code and its tests in `folder`, with the mistake in it."""
    for name in ("src", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "params.yaml", "dvc.yaml"):
        shutil.copyfile(ROOT / name, folder / name)
    if mistake:
        path = folder / mistake.file
        text = path.read_text("utf-8")
        if text.count(mistake.before) != 1:
            raise AssertionError(f"{mistake.file} holds {mistake.before!r} {text.count(mistake.before)} times: mend the list of mistakes")
        path.write_text(text.replace(mistake.before, mistake.after), "utf-8")
    return folder


def environment(folder: Path) -> dict[str, str]:
    """The environment in which a copy's tests run its own code."""
    return {**os.environ, "PYTHONPATH": str(folder / "src"), "PYTHONDONTWRITEBYTECODE": "1", "TZ": "UTC"}


def caught(folder: Path, kinds: tuple[str, ...], feature: str) -> set[str]:
    """The kinds of test that fail in a planted copy. Raises AssertionError where one did not run."""
    asked = [f"{KINDS[kind]}[{feature}]" if kind in OF_FEATURES and kind != "spec" else KINDS[kind] for kind in kinds]
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", "-p", "no:cacheprovider", "-q", "-rfEp", "--tb=no", *asked]
    done = subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True, check=False)
    told = re.findall(r"^(PASSED|FAILED|ERROR) (\S+?)(?:\[(.*?)\])?(?: - .*)?$", done.stdout, flags=re.M)
    of_feature = [(word, test, which) for word, test, which in told if KINDS["spec"] not in test or not feature or f"{feature}," in which]
    for kind in kinds:
        assert any(test.startswith(KINDS[kind]) for _, test, _ in of_feature), f"{kind} did not run:\n{done.stdout}{done.stderr}"
    return {kind for kind in kinds if any(test.startswith(KINDS[kind]) and word != "PASSED" for word, test, _ in of_feature)}


def main() -> None:
    """Plant every mistake and print who caught it."""
    for mistake in MISTAKES:
        with tempfile.TemporaryDirectory(prefix="dealtriage-mistake-") as folder:
            found = caught(planted(mistake, Path(folder)), mistake.kinds(), mistake.feature)
        print(f"{'caught' if mistake.caught_by in found else 'MISSED'}  {mistake.name}: {', '.join(sorted(found)) or 'nobody'}", flush=True)


if __name__ == "__main__":
    main()
