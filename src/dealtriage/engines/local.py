"""The parts over this machine's cores, in threads: NumPy and Arrow let go of the interpreter while they work."""

import logging
import os
from concurrent.futures import ThreadPoolExecutor

from dealtriage.engines import Work
from dealtriage.params import Engine

log = logging.getLogger(__name__)


def run(engine: Engine, numbers: list[int], work: Work, doing: str) -> None:
    """Do the work of every number; the first that fails stops those not yet begun."""
    workers = min(engine.workers or len(os.sched_getaffinity(0)), len(numbers))
    with ThreadPoolExecutor(workers) as pool:
        for done, _ in enumerate(pool.map(work, numbers), start=1):
            if len(numbers) > 1:
                log.info("%s: part %d of %d", doing, done, len(numbers))
