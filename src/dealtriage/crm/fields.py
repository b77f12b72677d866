"""The fields written into a CRM: what each holds, of which type and length, and what it is called in which CRM."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from dealtriage.errors import BadInput
from dealtriage.params import CrmField

Kind = Literal["text", "chance", "whole", "time"]


@dataclass(frozen=True)
class Field:
    """One of our results. listed: its column in a list; length: of a text, in UTF-16 units, the way the CRMs count."""

    name: CrmField
    kind: Kind
    listed: str
    meaning: str
    length: int = 0


FIELDS = (
    Field("state", "text", "state", "stalled, dead, active or not enough evidence", 40),
    Field("p_revive", "chance", "p_revive", "the chance to come back within `label.horizon_days`, 0 to 1; told of stalled and dead deals"),
    Field("how_often_true", "text", "how_often_true", "how often chances like it came true", 255),
    Field("phase", "text", "phase", "what the deal is in", 40),
    Field("do_next", "text", "do_next", "what to do next", 255),
    Field("role", "text", "third_party", "which third party to bring in, if one", 80),
    Field("reason_1", "text", "reason_1", "the strongest reason for the chance", 255),
    Field("reason_2", "text", "reason_2", "the second", 255),
    Field("reason_3", "text", "reason_3", "the third", 255),
    Field("why_this_phase", "text", "why_this_phase", "why this phase and not another", 255),
    Field("value_at_stake", "whole", "value_at_stake", "the chance to come back, times the chance to win then, times the amount; corporate currency"),
    Field("rank", "whole", "rank", "the place on the owner's list"),
    Field("computed_from_export_of", "time", "computed_from_export_of", "when the export was made that all this comes from"),
    Field("model_version", "text", "model_version", "by which model", 40),
)


@dataclass(frozen=True)
class Crm:
    """How a CRM calls fields and ids, and how it wants values written.

    pattern: what a custom field's name looks like there, explained by `rule`; types: the type of field to create for each kind; at_once: most
    rows of one request; time: the form of a point in time; empty: the cell that says that there is no value.
    """

    title: str
    id_column: str
    default: str
    pattern: str
    rule: str
    types: Mapping[Kind, str] = field(hash=False)
    at_once: int
    time: str = "%Y-%m-%d"
    empty: str = ""


CRMS = {
    "salesforce": Crm(
        "Salesforce", "Id", "Dealtriage_{Name}__c", r"[A-Za-z]\w*__c", "the API name of a custom field, which ends with __c",
        {"text": "Text({length})", "chance": "Number(1, 4)", "whole": "Number(18, 0)", "time": "Date/Time"}, 200, "%Y-%m-%dT%H:%M:00.000Z", "#N/A"),
    "hubspot": Crm(
        "HubSpot", "Record ID", "dealtriage_{name}", r"[a-z][a-z0-9_]*", "the internal name of a property: lower case, digits and underscores",
        {"text": "Single-line text", "chance": "Number", "whole": "Number", "time": "Date picker"}, 100),
    "pipedrive": Crm(
        "Pipedrive", "Deal - ID", "Dealtriage {words}", r"\w[\w .()-]*", "the name of a deal field: letters, digits, blanks and .()-",
        {"text": "Text", "chance": "Numerical", "whole": "Numerical", "time": "Date"}, 50_000),
    "dynamics": Crm(
        "Dynamics 365", "opportunityid", "new_dealtriage_{name}", r"[a-z][a-z0-9]*_[a-z0-9_]+", "the logical name of a custom column, which begins with a publisher's prefix: new_...",
        {"text": "Single line of text, {length}", "chance": "Decimal number, 4 places", "whole": "Decimal number, 0 places", "time": "Date and time"},
        100, "%Y-%m-%dT%H:%M:00Z"),
}


def names_of(crm: str, chosen: Mapping[CrmField, str | None]) -> dict[Field, str]:
    """Our fields in their order, each with its name in the CRM.

    chosen: `publish.crm_fields`, our name -> the CRM's; None leaves a field out. Raises BadInput for a name that cannot be one of a custom
    field there (a standard field would be overwritten), for a name given twice, and where nothing is left.
    """
    target = CRMS[crm]
    names = {one: chosen.get(one.name, _default(target, one)) for one in FIELDS}
    kept = {one: name for one, name in names.items() if name is not None}
    where, step = f"publish.crm_fields for {target.title}", f"Correct publish.crm_fields in the parameter file: {target.rule}."
    if wrong := [name for name in kept.values() if not re.fullmatch(target.pattern, name, re.ASCII if crm != "pipedrive" else 0)]:
        raise BadInput(f"{where}: {', '.join(map(repr, wrong))} cannot be written to.", step)
    if len({name.casefold() for name in kept.values()} | {target.id_column.casefold()}) <= len(kept):
        raise BadInput(f"{where}: two of ours go to the same field.", step)
    if not kept:
        raise BadInput(f"{where} leaves every field out.", step)
    return kept


def field_table(crm: str) -> str:
    """The fields to create in a CRM, as a Markdown table of docs/into-the-crm.md."""
    target = CRMS[crm]
    rows = [f"| {one.name} | `{_default(target, one)}` | {target.types[one.kind].format(length=one.length)} |" for one in FIELDS]
    return "\n".join(["| ours | field | type |", "| --- | --- | --- |", *rows]) + "\n"


def meaning_table() -> str:
    """What each field holds, as a Markdown table of the same page."""
    rows = [f"| {one.name} | {one.meaning} | {f'text of at most {one.length}' if one.length else SHORT[one.kind]} |" for one in FIELDS]
    return "\n".join(["| field | holds | as |", "| --- | --- | --- |", *rows]) + "\n"


SHORT = {"chance": "number, 4 decimals", "whole": "whole number", "time": "date and time, UTC; in HubSpot and Pipedrive the date"}


def _default(target: Crm, one: Field) -> str:
    return target.default.format(Name=one.name.title(), name=one.name, words=one.name.replace("_", " "))
