"""Salesforce by simple-salesforce: the fields are checked first, then records go in by sObject Collections, up to 200 at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from dealtriage.crm.fields import CRMS, Field
from dealtriage.crm.web import TIMEOUT, Busy, Refused, Sleep, needed, package, patiently, seconds_of
from dealtriage.errors import BadInput
from dealtriage.publish.cells import safe_line

if TYPE_CHECKING:
    import requests

LOG_IN = ("SF_USERNAME", "SF_PASSWORD", "SF_SECURITY_TOKEN")
SESSION = ("SF_INSTANCE_URL", "SF_SESSION_ID")
TYPES = {"text": {"string", "textarea"}, "chance": {"double"}, "whole": {"double", "int"}, "time": {"datetime"}}
BUSY = ("REQUEST_LIMIT_EXCEEDED", "SERVER_UNAVAILABLE", "UNABLE_TO_LOCK_ROW")
FIELDS_WRONG = "INVALID_FIELD"


def where(environment: Mapping[str, str]) -> str:
    """The org that the environment leads to, as the journal names it: a host, or the domain to log in at."""
    return urlsplit(environment.get("SF_INSTANCE_URL", "")).hostname or environment.get("SF_DOMAIN") or "login"


class Salesforce:
    """An open session with an org."""

    at_once = CRMS["salesforce"].at_once

    def __init__(self, environment: dict[str, str], session: requests.Session, sleep: Sleep) -> None:
        """Log in, or take over a session where SF_SESSION_ID is set. Raises BadInput where a variable is missing or the log-in is refused."""
        self._sleep = sleep
        self._asked_to_wait: float | None = None
        session.hooks["response"].append(self._remember)
        chosen = SESSION if environment.get("SF_SESSION_ID") or environment.get("SF_INSTANCE_URL") else LOG_IN
        values = needed(environment, chosen)
        self._package = package("simple_salesforce")
        if chosen is SESSION and not urlsplit(environment["SF_INSTANCE_URL"]).hostname:
            raise BadInput("SF_INSTANCE_URL is no address.", "Write it like https://acme.my.salesforce.com.")
        keys = ("instance_url", "session_id") if chosen is SESSION else ("username", "password", "security_token")
        credentials = dict(zip(keys, values, strict=True))
        try:
            self._org = patiently(lambda: self._package.Salesforce(**credentials, domain=environment.get("SF_DOMAIN") or None, session=session), sleep)
        except self._package.SalesforceAuthenticationFailed as error:
            raise BadInput(f"Salesforce refused the log-in ({error.code}).", "Check SF_USERNAME, SF_PASSWORD, SF_SECURITY_TOKEN and SF_DOMAIN (test for a sandbox).") from None

    def check(self, fields: Mapping[str, Field]) -> None:
        """Raises BadInput that names every field which is missing, read-only, too short or of another type."""
        there = {one["name"]: one for one in self._call("sobjects/Opportunity/describe")["fields"]}
        wrong = [f"{name}: {why}" for name, one in fields.items() if (why := _why_not(there.get(name), one))]
        if wrong:
            raise BadInput("These fields of Opportunity cannot be written:\n    " + "\n    ".join(wrong), "Create or correct them as docs/into-the-crm.md says, or set publish.crm_fields.")

    def send(self, rows: list[dict[str, Any]]) -> list[str]:
        """Update the records; for each "" or its error. Raises Refused where none was looked at."""
        answers = self._call("composite/sobjects", method="PATCH", json={"allOrNone": False, "records": rows})
        return ["" if one["success"] else _told(one["errors"]) for one in answers]

    def _call(self, path: str, **what: Any) -> Any:
        return patiently(lambda: self._once(path, **what), self._sleep)

    def _once(self, path: str, **what: Any) -> Any:
        self._asked_to_wait = None
        try:
            return self._org.restful(path, timeout=TIMEOUT, **what)
        except self._package.SalesforceError as error:
            self._explain(error)

    def _explain(self, error: Any) -> NoReturn:
        code, message = _said(error)
        text = safe_line(f"{code}: {message}", 300)
        if code in BUSY or error.status == 429 or error.status >= 500:
            raise Busy(text, self._asked_to_wait) from None
        if error.status == 401:
            raise BadInput(f"The session has ended ({code}).", "Log in again and set SF_SESSION_ID anew; what has gone in is not sent twice.") from None
        if code == FIELDS_WRONG or error.status != 400:
            raise BadInput(f"Salesforce refused: {text}", "Mostly it is a field that is not there, a right that your user lacks, or SF_INSTANCE_URL: docs/into-the-crm.md.") from None
        raise Refused(text) from None

    def _remember(self, response: requests.Response, *_: Any, **__: Any) -> None:
        self._asked_to_wait = seconds_of(response.headers.get("Retry-After"))


def _said(error: Any) -> tuple[str, str]:
    """Code and message of a request that was refused: Salesforce answers with a list of them, a proxy before it with anything."""
    first = error.content[0] if isinstance(error.content, list) and error.content else {}
    if isinstance(first, Mapping) and "errorCode" in first:
        return str(first["errorCode"]), str(first.get("message", ""))
    return f"HTTP_{error.status}", str(error.content)


def _why_not(there: Mapping[str, Any] | None, one: Field) -> str:
    if there is None:
        return "is not there, or your user may not see it"
    if not there["updateable"]:
        return "may not be edited by your user"
    if there["type"] not in TYPES[one.kind]:
        return f"is of type {there['type']}; needed is {CRMS['salesforce'].types[one.kind].format(length=one.length)}"
    return f"is {there['length']} long; needed are {one.length}" if one.kind == "text" and there["length"] < one.length else ""


def _told(errors: list[Mapping[str, Any]]) -> str:
    return "; ".join(f"{one['statusCode']}: {one['message']}" for one in errors) or "NOT_CONFIRMED: no reason given"
