"""Which CRM and which form of export lies at a path, and the parameters that read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dealtriage.params import Source
from dealtriage.sources.catalogue import Found, assign
from dealtriage.sources.crm import Crm
from dealtriage.sources.declared import folded
from dealtriage.sources.reading import CRMS, crm_of
from dealtriage.sources.rows import Rows
from dealtriage.sources.shelf import Item

LOG_COLUMNS = {
    "case_column": ("caseconceptname", "caseid", "case", "dealid", "deal", "opportunityid", "traceid", "applicationid"),
    "activity_column": ("activity", "conceptname", "event", "eventname", "action", "task", "status", "step"),
    "time_column": ("timestamp", "timetimestamp", "time", "completetimestamp", "starttimestamp", "datetime", "date", "eventtime"),
    "resource_column": ("resource", "orgresource", "user", "agent"),
    "lifecycle_column": ("lifecycletransition", "lifecycle"),
    "amount_column": ("amount", "amountreq", "caseamountreq", "value"),
}


@dataclass(frozen=True)
class Identified:
    """What an export was taken for: its tables, and the `source` section that reads it."""

    crm: Crm
    found: Sequence[Found]
    source: Mapping[str, Any]


def identify(location: Path, opened: Mapping[Item, Rows]) -> Identified | None:
    """The CRM whose tables fit best, if its deals are there; else an event log, if the columns of one are; else None."""
    headers = {item: list(rows.cells) for item, rows in opened.items()}
    guesses = [(crm, assign(headers, crm.tables, {})) for crm in map(crm_of, CRMS) if crm.deals]
    fitting = [(crm, found) for crm, found in guesses if any(one.table.name == crm.deals and not one.missing for one in found)]
    if fitting:
        crm, found = max(fitting, key=lambda guess: _fit(guess[1]))
        return Identified(crm, found, _source(crm, location, found))
    return _event_log(location, headers)


def _fit(found: Sequence[Found]) -> int:
    """Columns that are there in tables that can be used, those by their own name counting twice."""
    whole = [one for one in found if not one.missing]
    exact = sum(folded(column) == folded(header) for one in whole for column, header in one.columns.items())
    return exact + sum(len(one.columns) for one in whole)


def _source(crm: Crm, location: Path, found: Sequence[Found]) -> dict[str, Any]:
    there = {one.table.name for one in found}
    absent = [table.name for table in crm.tables if table.is_needed and table.name not in there]
    columns = {f"{one.table.name}.{name}": header for one in found for name, header in _custom(one).items()}
    return {"crm": crm.name, "path": str(location), "timezone": "UTC", **({"absent": absent} if absent else {}), "columns": columns}


def _custom(found: Found) -> dict[str, str]:
    """Columns that are missing under their own name, with a header that seems to be theirs: Loss_Reason__c of LossReason."""
    free = [header for header in found.headers if header not in found.columns.values()]
    missing = [c.name for c in found.table.columns if c.name not in found.columns and c.is_missed]
    guessed = {name: [h for h in free if folded(h).startswith(folded(name)) and len(folded(h)) <= len(folded(name)) + 2] for name in missing}
    return {name: headers[0] for name, headers in guessed.items() if headers}


def _event_log(location: Path, headers: Mapping[Item, Sequence[str]]) -> Identified | None:
    for item, names in headers.items():
        by_fold = {folded(name): name for name in reversed(names)}
        guess = {key: next((by_fold[n] for n in known if n in by_fold), None) for key, known in LOG_COLUMNS.items()}
        guess = {key: header for key, header in guess.items() if header}
        if item.kind == "xes" or {"case_column", "activity_column", "time_column"} <= set(guess):
            crm = crm_of("event_log")
            path = location if location.is_file() else item.path
            mapping = {} if item.kind == "xes" else guess
            source = {"crm": "event_log", "path": str(path), "timezone": "UTC", "columns": {}, "event_log": mapping}
            told = {} if item.kind == "xes" else crm.headers(Source.model_validate(source))
            return Identified(crm, assign({item: names}, crm.tables, told), source)
    return None
