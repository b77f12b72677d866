"""Send what was published into the CRM, by explicit command: a dry run unless told otherwise, and never the same row twice."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

from dealtriage.crm import hubspot, salesforce
from dealtriage.crm.answers import answer_to, code_of
from dealtriage.crm.fields import CRMS, Field, names_of
from dealtriage.crm.files import bodies
from dealtriage.crm.journal import Journal
from dealtriage.crm.web import Refused, Sleep, new_session
from dealtriage.errors import BadInput
from dealtriage.params import Params
from dealtriage.publish.cells import safe_line
from dealtriage.workspace import Workspace

Row = dict[str, Any]


class Target(Protocol):
    """An open session with a CRM."""

    at_once: int

    def check(self, fields: Mapping[str, Field]) -> None: ...
    def send(self, rows: list[Row]) -> list[str]: ...


@dataclass(frozen=True)
class Pushed:
    """What there is to say, and how many rows the CRM refused."""

    text: str
    failed: int


MODULES: dict[str, tuple[ModuleType, type[Any]]] = {"salesforce": (salesforce, salesforce.Salesforce), "hubspot": (hubspot, hubspot.HubSpot)}


def push(params: Params, workspace: Workspace, environment: dict[str, str], sleep: Sleep, *, really: bool = False, again: bool = False) -> Pushed:
    """Send the published rows that have not gone in as they are now; without `really`, only say what would be sent.

    environment: where credentials are read; again: send all rows, whatever the journal says. Raises BadInput where nothing is published, a credential
    or package is missing, a field is not there, or the CRM takes no more; what went in until then is in the journal.
    """
    crm = params.source.crm
    if crm not in MODULES:
        raise BadInput(f"There is no push into {CRMS[crm].title if crm in CRMS else 'an event log'}.", "Load the files of data/lists/crm: docs/into-the-crm.md.")
    module, opened = MODULES[crm]
    rows = _published(params, workspace)
    journal = Journal(workspace.pushed / f"{crm}.jsonl", module.where(environment))
    due = [row for row in rows if again or not journal.has(row)]
    head = f"{len(rows):,} rows are published, {len(rows) - len(due):,} have gone into {module.where(environment)} as they are"
    if not really:
        return Pushed(_dry(head, crm, due), 0)
    with new_session() as session:
        errors = _send_all(opened(environment, session, sleep), {name: one for one, name in names_of(crm, params.publish.crm_fields).items()}, due, journal)
    return Pushed(_told(head, due, errors), sum(map(bool, errors)))


def _published(params: Params, workspace: Workspace) -> list[Row]:
    crm = params.source.crm
    rows = [row for body in bodies(workspace.lists / "crm", crm) for row in body.get("records", body.get("inputs", []))]
    if not rows:
        raise BadInput(f"Nothing is published for {CRMS[crm].title} in {workspace.lists / 'crm'}.", "Run dealtriage publish first.")
    if set(_values(rows[0])) != set(names_of(crm, params.publish.crm_fields).values()):
        raise BadInput("What is published has other fields than publish.crm_fields names.", "Run dealtriage publish again.")
    return rows


def _send_all(target: Target, fields: Mapping[str, Field], due: list[Row], journal: Journal) -> list[str]:
    errors: list[str] = []
    try:
        if due:
            target.check(fields)
        for rows in _batches(due, target.at_once):
            answers = _sent(target, rows)
            journal.note(rows, answers)
            errors += answers
    except BadInput as error:
        raise BadInput(f"{error.message}\n  {len(errors) - sum(map(bool, errors)):,} of {len(due):,} rows had gone in by then.", error.next_step) from error
    return errors


def _sent(target: Target, rows: list[Row]) -> list[str]:
    """For each row "" or its error. Where one row makes the CRM refuse all, halves are sent until it is found."""
    try:
        return target.send(rows)
    except Refused as error:
        refused = str(error)
    if len(rows) == 1:
        return [refused]
    half = len(rows) // 2
    return _sent(target, rows[:half]) + _sent(target, rows[half:])


def _batches(rows: list[Row], size: int) -> Iterator[list[Row]]:
    return (rows[start:start + size] for start in range(0, len(rows), size))


def _values(row: Row) -> Row:
    return row.get("properties") or {name: value for name, value in row.items() if name not in ("attributes", "id")}


def _dry(head: str, crm: str, due: list[Row]) -> str:
    lines = [f"{head}; {len(due):,} would be sent, in {-(-len(due) // CRMS[crm].at_once):,} requests."]
    if due:
        lines += [f"fields: {', '.join(_values(due[0]))}", f"first row: {json.dumps(due[0], ensure_ascii=False)}"]
    return "\n".join([*lines, "Nothing was sent: this was a dry run. To send: dealtriage push --really"]) + "\n"


def _told(head: str, due: list[Row], errors: list[str]) -> str:
    failed = [(row["id"], error) for row, error in zip(due, errors, strict=True) if error]
    lines = [f"{head}; {len(due) - len(failed):,} went in now, {len(failed):,} were refused."]
    lines += [f"{deal}: {safe_line(error, 300)}\n  What to do: {answer_to(code_of(error)).step}" for deal, error in failed]
    return "\n".join(lines) + "\n"
