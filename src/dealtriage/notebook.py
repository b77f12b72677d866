"""What notebooks share: finding the run they are about, and figures that look alike in every notebook."""

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import fill
from typing import Any, ClassVar

from matplotlib import rc_context, rcParams
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from dealtriage.errors import BadInput
from dealtriage.params import Params, load_params
from dealtriage.report.figures import ACCENT, MUTED, RULE, SIZE
from dealtriage.workspace import Workspace

DPI = 120
LINES: list[dict[str, Any]] = [  # told apart by line and mark too, for readers in grey
    {"color": ACCENT, "linestyle": "-", "marker": "o"}, {"color": RULE, "linestyle": "--", "marker": "s"},
    {"color": "#4a5158", "linestyle": ":", "marker": "^"}, {"color": MUTED, "linestyle": "-.", "marker": "D"}]


class Picture(Figure):
    """A figure that shows itself as the last line of a cell, whatever matplotlib's backend is."""

    def _repr_png_(self) -> bytes:
        out = BytesIO()
        self.savefig(out, format="png", dpi=DPI)
        return out.getvalue()


class Drawn:
    """A picture that was drawn already."""

    size: ClassVar[int] = 700  # pixels

    def __init__(self, png: bytes) -> None:
        self.png = png

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        return self.png, {"width": self.size}


def open_run() -> tuple[Params, Workspace]:
    """The parameters and the folders of the run: of the project around this notebook, or of DEALTRIAGE_ROOT (the folder given to `dealtriage run --out`) with
    the parameter file DEALTRIAGE_PARAMS (where it is not set, the params.yaml of that folder). Raises BadInput where nothing was run yet. From then on figures
    take no text for a formula: names from a CRM may hold dollar signs."""
    rcParams["text.parse_math"] = False
    given = os.environ.get("DEALTRIAGE_ROOT")
    around = [Path(), Path("..")]
    places = [Path(given)] if given else around
    root = next((one for one in places if (one / "data" / "cohort").is_dir()), None)
    if root is None:
        raise BadInput(f"There is no finished run in {given or 'the project around this notebook'}.", "Run `dvc repro` first, or name the folder of a run in DEALTRIAGE_ROOT.")
    params = load_params(Path(os.environ.get("DEALTRIAGE_PARAMS", root / "params.yaml")))
    playbooks = next((one / params.phases.playbooks for one in [root, *around] if (one / params.phases.playbooks).is_dir()), params.phases.playbooks)
    return params.model_copy(update={"phases": params.phases.model_copy(update={"playbooks": playbooks})}), Workspace(root)


def picture(title: str, xlabel: str = "", ylabel: str = "", height: float = 3.5, percent: str = "", is_dated: bool = False) -> tuple[Picture, Axes]:
    """An empty figure, 7 inches wide, with its title, and its axes. percent: which axes hold shares, of "xy"; is_dated: whether x holds dates."""
    with rc_context(SIZE):
        figure = Picture(figsize=(7, height), layout="constrained")
        axes = figure.subplots()
        figure.suptitle(fill(title, 84), x=0.01, ha="left", fontsize=11, fontweight="bold")
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.spines[["top", "right"]].set_visible(False)
    for name in percent:
        (axes.xaxis if name == "x" else axes.yaxis).set_major_formatter(PercentFormatter(1.0, decimals=0))
    if is_dated:
        locator = AutoDateLocator(maxticks=8)
        axes.xaxis_date()
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    return figure, axes


def drawn(draw: Callable[..., None], *given: Any) -> Drawn:
    """A figure of `report.figures`, for a notebook: `drawn(figures.reliability, bands)`."""
    import matplotlib

    before = matplotlib.get_backend()
    with TemporaryDirectory() as folder:
        draw(*given, Path(folder) / "figure.png")
        matplotlib.use(before)  # the report's figures set their own
        return Drawn((Path(folder) / "figure.png").read_bytes())
