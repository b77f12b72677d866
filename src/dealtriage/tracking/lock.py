"""What DVC wrote down of the data: the hash of each path, from dvc.lock."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML


def dvc_hashes(lock: Path) -> dict[str, str]:
    """Path -> hash (MD5; of a folder with .dir behind it). Empty where there is no lock, as after `dealtriage run`."""
    if not lock.is_file():
        return {}
    stages: dict[str, Any] = YAML(typ="safe", pure=True).load(lock.read_text("utf-8"))["stages"]
    return {one["path"]: one["md5"] for stage in stages.values() for kind in ("deps", "outs") for one in stage.get(kind, ()) if "md5" in one}
