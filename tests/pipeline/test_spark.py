"""Cohort, features and scores on a real Spark cluster (one master, two workers, on loopback) are those of the local engine, to the
byte, also when a worker is killed half way."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from queue import Queue

import pytest

from dealtriage.engines import Work
from dealtriage.errors import BadInput
from dealtriage.features.build import chosen, write_matrix
from dealtriage.params import Engine, Params, load_params
from dealtriage.pipeline import run_stage
from dealtriage.tables import parts
from dealtriage.workspace import Workspace
from tests.company import finished_run, raw_export, write_params

pyspark = pytest.importorskip("pyspark", reason="pyspark is not installed: make spark")
pytestmark = [
    pytest.mark.skipif(shutil.which("java") is None, reason="there is no Java, which Spark needs"),
    pytest.mark.xdist_group("spark"),
]
HOME = Path(pyspark.__file__).parent
SMALL = {"spark.executor.memory": "600m", "spark.driver.memory": "600m", "spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1",
         "spark.driver.bindAddress": "127.0.0.1", "spark.ui.showConsoleProgress": "false"}
WAIT = 90


class Cluster:
    """A master and two workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: Queue[str] = Queue()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.url = f"spark://127.0.0.1:{free.getsockname()[1]}"
        self.processes = [self._start("master.Master", "--port", self.url.rpartition(":")[2])]
        self._wait_for("I have been elected leader")
        for number in (1, 2):
            self.processes.append(self._start("worker.Worker", "--cores", "1", "--memory", "700m", "--work-dir", str(folder / f"worker{number}"), self.url))
        for _ in (1, 2):
            self._wait_for("Registering worker")

    def _start(self, name: str, *arguments: str) -> subprocess.Popen:
        command = [HOME / "bin" / "spark-class", f"org.apache.spark.deploy.{name}", "--host", "127.0.0.1", "--webui-port", "0", *arguments]
        environment = {**os.environ, "SPARK_HOME": str(HOME), "SPARK_LOCAL_IP": "127.0.0.1"}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        threading.Thread(target=self._listen, args=(process,), daemon=True).start()
        return process

    def _listen(self, process: subprocess.Popen) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            self.said.put(line)

    def _wait_for(self, words: str) -> None:
        heard = []
        while words not in (line := self.said.get(timeout=WAIT)):
            heard.append(line)

    def engine(self) -> Engine:
        return Engine(kind="spark", spark_master=self.url, spark_conf=SMALL)

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
            assert process.stderr is not None
            process.stderr.close()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    found = Cluster(tmp_path)
    yield found
    from pyspark.sql import SparkSession

    if session := SparkSession.getActiveSession():
        session.stop()
    found.stop()


@pytest.fixture(scope="module")
def params(tmp_path_factory: pytest.TempPathFactory) -> Params:
    """The small company in nine parts."""
    return load_params(write_params(tmp_path_factory.mktemp("spark") / "params.yaml", raw_export(), timeline={"bucket_deals": 60}))


@pytest.fixture(scope="module")
def local(params: Params, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Its tables from the local engine; with the model of the finished run."""
    workspace = Workspace(tmp_path_factory.mktemp("local"))
    for name in ("models", "reports"):
        shutil.copytree(finished_run() / name, workspace.root / name)
    for stage in ("clean", "timeline", "cohort", "features", "score"):
        run_stage(stage, params, workspace)
    assert len(parts(workspace.timeline)) == 9
    return workspace


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_cluster_gives_the_same_bytes(cluster: Cluster, params: Params, local: Workspace, tmp_path: Path) -> None:
    there = Workspace(tmp_path / "there")
    for name in ("models", "reports", "data/core", "data/timeline"):
        shutil.copytree(local.root / name, there.root / name)
    on_spark = params.model_copy(update={"engine": cluster.engine()})
    for stage in ("cohort", "features", "score"):
        run_stage(stage, on_spark, there)
    for name in ("cohort", "weeks", "features", "scores"):
        found, expected = files(there.root / "data" / name), files(local.root / "data" / name)
        assert list(found) == list(expected)
        assert [path for path in found if found[path] != expected[path]] == []


def killed_once(mark: Path, work: Work, number: int) -> None:
    """Part 4 kills the worker it runs on, the first time: its executor, the worker itself, and this process."""
    if number == 4 and not mark.exists():
        mark.write_text("killed")
        daemon = os.getppid()
        executor = parent_of(daemon)
        for process in (parent_of(executor), executor, daemon, os.getpid()):
            os.kill(process, signal.SIGKILL)
    work(number)


def parent_of(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_worker_killed_half_way_costs_nothing_but_time(cluster: Cluster, params: Params, local: Workspace, tmp_path: Path) -> None:
    from pyspark import cloudpickle

    from dealtriage.engines.spark import run

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    mark, out = tmp_path / "killed", tmp_path / "features"
    out.mkdir()
    work = partial(write_matrix, local, out, chosen(params.features), params.features)
    run(cluster.engine(), list(range(9)), partial(killed_once, mark, work), "features")
    assert mark.exists()
    cluster._wait_for("Removing worker")
    assert sum(process.poll() is None for process in cluster.processes) == 2
    found, expected = files(out), files(local.features)
    assert list(found) == list(expected)
    assert [path for path in found if found[path] != expected[path]] == []


def test_what_is_wrong_on_a_worker_is_told_by_the_driver(tmp_path: Path) -> None:
    from pyspark.sql import SparkSession

    from dealtriage.engines.spark import run
    from dealtriage.tables import read_parquet

    def work(number: int) -> None:
        read_parquet(tmp_path / f"{number}.parquet")

    with pytest.raises(BadInput, match=r"There is no .*0\.parquet"):
        run(Engine(kind="spark", spark_master="local[1]", spark_conf=SMALL), [0, 1], work, "nothing")
    session = SparkSession.getActiveSession()
    assert session is not None
    session.stop()
