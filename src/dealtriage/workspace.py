"""Where everything of one run lies. A folder of data is named by what a row of it is."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dealtriage.tables import read_json


@dataclass(frozen=True)
class Workspace:
    """The folders of one run below `root`: the project itself, or the folder given to `dealtriage run --out`."""

    root: Path

    @property
    def core(self) -> Path:
        return self.root / "data" / "core"

    @property
    def timeline(self) -> Path:
        return self.root / "data" / "timeline"

    @property
    def cohort(self) -> Path:
        return self.root / "data" / "cohort"

    @property
    def weeks(self) -> Path:
        return self.root / "data" / "weeks"

    @property
    def features(self) -> Path:
        return self.root / "data" / "features"

    @property
    def predictions(self) -> Path:
        return self.root / "data" / "predictions"

    @property
    def sensitivity(self) -> Path:
        return self.root / "data" / "sensitivity"

    @property
    def scores(self) -> Path:
        return self.root / "data" / "scores"

    @property
    def winloss(self) -> Path:
        return self.root / "data" / "winloss"

    @property
    def advice(self) -> Path:
        return self.root / "data" / "advice"

    @property
    def recommended(self) -> Path:
        return self.root / "data" / "recommended"

    @property
    def evidence(self) -> Path:
        return self.root / "data" / "evidence"

    @property
    def lists(self) -> Path:
        return self.root / "data" / "lists"

    @property
    def pushed(self) -> Path:
        return self.root / "data" / "pushed"

    @property
    def model(self) -> Path:
        return self.root / "models"

    @property
    def reports(self) -> Path:
        return self.root / "reports"


def read_cutoff(workspace: Workspace) -> datetime:
    """The instant the export was made (UTC): nothing is known at or after it."""
    return datetime.fromisoformat(read_json(workspace.core / "export.json")["cutoff"])
