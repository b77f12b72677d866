"""params.yaml as frozen, typed objects. The only reader of that file; unknown keys are refused."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from dealtriage.errors import BadInput

Share = Annotated[float, Field(ge=0, le=1)]


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("is no time zone; write it like Europe/Amsterdam")
    return name


def _known_pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from error
    return text


Pattern = Annotated[str, AfterValidator(_known_pattern)]
REACHED = "connect|answer|spoke|spoken|reached|interested|call ?back|completed|conversation"
NOT_REACHED = (r"\b(no|not|did ?n.t|never) (answer|reach|connect|contact|available|respon|pick)|unanswered|unreach|disconnect|left|voice ?mail|busy"
               "|wrong|attempt")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ActivityRule(_Section):
    """What one activity of an event log means: the kind of fact it becomes, and its stage if it is one."""

    kind: str
    stage: str | None = None


class EventLogMapping(_Section):
    """How an event log (XES or CSV) says deal, activity, time, person and amount."""

    case_column: str = "case"
    activity_column: str = "activity"
    time_column: str = "time"
    resource_column: str | None = None
    lifecycle_column: str | None = None
    lifecycle_values: tuple[str, ...] = ("COMPLETE", "complete")
    amount_column: str | None = None
    name_column: str | None = None
    stages: tuple[str, ...] = ()
    activities: dict[str, tuple[ActivityRule, ...]] = {}
    ignored: tuple[str, ...] = ()

    @field_validator("activities", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {str(k): v if isinstance(v, list | tuple) else [v] for k, v in value.items()}


class Source(_Section):
    """Where the export lies and how to read it."""

    crm: Literal["salesforce", "hubspot", "dynamics", "pipedrive", "event_log"]
    path: Path
    exported_at: datetime | None = None
    timezone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    day_first: bool | None = None
    columns: dict[str, str] = {}
    currency_rates: dict[str, Annotated[float, Field(gt=0)]] = {}
    absent: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    system_users: tuple[str, ...] = ()
    test_deals: Pattern = r"^test\b"
    answered_calls: Pattern = REACHED
    unanswered_calls: Pattern = NOT_REACHED
    event_log: EventLogMapping = EventLogMapping()

    @field_validator("exported_at")
    @classmethod
    def _zoned(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError('needs a zone, for example "2026-06-29T06:00:00Z"')
        return None if value is None else value.astimezone(UTC)


class Clean(_Section):
    max_bad_share: Share


class Timeline(_Section):
    bucket_deals: Annotated[int, Field(ge=1)]
    discovery_subjects: Pattern
    third_party_subjects: Pattern


class Cohort(_Section):
    quiet_days: Annotated[int, Field(ge=1)]
    after: str | None = None


class Label(_Section):
    horizon_days: Annotated[int, Field(ge=1)]
    revival: Literal["any_signal", "signal_and_progress", "won"]
    seller_refusal: Literal["dead", "exclude"] = "dead"
    when_days: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] = (30, 60, 90, 180)


class Features(_Section):
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    fiscal_year_start: Annotated[int, Field(ge=1, le=12)] = 1


class Engine(_Section):
    kind: Literal["local", "spark"] = "local"
    workers: Annotated[int, Field(ge=1)] | None = None
    spark_master: str = "local[*]"
    spark_conf: dict[str, str] = {}


class Backtest(_Section):
    folds: Annotated[int, Field(ge=1)]
    test_weeks: Annotated[int, Field(ge=1)]
    calibration_weeks: Annotated[int, Field(ge=1)]
    deal_groups: Annotated[int, Field(ge=3)]
    most_deals: Annotated[int, Field(ge=1000)] = 20_000
    bootstrap: Annotated[int, Field(ge=50)]


class Model(_Section):
    seed: int
    candidates: Annotated[tuple[Literal["additive_boosting", "pairwise_boosting", "logistic_splines"], ...], Field(min_length=1)]
    search_seconds: Annotated[float, Field(ge=0)] = 0.0
    leak_auc: Share
    trusted: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _searchable(self) -> Self:
        if self.search_seconds > 0 and self.candidates[0] == "logistic_splines":
            raise ValueError("search_seconds searches the settings of boosted trees: name pairwise_boosting or additive_boosting first")
        return self


CrmField = Literal["state", "p_revive", "how_often_true", "phase", "do_next", "role", "reason_1", "reason_2", "reason_3", "why_this_phase",
                   "value_at_stake", "rank", "computed_from_export_of", "model_version"]


class Publish(_Section):
    capacity: Annotated[int, Field(ge=1)]
    dead_below: Share
    margin: Share
    history_weeks: Annotated[int, Field(ge=0)]
    bands: tuple[Share, ...]
    min_band_deals: Annotated[int, Field(ge=1)]
    max_band_width: Share
    min_logged_share: Share
    crm_fields: dict[CrmField, str | None] = {}
    deal_url: str | None = None
    redact: bool = False

    @field_validator("deal_url")
    @classmethod
    def _links_to_a_deal(cls, value: str | None) -> str | None:
        if value is not None and (not re.match(r"https?://[^\s\"'<>]+$", value) or "{deal_id}" not in value):
            raise ValueError("must be an address that begins with http:// or https:// and holds {deal_id}")
        return value

    @field_validator("bands")
    @classmethod
    def _ascending(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if list(value) != sorted(set(value)) or value[:1] == (0.0,) or value[-1:] == (1.0,):
            raise ValueError("must ascend strictly between 0 and 1")
        return value


Said = dict[Literal["lost_to_competitor", "status_quo", "timing", "budget_frozen", "champion_left", "reorganised"], Pattern]
SAID: Said = {
    "lost_to_competitor": r"compet|other (supplier|vendor|offer)|another (supplier|vendor|offer)|alternative offer|tender",
    "status_quo": r"stay with|keep (the|our) current|no need (any ?more|for)",
    "timing": r"\bwait(ing|s)?\b|postpon|\bdelay|not (before|until)|next (quarter|year)|on hold",
    "budget_frozen": r"budget|funding|freeze|frozen",
    "champion_left": r"left the company|no longer (with|works?)|successor|new contact",
    "reorganised": r"reorg|restructur|merger|acqui(red|sition)",
}


class WinLoss(_Section):
    stated: dict[str, str] = {}
    said: Said = Field(default=SAID)

    @field_validator("stated")
    @classmethod
    def _known_meanings(cls, value: dict[str, str]) -> dict[str, str]:
        known = ("lost_to_competitor", "disqualified", "no_decision", "status_quo", "indecision", "budget_frozen", "timing", "champion_left", "reorganised", "unknown")
        if wrong := sorted(set(value.values()) - set(known)):
            raise ValueError(f"names {', '.join(wrong)}; use {', '.join(known)}")
        return value

    @field_validator("said")
    @classmethod
    def _completed(cls, value: Said) -> Said:
        return {**SAID, **value}


class Experiment(_Section):
    share: Share = 0.0
    salt: str = "1"


class Phases(_Section):
    actions: Path | None
    answers: Path | None = None
    large_deal: Annotated[float, Field(ge=0)]
    withdrawal_subjects: Pattern = r"withdraw"
    rest_days: Annotated[int, Field(ge=0)] = 14
    give_up_days: Annotated[int, Field(ge=1)] = 60
    talk_works: Share = 0.5
    restall_high: Share = 0.85
    many_stalls: Annotated[int, Field(ge=1)] = 2
    language: str = "en"
    playbooks: Path = Path("playbooks")
    experiment: Experiment = Experiment()


class Track(_Section):
    experiment: str
    model_name: str


class Sample(_Section):
    deals: Annotated[int, Field(ge=20, le=1_000_000)]
    months: Annotated[int, Field(ge=6, le=120)]
    seed: int
    exported_at: datetime


class Params(_Section):
    """All parameters of a run. See the comments in params.yaml for the meaning and unit of each."""

    source: Source
    clean: Clean
    timeline: Timeline
    cohort: Cohort
    label: Label
    features: Features
    engine: Engine = Engine()
    backtest: Backtest
    model: Model
    winloss: WinLoss = WinLoss()
    phases: Phases
    publish: Publish
    track: Track
    sample: Sample | None = None


def load_params(path: Path) -> Params:
    """Read and check a parameter file (YAML 1.2).

    Raises BadInput when the file is absent, is no YAML, or holds unknown, missing or impossible values.
    """
    if not path.is_file():
        raise BadInput(f"There is no parameter file {path}.", "Run from the project's folder or give --params FILE.")
    try:
        raw = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
        return Params.model_validate(raw)
    except (YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is not readable YAML: {error}", "Correct the line named above.") from error
    except ValidationError as error:
        raise BadInput(f"{path} holds {error.error_count()} wrong value(s):\n{_complaints(error)}",
                       "Correct the keys above; params.yaml in the project's root explains each.") from error


def source_block(section: Mapping[str, object]) -> str:
    """A `source` section as YAML, to be pasted into params.yaml."""
    out = StringIO()
    YAML().dump({"source": dict(section)}, out)
    return out.getvalue()


def _complaints(error: ValidationError) -> str:
    lines = []
    for item in error.errors():
        where = ".".join(str(part) for part in item["loc"]) or "the whole file"
        what = "unknown key" if item["type"] == "extra_forbidden" else item["msg"]
        lines.append(f"    {where}: {what}")
    return "\n".join(lines)
