"""HubSpot by its REST interface: the properties are checked first, then deals go in by batch update, up to 100 at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from dealtriage.crm.fields import CRMS, Field
from dealtriage.crm.web import TIMEOUT, Busy, Refused, Sleep, needed, patiently, seconds_of
from dealtriage.errors import BadInput
from dealtriage.publish.cells import safe_line

if TYPE_CHECKING:
    import requests

BASE = "https://api.hubapi.com"
TYPES = {"text": "string", "chance": "number", "whole": "number", "time": "date"}
FIELDS_WRONG = "PROPERTY_DOESNT_EXIST"
NOT_CONFIRMED = "NOT_CONFIRMED: HubSpot did not say what became of it"


def where(environment: Mapping[str, str]) -> str:
    """The journal's name for HubSpot: all portals answer at one host."""
    return "api.hubapi.com"


class HubSpot:
    """An open session with a portal."""

    at_once = CRMS["hubspot"].at_once

    def __init__(self, environment: dict[str, str], session: requests.Session, sleep: Sleep) -> None:
        """Raises BadInput where HUBSPOT_TOKEN is not set."""
        [token] = needed(environment, ["HUBSPOT_TOKEN"])
        session.headers["Authorization"] = f"Bearer {token}"
        self._session, self._sleep = session, sleep

    def check(self, fields: Mapping[str, Field]) -> None:
        """Raises BadInput that names every property which is missing, HubSpot's own or of another type."""
        there = {one["name"]: one for one in self._call("GET", "/crm/v3/properties/deals").get("results", [])}
        wrong = [f"{name}: {why}" for name, one in fields.items() if (why := _why_not(there.get(name), one))]
        if wrong:
            raise BadInput("These properties of deals cannot be written:\n    " + "\n    ".join(wrong), "Create or correct them as docs/into-the-crm.md says, or set publish.crm_fields.")

    def send(self, rows: list[dict[str, Any]]) -> list[str]:
        """Update the deals; for each "" or its error. Raises Refused where none was looked at.

        HubSpot names the deals that went in; one that it names nowhere is told as not confirmed.
        """
        answer = self._call("POST", "/crm/v3/objects/deals/batch/update", json={"inputs": rows})
        well = {str(one["id"]) for one in answer.get("results", [])}
        errors = {str(deal): f"{one.get('category', '')}: {one.get('message', '')}" for one in answer.get("errors", []) for deal in one.get("context", {}).get("ids", [])}
        return ["" if row["id"] in well else errors.get(row["id"], NOT_CONFIRMED) for row in rows]

    def _call(self, method: str, path: str, **what: Any) -> Any:
        return patiently(lambda: self._once(method, path, **what), self._sleep)

    def _once(self, method: str, path: str, **what: Any) -> Any:
        answer = self._session.request(method, BASE + path, timeout=TIMEOUT, **what)
        return _said(answer) if answer.status_code < 300 else self._explain(answer)

    def _explain(self, answer: requests.Response) -> NoReturn:
        said = _said(answer)
        text = safe_line(f"{said.get('category') or said.get('errorType') or f'HTTP_{answer.status_code}'}: {said.get('message', '')}", 300)
        if answer.status_code == 429 and said.get("policyName") == "DAILY":
            raise BadInput(f"HubSpot's limit for today is used up ({text}).", "Call dealtriage push again tomorrow; it sends only what has not gone in.")
        if answer.status_code == 429 or answer.status_code >= 500:
            raise Busy(text, seconds_of(answer.headers.get("Retry-After")))
        if answer.status_code == 401:
            raise BadInput("HubSpot does not know HUBSPOT_TOKEN, or it has ended.", "Take the access token of a private app, and set it anew.")
        if answer.status_code == 403:
            raise BadInput(f"HubSpot refused: {text}", "Give the private app the scopes crm.objects.deals.write and crm.schemas.deals.read.")
        if FIELDS_WRONG in text or answer.status_code != 400:
            raise BadInput(f"HubSpot refused: {text}", "Create the property: docs/into-the-crm.md.")
        raise Refused(text)


def _said(answer: requests.Response) -> Mapping[str, Any]:
    try:
        content = answer.json()
    except ValueError:
        return {"message": answer.text}
    return content if isinstance(content, dict) else {"message": answer.text}


def _why_not(there: Mapping[str, Any] | None, one: Field) -> str:
    if there is None:
        return "is not there"
    if there.get("hubspotDefined"):
        return "is HubSpot's own and would be overwritten"
    return "" if there["type"] == TYPES[one.kind] else f"is of type {there['type']}; needed is {CRMS['hubspot'].types[one.kind]}"
