"""Timeline and as-of rows -> the matrix: one column per registered feature."""

import pandas as pd

from dealtriage.errors import BadInput
from dealtriage.features.kernel import Bucket
from dealtriage.features.registry import by_name
from dealtriage.params import Params
from dealtriage.tables import each_part, part_path, read_parquet, replaced_folder, write_parquet
from dealtriage.workspace import Workspace


def run(params: Params, workspace: Workspace) -> None:
    """Write data/features: deal_id, as_of and one column per feature, for every row of the cohort."""
    names = chosen(params.features.exclude)
    owner_weeks = read_parquet(workspace.cohort / "owner_weeks.parquet")
    with replaced_folder(workspace.features) as folder:
        for number, part in each_part(workspace.timeline, "features"):
            rows = read_parquet(part_path(workspace.cohort / "rows", number), ["deal_id", "as_of"])
            write_parquet(matrix(read_parquet(part), rows, owner_weeks, names), part_path(folder, number))


def chosen(exclude: tuple[str, ...]) -> list[str]:
    """The registered features less the excluded ones. Raises BadInput for a name that is no feature."""
    known = by_name()
    unknown = sorted(set(exclude) - set(known))
    if unknown:
        raise BadInput(f"features.exclude names unknown features: {', '.join(unknown)}.",
                       "docs/data-dictionary.md lists them all.")
    return [name for name in known if name not in exclude]


def matrix(facts: pd.DataFrame, rows: pd.DataFrame, owner_weeks: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """deal_id, as_of and the named features (float64), one row per row of `rows`, sorted by deal_id and as_of."""
    question = Bucket(facts, rows, owner_weeks)
    known = by_name()
    return question.rows.assign(**{name: question.ask(known[name].ask) for name in names})
