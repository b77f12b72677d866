"""Where work on the parts of a bucketed table runs. A part needs nothing from another, so any engine gives the same bytes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dealtriage.params import Engine
from dealtriage.tables import parts

Work = Callable[[int], Any]


def each_part(engine: Engine, folder: Path, work: Work, doing: str) -> None:
    """Do `work(number)` for every part file of a bucketed table. Work reads and writes files and leaves nothing else behind.

    What is done twice, because a worker died, must give the same files (see `tables`). Raises what the work raises.
    """
    numbers = list(range(len(parts(folder))))
    if engine.kind == "spark":
        from dealtriage.engines.spark import run
    else:
        from dealtriage.engines.local import run
    run(engine, numbers, work, doing)
