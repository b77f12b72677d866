"""What a CRM says when a row is refused, what to do about it, and whether the row is worth another try."""

import re
from dataclasses import dataclass
from typing import Literal

Again = Literal["now", "then", "never"]


@dataclass(frozen=True)
class Answer:
    """step: what to do next; again: worth another try now, once the step is done (then), or never."""

    step: str
    again: Again


TWICE = Answer("someone else was writing the deal or its account: load it again, in smaller batches or in serial mode", "now")
CREATE = Answer("create the field, or let your user see and edit it (field-level security); docs/into-the-crm.md lists them", "then")
GONE = Answer("the deal was deleted or merged since the export: nothing to do; a newer export will not have it", "never")
STRANGE = Answer("the id is none of this CRM or of another org: check that export and import are of the same org", "never")
TYPE = Answer("the field has another type or is too short: create it as docs/into-the-crm.md says", "then")
RIGHTS = Answer("your user may not edit this deal or field: load as a user who may", "then")
LIMIT = Answer("the CRM's limit for today or this minute is used up: load again later", "now")
ANSWERS = {
    "INVALID_FIELD": CREATE, "INVALID_FIELD_FOR_INSERT_UPDATE": CREATE, "PROPERTY_DOESNT_EXIST": CREATE,
    "UNABLE_TO_LOCK_ROW": TWICE,
    "ENTITY_IS_LOCKED": Answer("the deal is locked, mostly by an approval: load it again when that has ended", "then"),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": Answer("a trigger or flow on Opportunity failed: have an administrator read its text and mend it", "then"),
    "CANNOT_EXECUTE_FLOW_TRIGGER": Answer("a flow on Opportunity failed: have an administrator read its text and mend it", "then"),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": Answer("a validation rule refuses the deal as it stands: correct the deal, or let the rule pass our user", "then"),
    "REQUIRED_FIELD_MISSING": Answer("the deal lacks a field that is required by now: fill it in", "then"),
    "FIELD_FILTER_VALIDATION_EXCEPTION": Answer("a lookup of the deal no longer fits its filter: correct the deal", "then"),
    "DUPLICATES_DETECTED": Answer("a duplicate rule refuses the deal: let it only warn, or merge the two", "then"),
    "INSUFFICIENT_ACCESS_OR_READONLY": RIGHTS, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": RIGHTS, "INSUFFICIENT_ACCESS": RIGHTS,
    "STRING_TOO_LONG": TYPE, "INVALID_TYPE_ON_FIELD_IN_RECORD": TYPE, "NUMBER_OUTSIDE_VALID_RANGE": TYPE, "JSON_PARSER_ERROR": TYPE,
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": TYPE, "VALIDATION_ERROR": TYPE,
    "ENTITY_IS_DELETED": GONE, "OBJECT_NOT_FOUND": GONE, "NOT_FOUND": GONE,
    "INVALID_CROSS_REFERENCE_KEY": STRANGE, "MALFORMED_ID": STRANGE, "INVALID_ID_FIELD": STRANGE, "MISSING_ARGUMENT": STRANGE,
    "REQUEST_LIMIT_EXCEEDED": LIMIT, "TXN_SECURITY_METERING_ERROR": LIMIT, "RATE_LIMIT": LIMIT,
    "QUERY_TIMEOUT": TWICE, "SERVER_UNAVAILABLE": LIMIT, "UNKNOWN_EXCEPTION": Answer("an error inside the CRM: load it again; if it stays, its text goes to the CRM's support", "now"),
    "NOT_CONFIRMED": Answer("the CRM did not say that the row went in: send it again", "now"),
    "UNPROCESSED": Answer("the job ended before this row: load it again", "now"),
}
UNKNOWN = Answer("not known here: read its text", "never")
PHRASES = {  # Data Loader without Bulk API writes the text alone
    "unable to obtain exclusive access": "UNABLE_TO_LOCK_ROW", "no such column": "INVALID_FIELD", "entity is deleted": "ENTITY_IS_DELETED",
    "entity is locked": "ENTITY_IS_LOCKED", "locked for editing": "ENTITY_IS_LOCKED", "invalid cross reference id": "INVALID_CROSS_REFERENCE_KEY",
    "malformed id": "MALFORMED_ID", "insufficient access": "INSUFFICIENT_ACCESS_OR_READONLY", "data value too large": "STRING_TOO_LONG",
    "required fields are missing": "REQUIRED_FIELD_MISSING", "request limit": "REQUEST_LIMIT_EXCEEDED", "limit exceeded": "REQUEST_LIMIT_EXCEEDED",
    "execution of beforeupdate": "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "execution of afterupdate": "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
    "failed to deserialize": "INVALID_TYPE_ON_FIELD_IN_RECORD",
}
CODE = re.compile(r"\s*([A-Z][A-Z0-9_]{4,}):")


def code_of(text: str) -> str:
    """The code of an error, from its beginning or from its words; "" where neither tells."""
    found = CODE.match(text)
    if found:
        return found.group(1)
    return next((code for words, code in PHRASES.items() if words in text.casefold()), "")


def answer_to(code: str) -> Answer:
    """What to do about an error."""
    return ANSWERS.get(code, UNKNOWN)
